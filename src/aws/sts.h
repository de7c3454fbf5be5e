// The Security Token Service: credentials of a role. Blocks. Source: AWS Security Token Service API Reference.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kcl/credentials.h>
#include <kcl/result.h>

#include "aws/config_file.h"
#include "aws/credentials.h"
#include "aws/endpoints.h"

namespace kcl::aws {

struct AssumeRole {
  std::string arn;
  /// Empty: "kclpp-" and the time.
  std::string session_name;
  /// Empty: none.
  std::string external_id;
  std::optional<int> duration_seconds;
};

/// "arn:aws:iam::123456789012:role/reader", of any partition.
bool is_role_arn(std::string_view text);

class Sts {
 public:
  /// Where it is asked, and for which region requests are signed. `endpoint` empty: as find_endpoint() says.
  static Result<Sts, std::string> find(const ProviderContext& context, const Profile& profile,
                                       const std::string& endpoint = {}, const std::string& endpoint_by = {});

  /// Signed by `source`. The error begins with the host.
  CredentialsResult assume_role(const AssumeRole& role, const Credentials& source, const Call& call) const;
  /// Unsigned: the token proves who asks.
  CredentialsResult assume_role_with_web_identity(const AssumeRole& role, const std::string& token,
                                                  const Call& call) const;

 private:
  Sts(const ProviderContext& context, Endpoint endpoint, std::string region)
      : exchange_(context.exchange), now_(context.now), endpoint_(std::move(endpoint)), region_(std::move(region)) {}
  CredentialsResult ask(const std::string& action, const std::string& body, const Credentials* signer,
                        const Call& call) const;
  http::Request request(const std::string& body, const Credentials* signer, Timestamp at) const;

  Exchange exchange_;
  std::function<Timestamp()> now_;
  Endpoint endpoint_;
  /// That of signatures.
  std::string region_;
};

}  // namespace kcl::aws
