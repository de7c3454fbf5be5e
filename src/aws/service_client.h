// One AWS service of the JSON 1.1 family or the query protocol: signs a request, sends it, sorts what comes back, and
// tries again where that can do no harm.
//
//  - A request that the service has certainly not carried out (it was never sent, throttled, its signature or
//    credentials refused) is sent again, whatever it asks for.
//  - One that may have been carried out is sent again only if it is repeatable: never a conditional write.
//  - Credentials refused as expired are renewed once; a clock that the service finds wrong is corrected by its Date
//    header, for this and all later requests.
//  - A body that does not match the answer's x-amz-crc32 is an answer that was lost.
//
// Lives on the strand of `loop`; what it is given outlives it. Each call answers by about its deadline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kcl/item_store.h>
#include <kcl/result.h>

#include "aws/awaited_credentials.h"
#include "aws/endpoints.h"
#include "base/random.h"
#include "base/task.h"
#include "http/client.h"
#include "ports/answer.h"
#include "wire/sigv4.h"

namespace kcl::aws {

struct CallError {
  enum class Kind : std::uint8_t {
    throttled,    ///< too many requests, or a key of KMS is: the same may succeed later
    denied,       ///< the credentials, or what they permit; none were found
    refused,      ///< the service's own word that the request cannot be: `code` says why
    untrusted,    ///< whoever answered has no certificate that we trust
    unavailable,  ///< not reached, broken, 5xx, or an answer that is not the service's
  };
  Kind kind = Kind::unavailable;
  /// The service has certainly not carried the request out, nor will it.
  bool not_done = false;
  /// As "ResourceNotFoundException"; empty when the service named none.
  std::string code;
  /// One line for people; begins with the service's host.
  std::string message;
  /// The row that a DynamoDB condition refused, if the service told.
  std::optional<Item> item;
};

struct CallAnswer {
  std::shared_ptr<std::string> body;
  std::string content_type;
};

/// An answer that has begun and will last: status 200.
struct StreamedAnswer {
  std::unique_ptr<http::BodyStream> body;
  std::string content_type;
};

class ServiceClient {
 public:
  struct Options {
    Service service = Service::kinesis;
    std::string region;
    Endpoint endpoint;
  };
  struct Request {
    /// X-Amz-Target, which the query protocol does without, and Content-Type.
    std::string_view target;
    std::string_view content_type;
    /// "gzip" when `body` is. Empty: as it is.
    std::string_view content_encoding = {};
    std::string body;
    std::size_t max_answer_bytes = 16UL << 20;
    /// Carrying it out twice does no harm.
    bool repeatable = false;
    /// False leaves it to the caller to slow down.
    bool retry_when_throttled = true;
  };
  using Reply = base::Task<ports::Answer<Result<CallAnswer, CallError>>>;

  ServiceClient(base::Loop& loop, base::Random& random, http::Client& http, AwaitedCredentials& credentials,
                Options options);
  ServiceClient(const ServiceClient&) = delete;
  ServiceClient& operator=(const ServiceClient&) = delete;

  /// `timing` is of the last attempt; its server_time is the service's Date (whole seconds), or this host's clock where
  /// an answer had none.
  Reply call(Request request, base::BootTime deadline);

  using Opening = base::Task<ports::Answer<Result<StreamedAnswer, CallError>>>;
  /// As call(), but the answer's body is taken while it arrives, at most `window` bytes ahead, by way of `streams`. It
  /// is tried again only for the sake of credentials and clock: whoever opens a stream has to begin anew anyway.
  Opening open(Request request, http::Client& streams, std::size_t window, base::BootTime deadline);

  const Options& options() const noexcept { return options_; }

 private:
  struct Attempt;
  struct Mended;
  base::Task<Attempt> attempt(const Request& request, base::BootTime deadline);
  base::Task<Attempt> attempt_stream(const Request& request, http::Client& streams, std::size_t window,
                                     base::BootTime deadline);
  base::Task<std::optional<http::Request>> prepare(const Request& request, base::BootTime deadline, Attempt& done);
  void note_date(const http::Response& response, Attempt& done) const;
  void judge(http::Response& response, Attempt& done) const;
  bool mend(const Attempt& failed, Mended& already);
  http::Request signed_request(const Request& request, const Credentials& credentials, Timestamp at);
  bool learn_clock(const Attempt& failed);

  base::Loop& loop_;
  base::Random& random_;
  http::Client& http_;
  AwaitedCredentials& credentials_;
  Options options_;
  wire::Signer signer_;
  /// What the service's clock is ahead of this host's; nothing until the service found ours wrong.
  std::chrono::milliseconds clock_offset_{0};
};

}  // namespace kcl::aws
