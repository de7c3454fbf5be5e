// How leases are written down in their table: whose rows they are.
#pragma once

#include <cstdint>
#include <string_view>

namespace kcl {

enum class LeaseFormat : std::uint8_t {
  kcl,        ///< rows of Java KCL 2.x and 3.x, keyed by leaseKey
  vmware_go,  ///< rows of vmware-go-kcl, keyed by ShardID; for fleets that have, or may get, such workers
};

/// "kcl", "vmware-go".
constexpr std::string_view name_of(LeaseFormat format) {
  return format == LeaseFormat::vmware_go ? "vmware-go" : "kcl";
}

/// The attribute that holds each row's key: what a lease store must be made with.
constexpr std::string_view key_attribute_of(LeaseFormat format) {
  return format == LeaseFormat::vmware_go ? "ShardID" : "leaseKey";
}

}  // namespace kcl
