// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/runtime/runtime.h"

namespace fixynn::cuda {

/// Percentiles of |x| by nearest rank: the entry for p is the smallest magnitude m of the array with at least
/// p percent of the values <= m, so 100 is the largest and 0 the smallest. NaN counts as larger than
/// infinity. `values`: `count` >= 1 floats on the device, left as they are. Needs 8 bytes of device memory a
/// value. Waits for the result.
std::vector<float> magnitude_percentiles(const float* values, int64_t count, std::span<const double> percents,
                                         Stream& stream);

/// The k classes with the largest logits of each image, best first; equal logits (-0 and 0 are equal) by
/// class number, NaN last: the first is the class that evaluate_images() predicts. `logits` [images][classes]
/// and `classes_out` [images][k] on the device; 1 <= k <= classes. Needs about 24 bytes of device memory a
/// logit.
void top_k(const float* logits, int images, int classes, int k, int32_t* classes_out, Stream& stream);

/// Images whose label is among the k best classes, by the rule of evaluate_images(): a label's rank is the
/// number of classes with a larger logit, or an equal one and a lower number; a label whose logit is NaN
/// ranks after all classes. `labels` [images] on the device, each a class. Waits for the result.
int64_t count_top_k(const float* logits, const int32_t* labels, int images, int classes, int k,
                    Stream& stream);

}  // namespace fixynn::cuda
