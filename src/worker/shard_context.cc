#include "worker/shard_context.h"

namespace kcl {

const std::string& ShardContext::application() const noexcept { return content_->application; }
const std::string& ShardContext::stream() const noexcept { return content_->stream; }
const std::string& ShardContext::shard_id() const noexcept { return content_->shard_id; }
const std::string& ShardContext::worker_id() const noexcept { return content_->worker_id; }
std::uint64_t ShardContext::epoch() const noexcept { return content_->epoch; }
const Position& ShardContext::checkpoint() const noexcept { return content_->checkpoint; }
const std::vector<std::string>& ShardContext::parents() const noexcept { return content_->parents; }
const std::optional<HashKeyRange>& ShardContext::hash_keys() const noexcept { return content_->hash_keys; }

bool ShardContext::cancelled() const noexcept { return content_->guard->cancelled(); }
std::stop_token ShardContext::stop_token() const noexcept { return content_->stop.get_token(); }
void ShardContext::stop_worker() const { content_->stop_worker(); }

}  // namespace kcl
