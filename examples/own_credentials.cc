// Credentials of the program's own, for one service alone: here from a vault, for the stream. The lease table, if
// there were one, and CloudWatch would go on with what the AWS tools find. Takes the endpoint of Kinesis to read from,
// such as that of `kclpp local --stream orders:1 --credentials VAULTKEY:vault/secret`.
#include <kcl/kcl.h>

#include <atomic>
#include <iostream>
#include <memory>

namespace {

/// Asked for each request, by several threads at once, so what is costly to get is kept. It says until when they count;
/// once a service refuses them all the same, invalidate() is called.
class Vault final : public kcl::CredentialsProvider {
 public:
  kcl::CredentialsResult credentials(const kcl::Call& /*call*/) override {
    ++asked_;
    return kcl::Credentials{.access_key_id = "VAULTKEY",
                            .secret_access_key = "vault/secret",
                            .session_token = {},
                            .expiration = std::nullopt,
                            .source = "the vault"};
  }
  bool was_asked() const { return asked_ > 0; }

 private:
  std::atomic<int> asked_{0};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: own_credentials KINESIS_ENDPOINT\n";
    return 2;
  }
  const auto vault = std::make_shared<Vault>();
  kcl::WorkerConfig config{.stream = "orders", .region = "us-east-1"};
  config.initial_position = kcl::InitialPosition::trim_horizon();
  config.kinesis_endpoint = argv[1];
  config.kinesis_access.credentials = vault;
  config.log = kcl::make_console_log_sink(kcl::LogLevel::info);
  config.stop_when_caught_up = true;
  const int code = kcl::consume(config, [](const kcl::Record& record) { std::cout << record.text() << '\n'; });
  std::cout << (vault->was_asked() ? "read in the vault's name\n" : "the vault was not asked\n");
  return code;
}
