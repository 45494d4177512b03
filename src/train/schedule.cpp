// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/philox.h"

namespace fixynn {
namespace {

/// From `from` at 0 to `to` at 1 along half a cosine.
double cosine_between(double from, double to, double fraction) {
  return to + (from - to) * 0.5 * (1.0 + std::cos(std::numbers::pi * fraction));
}

constexpr double kOneCycleStart = 1.0 / 25.0;
constexpr double kOneCycleEnd = 1.0 / 250000.0;

}  // namespace

double learning_rate_at(const TrainConfig& train, int64_t step, int64_t steps, int64_t steps_per_epoch) {
  const double peak = train.learning_rate;
  const double total = static_cast<double>(steps);
  const double warm_up = std::min(train.warmup_epochs * static_cast<double>(steps_per_epoch), 0.5 * total);
  const double now = static_cast<double>(step);
  switch (train.schedule) {
    case LearningRateSchedule::kConstant:
      return peak;
    case LearningRateSchedule::kCosine:
      if (now < warm_up) return peak * std::min(1.0, (now + 1.0) / warm_up);
      return cosine_between(peak, 0.0, (now - warm_up) / (total - warm_up));
    case LearningRateSchedule::kOneCycle:
      if (now < warm_up) return cosine_between(peak * kOneCycleStart, peak, now / warm_up);
      return cosine_between(peak, peak * kOneCycleEnd, (now - warm_up) / (total - warm_up));
  }
  return peak;
}

bool phase_reached(int epoch, int epochs, double fraction) {
  // The margin keeps 0.3 * 10 from missing epoch 3.
  return static_cast<double>(epoch) >= fraction * static_cast<double>(epochs) - 1e-9;
}

std::vector<uint32_t> epoch_order(std::span<const uint32_t> indices, uint64_t seed, uint32_t epoch) {
  std::vector<uint32_t> order(indices.begin(), indices.end());
  RandomSequence random(seed, RandomStream::kShuffle, epoch);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
  }
  return order;
}

}  // namespace fixynn
