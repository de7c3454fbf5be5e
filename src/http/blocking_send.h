// One exchange for code that may block, and does so rarely: a loop and a client of its own, which are gone when it
// returns. For what is not on a strand (credentials are asked for by a blocking interface) and would keep threads idle
// for an hour between two requests.
#pragma once

#include <chrono>
#include <stop_token>

#include <kcl/result.h>

#include "http/client.h"
#include "http/message.h"

namespace kcl::http {

/// Answers by about `timeout`, and soon after `stop` is requested (cancelled). Throws as Client's constructor does, and
/// std::system_error when no thread can be started. Not to be called on a strand.
Result<Response, Error> send_and_wait(Request request, const ClientOptions& options, std::chrono::milliseconds timeout,
                                      const std::stop_token& stop);

}  // namespace kcl::http
