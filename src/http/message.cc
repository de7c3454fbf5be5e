#include "http/message.h"

#include <algorithm>

namespace kcl::http {

const std::string* Response::header(std::string_view lower_case_name) const noexcept {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const Header& each) { return each.name == lower_case_name; });
  return found == headers.end() ? nullptr : &found->value;
}

std::string_view name_of(Error::Kind kind) noexcept {
  switch (kind) {
    case Error::Kind::bad_request:
      return "bad_request";
    case Error::Kind::unresolved:
      return "unresolved";
    case Error::Kind::unreachable:
      return "unreachable";
    case Error::Kind::untrusted:
      return "untrusted";
    case Error::Kind::tls:
      return "tls";
    case Error::Kind::timeout:
      return "timeout";
    case Error::Kind::broken:
      return "broken";
    case Error::Kind::too_large:
      return "too_large";
    case Error::Kind::cancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace kcl::http
