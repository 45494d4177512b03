// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/engine.h"

namespace fixynn {

/// Logits [samples][classes] of some images of one set.
using LogitSource = std::function<void(std::span<const uint32_t> samples, std::vector<float>& logits)>;

LogitSource float_path(TrainEngine& engine, const ImageSet& images, bool fake_quantise);
/// Renders each image to size x size (the plain resize) for the integer engine.
LogitSource integer_path(IntegerEngine& engine, const ImageSet& images, int size);

/// Pixels [samples][size][size][3] as the network sees them at inference.
std::vector<uint8_t> render_plain(const ImageSet& images, std::span<const uint32_t> samples, int size);

struct EvaluationResult {
  int64_t images = 0, top1 = 0, top5 = 0;
  std::vector<int32_t> predicted;  ///< class of each sample, in order; ties go to the lower class
  double seconds = 0;
  bool stopped = false;  ///< `should_stop` said so: the figures are of a part only

  double top1_percent() const {
    return images == 0 ? 0.0 : 100.0 * static_cast<double>(top1) / static_cast<double>(images);
  }
  double top5_percent() const {
    return images == 0 ? 0.0 : 100.0 * static_cast<double>(top5) / static_cast<double>(images);
  }
};

/// Evaluates `samples` of `images` in chunks; `should_stop` is asked between them.
EvaluationResult evaluate_images(const ImageSet& images, std::span<const uint32_t> samples, int classes,
                                 const LogitSource& source, const std::function<bool()>& should_stop = {});

/// [true class][predicted class] counts.
std::vector<std::vector<int64_t>> confusion_matrix(const ImageSet& images, std::span<const uint32_t> samples,
                                                   std::span<const int32_t> predicted, int classes);

}  // namespace fixynn
