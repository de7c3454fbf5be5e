// Kinesis's HTTP protocol in front of Service: requests in, answers out, faults in between.
//
// Besides, for people and tests, without a signature:
//   GET    /_kclpp/health   200 when it serves
//   GET    /_kclpp/faults   the plan in force, and how often each of its rules has hit
//   PUT    /_kclpp/faults   a new plan (faults.h); its time begins now
//   DELETE /_kclpp/faults   no faults from now on
//
// On the server's strand. Any bytes get an answer.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "base/random.h"
#include "local/faults.h"
#include "local/service.h"
#include "local/signature_check.h"
#include "local/subscription_answer.h"
#include "server/http.h"

namespace kcl::local {

struct FrontOptions {
  ServiceOptions service;
  /// Requests must be signed by them, if given.
  std::optional<KnownCredentials> credentials;
  FaultPlan faults;
};

class Front final : public server::Handler {
 public:
  /// `loop` outlives it.
  Front(base::Loop& loop, FrontOptions options, base::Random random);
  ~Front() override;

  /// Before any request, and ACTIVE at once. The error when it cannot be.
  std::optional<ServiceError> create_stream(const std::string& name, std::size_t shards);

  void handle(server::Request request, std::shared_ptr<server::Reply> reply) override;

 private:
  struct Exchange;
  struct Late;

  void handle_admin(const server::Request& request, server::Reply& reply);
  void serve(const Exchange& exchange);
  void answer(const Exchange& exchange, Served<std::string> outcome);
  void subscribe(const Exchange& exchange, const Parameters& parameters);
  void pump_subscriptions();
  void send(const Exchange& exchange, server::Response response);
  void send_now(const Misfortune& misfortune, server::Response response, server::Reply& reply);
  server::Response response(int status, std::string body, std::string_view content_type, const Misfortune& misfortune);

  base::Loop& loop_;
  Service service_;
  std::optional<SignatureCheck> signatures_;
  FaultPlan faults_;
  base::Random random_;
  /// Answers that wait, for a fault.
  std::list<Late> late_;
  std::list<std::unique_ptr<SubscriptionAnswer>> subscriptions_;
  /// Soon after something was written, subscriptions look for it: all of a moment's puts together.
  base::Timer news_;
  base::Timer sweep_;
};

}  // namespace kcl::local
