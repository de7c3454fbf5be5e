// Parts of answers that several operations have.
#pragma once

#include <span>
#include <string_view>

#include <kcl/kinesis.h>

#include "wire/document_writer.h"

namespace kcl::local {

/// Member Shards.
void write_shards(wire::DocumentWriter& out, std::span<const Shard> shards);
/// Member Records.
void write_records(wire::DocumentWriter& out, std::span<const Record> records);
/// Member ChildShards.
void write_child_shards(wire::DocumentWriter& out, std::span<const ChildShard> children);

/// What write_records() appends, nearly always at most.
std::size_t size_guess(wire::Protocol protocol, std::span<const Record> records);

/// {"__type": code, "message": message}
std::string encode_error(wire::Protocol protocol, std::string_view code, std::string_view message);

}  // namespace kcl::local
