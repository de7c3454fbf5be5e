// Every key of a MultiLang properties file that KCL 3 reads, and kclpp's own: one table, which the parser, --check and
// the documentation's test go by. Pure.
// Source: MultiLangDaemonConfiguration, KinesisClientLibConfigurator and the *Config beans of KCL 3.5.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kcl::multilang {

enum class KeyType : std::uint8_t { text, number, boolean };

enum class KeyEffect : std::uint8_t {
  applied,
  /// There is nothing in kclpp that it could change, and nothing is lost by that. `note` says why.
  needless,
  /// What it asks for kclpp does not do: it is told when the file asks for it. `note` says what is done instead.
  unsupported,
};

struct Key {
  std::string_view name;
  KeyType type = KeyType::text;
  /// What counts when it is not set; empty: nothing.
  std::string_view fallback = {};
  KeyEffect effect = KeyEffect::applied;
  std::string_view note = {};
};

std::span<const Key> keys();

/// By its name as KCL takes it: exactly, but for the credentials providers, whose case does not matter. Also by a
/// second name that KCL has for it (pollingConfig.maxRecords, workerIdentifier). Null: KCL knows no such key.
const Key* find_key(std::string_view name);

/// Whether KCL, asked for retrievalMode DEFAULT, takes this key for a wish to poll.
bool asks_for_polling(std::string_view key);

/// "KCLPP_FAILOVER_TIME_MILLIS" of "failoverTimeMillis".
std::string environment_twin(std::string_view key);

/// The key that was probably meant.
std::optional<std::string_view> did_you_mean(std::string_view name);

}  // namespace kcl::multilang
