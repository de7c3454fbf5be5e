#include "base/check.h"
#include "fuzz_target.h"
#include "wire/sts_answer.h"
#include "wire/xml.h"

namespace kcl::fuzz {

void run_one(std::string_view input) {
  const auto texts = wire::read_xml(input);
  if (texts) {
    std::size_t bytes = 0;
    for (const auto& [path, text] : *texts) {
      base::check(!path.empty() && path.front() != '/' && path.back() != '/', "a path has names");
      bytes += text.size();
    }
    base::check(bytes <= input.size(), "no text grows");
  }
  const auto role = wire::decode_assumed_role("AssumeRole", input);
  if (role) {
    base::check(texts.has_value(), "credentials are of a document");
    base::check(!role->access_key_id.empty() && !role->secret_access_key.empty() && !role->session_token.empty() &&
                    role->expiration,
                "credentials are whole");
  }
  static_cast<void>(wire::decode_caller_arn(input));
}

}  // namespace kcl::fuzz
