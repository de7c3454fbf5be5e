// Names and values as application/x-www-form-urlencoded has them: what AWS's query protocol sends, and what may follow
// the '?' of a url.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kcl::wire {

/// "Action=AssumeRole&RoleArn=arn%3Aaws%3A...". Everything but letters, digits and -._~ is escaped, blanks as %20.
std::string encode_form(const std::vector<std::pair<std::string_view, std::string_view>>& fields);

/// One more of them, for forms that are put together bit by bit.
void append_form_field(std::string& form, std::string_view name, std::string_view value);

}  // namespace kcl::wire
