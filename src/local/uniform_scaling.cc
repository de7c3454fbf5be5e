#include "local/uniform_scaling.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "embedded/hash_space.h"

namespace kcl::local {

namespace {

/// Open shards by where they begin.
std::map<HashKey, std::string> open_shards(embedded::Stream& stream, Timestamp now) {
  embedded::ShardQuery query;
  query.filter.type = embedded::ShardFilter::Type::at_latest;
  query.max_results = std::numeric_limits<std::size_t>::max();
  std::map<HashKey, std::string> shards;
  const ShardPage page = stream.query_shards(query, now).value();
  for (const Shard& shard : page.shards) shards.emplace(shard.hash_keys.start, shard.id);
  return shards;
}

}  // namespace

KinesisResult<std::size_t> scale_uniformly(embedded::Stream& stream, std::size_t count, Timestamp now) {
  std::set<HashKey> boundaries;
  for (const HashKeyRange& range : embedded::even_ranges(count)) boundaries.insert(range.start);

  auto open = open_shards(stream, now);
  for (const HashKey& boundary : boundaries) {
    if (open.contains(boundary)) continue;
    const auto split = std::prev(open.upper_bound(boundary));
    auto children = stream.split_shard(split->second, boundary, now);
    if (!children) return Failure{std::move(children).error()};
    split->second = (*children)[0];
    open.emplace(boundary, (*children)[1]);
  }
  for (auto lower = open.begin(); std::next(lower) != open.end();) {
    const auto upper = std::next(lower);
    if (boundaries.contains(upper->first)) {
      lower = upper;
      continue;
    }
    auto child = stream.merge_shards(lower->second, upper->second, now);
    if (!child) return Failure{std::move(child).error()};
    lower->second = *std::move(child);
    open.erase(upper);
  }
  return open.size();
}

}  // namespace kcl::local
