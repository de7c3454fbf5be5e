// What a server is sent as PutMetricData, taken apart.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "unit/base/gunzip.h"
#include "unit/http/scripted_server.h"

namespace kcl::test {

using FormFields = std::map<std::string, std::string, std::less<>>;

inline std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_NE(text[i], '+') << "what stands for a blank in some forms, and for itself in others";
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
    i += 2;
  }
  return plain;
}

inline FormFields form_fields(std::string_view form) {
  FormFields fields;
  while (!form.empty()) {
    const std::string_view field = form.substr(0, form.find('&'));
    const auto equals = field.find('=');
    EXPECT_NE(equals, std::string_view::npos) << field;
    EXPECT_TRUE(fields.emplace(unescaped(field.substr(0, equals)), unescaped(field.substr(equals + 1))).second)
        << field;
    form.remove_prefix(std::min(form.size(), field.size() + 1));
  }
  return fields;
}

/// One member of MetricData.
struct SentMetric {
  std::string name;
  /// "Operation=ProcessTask,ShardId=shardId-000000000000": in their order.
  std::string dimensions;
  std::string unit;
  std::string time;
  double count = 0;
  double sum = 0;
  double least = 0;
  double most = 0;
};

struct MetricRequest {
  std::string metric_namespace;
  std::vector<SentMetric> data;
};

inline SentMetric metric_of(FormFields& fields, const std::string& prefix) {
  const auto take = [&](const std::string& name) -> std::optional<std::string> {
    auto node = fields.extract(prefix + name);
    return node.empty() ? std::nullopt : std::optional(std::move(node.mapped()));
  };
  const auto number = [&](const std::string& name) {
    const auto text = take(name);
    EXPECT_TRUE(text) << prefix << name;
    return text ? std::strtod(text->c_str(), nullptr) : -1;
  };
  SentMetric metric;
  metric.name = take("MetricName").value_or("");
  metric.unit = take("Unit").value_or("");
  metric.time = take("Timestamp").value_or("");
  for (int i = 1;; ++i) {
    const std::string dimension = "Dimensions.member." + std::to_string(i);
    const auto name = take(dimension + ".Name");
    if (!name) break;
    metric.dimensions += (i == 1 ? "" : ",") + *name + "=" + take(dimension + ".Value").value_or("nothing");
  }
  if (fields.contains(prefix + "Value")) {
    metric.count = 1;
    metric.sum = metric.least = metric.most = number("Value");
  } else {
    metric.count = number("StatisticValues.SampleCount");
    metric.sum = number("StatisticValues.Sum");
    metric.least = number("StatisticValues.Minimum");
    metric.most = number("StatisticValues.Maximum");
  }
  return metric;
}

/// Every field is accounted for.
inline MetricRequest metric_request(std::string_view form) {
  FormFields fields = form_fields(form);
  EXPECT_EQ(fields["Action"], "PutMetricData");
  EXPECT_EQ(fields["Version"], "2010-08-01");
  MetricRequest request;
  request.metric_namespace = fields["Namespace"];
  for (const char* common : {"Action", "Version", "Namespace"}) fields.erase(common);
  for (int i = 1; !fields.empty(); ++i) {
    const std::size_t before = fields.size();
    request.data.push_back(metric_of(fields, "MetricData.member." + std::to_string(i) + "."));
    if (fields.size() == before) {
      ADD_FAILURE() << "not of the protocol: " << fields.begin()->first;
      break;
    }
  }
  return request;
}

inline MetricRequest metric_request(const ReceivedRequest& received) {
  if (received.header("content-encoding").empty()) return metric_request(std::string_view(received.body));
  EXPECT_EQ(received.header("content-encoding"), "gzip");
  const auto form = gunzip(received.body);
  EXPECT_TRUE(form) << "no gzip";
  return metric_request(std::string_view(form.value_or("")));
}

}  // namespace kcl::test
