// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>

#include "core/philox.h"
#include "dataset/image_set.h"

namespace fixynn::testing_engine {

/// Gratings and blobs whose colour, direction and frequency depend on the class, plus noise; deterministic.
inline ImageSet test_images(int count, int side, int classes, uint64_t seed) {
  ImageSet set;
  set.width = side;
  set.height = side;
  for (int k = 0; k < classes; ++k) set.class_names.push_back("class " + std::to_string(k));
  for (int i = 0; i < count; ++i) {
    RandomSequence random(seed, RandomStream::kSynthesise, static_cast<uint32_t>(i));
    const int label = static_cast<int>(random.below(static_cast<uint32_t>(classes)));
    const float phase = random.uniform(0.0f, 6.28f), frequency = 0.15f + 0.09f * static_cast<float>(label);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        for (int c = 0; c < 3; ++c) {
          const float direction = static_cast<float>((label + c) % 3) - 1.0f;
          const float wave =
              std::sin(frequency * (static_cast<float>(x) + direction * static_cast<float>(y)) + phase +
                       static_cast<float>(c));
          set.pixels.push_back(static_cast<uint8_t>(128.0f + 90.0f * wave + random.uniform(-30.0f, 30.0f)));
        }
      }
    }
    set.labels.push_back(label);
    set.names.push_back("image_" + std::to_string(i));
  }
  return set;
}

}  // namespace fixynn::testing_engine
