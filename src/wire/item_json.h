// DynamoDB-JSON, the text in which DynamoDB's protocol and our SQLite files carry rows:
//   {"leaseCounter":{"N":"7"},"leaseKey":{"S":"shardId-000000000000"},"ownerSwitchesSinceCheckpoint":{"N":"0"}}
// Types: S, N (as a string), B (base64), BOOL, NULL, SS, NS, BS, L, M. Source: Amazon DynamoDB API Reference,
// AttributeValue.
//
// Encoding is deterministic: attributes, map entries and sets come sorted. Decoding takes any bytes: it fails with a
// message that names the attribute, never crashes, and reads no deeper than DynamoDB nests (32). Where an object
// repeats a name, the last wins. Numbers keep their text.
#pragma once

#include <string>
#include <string_view>

#include <kcl/item_store.h>

namespace kcl::wire {

/// Precondition: texts are UTF-8.
std::string encode_item(const Item& item);
std::string encode_attribute(const AttributeValue& value);

Result<Item, std::string> decode_item(std::string_view json);
Result<AttributeValue, std::string> decode_attribute(std::string_view json);

}  // namespace kcl::wire
