// Whether a request can be sent as it is: nothing in it may end up in the place of something else on the wire.
#pragma once

#include <string>

#include <kcl/result.h>

#include "http/message.h"

namespace kcl::http {

/// "host:port" that the url names, for messages; or what is wrong, as bad_request. Shows no user, password or query.
Result<std::string, Error> check_request(const Request& request);

}  // namespace kcl::http
