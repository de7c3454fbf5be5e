// A JSON text, pulled item by item as CborReader pulls CBOR, so that one decoder reads both.
//
// The text is parsed as a whole first; an object that repeats a name keeps the last. Takes any bytes. The first failure
// stays, as there. Its views live as long as it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kcl::wire {

class JsonReader {
 public:
  explicit JsonReader(std::string_view input);
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;
  ~JsonReader();

  bool ok() const noexcept { return error_.empty(); }
  const std::string& error() const noexcept { return error_; }
  void fail(std::string_view what);

  bool enter_array() { return enter(true); }
  bool enter_map() { return enter(false); }
  /// Whether the innermost array or object has another item. When not, it has been left.
  bool more();

  /// The name of the member whose value comes next.
  std::string_view name();
  std::string_view text();
  /// A number without a fraction.
  std::int64_t integer();
  double number();
  bool boolean();
  bool take_null();
  void skip();

 private:
  struct Document;

  bool enter(bool array);
  bool mismatch(std::string_view expected);

  std::unique_ptr<Document> document_;
  std::string error_;
};

}  // namespace kcl::wire
