// A text of JSON or of CBOR, written item by item: the same calls make either, so that what is said is said once.
//
// Appends to a string that it does not own. Bytes are base64 in JSON. Times are whole milliseconds: in CBOR an integer
// of milliseconds under tag 1, in JSON seconds with three decimals. Maps and arrays of CBOR are of indefinite length,
// as AWS's services write them. The caller sees to it that each begin has its end and each name its value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <kcl/timestamp.h>

#include "wire/protocol.h"

namespace kcl::wire {

class DocumentWriter {
 public:
  DocumentWriter(Protocol protocol, std::string& out) : json_(protocol == Protocol::json), out_(out) {}

  Protocol protocol() const noexcept { return json_ ? Protocol::json : Protocol::cbor; }
  /// For so many bytes more.
  void reserve(std::size_t bytes) { out_.reserve(out_.size() + bytes); }

  void begin_map() { begin('{', '\xBF'); }
  void end_map() { end('}'); }
  void begin_array() { begin('[', '\x9F'); }
  void end_array() { end(']'); }

  /// Of the member whose value comes next.
  void name(std::string_view name);

  /// Precondition of texts: UTF-8.
  void text(std::string_view text);
  void bytes(std::string_view bytes);
  void integer(std::int64_t value);
  void boolean(bool value);
  void time(Timestamp time);
  void null();

 private:
  void begin(char json, char cbor);
  void end(char json);
  void comma();
  void quoted(std::string_view text);

  const bool json_;
  std::string& out_;
  bool comma_due_ = false;
};

}  // namespace kcl::wire
