#include <kcl/kinesis.h>

namespace kcl {

std::vector<std::string> Shard::parents() const {
  std::vector<std::string> ids;
  if (!parent_id.empty()) ids.push_back(parent_id);
  if (!adjacent_parent_id.empty()) ids.push_back(adjacent_parent_id);
  return ids;
}

}  // namespace kcl
