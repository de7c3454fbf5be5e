#include "doctor/options.h"

#include <array>

#include "flags/flag_reader.h"

namespace kclpp::doctor {

namespace {

using kcl::operate::PolicyForm;

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kWhat = "What to examine";
constexpr std::string_view kAws = "AWS";

constexpr std::array kFlags{
    Flag{"stream", "NAME|ARN", kWhat, "The stream that is, or will be, read"},
    Flag{"application", "NAME", kWhat, "The fleet's name, which is that of its lease table"},
    Flag{"lease-store", "STORE", kWhat, "Where the table is: dynamodb (default), or sqlite:FILE"},
    Flag{"lease-format", "FORMAT", kWhat, "Whose rows they are: kcl (default; Java KCL's, too), or vmware-go"},
    Flag{"json", "", "Output", "One JSON object on stdout instead of text"},
    Flag{"print", "FORM", "Output",
         "Examine nothing; print what a worker must be allowed: iam (a policy), terraform or cloudformation (the lease "
         "table, too)"},
    Flag{"fan-out", "", "Output", "With --print: of workers that read by enhanced fan-out"},
    Flag{"region", "REGION", kAws,
         "Default: that of a stream ARN, of the environment, of the profile, of the EC2 instance"},
    Flag{"profile", "NAME", kAws, "Of the shared configuration files of AWS"},
    Flag{"kinesis-endpoint", "URL", kAws, "Another server for Kinesis"},
    Flag{"dynamodb-endpoint", "URL", kAws, "Another server for DynamoDB"},
};

class Parser : private FlagReader {
 public:
  explicit Parser(const FlagValues& given) : FlagReader(given) {}
  ParsedOptions parse();

 private:
  void read_places();
  void read_print();

  DoctorOptions options_;
};

void Parser::read_places() {
  auto& places = options_.places;
  if (auto stream = text("stream", "the stream's name or ARN")) places.stream = *std::move(stream);
  if (auto name = text("application", "the fleet's name")) places.table = *std::move(name);
  if (!has("stream") && !has("application")) {
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
  const auto of_arn = kcl::operate::grants_of(places.stream, {}, {}).region;
  if (of_arn != "*") places.region = of_arn;
  if (auto region = text("region", "a region such as eu-west-1")) places.region = *std::move(region);
  if (auto profile = text("profile", "a profile's name")) places.profile = *std::move(profile);
  url("kinesis-endpoint", places.kinesis_endpoint);
  url("dynamodb-endpoint", places.dynamodb_endpoint);
}

void Parser::read_print() {
  options_.fan_out = has("fan-out");
  if (options_.fan_out && !has("print")) problem("fan-out", "only --print has a use for it");
  if (!has("print")) return;
  options_.print = PolicyForm::iam;
  choice<PolicyForm>(
      "print", *options_.print,
      {{"iam", PolicyForm::iam}, {"terraform", PolicyForm::terraform}, {"cloudformation", PolicyForm::cloudformation}});
  if (options_.places.stream.empty()) problem("stream", "missing; name the stream that may be read");
}

ParsedOptions Parser::parse() {
  read_places();
  read_print();
  options_.json = has("json");
  return {std::move(options_), take_problems()};
}

}  // namespace

std::span<const Flag> flags() { return kFlags; }

ParsedOptions parse(const FlagValues& given) { return Parser(given).parse(); }

}  // namespace kclpp::doctor
