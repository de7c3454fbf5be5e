// Whom a request is for, as far as a server that listens on loopback alone cares. Pure.
#pragma once

#include <string_view>

namespace kcl::server {

/// Whether a Host header names this machine: an IP address, "localhost" or a name below it, with or without a port;
/// absent counts, too. A page of another name in somebody's browser, which its owner lets resolve to 127.0.0.1 after
/// the fact (DNS rebinding), is none of ours: browsers tell.
bool names_this_host(std::string_view host);

}  // namespace kcl::server
