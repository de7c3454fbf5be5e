#include "wire/sts_answer.h"

#include <utility>

#include "wire/xml.h"

namespace kcl::wire {

Result<Credentials, std::string> decode_assumed_role(std::string_view action, std::string_view xml) {
  auto texts = read_xml(xml);
  if (!texts) return Failure{std::string("not an XML document of STS")};
  const std::string name(action);
  const std::string path = name + "Response/" + name + "Result/Credentials/";
  Credentials credentials;
  std::string expiration;
  const std::pair<const char*, std::string*> members[] = {{"AccessKeyId", &credentials.access_key_id},
                                                          {"SecretAccessKey", &credentials.secret_access_key},
                                                          {"SessionToken", &credentials.session_token},
                                                          {"Expiration", &expiration}};
  for (const auto& [member, into] : members) {
    const auto found = texts->find(path + member);
    if (found == texts->end() || found->second.empty()) return Failure{std::string(member) + " is missing"};
    *into = std::move(found->second);
  }
  credentials.expiration = parse_iso8601(expiration);
  if (!credentials.expiration) return Failure{std::string("Expiration is no time")};
  return credentials;
}

std::optional<std::string> decode_caller_arn(std::string_view xml) {
  auto texts = read_xml(xml);
  if (!texts) return std::nullopt;
  const auto found = texts->find("GetCallerIdentityResponse/GetCallerIdentityResult/Arn");
  if (found == texts->end() || found->second.empty()) return std::nullopt;
  return std::move(found->second);
}

}  // namespace kcl::wire
