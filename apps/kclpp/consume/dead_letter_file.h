// Records that cannot be processed, as JSON lines in a file: what it took was written and synced to the disk.
//
// Several shards, and several processes, may append to one file; it is opened anew for each record, so that it may be
// moved away meanwhile. A line that was cut, by a full disk or a crash, is closed by a newline before the next one, and
// its record comes again. Thread-safe.
#pragma once

#include <string>

#include <kcl/on_error.h>

namespace kclpp::consume {

class DeadLetterFile final : public kcl::DeadLetterSink {
 public:
  /// Makes the file if there is none. Throws std::runtime_error when it cannot be written, or is no regular file.
  /// `names_stream`: the worker reads several, and each line names its own.
  explicit DeadLetterFile(std::string path, bool names_stream = false);
  /// Throws std::runtime_error when it is not on the disk; kcl::RetryLater while another process is writing.
  void take(const kcl::DeadLetter& letter) override;

 private:
  const std::string path_;
  const bool names_stream_;
};

}  // namespace kclpp::consume
