#include "http/easy_handle.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

#include "base/ascii.h"

namespace kcl::http {
namespace {

/// AWS answers with less than 2 KiB of headers.
constexpr std::size_t kMaxHeaderBytes = 64UL << 10;
/// Fewer calls for answers of megabytes than with libcurl's 16 KiB.
constexpr long kReceiveBytes = 64L << 10;
/// A peer that vanished without a word is noticed, and a NAT gateway on the way remembers a connection in use.
constexpr long kKeepAliveSeconds = 30;

EasyHandle& easy(void* self) { return *static_cast<EasyHandle*>(self); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool has(const Headers& headers, std::string_view lower_case_name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const Header& header) { return base::equal_ignoring_case(header.name, lower_case_name); });
}

std::string peer_of(CURL* curl) {
  const char* address = nullptr;
  long port = 0;
  curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &address);
  curl_easy_getinfo(curl, CURLINFO_PRIMARY_PORT, &port);
  if (address == nullptr || *address == '\0') return {};
  return std::string(address) + ":" + std::to_string(port);
}

}  // namespace

EasyHandle::EasyHandle(const ClientOptions& options, std::vector<std::shared_ptr<Transfer>>& news, BodyPool& bodies)
    : options_(options), news_(news), bodies_(bodies), curl_(curl_easy_init(), &curl_easy_cleanup) {
  if (!curl_) throw std::bad_alloc();
  set_common();
}

template <class Value>
void EasyHandle::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(get(), option, value);
  if (code == CURLE_OK) return;
  const curl_easyoption* known = curl_easy_option_by_id(option);
  throw std::runtime_error(std::string("libcurl does not take the option ") + (known ? known->name : "?") + ": " +
                           curl_easy_strerror(code) + "; it must be 7.88 or later, with TLS");
}

void EasyHandle::set_common() {
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, words_.data());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  // Not HTTP/2 unless asked for: since no two transfers share a connection it brings nothing where it need not be.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(options_.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, options_.user_agent.c_str());
  // Refused while libcurl still holds the buffer of a request whose host was not found. That one will do.
  static_cast<void>(curl_easy_setopt(get(), CURLOPT_BUFFERSIZE, kReceiveBytes));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_MAXAGE_CONN, static_cast<long>(options_.max_idle.count()));
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  set(CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
  // Signals are the process's, not a library's.
  set(CURLOPT_NOSIGNAL, 1L);
  // Else giving up while a name server hangs waits for it, and all transfers of the reactor with it. The thread that
  // libcurl started for the look-up is left behind, and ends when the system's resolver gives up.
  set(CURLOPT_QUICK_EXIT, 1L);
  set_trust();

  const auto self = static_cast<void*>(this);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, self);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, self);
  set(CURLOPT_RESOLVER_START_FUNCTION, &on_resolving);
  set(CURLOPT_RESOLVER_START_DATA, self);
  set(CURLOPT_OPENSOCKETFUNCTION, &on_socket);
  set(CURLOPT_OPENSOCKETDATA, self);
  set(CURLOPT_PREREQFUNCTION, &on_sending);
  set(CURLOPT_PREREQDATA, self);
}

void EasyHandle::set_trust() {
  const auto at_least = static_cast<long>(CURL_SSLVERSION_TLSv1_2);
  set(CURLOPT_SSLVERSION, at_least);
  set(CURLOPT_PROXY_SSLVERSION, at_least);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  const char* bundle = options_.ca_file.empty() ? nullptr : options_.ca_file.c_str();
  if (bundle != nullptr) {
    set(CURLOPT_CAINFO, bundle);
    set(CURLOPT_PROXY_CAINFO, bundle);
  } else {
    curl_easy_getinfo(get(), CURLINFO_CAINFO, &bundle);
  }
  // With a file to go by, the folder of the system's certificates is left out: it would add them to a file of the
  // user's own, and libcurl keeps what it has read only without one (50 ms per handshake otherwise).
  if (bundle != nullptr && (!options_.ca_file.empty() || ::access(bundle, R_OK) == 0)) {
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    set(CURLOPT_PROXY_CAPATH, static_cast<const char*>(nullptr));
  }
}

void EasyHandle::begin(std::shared_ptr<Transfer> transfer) {
  transfer_ = std::move(transfer);
  transfer_->handle = this;
  response_ = Response();
  response_.body = std::make_shared<std::string>();
  headers_ended_ = false;
  header_bytes_ = 0;
  cut_ = Cut::none;
  words_[0] = '\0';

  set_common();
  set(CURLOPT_URL, transfer_->request.url.c_str());
  // An empty name means none, also where the environment has one.
  if (!transfer_->request.use_proxy) set(CURLOPT_PROXY, "");
  set_method();
  set_headers();
}

void EasyHandle::set_method() {
  const Request& request = transfer_->request;
  if (request.method == "HEAD") return set(CURLOPT_NOBODY, 1L);
  if (!transfer_->inflow) {
    // What announces to be too long is not begun with; what does not is counted as it comes.
    constexpr std::size_t kMost = std::numeric_limits<curl_off_t>::max();
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(std::min(request.max_body_bytes, kMost)));
  }
  const bool has_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  const bool is_plain = request.method == (has_body ? "POST" : "GET");
  if (!is_plain) set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void EasyHandle::set_headers() {
  const Headers& headers = transfer_->request.headers;
  for (const Header& header : headers) {
    // libcurl's way to say a header without a value.
    add_header(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  // What libcurl would add by itself.
  add_header("Expect:");
  if (!has(headers, "accept")) add_header("Accept:");
  if (!has(headers, "content-type")) add_header("Content-Type:");
  set(CURLOPT_HTTPHEADER, request_headers_.get());
  // A proxy's CONNECT shows nothing of them: they are for the server, credentials among them.
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
}

void EasyHandle::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(request_headers_.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  if (!request_headers_) request_headers_.reset(longer);
}

Transfer::Outcome EasyHandle::outcome(CURLcode code) {
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    if (has_known_end()) return std::move(response_);
    cut_ = Cut::no_known_end;
  }
  Failed failed{.code = code, .stage = transfer_->stage(), .target = transfer_->target, .detail = words_.data()};
  failed.cut = cut_;
  failed.max_body_bytes = transfer_->request.max_body_bytes;
  failed.connect_timeout = options_.connect_timeout;
  curl_easy_getinfo(get(), CURLINFO_HTTP_CONNECTCODE, &failed.proxy_status);
  const std::string peer = peer_of(get());
  failed.peer = peer;
  return Failure{explain(failed)};
}

bool EasyHandle::has_known_end() const {
  // libcurl is content with an answer that ends within its headers, and with a body that lasts until the connection
  // ends, over TLS even without a farewell: for all we know more was to come.
  if (!headers_ended_) return false;
  // HTTP/2 has an end of its own.
  long version = 0;
  curl_easy_getinfo(get(), CURLINFO_HTTP_VERSION, &version);
  if (version >= CURL_HTTP_VERSION_2_0) return true;
  // RFC 9112, 6.3.
  const int status = response_.status;
  if (transfer_->request.method == "HEAD" || status == 204 || status == 304) return true;
  const std::string* encoding = response_.header("transfer-encoding");
  const bool chunked = encoding != nullptr && base::lower_case(*encoding).find("chunked") != std::string::npos;
  return chunked || response_.header("content-length") != nullptr;
}

void EasyHandle::end() noexcept {
  curl_easy_reset(get());
  request_headers_.reset();
  response_ = Response();
  transfer_->handle = nullptr;
  transfer_.reset();
}

bool EasyHandle::take_header_line(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    cut_ = Cut::headers_too_long;
    return false;
  }
  // What comes after the end of the headers are trailers.
  if (headers_ended_) return true;
  const std::string_view text = trimmed(line);
  if (text.empty()) {
    // A 100 or 103 was only the first word: its headers give way to the answer's.
    long status = 0;
    curl_easy_getinfo(get(), CURLINFO_RESPONSE_CODE, &status);
    headers_ended_ = status >= 200;
    if (!headers_ended_) response_.headers.clear();
    if (headers_ended_ && transfer_->inflow) {
      Response head{.status = static_cast<int>(status), .headers = response_.headers, .body = response_.body};
      if (transfer_->inflow->begin(std::move(head))) news_.push_back(transfer_);
    }
    return true;
  }
  const bool goes_on = line.front() == ' ' || line.front() == '\t';
  if (goes_on && !response_.headers.empty()) {
    // RFC 9112, 5.2: a line folded onto the one before.
    response_.headers.back().value.append(" ").append(text);
    return true;
  }
  const auto colon = text.find(':');
  // The status line has its own way to us.
  if (colon == std::string_view::npos || text.substr(0, 5) == "HTTP/") return true;
  response_.headers.push_back(
      {base::lower_case(trimmed(text.substr(0, colon))), std::string(trimmed(text.substr(colon + 1)))});
  return true;
}

bool EasyHandle::take_body(std::string_view chunk) {
  if (chunk.size() > transfer_->request.max_body_bytes - response_.body->size()) {
    cut_ = Cut::body_too_long;
    return false;
  }
  if (response_.body->empty()) reserve_body();
  response_.body->append(chunk);
  return true;
}

/// False: it is to pause.
bool EasyHandle::stream_body(std::string_view chunk) {
  const Inflow::Added added = transfer_->inflow->add(chunk);
  if (added.tell) news_.push_back(transfer_);
  return added.taken;
}

void EasyHandle::resume() {
  // Whatever becomes of it shows when the transfer goes on.
  static_cast<void>(curl_easy_pause(get(), CURLPAUSE_CONT));
}

void EasyHandle::reserve_body() {
  curl_off_t announced = -1;
  curl_easy_getinfo(get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  if (announced <= 0) return;
  response_.body = bodies_.take(std::min(static_cast<std::size_t>(announced), transfer_->request.max_body_bytes));
}

// An exception must not pass through libcurl: what these do can only fail for want of memory.

std::size_t EasyHandle::on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  try {
    return easy(self).take_header_line({data, size * count}) ? size * count : 0;
  } catch (const std::bad_alloc&) {
    easy(self).cut_ = Cut::no_memory;
    return 0;
  }
}

std::size_t EasyHandle::on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  try {
    if (easy(self).transfer_->inflow) {
      return easy(self).stream_body({data, size * count}) ? size * count : CURL_WRITEFUNC_PAUSE;
    }
    return easy(self).take_body({data, size * count}) ? size * count : 0;
  } catch (const std::bad_alloc&) {
    easy(self).cut_ = Cut::no_memory;
    return 0;
  }
}

int EasyHandle::on_resolving(void*, void*, void* self) noexcept {
  easy(self).transfer_->advance(Stage::resolving);
  return 0;
}

curl_socket_t EasyHandle::on_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  easy(self).transfer_->advance(Stage::connecting);
  // Children of the process must not hold our connections open.
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int EasyHandle::on_sending(void* self, char*, char*, int, int) noexcept {
  EasyHandle& handle = easy(self);
  Transfer& transfer = *handle.transfer_;
  if (transfer.request.send_once && transfer.stage() == Stage::sent) {
    handle.cut_ = Cut::second_copy;
    return CURL_PREREQFUNC_ABORT;
  }
  return transfer.advance(Stage::sent) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

}  // namespace kcl::http
