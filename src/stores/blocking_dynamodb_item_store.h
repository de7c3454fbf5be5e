// The DynamoDB lease table as kcl::ItemStore: blocking, from any thread. kcl/item_stores.h has the contract.
//
// Each call is a task on a strand of the store's own, and the caller waits for its answer. All that lives on the strand
// is made, used and destroyed there.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <kcl/item_store.h>

#include "aws/access.h"
#include "ports/item_store.h"
#include "stores/dynamodb_item_store.h"

namespace kcl::stores {

class BlockingDynamoDbItemStore final : public kcl::ItemStore {
 public:
  /// Precondition: is_table_name(table.name). Throws std::exception when threads cannot be started.
  BlockingDynamoDbItemStore(const aws::Access& access, aws::Endpoint endpoint, DynamoDbTable table);
  ~BlockingDynamoDbItemStore() override;

  StoreResult<void> ensure(CreateTable create, const Call& call) override;
  StoreResult<ReadItem> get(const std::string& key, bool consistent, const Call& call) override;
  WriteOutcome create(const Item& row, const Call& call) override;
  WriteOutcome update(const ItemUpdate& update, const Call& call) override;
  WriteOutcome remove(const std::string& key, const std::vector<Condition>& conditions, const Call& call) override;
  StoreResult<ScanPage> scan(const ScanRequest& request, const Call& call) override;

 private:
  struct Strand;
  struct Machinery;
  template <class T>
  using Begin = std::function<base::Task<ports::Answer<T>>(DynamoDbItemStore&, base::BootTime deadline)>;
  template <class T>
  Result<T, std::string> wait_for(const Call& call, Begin<T> begin);
  template <class T>
  StoreResult<T> read(const Call& call, Begin<StoreResult<T>> begin);
  WriteOutcome write(const Call& call, Begin<WriteOutcome> begin);
  bool is_forked() const;

  const std::string table_;
  const pid_t process_;
  std::unique_ptr<Machinery> machinery_;
};

}  // namespace kcl::stores
