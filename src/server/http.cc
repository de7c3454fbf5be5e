#include "server/http.h"

#include <algorithm>

#include "base/ascii.h"

namespace kcl::server {

std::string_view Request::header(std::string_view lower_name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [lower_name](const Header& header) {
    return base::equal_ignoring_case(header.name, lower_name);
  });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

std::string_view Request::path() const { return std::string_view(target).substr(0, target.find('?')); }

}  // namespace kcl::server
