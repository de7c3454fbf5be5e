// In whose name, and in which region, a whole worker speaks to each service.
#include <cstdlib>
#include <memory>
#include <string>

#include "integration/worker/workbench.h"
#include "unit/http/scripted_server.h"

namespace kcl::test {
namespace {

class WorkerAccess : public Workbench {
 protected:
  WorkerAccess() {
    // Whoever runs these tests behind a proxy: they speak to this host.
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
  }

  static ServiceAccess named(const char* id, const char* region) {
    return {.region = region, .profile = {}, .credentials = static_credentials({id, "secret", "", {}}), .role_arn = {}};
  }
  /// Turns everyone away.
  static std::unique_ptr<ScriptedServer> service() {
    return std::make_unique<ScriptedServer>(
        ScriptedServer::answering([](const ReceivedRequest&) { return answer(400, "{}"); }));
  }
  static std::string signed_by(ScriptedServer& server) {
    return eventually([&] { return !server.requests().empty(); }) ? server.requests().front().header("authorization")
                                                                  : "nobody";
  }
};

TEST_F(WorkerAccess, EachServiceIsAskedInItsOwnNameAndRegion) {
  const auto kinesis = service();
  const auto dynamodb = service();
  const auto cloudwatch = service();
  WorkerConfig with = config();
  with.kinesis.reset();
  with.lease_store.reset();
  with.kinesis_endpoint = kinesis->url();
  with.dynamodb_endpoint = dynamodb->url();
  with.cloudwatch_endpoint = cloudwatch->url();
  with.cloudwatch.emplace();
  with.metrics_interval = milliseconds(1'000);
  with.region = "eu-west-1";
  with.kinesis_access = named("STREAMKEY", "ap-south-1");
  with.dynamodb_access = named("TABLEKEY", "us-east-1");
  with.cloudwatch_access = named("METRICKEY", "sa-east-1");
  // Which is asked first, and whether the other one is after it was turned away, is the worker's affair.
  for (const bool has_store : {false, true}) {
    if (has_store) with.lease_store = store;
    kcl::Worker worker(with, Callbacks{}.factory());
    worker.start();
    ScriptedServer& asked = has_store ? *kinesis : *dynamodb;
    const std::string authorization = signed_by(asked);
    const std::string expected = has_store ? "STREAMKEY/" : "TABLEKEY/";
    EXPECT_NE(authorization.find("Credential=" + expected), std::string::npos) << authorization;
    EXPECT_NE(authorization.find(has_store ? "/ap-south-1/kinesis/" : "/us-east-1/dynamodb/"), std::string::npos)
        << authorization;
    const std::string of_metrics = signed_by(*cloudwatch);
    EXPECT_NE(of_metrics.find("Credential=METRICKEY/"), std::string::npos) << of_metrics;
    EXPECT_NE(of_metrics.find("/sa-east-1/monitoring/"), std::string::npos) << of_metrics;
    worker.shutdown(milliseconds(0));
  }
  EXPECT_GE(log->count("credentials"), 3U) << "the log tells in whose name";
}

}  // namespace
}  // namespace kcl::test
