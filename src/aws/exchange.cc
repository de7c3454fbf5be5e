#include "aws/exchange.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "http/blocking_send.h"

namespace kcl::aws {

Exchange over_network(Environment environment, std::string profile) {
  return [environment = std::move(environment), profile = std::move(profile)](http::Request request, const Call& call) {
    http::ClientOptions options;
    options.user_agent = "kclpp/" KCLPP_VERSION;
    // Of a profile that cannot be read, whoever needs it says so.
    const auto loaded = load_profile(profile, environment);
    options.ca_file = find_ca_file(environment, loaded ? *loaded : Profile{});
    try {
      return http::send_and_wait(std::move(request), options, call.timeout, call.stop);
    } catch (const std::exception& failure) {
      // No thread, no descriptor: what is short now may not be later.
      return Result<http::Response, http::Error>(
          Failure{http::Error{.kind = http::Error::Kind::unreachable,
                              .sent = false,
                              .message = std::string("no request can be sent: ") + failure.what()}});
    }
  };
}

std::string find_ca_file(const Environment& environment, const Profile& profile) {
  if (auto named = environment.get("AWS_CA_BUNDLE")) return *std::move(named);
  const Setting* setting = profile.find("ca_bundle");
  return setting == nullptr ? std::string() : setting->value;
}

Call at_most(const Call& call, std::chrono::milliseconds timeout) {
  return {.timeout = std::min(call.timeout, timeout), .stop = call.stop};
}

}  // namespace kcl::aws
