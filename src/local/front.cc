#include "local/front.h"

#include <string_view>
#include <utility>

#include "local/answers.h"
#include "local/fault_errors.h"
#include "local/operation.h"
#include "local/parameters.h"
#include "wire/http_date.h"
#include "wire/protocol.h"

namespace kcl::local {

namespace {

constexpr std::string_view kAdmin = "/_kclpp/";
constexpr std::string_view kPlainJson = "application/json";

/// Puts become visible to subscriptions this much later: AWS takes longer.
constexpr std::chrono::milliseconds kNewsDelay{2};
/// Of a stream that goes wrong, one of so many first events.
constexpr std::uint64_t kFramesAtRisk = 4;

bool is_of_a_stream(Fault fault) {
  return fault == Fault::stream_cut || fault == Fault::stream_bad_crc || fault == Fault::stream_exception;
}

ServiceError unknown_operation() { return {.code = "UnknownOperationException", .message = ""}; }

}  // namespace

/// One call, from its request to its answer.
struct Front::Exchange {
  server::Request request;
  std::shared_ptr<server::Reply> reply;
  wire::Protocol protocol;
  Operation operation{};
  Misfortune misfortune;
};

struct Front::Late {
  std::shared_ptr<server::Reply> reply;
  server::Response response;
  Misfortune misfortune;
  std::unique_ptr<base::Timer> timer;
};

Front::Front(base::Loop& loop, FrontOptions options, base::Random random)
    : loop_(loop),
      service_(options.service),
      faults_(std::move(options.faults)),
      random_(random),
      news_(loop, [this] { pump_subscriptions(); }),
      sweep_(loop, [this] { std::erase_if(subscriptions_, [](const auto& one) { return one->is_over(); }); }) {
  if (options.credentials) signatures_.emplace(*std::move(options.credentials), options.service.region);
}

Front::~Front() = default;

std::optional<ServiceError> Front::create_stream(const std::string& name, std::size_t shards) {
  return service_.add_stream(name, shards, loop_.wall());
}

void Front::handle(server::Request request, std::shared_ptr<server::Reply> reply) {
  if (request.path().starts_with(kAdmin)) return handle_admin(request, *reply);
  const auto protocol = wire::protocol_of(request.header("content-type"));
  if (request.method != "POST" || !protocol) {
    // What AWS answers to what is no call of this protocol.
    return reply->send(response(404, "<UnknownOperationException/>\n", "application/xml", {}));
  }
  Exchange exchange{.request = std::move(request), .reply = std::move(reply), .protocol = *protocol, .misfortune = {}};
  const auto operation = operation_of_target(exchange.request.header("x-amz-target"));
  if (!operation) return answer(exchange, Failure{unknown_operation()});
  exchange.operation = *operation;
  exchange.misfortune = faults_.draw(*operation, loop_.now());
  auto& fault = exchange.misfortune.fault;
  if (fault == Fault::no_cbor && exchange.protocol != wire::Protocol::cbor) fault.reset();
  serve(exchange);
}

void Front::serve(const Exchange& exchange) {
  const auto& fault = exchange.misfortune.fault;
  if (fault == Fault::reset_before) return exchange.reply->reset();
  if (signatures_) {
    if (auto unsigned_call = signatures_->fault_of(exchange.request, loop_.wall())) {
      return answer(exchange, Failure{*std::move(unsigned_call)});
    }
  }
  if (auto refusal = fault ? refusal_of(*fault, exchange.operation) : std::nullopt) {
    return answer(exchange, Failure{*std::move(refusal)});
  }
  const auto parameters = decode_parameters(exchange.protocol, exchange.request.body);
  if (!parameters) return answer(exchange, Failure{parameters.error()});
  if (exchange.operation == Operation::subscribe_to_shard) return subscribe(exchange, *parameters);
  const Listing listing = fault == Fault::partial_list ? Listing::with_holes : Listing::whole;
  answer(exchange, service_.call(exchange.operation, *parameters, exchange.protocol, loop_.wall(), listing));
  if (!subscriptions_.empty() && !news_.armed()) news_.arm(loop_.now() + kNewsDelay);
}

void Front::subscribe(const Exchange& exchange, const Parameters& parameters) {
  auto subscribed = service_.subscribe(parameters, loop_.wall());
  if (!subscribed) return answer(exchange, Failure{subscribed.error()});
  const auto& fault = exchange.misfortune.fault;
  if (fault == Fault::reset_after) {
    service_.close(*subscribed);
    return exchange.reply->reset();
  }
  SubscriptionAnswer::Options options{.subscribed = *std::move(subscribed), .protocol = exchange.protocol, .fault = {}};
  if (fault && is_of_a_stream(*fault)) options.fault = {.fault = *fault, .frame = random_.below(kFramesAtRisk)};
  exchange.reply->begin(response(200, {}, "application/vnd.amazon.eventstream", exchange.misfortune));
  // Removed later: it is in its own call when it is done.
  const auto done = [this] { sweep_.arm(loop_.now()); };
  auto& subscription = subscriptions_.emplace_back(
      std::make_unique<SubscriptionAnswer>(loop_, service_, std::move(options), exchange.reply, done));
  subscription->pump();
}

void Front::pump_subscriptions() {
  for (const auto& subscription : subscriptions_) subscription->pump();
}

void Front::answer(const Exchange& exchange, Served<std::string> outcome) {
  const int status = outcome ? 200 : outcome.error().status;
  std::string body = outcome ? std::move(outcome).value()
                             : encode_error(exchange.protocol, outcome.error().code, outcome.error().message);
  send(exchange, response(status, std::move(body), wire::content_type(exchange.protocol), exchange.misfortune));
}

server::Response Front::response(int status, std::string body, std::string_view content_type,
                                 const Misfortune& misfortune) {
  return {.status = status,
          .headers = {{"x-amzn-RequestId", random_.uuid()},
                      {"Date", wire::to_http_date(loop_.wall() + misfortune.skew)},
                      {"Content-Type", std::string(content_type)}},
          .body = std::move(body)};
}

void Front::send(const Exchange& exchange, server::Response response) {
  const Misfortune& misfortune = exchange.misfortune;
  if (misfortune.delay <= std::chrono::milliseconds::zero())
    return send_now(misfortune, std::move(response), *exchange.reply);
  const auto late = late_.insert(
      late_.end(),
      {.reply = exchange.reply, .response = std::move(response), .misfortune = misfortune, .timer = nullptr});
  late->timer = std::make_unique<base::Timer>(loop_, [this, late] {
    const std::shared_ptr<server::Reply> reply = std::move(late->reply);
    send_now(late->misfortune, std::move(late->response), *reply);
    late_.erase(late);
  });
  late->timer->arm(loop_.now() + misfortune.delay);
}

void Front::send_now(const Misfortune& misfortune, server::Response response, server::Reply& reply) {
  if (misfortune.fault == Fault::reset_after) return reply.reset();
  if (misfortune.fault == Fault::truncate) {
    const std::size_t half = response.body.size() / 2;
    return reply.send_part(std::move(response), half);
  }
  reply.send(std::move(response));
}

void Front::handle_admin(const server::Request& request, server::Reply& reply) {
  const auto say = [&](int status, std::string body, std::string_view type) {
    reply.send(response(status, std::move(body), type, {}));
  };
  const std::string_view what = request.path().substr(kAdmin.size());
  if (what == "health") return say(200, "kclpp local serves\n", "text/plain");
  if (what != "faults") return say(404, "there are only /_kclpp/health and /_kclpp/faults\n", "text/plain");
  if (request.method == "PUT") {
    auto plan = FaultPlan::parse(request.body, loop_.now());
    if (!plan) return say(400, plan.error() + "\n", "text/plain");
    faults_ = *std::move(plan);
  } else if (request.method == "DELETE") {
    faults_ = FaultPlan();
  } else if (request.method != "GET") {
    return say(405, "GET, PUT or DELETE\n", "text/plain");
  }
  say(200, faults_.describe() + "\n", kPlainJson);
}

}  // namespace kcl::local
