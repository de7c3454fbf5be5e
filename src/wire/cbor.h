// CBOR (RFC 8949) as far as AWS speaks it: integers up to 64 bits, floats, strings, arrays, maps, definite or
// indefinite in length; tags are read past.
//
// The reader pulls items out of a text that it neither owns nor copies. It takes any bytes: it never reads past the
// end, recurses nowhere, nests up to kMaxDepth, and allocates nothing but for strings that come in chunks, by what has
// arrived. Its first failure stays: from then on every call returns the empty value, so that a decoder checks ok()
// once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kcl::wire {

enum class CborType : std::uint8_t {
  integer,
  floating,
  bytes,
  text,
  array,
  map,
  boolean,
  null,   ///< or undefined
  other,  ///< a simple value without a meaning: can only be skipped
  end,    ///< of the innermost array or map, or of the input; or the reader has failed
};

class CborReader {
 public:
  static constexpr std::size_t kMaxDepth = 32;

  explicit CborReader(std::string_view input) : input_(input) {}

  bool ok() const noexcept { return error_.empty(); }
  /// What went wrong, and at which byte.
  const std::string& error() const noexcept { return error_; }
  /// Fails the reader on its user's behalf, unless it has failed already.
  void fail(std::string_view what);
  /// Where the next item begins.
  std::size_t offset() const noexcept { return at_; }

  /// The next item's type. Reads past its tags.
  CborType peek() { return next_type_ != CborType::end ? next_type_ : look(); }

  /// Goes into the array or map that comes next. In a map, keys and values are items in turn.
  bool enter_array() { return enter(CborType::array); }
  bool enter_map() { return enter(CborType::map); }
  /// Whether the innermost array or map has another item. When not, it has been left.
  bool more();

  /// The next item, which must be of that type. The view is of the input; of a string in chunks, it is of the end of
  /// `joined`, to which the chunks were appended.
  std::string_view name(std::string& joined) { return text(joined); }
  std::string_view text(std::string& joined) { return string(CborType::text, joined); }
  std::string_view bytes(std::string& joined) { return string(CborType::bytes, joined); }
  std::int64_t integer();
  /// An integer or a float.
  double number();
  bool boolean();
  /// Reads the next item if it is null.
  bool take_null();
  /// Reads past the next item and all that is in it.
  void skip();
  /// From where the next item begins on; its tags are behind us.
  std::string_view rest() const noexcept { return {input_.data() + at_, input_.size() - at_}; }
  /// Passes over the next item, whose length the caller knows and which peek() has seen.
  void pass(std::size_t length) {
    const std::size_t begin = at_;
    take_item();
    at_ = begin + length;
  }
  /// Fails unless the whole input was read.
  void finish();

 private:
  struct Head {
    std::uint8_t major = 0;
    std::uint8_t info = 0;
    std::uint64_t value = 0;
  };
  struct Level {
    /// Items to come; of an indefinite one, how many came.
    std::uint64_t items = 0;
    bool indefinite = false;
    bool map = false;
  };

  CborType look();
  bool enter(CborType type);
  bool expect(CborType type) {
    if (peek() == type && ok()) return true;
    fail_expected(type);
    return false;
  }
  void fail_expected(CborType type);
  /// Reads the head at `at`, and goes on to what is behind it.
  bool read_head(std::size_t& at, Head& head) {
    if (at + 1 >= input_.size()) return read_long_head(at, head);
    const auto first = static_cast<std::uint8_t>(input_[at]);
    constexpr std::uint8_t kOneByte = 24;  // of `info`: the value is in the byte behind it; below, it is the value
    head.major = static_cast<std::uint8_t>(first >> 5);
    head.info = first & 31;
    if (head.info > kOneByte) return read_long_head(at, head);
    const bool short_value = head.info < kOneByte;
    head.value = short_value ? head.info : static_cast<std::uint8_t>(input_[at + 1]);
    at += short_value ? 1 : 2;
    return true;
  }
  bool read_long_head(std::size_t& at, Head& head);
  /// The head of the item that peek() has seen, which counts; until the next peek(). No copy: the processor would have
  /// to wait for what was written in parts.
  const Head& take_item() {
    at_ = behind_next_;
    next_type_ = CborType::end;
    if (depth_ > 0) {
      Level& level = levels_[depth_ - 1];
      level.items += level.indefinite ? 1 : std::uint64_t{0} - 1;
    }
    return next_;
  }
  std::string_view string(CborType type, std::string& joined);
  /// Empty, and the reader has failed, when fewer bytes are left.
  std::string_view take(std::uint64_t size) {
    if (!ok() || (size > input_.size() - at_ && !ends_early(at_))) return {};
    const std::string_view taken(input_.data() + at_, size);
    at_ += size;
    return taken;
  }
  bool ends_early(std::size_t at);
  bool at_break() const;

  std::string_view input_;
  std::size_t at_ = 0;
  /// What peek() has seen and nobody has taken yet: its type (`end`: nothing was seen), its head, and where that ends.
  CborType next_type_ = CborType::end;
  Head next_;
  std::size_t behind_next_ = 0;
  std::array<Level, kMaxDepth> levels_{};
  std::size_t depth_ = 0;
  std::string error_;
};

/// Appends to `out`, in the shortest form of each item. The caller sees to it that arrays and maps get as many items as
/// they announced.
class CborWriter {
 public:
  explicit CborWriter(std::string& out) : out_(out) {}

  void map(std::size_t entries) { head(5, entries); }
  void array(std::size_t items) { head(4, items); }
  void text(std::string_view text);
  void bytes(std::string_view bytes);
  void integer(std::int64_t value);
  void number(double value);
  void boolean(bool value);
  void null();
  void tag(std::uint64_t tag) { head(6, tag); }

 private:
  void head(std::uint8_t major, std::uint64_t value);

  std::string& out_;
};

}  // namespace kcl::wire
