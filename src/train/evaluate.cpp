// SPDX-License-Identifier: Apache-2.0
#include "train/evaluate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "dataset/augment.h"

namespace fixynn {
namespace {

constexpr size_t kChunk = 512;

/// Number of classes that come before `label`: with a larger logit, or an equal one and a lower number. A
/// label whose logit is not a number comes last.
int rank_of(std::span<const float> logits, int32_t label) {
  const float own = logits[static_cast<size_t>(label)];
  if (std::isnan(own)) return static_cast<int>(logits.size());
  int rank = 0;
  for (size_t k = 0; k < logits.size(); ++k) {
    if (logits[k] > own || (logits[k] == own && static_cast<int32_t>(k) < label)) ++rank;
  }
  return rank;
}

void count_chunk(const ImageSet& images, std::span<const uint32_t> samples, int classes,
                 const std::vector<float>& logits, EvaluationResult& result) {
  const size_t width = static_cast<size_t>(classes);
  if (logits.size() != samples.size() * width)
    fail("the engine returned {} logits for {} images of {} classes", logits.size(), samples.size(), classes);
  for (size_t i = 0; i < samples.size(); ++i) {
    const std::span<const float> row(logits.data() + i * width, width);
    const auto largest = std::max_element(row.begin(), row.end());
    result.predicted.push_back(static_cast<int32_t>(largest - row.begin()));
    const int rank = rank_of(row, images.labels[samples[i]]);
    result.top1 += rank == 0;
    result.top5 += rank < 5;
  }
  result.images += static_cast<int64_t>(samples.size());
}

}  // namespace

LogitSource float_path(TrainEngine& engine, const ImageSet& images, bool fake_quantise) {
  return [&engine, &images, fake_quantise](std::span<const uint32_t> samples, std::vector<float>& logits) {
    engine.evaluate(images, samples, fake_quantise, logits);
  };
}

std::vector<uint8_t> render_plain(const ImageSet& images, std::span<const uint32_t> samples, int size) {
  const size_t image_bytes = static_cast<size_t>(size) * static_cast<size_t>(size) * 3;
  const AugmentParams plain = identity_augment(images.width, images.height, size);
  std::vector<uint8_t> pixels(samples.size() * image_bytes);
  for (size_t i = 0; i < samples.size(); ++i) {
    render_image(images.image(samples[i]).data(), images.width, images.height, plain,
                 pixels.data() + i * image_bytes, size);
  }
  return pixels;
}

LogitSource integer_path(IntegerEngine& engine, const ImageSet& images, int size) {
  return [&engine, &images, size](std::span<const uint32_t> samples, std::vector<float>& logits) {
    engine.run(render_plain(images, samples, size), static_cast<int>(samples.size()), logits);
  };
}

EvaluationResult evaluate_images(const ImageSet& images, std::span<const uint32_t> samples, int classes,
                                 const LogitSource& source, const std::function<bool()>& should_stop) {
  const auto start = std::chrono::steady_clock::now();
  EvaluationResult result;
  result.predicted.reserve(samples.size());
  std::vector<float> logits;
  for (size_t begin = 0; begin < samples.size(); begin += kChunk) {
    if (should_stop && should_stop()) {
      result.stopped = true;
      break;
    }
    const auto chunk = samples.subspan(begin, std::min(kChunk, samples.size() - begin));
    source(chunk, logits);
    count_chunk(images, chunk, classes, logits, result);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

std::vector<std::vector<int64_t>> confusion_matrix(const ImageSet& images, std::span<const uint32_t> samples,
                                                   std::span<const int32_t> predicted, int classes) {
  const size_t width = static_cast<size_t>(classes);
  std::vector<std::vector<int64_t>> matrix(width, std::vector<int64_t>(width, 0));
  for (size_t i = 0; i < samples.size(); ++i) {
    ++matrix[static_cast<size_t>(images.labels[samples[i]])][static_cast<size_t>(predicted[i])];
  }
  return matrix;
}

}  // namespace fixynn
