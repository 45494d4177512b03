// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

namespace fixynn {

/// A generated data set. The files are a function of this alone, for any number of threads.
struct SynthSpec {
  int train_per_class = 120;
  int test_per_class = 30;
  int size = 48;              ///< pixels a side
  int frames_per_track = 10;  ///< photographs of one physical sign, coming nearer
  uint64_t seed = 1;
};

struct SynthCounts {
  int classes = 0;
  int64_t train_images = 0, test_images = 0;
};

/// Writes the 43 traffic signs of gtsrb_class_names() in the official GTSRB layout:
/// OUT/GTSRB/Final_Training/Images, OUT/GTSRB/Final_Test/Images, PPM and CSV. No sign of the training set is
/// in the test set. `threads` 0 = all processors. Throws when OUT exists and is not empty, cannot be written,
/// or the specification is out of range.
SynthCounts write_synth_signs(const std::filesystem::path& out, const SynthSpec& spec, int threads);

/// Writes a source task for pretraining: 64 classes of shape x colour x pattern and of letters and digits on
/// plates, photographed like the signs, as OUT/train/CLASS/*.png and OUT/test/CLASS/*.png. Not one of them is
/// a traffic sign.
SynthCounts write_synth_shapes(const std::filesystem::path& out, const SynthSpec& spec, int threads);

}  // namespace fixynn
