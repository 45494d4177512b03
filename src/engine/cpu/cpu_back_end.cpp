// SPDX-License-Identifier: Apache-2.0
// Entrances to the forward pass other than a training batch: codes of an integer FFE, rendered pixels; and
// codes out.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "engine/cpu/cpu_engine.h"

namespace fixynn::cpu {

void CpuEngine::run_back_end(size_t conv, std::span<const uint8_t> codes, float code_scale, int images,
                             std::vector<float>& logits) {
  prepare_weights(false);
  ConvUnit& unit = *units_[conv];
  const size_t per_image = codes.size() / static_cast<size_t>(std::max(1, images));
  // The codes stand in for z, with a batch norm that only scales them.
  std::fill(unit.batch_norm.a.begin(), unit.batch_norm.a.end(), code_scale);
  std::fill(unit.batch_norm.b.begin(), unit.batch_norm.b.end(), 0.0f);
  unit.batch_norm.quantise = false;
  unit.batch_norm.max = kRelu6Max;
  for (int first = 0; first < images; first += plan_.batch_size) {
    const int count = std::min(plan_.batch_size, images - first);
    const uint8_t* from = codes.data() + static_cast<size_t>(first) * per_image;
    std::copy(from, from + static_cast<size_t>(count) * per_image, unit.z.data());
    forward(conv + 1, count, Normalise::kRunning, false, false);
    head_logits(count, false);
    append_logits(count, logits);
  }
}

void CpuEngine::run_pixels(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) {
  prepare_weights(false);
  const size_t per_image = pixels.size() / static_cast<size_t>(std::max(1, images));
  for (int first = 0; first < images; first += plan_.batch_size) {
    const int count = std::min(plan_.batch_size, images - first);
    std::memcpy(pixels_.data(), pixels.data() + static_cast<size_t>(first) * per_image,
                static_cast<size_t>(count) * per_image);
    forward(0, count, Normalise::kRunning, false, false);
    head_logits(count, false);
    append_logits(count, logits);
  }
}

}  // namespace fixynn::cpu
