// How providers of credentials speak to whoever has some: one request, one answer, on a thread that may block.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include <kcl/kinesis.h>
#include <kcl/result.h>

#include "aws/config_file.h"
#include "aws/environment.h"
#include "http/message.h"

namespace kcl::aws {

/// Blocks, for about as long as the call may take. Thread-safe.
using Exchange = std::function<Result<http::Response, http::Error>(http::Request request, const Call& call)>;

/// By libcurl. Trusts the authorities that the environment or the profile (empty: as default_credentials() chooses it)
/// names, as they are when a request is sent.
Exchange over_network(Environment environment, std::string profile);

/// Of AWS_CA_BUNDLE, or the profile's ca_bundle. Empty: the system's authorities.
std::string find_ca_file(const Environment& environment, const Profile& profile);

/// The call, with no more time than this.
Call at_most(const Call& call, std::chrono::milliseconds timeout);

}  // namespace kcl::aws
