// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the race checker knows: who touched a byte last, and which accesses are ordered before the running
// thread.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace host_cuda::race {

enum class Kind : uint8_t { kNone, kRead, kWrite, kAtomic, kUninitialised };

/// One access, and the clocks of its thread at that time.
struct Access {
  uint32_t who = 0;       ///< block << 10 | thread
  uint32_t interval = 0;  ///< barriers that the block had passed
  uint32_t clock = 0;     ///< of the lane: counts its __syncwarp
  uint32_t fences : 24 = 0;
  Kind kind : 8 = Kind::kNone;
  uint32_t code = 0;  ///< offset of the instruction in the program

  uint32_t block() const { return who >> 10; }
  uint32_t thread() const { return who & 1023u; }
};

/// A byte or word: its last write, and two reads since. Two are enough to see most races, and the same kernel
/// runs with other data and other schedules.
struct Byte {
  Access write, reads[2];
};

/// Four bytes, which most kernels only touch together.
struct Word {
  Byte whole;
  std::unique_ptr<std::array<Byte, 4>> parts;  ///< instead of `whole`, once a smaller access came
};

/// The words of the addresses that a launch touched.
class Shadow {
 public:
  /// Of the aligned word that contains `address`.
  Word& at(uintptr_t address) {
    const uintptr_t page = address / kPage;
    Slot& slot = cache_[page % cache_.size()];
    if (slot.page != page) slot = {page, find(page)};
    return slot.words[address % kPage / 4];
  }
  void clear();

 private:
  static constexpr size_t kPage = 1024;  // bytes
  struct Slot {
    uintptr_t page = 0;
    Word* words = nullptr;
  };
  Word* find(uintptr_t page);
  std::array<Slot, 512> cache_{};
  std::unordered_map<uintptr_t, std::unique_ptr<Word[]>> pages_;
};

/// Calls `visit(address, state)` for every word or byte of an access.
template <class Visit>
void for_each_state(Shadow& shadow, uintptr_t address, size_t bytes, Visit visit) {
  const uintptr_t end = address + bytes;
  while (address < end) {
    Word& word = shadow.at(address);
    if (!word.parts && address % 4 == 0 && end - address >= 4) {
      visit(address, word.whole);
      address += 4;
      continue;
    }
    if (!word.parts) {
      word.parts = std::make_unique<std::array<Byte, 4>>();
      word.parts->fill(word.whole);
    }
    const uintptr_t word_end = address / 4 * 4 + 4;
    for (; address < end && address < word_end; ++address) visit(address, (*word.parts)[address % 4]);
  }
}

/// What a block had made visible to other blocks when it did an atomic operation: accesses before a barrier,
/// a
/// __syncwarp or a fence of the same thread that was followed by a fence.
struct Release {
  uint32_t interval = 0;                ///< everything in earlier intervals
  std::vector<uint32_t> fences, clock;  ///< of each thread: with fewer fences, or up to this clock
  bool covers(const Access& access) const;
};

/// Clocks of the running block and the releases of the launch.
class Order {
 public:
  void begin_launch();
  void begin_block(uint32_t block, int threads);
  void block_barrier();
  void warp_barrier(int first, unsigned mask);
  void fence(int thread);
  /// Releases at `address` what is behind a fence, and acquires what others released there.
  void atomic(uintptr_t address, int thread);
  /// Whether `earlier` is ordered before what `thread` does now.
  bool ordered(const Access& earlier, int thread) const;
  Access stamp(int thread, Kind kind, uint32_t code) const;
  uint32_t block() const { return block_; }

 private:
  struct Acquire {
    const std::map<uint32_t, Release>* releases;
    int thread;
    uint32_t interval, clock;
  };
  using Clocks = std::array<uint32_t, 32>;  ///< of the lanes of a warp, as one of them knows them
  bool after(int thread, uint32_t interval, uint32_t clock, int now) const;

  uint32_t block_ = 0, interval_ = 0;
  std::vector<Clocks> known_, at_fence_;
  std::vector<uint32_t> fences_, fences_before_, fence_clock_, fence_interval_;
  uint32_t fenced_interval_ = 0;  ///< earlier intervals are behind a fence that a barrier followed
  bool any_fence_ = false;
  std::unordered_map<uintptr_t, std::map<uint32_t, Release>> releases_;
  std::vector<Acquire> acquired_;
};

}  // namespace host_cuda::race
