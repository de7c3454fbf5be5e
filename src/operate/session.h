// A short life on a lease table and its stream, for tools: threads, clients of AWS or an SQLite file, and one piece of
// work that runs on the strand to its end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kcl/lease_format.h>
#include <kcl/result.h>

#include "aws/environment.h"
#include "base/random.h"
#include "base/task.h"
#include "base/wait.h"
#include "ports/item_store.h"
#include "ports/kinesis.h"
#include "worker/aws_ports.h"
#include "worker/aws_settings.h"
#include "worker/blocking_item_store.h"
#include "worker/runtime.h"

namespace kcl::operate {

struct Places {
  /// The lease table: the application's name.
  std::string table;
  /// Instead of one table: all of DynamoDB's whose names begin so. Empty: the one.
  std::string table_prefix = {};
  /// Empty: the table is in DynamoDB.
  std::string sqlite_file;
  LeaseFormat format = LeaseFormat::kcl;
  /// Empty: the stream is not asked.
  std::string stream;
  worker::AwsSettings aws;
  /// Whether metrics go to CloudWatch.
  bool cloudwatch = false;
};

/// What the stream, the table and the metrics that are named need of AWS: nothing for a file alone.
Result<std::optional<worker::AwsNeeds>, std::vector<std::string>> aws_needs(const Places& places,
                                                                            const aws::Environment& environment);

class Session {
 public:
  /// Opens, and calls nobody yet. The errors begin with the name of what would mend them.
  static Result<std::unique_ptr<Session>, std::vector<std::string>> open(const Places& places,
                                                                         const aws::Environment& environment);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  worker::Threads& threads() noexcept { return threads_; }
  base::Loop& loop() noexcept { return threads_.loop; }
  base::Random& random() noexcept { return random_; }
  /// Precondition: one table was named.
  ports::ItemStore& store() noexcept { return *store_; }
  /// Precondition: the leases are in DynamoDB.
  aws::ServiceClient& dynamodb() noexcept { return *aws_->dynamodb(); }
  /// Precondition of both: a stream was named.
  ports::Kinesis& kinesis() noexcept { return *aws_->kinesis(); }
  aws::ServiceClient& kinesis_service() noexcept { return *aws_->kinesis_service(); }

  /// Runs the work, and returns what it yields. SIGINT and SIGTERM request its stop; the second one ends the wait, and
  /// yields nothing. Throws what the work throws. Not to be called on the strand.
  using Work = std::function<base::Task<int>(base::Stop& stop)>;
  std::optional<int> run(const Work& work);

 private:
  Session();

  worker::Threads threads_;
  base::Random random_ = base::Random::from_os();
  // On the strand.
  std::unique_ptr<worker::AwsPorts> aws_;
  std::unique_ptr<worker::BlockingItemStore> plugged_;
  ports::ItemStore* store_ = nullptr;
};

}  // namespace kcl::operate
