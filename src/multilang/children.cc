#include "multilang/children.h"

#include "multilang/child_process.h"
#include "multilang/children_reactor.h"

namespace kcl::multilang {

namespace {

class Handle final : public Child {
 public:
  Handle(std::shared_ptr<ChildrenReactor> reactor, std::uint64_t id) : reactor_(std::move(reactor)), id_(id) {}
  ~Handle() override {
    reactor_->tell(id_, [](ChildProcess& child) { child.let_go(); });
  }

  void write(std::string line) override {
    reactor_->tell(id_, [line = std::move(line)](ChildProcess& child) mutable { child.write(std::move(line)); });
  }
  void write(RecordBatch batch) override {
    reactor_->tell(id_, [batch = std::move(batch)](ChildProcess& child) mutable { child.write(std::move(batch)); });
  }
  void go_on() override {
    reactor_->tell(id_, [](ChildProcess& child) { child.go_on(); });
  }
  void end() override {
    reactor_->tell(id_, [](ChildProcess& child) { child.end(); });
  }

 private:
  std::shared_ptr<ChildrenReactor> reactor_;
  std::uint64_t id_;
};

}  // namespace

Children::Children(StderrWriter& errors, LogLevel log_level)
    : reactor_(std::make_shared<ChildrenReactor>(errors, log_level)) {}

Children::~Children() { reactor_->close(); }

std::unique_ptr<Child> Children::start(ChildStart start) {
  const std::uint64_t id = reactor_->start(std::move(start));
  return std::make_unique<Handle>(reactor_, id);
}

}  // namespace kcl::multilang
