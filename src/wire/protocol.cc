#include "wire/protocol.h"

#include "base/ascii.h"

namespace kcl::wire {

std::optional<Protocol> protocol_of(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  for (const std::string_view cbor : {"application/x-amz-cbor-1.1", "application/x-amz-cbor-1.0", "application/cbor"}) {
    if (base::equal_ignoring_case(type, cbor)) return Protocol::cbor;
  }
  for (const std::string_view json : {"application/x-amz-json-1.1", "application/x-amz-json-1.0", "application/json"}) {
    if (base::equal_ignoring_case(type, json)) return Protocol::json;
  }
  return std::nullopt;
}

}  // namespace kcl::wire
