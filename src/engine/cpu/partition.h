// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace fixynn::cpu {

/// How a pass is cut into tasks: a function of its size alone, never of the number of threads, so that sums
/// are always formed in the same order.
struct Partition {
  int tasks;
  int64_t items;
  int64_t grain;  ///< boundaries are multiples of this where there is room

  int64_t begin(int task) const {
    return task == 0 ? 0 : std::min(items, items * task / tasks / grain * grain);
  }
  int64_t end(int task) const { return task + 1 == tasks ? items : begin(task + 1); }
};

/// Images of a depthwise or conv1 pass; about 16 k values a task.
inline Partition partition_images(int images, int64_t values_per_image) {
  const int64_t wanted = images * values_per_image / 16384;
  return {static_cast<int>(std::clamp<int64_t>(wanted, 1, std::min(images, 64))), images, 1};
}

/// Pixels of a pointwise pass. A task owns a weight gradient of `weights` values, so wide layers get fewer
/// tasks.
inline Partition partition_pixels(int64_t pixels, int64_t weights) {
  const int64_t most = weights <= 4096 ? 64 : 16;
  const int64_t wanted = std::max<int64_t>(pixels / 128, pixels >= 64 ? 2 : 1);
  const int tasks = static_cast<int>(std::min(wanted, most));
  return {tasks, pixels, pixels / tasks >= 64 ? 64 : 1};
}

/// Images of the head.
inline Partition partition_head(int images) {
  return {std::clamp(images / 16, 1, 8), images, 1};
}

}  // namespace fixynn::cpu
