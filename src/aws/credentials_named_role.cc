// A role that is named by the program, as a place in a chain of credentials.
#include <string>
#include <utility>

#include "aws/config_file.h"
#include "aws/credentials.h"
#include "aws/sts.h"

namespace kcl::aws {

namespace {

class NamedRolePlace : public CredentialsPlace {
 public:
  NamedRolePlace(NamedRole role, std::unique_ptr<CredentialsProvider> source, ProviderContext context,
                 std::string profile)
      : role_(std::move(role)),
        source_(std::move(source)),
        context_(std::move(context)),
        profile_(std::move(profile)) {}

  Answer ask(const Call& call) override {
    const auto profile = load_profile(profile_, context_.environment);
    if (!profile) return {unusable(profile.error()), ""};
    ProviderContext context = context_;
    if (!role_.region.empty()) context.region = role_.region;
    const auto sts = Sts::find(context, *profile, role_.endpoint, "the endpoint of STS");
    if (!sts) return {unusable(sts.error()), ""};
    const auto source = source_->credentials(call);
    if (!source) return {Failure{source.error()}, ""};
    const AssumeRole wanted{.arn = role_.arn,
                            .session_name = role_.session_name,
                            .external_id = role_.external_id,
                            .duration_seconds = std::nullopt};
    auto credentials = sts->assume_role(wanted, *source, call);
    if (credentials) {
      credentials->source = "role " + role_.arn + ", assumed by " + source->source;
    } else {
      credentials.error().message = "role " + role_.arn + ": " + credentials.error().message;
    }
    return {std::move(credentials), ""};
  }

 private:
  const NamedRole role_;
  const std::unique_ptr<CredentialsProvider> source_;
  const ProviderContext context_;
  const std::string profile_;
};

}  // namespace

std::unique_ptr<CredentialsPlace> named_role_place(NamedRole role, std::unique_ptr<CredentialsProvider> source,
                                                   ProviderContext context, std::string profile) {
  return std::make_unique<NamedRolePlace>(std::move(role), std::move(source), std::move(context), std::move(profile));
}

}  // namespace kcl::aws
