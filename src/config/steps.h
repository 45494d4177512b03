// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace fixynn {

/// Optimiser steps of one epoch, and the images of each.
struct EpochSteps {
  int64_t steps;
  int batch_size;
};

/// Whole batches only: what is left over joins the next epoch's shuffle. Fewer images than a batch make one
/// step.
inline EpochSteps epoch_steps(size_t train_images, int batch_size) {
  const int64_t images = static_cast<int64_t>(train_images);
  if (images < batch_size) return {images > 0 ? 1 : 0, static_cast<int>(images)};
  return {images / batch_size, batch_size};
}

}  // namespace fixynn
