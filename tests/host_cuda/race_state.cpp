// SPDX-License-Identifier: Apache-2.0
// Which accesses are ordered, see race_state.h. Between threads of a block order a barrier (the interval)
// and, in a warp, __syncwarp (vector clocks); between blocks, a write, a fence and an atomic operation that
// is seen by an atomic operation on the same address. The reader's own fence is not asked for.
#include "host_cuda/race_state.h"

#include <algorithm>

namespace host_cuda::race {

void Shadow::clear() {
  pages_.clear();
  cache_.fill({});
}

Word* Shadow::find(uintptr_t page) {
  std::unique_ptr<Word[]>& words = pages_[page];
  if (!words) words = std::make_unique<Word[]>(kPage / 4);
  return words.get();
}

bool Release::covers(const Access& access) const {
  const uint32_t thread = access.thread();
  return access.interval < interval || access.fences < fences[thread] || access.clock <= clock[thread];
}

void Order::begin_launch() {
  releases_.clear();
  acquired_.clear();
}

void Order::begin_block(uint32_t block, int threads) {
  const auto count = static_cast<size_t>(threads);
  block_ = block;
  interval_ = fenced_interval_ = 0;
  any_fence_ = false;
  known_.assign(count, Clocks{});
  for (size_t i = 0; i < count; ++i) known_[i][i % 32] = 1;
  at_fence_.assign(count, Clocks{});
  fences_.assign(count, 0);
  fences_before_.assign(count, 0);
  fence_clock_.assign(count, 0);
  fence_interval_.assign(count, 0);
  acquired_.clear();
}

void Order::block_barrier() {
  if (any_fence_) {
    fences_before_ = fences_;
    const uint32_t last = *std::max_element(fence_interval_.begin(), fence_interval_.end());
    fenced_interval_ = std::max(fenced_interval_, last);
  }
  ++interval_;
}

void Order::warp_barrier(int first, unsigned mask) {
  Clocks all{};
  for (int lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1u) == 0) continue;
    const Clocks& own = known_[static_cast<size_t>(first + lane)];
    for (size_t i = 0; i < 32; ++i) all[i] = std::max(all[i], own[i]);
  }
  for (int lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1u) == 0) continue;
    Clocks& own = known_[static_cast<size_t>(first + lane)];
    own = all;
    ++own[static_cast<size_t>(lane)];
  }
}

void Order::fence(int thread) {
  const auto t = static_cast<size_t>(thread);
  any_fence_ = true;
  ++fences_[t];
  fence_clock_[t] = known_[t][t % 32];
  fence_interval_[t] = interval_;
  at_fence_[t] = known_[t];
  at_fence_[t][t % 32] = 0;  // of its own accesses `fences_` tells
}

void Order::atomic(uintptr_t address, int thread) {
  const auto t = static_cast<size_t>(thread);
  std::map<uint32_t, Release>& releases = releases_[address];
  if (any_fence_) {
    Release& release = releases[block_];
    release.fences.resize(fences_.size());
    release.clock.resize(fences_.size());
    release.interval = std::max(release.interval, fenced_interval_);
    if (fences_[t] > 0) release.interval = std::max(release.interval, fence_interval_[t]);
    for (size_t i = 0; i < fences_.size(); ++i) {
      const bool warp = i / 32 == t / 32;
      const bool seen = i == t || (warp && fence_clock_[i] <= known_[t][i % 32]);
      release.fences[i] = std::max(release.fences[i], seen ? fences_[i] : fences_before_[i]);
      if (warp && i != t) release.clock[i] = std::max(release.clock[i], at_fence_[t][i % 32]);
    }
  }
  const bool others = releases.size() > releases.count(block_);
  if (others) acquired_.push_back({&releases, thread, interval_, known_[t][t % 32]});
}

bool Order::after(int thread, uint32_t interval, uint32_t clock, int now) const {
  if (thread == now || interval < interval_) return true;
  return thread / 32 == now / 32 &&
         clock <= known_[static_cast<size_t>(now)][static_cast<size_t>(thread % 32)];
}

bool Order::ordered(const Access& earlier, int thread) const {
  if (earlier.block() == block_) {
    return after(static_cast<int>(earlier.thread()), earlier.interval, earlier.clock, thread);
  }
  for (const Acquire& acquire : acquired_) {
    if (!after(acquire.thread, acquire.interval, acquire.clock, thread)) continue;
    const auto release = acquire.releases->find(earlier.block());
    if (release != acquire.releases->end() && release->second.covers(earlier)) return true;
  }
  return false;
}

Access Order::stamp(int thread, Kind kind, uint32_t code) const {
  const auto t = static_cast<size_t>(thread);
  Access access;
  access.who = block_ << 10 | static_cast<uint32_t>(thread);
  access.interval = interval_;
  access.clock = known_[t][t % 32];
  access.fences = fences_[t] & 0xffffffu;
  access.kind = kind;
  access.code = code;
  return access;
}

}  // namespace host_cuda::race
