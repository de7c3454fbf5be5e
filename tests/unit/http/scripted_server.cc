#include "unit/http/scripted_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <tuple>

namespace kcl::test {
namespace {

constexpr std::size_t kChunk = 64UL << 10;

void must(bool held, const char* what) {
  if (!held) throw std::runtime_error(std::string("scripted server: ") + what);
}

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// The socket interface knows addresses only as sockaddr.
sockaddr* plain(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

int new_socket(int flags = 0) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  must(fd >= 0, "no socket");
  return fd;
}

/// A socket that has a free port, and the port.
std::pair<int, int> bound() {
  const int fd = new_socket();
  sockaddr_in address = local(0);
  must(::bind(fd, plain(address), sizeof address) == 0, "no free port");
  socklen_t size = sizeof address;
  must(::getsockname(fd, plain(address), &size) == 0, "no port");
  return {fd, ntohs(address.sin_port)};
}

std::pair<int, int> listening(int backlog) {
  const auto socket = bound();
  must(::listen(socket.first, backlog) == 0, "cannot listen");
  return socket;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

template <class Write>
std::string pem(Write write) {
  BIO* out = BIO_new(BIO_s_mem());
  write(out);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return text;
}

void add_extension(X509* certificate, int id, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
  must(extension != nullptr, "extension of a certificate");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

bool forward(int from, int to) {
  std::array<char, kChunk> chunk{};
  const ssize_t count = ::recv(from, chunk.data(), chunk.size(), 0);
  if (count <= 0) return false;
  return ::send(to, chunk.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
}

}  // namespace

Certificate make_certificate(const CertificateWish& wish) {
  constexpr long kDay = 24L * 3600;
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  X509* certificate = X509_new();
  must(key != nullptr && certificate != nullptr, "key and certificate");
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wish.expired ? -kDay : kDay);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  const std::array<unsigned char, 5> text{'k', 'c', 'l', 'p', 'p'};
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text.data(), static_cast<int>(text.size()), -1, 0);
  X509_set_issuer_name(certificate, name);
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, NID_subject_alt_name, wish.names);
  must(X509_sign(certificate, key, EVP_sha256()) > 0, "signature of a certificate");
  Certificate made{
      pem([&](BIO* out) { PEM_write_bio_X509(out, certificate); }),
      pem([&](BIO* out) { PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); }),
  };
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

std::string ReceivedRequest::header(std::string_view lower_case_name) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& each) { return each.first == lower_case_name; });
  return found == headers.end() ? std::string() : found->second;
}

std::string answer(int status, std::string_view body, std::string_view headers) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  text.append(headers).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return text;
}

struct ScriptedServer::TlsContext {
  explicit TlsContext(const Certificate& with) : context(SSL_CTX_new(TLS_server_method())) {
    BIO* in = BIO_new_mem_buf(with.certificate.data(), static_cast<int>(with.certificate.size()));
    X509* certificate = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
    BIO_free(in);
    in = BIO_new_mem_buf(with.key.data(), static_cast<int>(with.key.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
    BIO_free(in);
    must(SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1, "TLS");
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext() { SSL_CTX_free(context); }
  SSL_CTX* context;
};

struct Wire::Tls {
  Tls(SSL_CTX* context, int fd) : session(SSL_new(context)) { SSL_set_fd(session, fd); }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  ~Tls() { SSL_free(session); }
  SSL* session;
};

Wire::Wire(ScriptedServer& server, int fd, std::size_t number) : server_(server), fd_(fd), number_(number) {}

Wire::~Wire() = default;

bool Wire::handshake() {
  if (!server_.tls_) return true;
  tls_ = std::make_unique<Tls>(server_.tls_->context, fd_);
  return SSL_accept(tls_->session) == 1;
}

bool Wire::read_more() {
  std::array<char, kChunk> chunk{};
  const ssize_t count = tls_ ? SSL_read(tls_->session, chunk.data(), static_cast<int>(chunk.size()))
                             : ::recv(fd_, chunk.data(), chunk.size(), 0);
  if (count <= 0) return false;
  unread_.append(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<ReceivedRequest> Wire::read_request() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  std::size_t end = 0;
  while ((end = unread_.find(kEnd)) == std::string::npos) {
    if (!read_more()) return std::nullopt;
  }
  ReceivedRequest request;
  request.connection = number_;
  std::size_t line_end = unread_.find("\r\n");
  const std::string first = unread_.substr(0, line_end);
  const auto space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  while (line_end < end) {
    const std::size_t begin = line_end + 2;
    line_end = unread_.find("\r\n", begin);
    const std::string line = unread_.substr(begin, line_end - begin);
    const auto colon = line.find(':');
    const auto value = line.find_first_not_of(' ', colon + 1);
    request.headers.emplace_back(lower(line.substr(0, colon)),
                                 value == std::string::npos ? std::string() : line.substr(value));
  }
  unread_.erase(0, end + kEnd.size());
  const std::string length = request.header("content-length");
  const std::size_t body = length.empty() ? 0 : std::stoul(length);
  while (unread_.size() < body) {
    if (!read_more()) return std::nullopt;
  }
  request.body = unread_.substr(0, body);
  unread_.erase(0, body);
  server_.note(request);
  return request;
}

bool Wire::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = tls_ ? SSL_write(tls_->session, bytes.data(), static_cast<int>(bytes.size()))
                               : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Wire::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(server_.mutex_);
  return !server_.stop_.wait_for(lock, time, [this] { return server_.stopping_; });
}

void Wire::wait_for_end() {
  pollfd watched{fd_, POLLRDHUP, 0};
  ::poll(&watched, 1, -1);
}

void Wire::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  // The number stays taken until the server is done with the connection.
  const int placeholder = new_socket();
  ::dup3(placeholder, fd_, O_CLOEXEC);
  ::close(placeholder);
}

void Wire::tunnel_to(int port) {
  const int other = new_socket();
  sockaddr_in address = local(port);
  if (::connect(other, plain(address), sizeof address) == 0 &&
      ::send(other, unread_.data(), unread_.size(), MSG_NOSIGNAL) >= 0) {
    std::array<pollfd, 2> ends{pollfd{fd_, POLLIN, 0}, pollfd{other, POLLIN, 0}};
    bool alive = true;
    while (alive && ::poll(ends.data(), ends.size(), -1) > 0) {
      if (ends[0].revents != 0) alive = forward(fd_, other);
      if (alive && ends[1].revents != 0) alive = forward(other, fd_);
    }
  }
  ::close(other);
}

ScriptedServer::ScriptedServer(Script script, std::optional<Certificate> tls)
    : script_(std::move(script)), tls_(tls ? std::make_unique<TlsContext>(*tls) : nullptr) {
  constexpr int kBacklog = 256;
  std::tie(listener_, port_) = listening(kBacklog);
  acceptor_ = std::thread([this] { listen(); });
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  stop_.notify_all();
  stop_listening();
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

ScriptedServer::Script ScriptedServer::answering(std::function<std::string(const ReceivedRequest&)> reply) {
  return [reply = std::move(reply)](Wire& wire) {
    while (const auto request = wire.read_request()) {
      if (!wire.write(reply(*request))) return;
    }
  };
}

std::string ScriptedServer::url(std::string_view path) const {
  return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_) + std::string(path);
}

void ScriptedServer::stop_listening() { ::shutdown(listener_, SHUT_RDWR); }

std::vector<ReceivedRequest> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t ScriptedServer::open_connections() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

void ScriptedServer::note(const ReceivedRequest& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
}

void ScriptedServer::listen() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(fd);
      return;
    }
    open_.push_back(fd);
    const std::size_t number = ++connections_;
    threads_.emplace_back([this, fd, number] { serve(fd, number); });
  }
}

void ScriptedServer::serve(int fd, std::size_t number) {
  // OpenSSL writes to connections that may be gone.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  {
    Wire wire(*this, fd, number);
    if (wire.handshake()) script_(wire);
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

FullPort::FullPort() {
  const auto [listener, port] = listening(0);
  port_ = port;
  sockets_.push_back(listener);
  constexpr int kMoreThanItsQueueHolds = 4;
  for (int i = 0; i < kMoreThanItsQueueHolds; ++i) {
    sockets_.push_back(new_socket(SOCK_NONBLOCK));
    sockaddr_in address = local(port_);
    ::connect(sockets_.back(), plain(address), sizeof address);
  }
}

FullPort::~FullPort() {
  for (const int fd : sockets_) ::close(fd);
}

std::string FullPort::url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

RefusingPort::RefusingPort() { std::tie(socket_, port_) = bound(); }

RefusingPort::~RefusingPort() { ::close(socket_); }

std::string RefusingPort::url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

}  // namespace kcl::test
