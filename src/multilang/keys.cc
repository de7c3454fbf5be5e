#include "multilang/keys.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace kcl::multilang {

namespace {

constexpr auto kNumber = KeyType::number;
constexpr auto kBoolean = KeyType::boolean;
constexpr auto kText = KeyType::text;
constexpr auto kNeedless = KeyEffect::needless;
constexpr auto kUnsupported = KeyEffect::unsupported;

constexpr std::string_view kNoSuchTable = "kclpp makes no such table";
constexpr std::string_view kByItself = "kclpp does this by itself";
constexpr std::string_view kNoThreads = "kclpp needs no threads for it";
constexpr std::string_view kOnDemand = "a lease table that kclpp creates is billed on demand";

constexpr std::array kKeys{
    Key{"executableName"},
    Key{"applicationName"},
    Key{"streamName"},
    Key{"streamArn"},
    Key{"tableName"},
    Key{"workerId"},
    Key{"regionName"},
    Key{"AwsCredentialsProvider", kText, "DefaultCredentialsProvider"},
    Key{"AwsCredentialsProviderDynamoDB"},
    Key{"AwsCredentialsProviderCloudWatch"},
    Key{"kinesisEndpoint"},
    Key{"dynamoDBEndpoint"},
    Key{"kinesisClient.endpointOverride"},
    Key{"dynamoDbClient.endpointOverride"},
    Key{"cloudWatchClient.endpointOverride"},
    Key{"kinesisClient.region"},
    Key{"dynamoDbClient.region"},
    Key{"cloudWatchClient.region"},

    Key{"initialPositionInStream", kText, "LATEST"},
    Key{"initialPositionInStreamExtended", kNumber},
    Key{"retrievalMode", kText, "DEFAULT"},
    Key{"maxRecords", kNumber, "10000"},
    Key{"idleTimeBetweenReadsInMillis", kNumber, "1000"},
    Key{"retryGetRecordsInSeconds", kNumber, {}, kNeedless, kByItself},
    Key{"maxGetRecordsThreadPool", kNumber, {}, kNeedless, kNoThreads},
    Key{"millisBehindLatestThresholdForReducedTps",
        kNumber,
        {},
        kNeedless,
        "a shard that is caught up is polled slower"},
    Key{"fanoutConfig.consumerArn"},
    Key{"fanoutConfig.consumerName"},
    Key{"fanoutConfig.maxDescribeStreamSummaryRetries", kNumber, {}, kNeedless, kByItself},
    Key{"fanoutConfig.maxDescribeStreamConsumerRetries", kNumber, {}, kNeedless, kByItself},
    Key{"fanoutConfig.registerStreamConsumerRetries", kNumber, {}, kNeedless, kByItself},
    Key{"fanoutConfig.retryBackoffMillis", kNumber, {}, kNeedless, kByItself},

    Key{"failoverTimeMillis", kNumber, "10000"},
    Key{"leaseAssignmentIntervalMillis", kNumber, {}, kNeedless, "kclpp looks every tenth of failoverTimeMillis"},
    Key{"enablePriorityLeaseAssignment", kBoolean, {}, kNeedless, "kclpp looks every tenth of failoverTimeMillis"},
    Key{"maxLeasesForWorker", kNumber},
    Key{"maxLeasesToStealAtOneTime", kNumber, {}, kNeedless, "kclpp hands leases over in an orderly way"},
    Key{"shardSyncIntervalMillis", kNumber, "60000"},
    Key{"parentShardPollIntervalMillis",
        kNumber,
        {},
        kNeedless,
        "kclpp looks every third of failoverTimeMillis at most"},
    Key{"cleanupLeasesUponShardCompletion", kBoolean, {}, kNeedless, kByItself},
    Key{"ignoreUnexpectedChildShards", kBoolean, {}, kNeedless, kByItself},
    Key{"initialLeaseTableReadCapacity", kNumber, {}, kNeedless, kOnDemand},
    Key{"initialLeaseTableWriteCapacity", kNumber, {}, kNeedless, kOnDemand},
    Key{"leaseTableDeletionProtectionEnabled", kBoolean, "false", kUnsupported,
        "kclpp does not switch it on: do so once"},
    Key{"leaseTablePitrEnabled", kBoolean, "false", kUnsupported, "kclpp does not switch it on: do so once"},
    Key{"leaseTableScanTotalSegments", kNumber, {}, kNeedless, kByItself},
    Key{"maxLeaseRenewalThreads", kNumber, {}, kNeedless, kNoThreads},
    Key{"listShardsBackoffTimeInMillis", kNumber, {}, kNeedless, kByItself},
    Key{"maxListShardsRetryAttempts", kNumber, {}, kNeedless, kByItself},
    Key{"callProcessRecordsEvenForEmptyRecordList", kBoolean, "false", kUnsupported,
        "children are called when there are records"},
    Key{"skipShardSyncAtWorkerInitializationIfLeasesExist", kBoolean, {}, kNeedless, kByItself},
    Key{"schedulerInitializationBackoffTimeMillis", kNumber, {}, kNeedless, kByItself},
    Key{"taskBackoffTimeMillis", kNumber, {}, kNeedless, kByItself},
    Key{"shardPrioritization", kText, {}, kNeedless, "parents always go first"},
    Key{"clientVersionConfig", kText, {}, kNeedless, "kclpp looks itself who else is on the table"},
    Key{"migrateAllEntitiesToLeaseTable", kBoolean, {}, kNeedless, kNoSuchTable},
    Key{"tableMigrationCompleteBakeTimeSeconds", kNumber, {}, kNeedless, kNoSuchTable},
    Key{"logWarningForTaskAfterMillis", kNumber, "300000"},
    Key{"metricsLevel"},
    Key{"metricsEnabledDimensions"},
    Key{"metricsBufferTimeMillis", kNumber},
    Key{"metricsMaxQueueSize", kNumber},
    Key{"isGracefulLeaseHandoffEnabled", kBoolean, "true", kUnsupported, "kclpp always hands over in an orderly way"},
    Key{"gracefulLeaseHandoffTimeoutMillis", kNumber, {}, kNeedless, kByItself},
    Key{"coordinatorStateTableName", kText, {}, kNeedless, kNoSuchTable},
    Key{"coordinatorStateBillingMode", kText, {}, kNeedless, kNoSuchTable},
    Key{"coordinatorStateReadCapacity", kNumber, {}, kNeedless, kNoSuchTable},
    Key{"coordinatorStateWriteCapacity", kNumber, {}, kNeedless, kNoSuchTable},
    Key{"coordinatorStatePointInTimeRecoveryEnabled", kBoolean, {}, kNeedless, kNoSuchTable},
    Key{"coordinatorStateDeletionProtectionEnabled", kBoolean, {}, kNeedless, kNoSuchTable},
    Key{"coordinatorStateTags", kText, {}, kNeedless, kNoSuchTable},
    Key{"workerMetricsTableName", kText, {}, kNeedless, kNoSuchTable},
    Key{"workerMetricsBillingMode", kText, {}, kNeedless, kNoSuchTable},
    Key{"workerMetricsReadCapacity", kNumber, {}, kNeedless, kNoSuchTable},
    Key{"workerMetricsWriteCapacity", kNumber, {}, kNeedless, kNoSuchTable},
    Key{"workerMetricsPointInTimeRecoveryEnabled", kBoolean, {}, kNeedless, kNoSuchTable},
    Key{"workerMetricsDeletionProtectionEnabled", kBoolean, {}, kNeedless, kNoSuchTable},
    Key{"workerMetricsTags", kText, {}, kNeedless, kNoSuchTable},
    Key{"inMemoryWorkerMetricsCaptureFrequencyMillis", kNumber, {}, kNeedless, kNoSuchTable},
    Key{"workerMetricsReporterFreqInMillis", kNumber, {}, kNeedless, kNoSuchTable},
    Key{"noOfPersistedMetricsPerWorkerMetrics", kNumber, {}, kNeedless, kNoSuchTable},
    Key{"disableWorkerMetrics", kBoolean, {}, kNeedless, kNoSuchTable},
    Key{"maxThroughputPerHostKBps", kNumber, {}, kNeedless, "leases are shared evenly by their number"},
    Key{"dampeningPercentage", kNumber, {}, kNeedless, "leases are shared evenly by their number"},
    Key{"reBalanceThresholdPercentage", kNumber, {}, kNeedless, "leases are shared evenly by their number"},
    Key{"allowThroughputOvershoot", kBoolean, {}, kNeedless, "leases are shared evenly by their number"},
    Key{"varianceBalancingFrequency", kNumber, {}, kNeedless, "leases are shared evenly by their number"},
    Key{"workerMetricsEMAAlpha", kText, {}, kNeedless, "leases are shared evenly by their number"},
    Key{"staleWorkerMetricsEntryCleanupDuration", kText, {}, kNeedless, kNoSuchTable},

    Key{"shutdownGraceMillis", kNumber, "25000"},
    Key{"timeoutInSeconds", kNumber},
    Key{"maxActiveThreads", kNumber, {}, kNeedless, kNoThreads},
    Key{"processingLanguage", kText, {}, kNeedless, "it is for the log of the Java daemon"},
    Key{"validateSequenceNumberBeforeCheckpointing", kBoolean, {}, kNeedless, "KCL 3 does not do it either"},

    Key{"kclpp.childRestarts", kNumber, "10"},
    Key{"kclpp.childGraceMillis", kNumber, "3000"},
    Key{"kclpp.logLevel", kText, "info"},
    Key{"kclpp.leaseFormat", kText, "kcl"},
    Key{"kclpp.listen", kText},
    Key{"kclpp.prometheusNames", kText},
    Key{"kclpp.prometheusDropShardLabel", kBoolean},
    Key{"kclpp.cloudWatch", kText},
    Key{"kclpp.cloudWatchNamespace", kText},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kSecondNames{{
    {"workerIdentifier", "workerId"},
    {"pollingConfig.maxRecords", "maxRecords"},
    {"pollingConfig.idleTimeBetweenReadsInMillis", "idleTimeBetweenReadsInMillis"},
    {"pollingConfig.retryGetRecordsInSeconds", "retryGetRecordsInSeconds"},
    {"pollingConfig.maxGetRecordsThreadPool", "maxGetRecordsThreadPool"},
    {"pollingConfig.millisBehindLatestThresholdForReducedTps", "millisBehindLatestThresholdForReducedTps"},
}};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  std::transform(capitals.begin(), capitals.end(), capitals.begin(), upper);
  return capitals;
}

/// How many characters must be changed, added or taken away (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::span<const Key> keys() { return kKeys; }

const Key* find_key(std::string_view name) {
  const std::string capitals = in_capitals(name);
  for (const auto& [second, first] : kSecondNames) {
    if (name == second) name = first;
  }
  const auto is_meant = [&](const Key& key) {
    return key.name == name || (key.name.starts_with("AwsCredentials") && in_capitals(key.name) == capitals);
  };
  const auto* found = std::find_if(kKeys.begin(), kKeys.end(), is_meant);
  return found == kKeys.end() ? nullptr : found;
}

bool asks_for_polling(std::string_view key) {
  for (const std::string_view polling : {"maxRecords", "idleTimeBetweenReadsInMillis", "retryGetRecordsInSeconds",
                                         "maxGetRecordsThreadPool", "millisBehindLatestThresholdForReducedTps"}) {
    if (key == polling) return true;
  }
  return false;
}

std::string environment_twin(std::string_view key) {
  std::string twin = key.starts_with("kclpp.") ? "KCLPP" : "KCLPP_";
  if (key.starts_with("kclpp.")) key.remove_prefix(5);
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '.') {
      twin += '_';
      continue;
    }
    // A word begins at a capital after a small letter, and at the last of several that a small letter follows.
    const bool begins = i > 0 && is_upper(key[i]) && key[i - 1] != '.' &&
                        (!is_upper(key[i - 1]) || (i + 1 < key.size() && !is_upper(key[i + 1]) && key[i + 1] != '.'));
    if (begins) twin += '_';
    twin += upper(key[i]);
  }
  return twin;
}

std::optional<std::string_view> did_you_mean(std::string_view name) {
  constexpr std::size_t kLongestName = 100;
  if (name.size() > kLongestName) return std::nullopt;
  const std::string capitals = in_capitals(name);
  std::optional<std::string_view> nearest;
  // A slip of one character in four at most; capitals do not count.
  std::size_t least = std::min<std::size_t>(name.size() / 4, 4) + 1;
  for (const Key& key : kKeys) {
    const std::size_t apart = distance(in_capitals(key.name), capitals);
    if (apart >= least) continue;
    least = apart;
    nearest = key.name;
  }
  return nearest;
}

}  // namespace kcl::multilang
