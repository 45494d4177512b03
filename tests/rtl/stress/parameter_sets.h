// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "integer/integer_network.h"
#include "rtl/package.h"
#include "streams.h"

namespace fixynn::stress {

/// Random batch norms of one network, and what must be written to get from one to the next.
class ParameterSets {
 public:
  using Set = std::shared_ptr<const IntegerNetwork>;

  ParameterSets(const FfeRtl& ffe, const IntegerNetwork& network, uint64_t seed)
      : ffe_(ffe), base_(network), random_(seed), newest_(std::make_shared<IntegerNetwork>(network)) {}

  /// The set that the shadow registers hold when everything that step() gave is written.
  const Set& newest() const { return newest_; }

  /// All writes of the newest set, as after a reset.
  std::vector<ParameterWrite> all() const { return shuffled(parameter_writes(ffe_, *newest_)); }

  /// Some channels get other parameters; the writes that bring them, in any order.
  std::vector<ParameterWrite> step() {
    auto next = std::make_shared<IntegerNetwork>(*newest_);
    const bool few = random_.below(2) == 0;
    for (size_t i = 0; i < next->convs.size(); ++i) {
      for (size_t c = 0; c < next->convs[i].requantizers.size(); ++c) {
        if (few && random_.below(4) != 0) continue;
        next->convs[i].requantizers[c] = changed(base_.convs[i], c);
      }
    }
    const std::vector<ParameterWrite> before = parameter_writes(ffe_, *newest_),
                                      after = parameter_writes(ffe_, *next);
    std::vector<ParameterWrite> writes;
    for (size_t i = 0; i < after.size(); ++i) {
      if (after[i].data != before[i].data || disturbed_.count(after[i].address) > 0)
        writes.push_back(after[i]);
    }
    disturbed_.clear();
    newest_ = next;
    return shuffled(writes);
  }

  /// A write that belongs to no set was accepted: its register must be written again before a commit.
  void disturb(uint32_t address) { disturbed_.insert(address); }
  bool disturbed() const { return !disturbed_.empty(); }

 private:
  /// Something like the base's batch norm, seldom with M and B at the ends of their ranges.
  Requantizer changed(const IntegerConv& conv, size_t channel) {
    Requantizer r = conv.requantizers[channel];
    if (random_.below(16) == 0) return {random_.below(2) == 0 ? int16_t{32767} : int16_t{-32767}, r.bias};
    if (random_.below(16) == 0) return {r.multiplier, static_cast<int32_t>(random_.below(0xffffffff))};
    r.multiplier = static_cast<int16_t>(r.multiplier * (static_cast<int>(random_.below(17)) - 5) / 12);
    r.bias += (static_cast<int32_t>(random_.below(9)) - 4) * (1 << conv.shift) / 2;
    return r;
  }

  std::vector<ParameterWrite> shuffled(std::vector<ParameterWrite> writes) const {
    for (size_t i = writes.size(); i > 1; --i)
      std::swap(writes[i - 1], writes[random_.below(static_cast<uint32_t>(i))]);
    return writes;
  }

  const FfeRtl& ffe_;
  const IntegerNetwork& base_;
  mutable Random random_;
  Set newest_;
  std::set<uint32_t> disturbed_;
};

}  // namespace fixynn::stress
