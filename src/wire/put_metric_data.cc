#include "wire/put_metric_data.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "wire/form.h"

namespace kcl::wire {

namespace {

constexpr std::size_t kLongestNamespace = 255;
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestValue = 1'024;

std::string text_of(double number) {
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
}

std::string fitting(std::string_view text, std::size_t longest) {
  std::string fits(text.substr(0, longest));
  for (char& c : fits) {
    if (c < ' ' || c > '~') c = '?';
  }
  // A colon at the beginning is refused.
  if (fits.starts_with(':')) fits.front() = '?';
  return fits;
}

/// The fields of one member of MetricData.
class Member {
 public:
  Member(std::string& form, std::size_t number) : form_(form), prefix_("MetricData.member." + std::to_string(number)) {}

  void field(std::string_view name, std::string_view value) {
    append_form_field(form_, std::string(prefix_).append(1, '.').append(name), value);
  }
  void field(std::string_view name, double number) { field(name, text_of(number)); }

 private:
  std::string& form_;
  std::string prefix_;
};

}  // namespace

bool is_metric_namespace(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view(" .-_/#:").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= kLongestNamespace && std::ranges::all_of(name, fits) &&
         name.find_first_not_of(' ') != std::string_view::npos && !name.starts_with("AWS/") && !name.starts_with(':');
}

PutMetricData::PutMetricData(std::string_view metric_namespace)
    : body_(encode_form({{"Action", "PutMetricData"}, {"Version", "2010-08-01"}, {"Namespace", metric_namespace}})) {}

bool PutMetricData::add(const MetricDatum& datum) {
  if (size_ == kMostData) return false;
  const std::size_t before = body_.size();
  Member member(body_, size_ + 1);
  member.field("MetricName", fitting(datum.name, kLongestName));
  std::size_t number = 0;
  for (const auto& [name, value] : datum.dimensions) {
    const std::string dimension = "Dimensions.member." + std::to_string(++number);
    member.field(dimension + ".Name", fitting(name, kLongestName));
    member.field(dimension + ".Value", fitting(value, kLongestValue));
  }
  member.field("Timestamp", to_iso8601(datum.time));
  member.field("Unit", datum.unit);
  if (datum.count == 1) {
    member.field("Value", datum.sum);
  } else {
    member.field("StatisticValues.SampleCount", datum.count);
    member.field("StatisticValues.Sum", datum.sum);
    member.field("StatisticValues.Minimum", datum.least);
    member.field("StatisticValues.Maximum", datum.most);
  }
  if (body_.size() > kMostBytes) {
    body_.resize(before);
    return false;
  }
  ++size_;
  return true;
}

}  // namespace kcl::wire
