#include "sinks/prometheus_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace kcl::sinks {

namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

std::string_view type_of(Metric::Kind kind) {
  switch (kind) {
    case Metric::Kind::counter:
      return "counter";
    case Metric::Kind::gauge:
      return "gauge";
    case Metric::Kind::histogram:
      break;
  }
  return "histogram";
}

/// A backslash and a line feed are escaped everywhere, a quote in label values only.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (quotes && c == '"')) {
      out.append(1, '\\').append(1, c);
    } else {
      out += c;
    }
  }
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> digits{};
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  }
}

/// One line: `name{labels,le="bound"} value`. Without a bound there is no label for it.
class Sample {
 public:
  Sample(std::string& out, std::string_view name, std::string_view suffix, const Labels& labels) : out_(out) {
    out_.append(name).append(suffix);
    for (const auto& [label, value] : labels) this->label(label, value);
  }
  Sample& label(std::string_view name, std::string_view value) {
    out_.append(1, any_ ? ',' : '{').append(name).append("=\"");
    append_escaped(out_, value, true);
    out_ += '"';
    any_ = true;
    return *this;
  }
  void is(double value) {
    out_ += any_ ? "} " : " ";
    append_number(out_, value);
    out_ += '\n';
  }

 private:
  std::string& out_;
  bool any_ = false;
};

void append_histogram(std::string& out, const Metric& metric) {
  const auto count = static_cast<double>(metric.count);
  for (const Metric::Bucket& bucket : metric.buckets) {
    if (std::isinf(bucket.upper_bound)) continue;
    std::string bound;
    append_number(bound, bucket.upper_bound);
    Sample(out, metric.name, "_bucket", metric.labels)
        .label("le", bound)
        .is(static_cast<double>(bucket.cumulative_count));
  }
  // Always there, and the same as the count.
  Sample(out, metric.name, "_bucket", metric.labels).label("le", "+Inf").is(count);
  Sample(out, metric.name, "_sum", metric.labels).is(metric.value);
  Sample(out, metric.name, "_count", metric.labels).is(count);
}

}  // namespace

std::string prometheus_text(const MetricsSnapshot& snapshot) {
  std::string out;
  const std::string* family = nullptr;
  for (const Metric& metric : snapshot.metrics) {
    if (family == nullptr || *family != metric.name) {
      family = &metric.name;
      out.append("# HELP ").append(metric.name).append(1, ' ');
      append_escaped(out, metric.help, false);
      out.append("\n# TYPE ").append(metric.name).append(1, ' ').append(type_of(metric.kind)).append(1, '\n');
    }
    if (metric.kind == Metric::Kind::histogram) {
      append_histogram(out, metric);
    } else {
      Sample(out, metric.name, "", metric.labels).is(metric.value);
    }
  }
  return out;
}

}  // namespace kcl::sinks
