#include "wire/document_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "wire/base64.h"
#include "wire/cbor.h"

namespace kcl::wire {

namespace {

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

}  // namespace

void DocumentWriter::begin(char json, char cbor) {
  comma();
  out_ += json_ ? json : cbor;
  comma_due_ = false;
}

void DocumentWriter::end(char json) {
  out_ += json_ ? json : '\xFF';
  comma_due_ = true;
}

void DocumentWriter::comma() {
  if (json_ && comma_due_) out_ += ',';
  comma_due_ = true;
}

void DocumentWriter::quoted(std::string_view text) {
  out_ += '"';
  while (!text.empty()) {
    const auto special = std::find_if_not(text.begin(), text.end(), is_plain);
    const auto plain = static_cast<std::size_t>(special - text.begin());
    out_ += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    std::array<char, 8> escape{};
    const int length = std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned char>(text.front()));
    out_.append(escape.data(), static_cast<std::size_t>(length));
    text.remove_prefix(1);
  }
  out_ += '"';
}

void DocumentWriter::name(std::string_view name) {
  if (!json_) return CborWriter(out_).text(name);
  comma();
  quoted(name);
  out_ += ':';
  comma_due_ = false;
}

void DocumentWriter::text(std::string_view text) {
  if (!json_) return CborWriter(out_).text(text);
  comma();
  quoted(text);
}

void DocumentWriter::bytes(std::string_view bytes) {
  if (!json_) return CborWriter(out_).bytes(bytes);
  comma();
  out_ += '"';
  base64_encode_onto(out_, bytes);
  out_ += '"';
}

void DocumentWriter::integer(std::int64_t value) {
  if (!json_) return CborWriter(out_).integer(value);
  comma();
  out_ += std::to_string(value);
}

void DocumentWriter::boolean(bool value) {
  if (!json_) return CborWriter(out_).boolean(value);
  comma();
  out_ += value ? "true" : "false";
}

void DocumentWriter::time(Timestamp time) {
  const auto milliseconds = time.time_since_epoch().count();
  if (!json_) {
    CborWriter cbor(out_);
    cbor.tag(1);
    return cbor.integer(milliseconds);
  }
  comma();
  const auto magnitude = milliseconds < 0 ? -milliseconds : milliseconds;
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s%lld.%03lld", milliseconds < 0 ? "-" : "",
                                   static_cast<long long>(magnitude / 1000), static_cast<long long>(magnitude % 1000));
  out_.append(text.data(), static_cast<std::size_t>(length));
}

void DocumentWriter::null() {
  if (!json_) return CborWriter(out_).null();
  comma();
  out_ += "null";
}

}  // namespace kcl::wire
