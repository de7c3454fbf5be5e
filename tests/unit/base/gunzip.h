// The way back from gzip, for tests of whoever packs something.
#pragma once

#include <libdeflate.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kcl::test {

/// Nothing when these bytes are not gzip, or hold more than 16 MiB.
inline std::optional<std::string> gunzip(std::string_view packed) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  std::string bytes(16UL << 20, '\0');
  std::size_t size = 0;
  const auto result =
      libdeflate_gzip_decompress(decompressor.get(), packed.data(), packed.size(), bytes.data(), bytes.size(), &size);
  if (result != LIBDEFLATE_SUCCESS) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

}  // namespace kcl::test
