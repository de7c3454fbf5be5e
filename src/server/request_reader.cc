#include "server/request_reader.h"

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/ascii.h"

namespace kcl::server {

namespace http = boost::beast::http;
namespace net = boost::beast::net;

/// The shortest end of a chunked body.
constexpr std::string_view kLastChunk = "0\r\n\r\n";

struct RequestReader::State {
  http::request_parser<http::string_body> parser;
  bool begun = false;
  bool expectation_told = false;
  std::optional<int> failure;
};

RequestReader::RequestReader(ReadLimits limits) : limits_(limits) { start(); }

RequestReader::~RequestReader() = default;

void RequestReader::start() {
  state_ = std::make_unique<State>();
  state_->parser.eager(true);
  state_->parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  state_->parser.body_limit(limits_.body_bytes);
}

std::size_t RequestReader::take(std::string_view bytes) {
  // Beast 1.81 aborts when it has seen the line of the last chunk and is then asked with less than all of that chunk.
  if (state_->parser.is_header_done() && state_->parser.chunked() && bytes.size() < kLastChunk.size()) return 0;
  boost::beast::error_code error;
  const std::size_t taken = state_->parser.put(net::const_buffer(bytes.data(), bytes.size()), error);
  state_->begun = state_->begun || !bytes.empty();
  if (error && error != http::error::need_more) {
    state_->failure = error == http::error::body_limit ? 413 : error == http::error::header_limit ? 431 : 400;
  } else if (taken == 0 && bytes.size() > limits_.header_bytes) {
    // Beast puts no limit on the extensions of a chunk, nor on what follows the last one.
    state_->failure = 431;
  }
  return taken;
}

bool RequestReader::has_begun() const { return state_->begun; }

bool RequestReader::take_expectation() {
  if (state_->expectation_told || !state_->parser.is_header_done() || ready()) return false;
  const auto expectation = state_->parser.get()[http::field::expect];
  state_->expectation_told = true;
  return base::equal_ignoring_case({expectation.data(), expectation.size()}, "100-continue");
}

bool RequestReader::ready() const { return state_->parser.is_done(); }

Request RequestReader::take_request() {
  keep_alive_ = state_->parser.keep_alive();
  auto message = state_->parser.release();
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  request.body = std::move(message.body());
  start();
  return request;
}

bool RequestReader::keep_alive() const { return keep_alive_; }

std::optional<int> RequestReader::failure() const { return state_->failure; }

}  // namespace kcl::server
