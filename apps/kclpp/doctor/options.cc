#include "doctor/options.h"

#include <array>

#include <kcl/cloudwatch.h>

#include "flags/aws_flags.h"
#include "flags/flag_reader.h"
#include "wire/put_metric_data.h"

namespace kclpp::doctor {

namespace {

using kcl::operate::PolicyForm;

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kWhat = "What to examine";

constexpr std::array kOwnFlags{
    Flag{"stream", "NAME|ARN", kWhat, "The stream that is, or will be, read"},
    Flag{"application", "NAME", kWhat, "The fleet's name, which is that of its lease table"},
    Flag{"lease-table", "NAME", kWhat, "The lease table, where it is not named as the application"},
    Flag{"lease-store", "STORE", kWhat, "Where the table is: dynamodb (default), or sqlite:FILE"},
    Flag{"lease-format", "FORMAT", kWhat, "Whose rows they are: kcl (default; Java KCL's, too), or vmware-go"},
    Flag{"json", "", "Output", "One JSON object on stdout instead of text"},
    Flag{"print", "FORM", "Output",
         "Examine nothing; print what a worker must be allowed: iam (a policy), terraform or cloudformation (the lease "
         "table, too)"},
    Flag{"table-prefix", "PREFIX", "Output",
         "With --print: not of a worker, but of kclpp leases watch with the same flag"},
    Flag{"fan-out", "", "Output", "With --print: of workers that read by enhanced fan-out"},
    Flag{"cloudwatch", "NAMES", kWhat,
         "Of workers that send metrics to CloudWatch, under the names kclpp, vmware-go or java-kcl"},
    Flag{"cloudwatch-namespace", "NAME", kWhat, "Of those metrics (default: the application)"},
};

constexpr auto kFlags = joined(kOwnFlags, kAwsFlags);

class Parser : private FlagReader {
 public:
  explicit Parser(const FlagValues& given) : FlagReader(given) {}
  ParsedOptions parse();

 private:
  void read_places();
  void read_print();
  void read_cloudwatch();

  DoctorOptions options_;
  std::string application_;
};

void Parser::read_places() {
  auto& places = options_.places;
  if (auto stream = text("stream", "the stream's name or ARN")) places.stream = *std::move(stream);
  if (auto name = text("application", "the fleet's name")) application_ = places.table = *std::move(name);
  if (auto table = text("lease-table", "the name of the lease table")) {
    places.table = *std::move(table);
    if (!has("application")) problem("lease-table", "needs --application NAME: whose leases are kept there");
  }
  if (!has("stream") && !has("application") && !has("table-prefix")) {
    problem("stream", "missing, as is --application: name what is to be examined");
  }
  choice<kcl::LeaseFormat>("lease-format", places.format,
                           {{"kcl", kcl::LeaseFormat::kcl}, {"vmware-go", kcl::LeaseFormat::vmware_go}});
  const auto store = text("lease-store", "dynamodb or sqlite:FILE");
  if (store && *store != "dynamodb") {
    const bool sqlite = store->starts_with(kSqlite) && store->size() > kSqlite.size();
    if (sqlite) places.sqlite_file = store->substr(kSqlite.size());
    if (!sqlite) problem("lease-store", "\"" + *store + "\" is none of dynamodb, sqlite:FILE");
  }
  if (store && places.table.empty()) problem("application", "missing; name the fleet whose lease store is meant");
  places.aws = read_aws(*this, region_of_stream_arn(places.stream).value_or(""));
}

void Parser::read_print() {
  options_.fan_out = has("fan-out");
  if (options_.fan_out && !has("print")) problem("fan-out", "only --print has a use for it");
  if (auto prefix = text("table-prefix", "what the names of the tables begin with")) {
    options_.places.table_prefix = *std::move(prefix);
    if (!has("print")) problem("table-prefix", "only --print has a use for it");
    for (const char* flag : {"stream", "application", "lease-table", "fan-out", "cloudwatch"}) {
      if (has(flag)) problem(flag, "is about workers: leave it out, or --table-prefix");
    }
  }
  if (!has("print")) return;
  options_.print = PolicyForm::iam;
  choice<PolicyForm>(
      "print", *options_.print,
      {{"iam", PolicyForm::iam}, {"terraform", PolicyForm::terraform}, {"cloudformation", PolicyForm::cloudformation}});
  if (options_.places.stream.empty() && !has("table-prefix"))
    problem("stream", "missing; name the stream that may be read");
}

void Parser::read_cloudwatch() {
  expect_cloudwatch(*this);
  if (!has("cloudwatch")) return;
  using kcl::CloudWatchNames;
  CloudWatchNames names{};
  choice<CloudWatchNames>("cloudwatch", names,
                          {{"kclpp", CloudWatchNames::kclpp},
                           {"vmware-go", CloudWatchNames::vmware_go},
                           {"java-kcl", CloudWatchNames::java_kcl}});
  options_.places.cloudwatch = true;
  options_.metric_namespace = application_;
  if (auto name = text("cloudwatch-namespace", "the namespace of the metrics"))
    options_.metric_namespace = *std::move(name);
  if (!kcl::wire::is_metric_namespace(options_.metric_namespace)) {
    problem("cloudwatch-namespace", "\"" + options_.metric_namespace +
                                        "\" cannot be a namespace: " + std::string(kcl::wire::kMetricNamespaceForm));
  }
}

ParsedOptions Parser::parse() {
  read_places();
  read_print();
  read_cloudwatch();
  options_.json = has("json");
  return {std::move(options_), take_problems()};
}

}  // namespace

std::span<const Flag> flags() { return kFlags; }

ParsedOptions parse(const FlagValues& given) { return Parser(given).parse(); }

}  // namespace kclpp::doctor
