// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace fixynn {

/// Four independent 32-bit random words.
struct PhiloxBlock {
  uint32_t word[4];
};

/// What a random number is for. Streams never overlap, so adding one leaves the others' numbers as they were.
enum class RandomStream : uint32_t {
  kInitialise = 1,
  kShuffle = 2,
  kAugment = 3,
  kSplit = 4,
  kSynthesise = 5
};

/// Philox4x32-10, a counter-based generator (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC
/// 2011): the numbers are a pure function of (seed, stream, index, sub_index, block), so they are the same on
/// every device and for every number of threads.
FIXYNN_HD PhiloxBlock philox(uint64_t seed, RandomStream stream, uint32_t index, uint32_t sub_index,
                             uint32_t block) {
  uint32_t key0 = static_cast<uint32_t>(seed);
  uint32_t key1 = static_cast<uint32_t>(seed >> 32);
  uint32_t c0 = block, c1 = sub_index, c2 = index, c3 = static_cast<uint32_t>(stream);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = static_cast<uint64_t>(0xD2511F53u) * c0;
    const uint64_t product1 = static_cast<uint64_t>(0xCD9E8D57u) * c2;
    const uint32_t n0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ key0;
    const uint32_t n2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ key1;
    c1 = static_cast<uint32_t>(product1);
    c3 = static_cast<uint32_t>(product0);
    c0 = n0;
    c2 = n2;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return PhiloxBlock{{c0, c1, c2, c3}};
}

/// Uniform in [0, 1) with 24 bits, exactly representable, hence equal on every device.
FIXYNN_HD float uniform01(uint32_t word) {
  return static_cast<float>(word >> 8) * (1.0f / 16777216.0f);
}

/// A sequence of draws from one (seed, stream, index, sub_index).
class RandomSequence {
 public:
  RandomSequence(uint64_t seed, RandomStream stream, uint32_t index, uint32_t sub_index = 0)
      : seed_(seed), stream_(stream), index_(index), sub_index_(sub_index) {}

  uint32_t next_u32() {
    if (used_ == 4) {
      block_ = philox(seed_, stream_, index_, sub_index_, next_block_++);
      used_ = 0;
    }
    return block_.word[used_++];
  }
  float uniform() { return uniform01(next_u32()); }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// Uniform integer in [0, bound), bound >= 1 (Lemire's multiply-shift; bias below 2^-32 * bound).
  uint32_t below(uint32_t bound) {
    return static_cast<uint32_t>((static_cast<uint64_t>(next_u32()) * bound) >> 32);
  }

 private:
  uint64_t seed_;
  RandomStream stream_;
  uint32_t index_, sub_index_;
  uint32_t next_block_ = 0;
  int used_ = 4;
  PhiloxBlock block_{};
};

}  // namespace fixynn
