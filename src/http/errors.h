// What a failed transfer means, and how to say it. Pure.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"
#include "http/transfer.h"

namespace kcl::http {

/// Why we do not take an answer that libcurl would.
enum class Cut : std::uint8_t { none, headers_too_long, body_too_long, no_memory, no_known_end, second_copy };

struct Failed {
  CURLcode code = CURLE_OK;
  Stage stage = Stage::queued;
  /// Host and port.
  std::string_view target;
  /// libcurl's own words.
  std::string_view detail;
  /// The status with which a proxy answered CONNECT; 0 without one.
  long proxy_status = 0;
  /// Address and port of the other end of the connection; empty without one.
  std::string_view peer;
  Cut cut = Cut::none;
  std::size_t max_body_bytes = 0;
  std::chrono::milliseconds connect_timeout{};
};

Error explain(const Failed& failed);

/// The deadline came while the request was at `stage`, `waited` after it was handed over.
Error explain_timeout(std::string_view target, Stage stage, std::chrono::milliseconds waited);

/// A streamed answer brought nothing for so long.
Error explain_silence(std::string_view target, std::chrono::milliseconds waited);

}  // namespace kcl::http
