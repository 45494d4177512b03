// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "hardware/adder_graph.h"

namespace fixynn {

/// The sum a + b << shift (or minus; a shift below 0 means a << -shift + b), whatever its own shift and sign.
struct PairPattern {
  int32_t a, b;   ///< a <= b; where they are equal, shift >= 0
  int shift;      ///< within +-63
  bool negative;  ///< the terms differ in sign

  static PairPattern of(const AdderTerm& x, const AdderTerm& y) {
    const bool swap = x.node > y.node || (x.node == y.node && x.shift > y.shift);
    const AdderTerm &a = swap ? y : x, &b = swap ? x : y;
    return {a.node, b.node, b.shift - a.shift, a.negative != b.negative};
  }
  uint64_t key() const {
    return (static_cast<uint64_t>(a) << 36) | (static_cast<uint64_t>(b) << 8) |
           (static_cast<uint64_t>(shift + 63) << 1) | (negative ? 1u : 0u);
  }
  static PairPattern from_key(uint64_t key) {
    return {static_cast<int32_t>(key >> 36), static_cast<int32_t>((key >> 8) & 0xfffffff),
            static_cast<int>((key >> 1) & 127) - 63, (key & 1) != 0};
  }
  AdderTerm first() const { return {a, std::max(0, -shift), false}; }
  AdderTerm second() const { return {b, std::max(0, shift), negative}; }
};

/// Numbers by PairPattern::key(); 0 for keys that are not there. A hash table with open addressing.
class PairTable {
 public:
  PairTable() : slots_(kFirstSlots) {}

  int32_t get(uint64_t key) const { return slots_[find(key)].number; }

  void set(uint64_t key, int32_t number) {
    Slot& slot = slots_[find(key)];
    slot.number = number;
    if (slot.key == key) return;
    slot.key = key;
    if (++used_ * 2 > slots_.size()) grow();
  }

  /// Forgets all keys and makes room for `keys` of them.
  void clear(size_t keys) {
    slots_.assign(std::max(kFirstSlots, std::bit_ceil(2 * keys)), Slot{});
    used_ = 0;
  }

  /// Adds 1 to a key's number.
  void add(uint64_t key) {
    Slot& slot = slots_[find(key)];
    ++slot.number;
    if (slot.key == key) return;
    slot.key = key;
    if (++used_ * 2 > slots_.size()) grow();
  }

 private:
  static constexpr uint64_t kNoKey = ~uint64_t{0};
  static constexpr size_t kFirstSlots = 1024;
  struct Slot {
    uint64_t key = kNoKey;
    int32_t number = 0;
  };

  size_t find(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    uint64_t hash = key * 0x9e3779b97f4a7c15u;
    size_t i = static_cast<size_t>(hash ^ (hash >> 32)) & mask;
    while (slots_[i].key != key && slots_[i].key != kNoKey) i = (i + 1) & mask;
    return i;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.key != kNoKey) slots_[find(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

}  // namespace fixynn
