#include "base/md5_lanes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

namespace kcl::base {

namespace {

static_assert(std::endian::native == std::endian::little, "MD5 has its numbers so");

constexpr std::size_t kLanes = 8;
constexpr std::size_t kBlock = 64;
constexpr std::size_t kWords = kBlock / 4;
/// Of the message's length in bits, at the end of its last block.
constexpr std::size_t kLengthBytes = 8;

/// One word of each lane. Never passed by value: how is another matter with each kind of register.
using Words [[gnu::vector_size(4 * kLanes)]] = std::uint32_t;

struct State {
  Words a, b, c, d;
};

// RFC 1321, 3.4.
constexpr std::array<std::uint32_t, 64> kSines{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<std::array<int, 4>, 4> kShifts{
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
constexpr std::array<std::uint32_t, 4> kBegin{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

/// Eight words of each lane's block, from byte `from`: rows become columns, so that a register has one word of all.
[[gnu::always_inline]] inline void load(const std::array<const char*, kLanes>& blocks, std::size_t from, Words* words) {
  std::array<Words, kLanes> row;
  for (std::size_t lane = 0; lane < kLanes; ++lane) std::memcpy(&row[lane], blocks[lane] + from, sizeof(Words));
  std::array<Words, kLanes> pairs;
  for (std::size_t i = 0; i < kLanes; i += 2) {
    pairs[i] = __builtin_shufflevector(row[i], row[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[i + 1] = __builtin_shufflevector(row[i], row[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  std::array<Words, kLanes> fours;
  for (std::size_t i = 0; i < kLanes; i += 4) {
    fours[i] = __builtin_shufflevector(pairs[i], pairs[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    fours[i + 1] = __builtin_shufflevector(pairs[i], pairs[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    fours[i + 2] = __builtin_shufflevector(pairs[i + 1], pairs[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    fours[i + 3] = __builtin_shufflevector(pairs[i + 1], pairs[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (std::size_t i = 0; i < kLanes / 2; ++i) {
    words[i] = __builtin_shufflevector(fours[i], fours[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    words[i + 4] = __builtin_shufflevector(fours[i], fours[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

template <std::size_t kStep>
[[gnu::always_inline]] inline void step(State& s, const std::array<Words, kWords>& words) {
  constexpr std::size_t kRound = kStep / 16;
  constexpr std::array<std::size_t, 4> kWord{kStep, 5 * kStep + 1, 3 * kStep + 5, 7 * kStep};
  constexpr int kShift = kShifts[kRound][kStep % 4];
  Words sum = s.a + (words[kWord[kRound] % kWords] + kSines[kStep]);
  if constexpr (kRound == 0) sum += s.d ^ (s.b & (s.c ^ s.d));
  // As a sum, since its two parts have no bit in common: the first needs not wait for b.
  if constexpr (kRound == 1) sum += (~s.d & s.c) + (s.d & s.b);
  if constexpr (kRound == 2) sum += s.b ^ s.c ^ s.d;
  if constexpr (kRound == 3) sum += s.c ^ (s.b | ~s.d);
  s.a = s.d;
  s.d = s.c;
  s.c = s.b;
  s.b += sum << kShift | sum >> (32 - kShift);
}

template <std::size_t... kSteps>
[[gnu::always_inline]] inline void all_steps(State& s, const std::array<Words, kWords>& words,
                                             std::index_sequence<kSteps...> /*steps*/) {
  (step<kSteps>(s, words), ...);
}

/// So many blocks of each lane; `blocks` then point behind them.
[[gnu::always_inline]] inline void digest_blocks(State& state, std::array<const char*, kLanes>& blocks,
                                                 std::size_t count) {
  State s = state;
  for (; count > 0; --count) {
    std::array<Words, kWords> words;
    load(blocks, 0, words.data());
    load(blocks, kBlock / 2, words.data() + kWords / 2);
    const State before = s;
    all_steps(s, words, std::make_index_sequence<64>());
    s.a += before.a;
    s.b += before.b;
    s.c += before.c;
    s.d += before.d;
    for (const char*& block : blocks) block += kBlock;
  }
  state = s;
}

using DigestBlocks = void (*)(State&, std::array<const char*, kLanes>&, std::size_t);

void digest_anywhere(State& state, std::array<const char*, kLanes>& blocks, std::size_t count) {
  digest_blocks(state, blocks, count);
}

#ifdef __x86_64__
[[gnu::target("avx2")]] void digest_with_avx2(State& state, std::array<const char*, kLanes>& blocks,
                                              std::size_t count) {
  digest_blocks(state, blocks, count);
}
#endif

DigestBlocks digest_by(Registers registers) {
#ifdef __x86_64__
  if (registers == Registers::avx2) return digest_with_avx2;
#endif
  static_cast<void>(registers);
  return digest_anywhere;
}

/// What one lane works on: a message's whole blocks, then its end with the padding.
class Lane {
 public:
  void begin(std::string_view message, std::size_t number) {
    busy_ = true;
    number_ = number;
    next_ = message.data();
    left_ = message.size() / kBlock;
    const std::string_view rest = message.substr(left_ * kBlock);
    end_.fill(0);
    std::copy(rest.begin(), rest.end(), end_.begin());
    end_[rest.size()] = '\x80';
    end_left_ = rest.size() + 1 + kLengthBytes <= kBlock ? 1 : 2;
    const std::uint64_t bits = std::uint64_t{message.size()} * 8;
    std::memcpy(end_.data() + end_left_ * kBlock - kLengthBytes, &bits, sizeof bits);
    if (left_ == 0) turn_to_end();
  }

  bool busy() const noexcept { return busy_; }
  std::size_t number() const noexcept { return number_; }
  const char* next() const noexcept { return next_; }
  /// Blocks that follow each other in memory.
  std::size_t left() const noexcept { return left_; }

  /// True when its message is through.
  bool advance(std::size_t blocks) {
    next_ += blocks * kBlock;
    left_ -= blocks;
    if (left_ == 0 && end_left_ != 0) turn_to_end();
    busy_ = left_ != 0;
    return !busy_;
  }

 private:
  void turn_to_end() {
    next_ = end_.data();
    left_ = std::exchange(end_left_, 0);
  }

  bool busy_ = false;
  std::size_t number_ = 0;
  const char* next_ = nullptr;
  std::size_t left_ = 0;
  /// Blocks of `end_` that are still to come.
  std::size_t end_left_ = 0;
  std::array<char, 2 * kBlock> end_{};
};

Md5Digest digest_of(const State& state, std::size_t lane) {
  const std::array<std::uint32_t, 4> words{state.a[lane], state.b[lane], state.c[lane], state.d[lane]};
  return std::bit_cast<Md5Digest>(words);
}

}  // namespace

bool has(Registers registers) noexcept {
#ifdef __x86_64__
  if (registers == Registers::avx2) return __builtin_cpu_supports("avx2") != 0;
#endif
  return registers == Registers::any;
}

void md5_in_lanes(std::span<const std::string_view> messages, std::span<Md5Digest> digests, Registers registers) {
  const DigestBlocks digest = digest_by(registers);
  State state{};
  std::array<Lane, kLanes> lanes;
  std::size_t begun = 0;
  std::size_t busy = 0;
  const auto begin_next = [&](std::size_t lane) {
    if (begun == messages.size()) return;
    // The last one by itself gains nothing here.
    if (begun + 1 == messages.size() && busy == 0) {
      digests[begun] = md5(messages[begun]);
      ++begun;
      return;
    }
    lanes[lane].begin(messages[begun], begun);
    state.a[lane] = kBegin[0];
    state.b[lane] = kBegin[1];
    state.c[lane] = kBegin[2];
    state.d[lane] = kBegin[3];
    ++begun;
    ++busy;
  };
  for (std::size_t lane = 0; lane < kLanes; ++lane) begin_next(lane);

  while (busy > 0) {
    std::size_t count = SIZE_MAX;
    const char* anything = nullptr;
    for (const Lane& lane : lanes) {
      if (!lane.busy() || lane.left() >= count) continue;
      count = lane.left();
      anything = lane.next();
    }
    // Idle lanes read what another one does: nobody looks at what comes of it.
    std::array<const char*, kLanes> blocks{};
    for (std::size_t lane = 0; lane < kLanes; ++lane) blocks[lane] = lanes[lane].busy() ? lanes[lane].next() : anything;
    digest(state, blocks, count);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (!lanes[lane].busy() || !lanes[lane].advance(count)) continue;
      digests[lanes[lane].number()] = digest_of(state, lane);
      --busy;
      begin_next(lane);
    }
  }
}

}  // namespace kcl::base
