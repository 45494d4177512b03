// SPDX-License-Identifier: Apache-2.0
#include "train/compare_paths.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "engine/reference/reference_network.h"
#include "integer/executor.h"

namespace fixynn {
namespace {

/// Few enough that the codes of all convolutions fit into memory at any input size.
constexpr int kChunk = 8;

size_t image_bytes(const IntegerNetwork& network) {
  const size_t size = static_cast<size_t>(network.network.input_size);
  return size * size * 3;
}

std::vector<CodeComparison> empty_comparisons(const IntegerNetwork& network, size_t convs) {
  std::vector<CodeComparison> comparisons(convs);
  for (size_t i = 0; i < convs; ++i) comparisons[i].conv = network.convs[i].conv.name;
  return comparisons;
}

void count_difference(int difference, CodeComparison& comparison) {
  ++comparison.values;
  if (difference == 0) return;
  ++comparison.different;
  comparison.largest_difference = std::max(comparison.largest_difference, std::abs(difference));
}

ForwardPass float_forward(const ReferenceNetwork& reference, const IntegerNetwork& network,
                          std::span<const uint8_t> pixels, int images) {
  ReferenceBatch batch;
  batch.input = ReferenceTensor(images, network.network.input_size, 3);
  for (size_t i = 0; i < pixels.size(); ++i) {
    batch.input.values[i] =
        static_cast<double>(static_cast<float>(int{pixels[i]} - kInputZero) * kInputScale);
  }
  batch.labels.assign(static_cast<size_t>(images), 0);
  const std::vector<double> values(network.parameters.values.begin(), network.parameters.values.end());
  const std::vector<double> statistics(network.parameters.statistics.begin(),
                                       network.parameters.statistics.end());
  PassMode mode;
  mode.fake_quantise = true;
  mode.batch_statistics = false;
  return reference.forward(values, statistics, batch, mode);
}

}  // namespace

TrainPlan plan_of(const IntegerNetwork& network) {
  TrainPlan plan;
  plan.network = network.network;
  plan.fixed_layers = network.fixed_layers;
  plan.quant.assign(network.network.convs.size(), ConvQuant{});
  for (size_t i = 0; i < network.convs.size(); ++i) plan.quant[i] = network.convs[i].quant;
  plan.head_weight_bits = network.has_head ? network.head.weights.bits : kFloatBits;
  plan.frozen.resize(static_cast<size_t>(MobileNet::convs_in_layers(network.fixed_layers)));
  for (size_t i = 0; i < plan.frozen.size() && i < network.convs.size(); ++i) {
    plan.frozen[i] = network.convs[i].weights;
  }
  return plan;
}

std::vector<CodeComparison> compare_with_executor(const IntegerNetwork& network, IntegerEngine& engine,
                                                  std::span<const uint8_t> pixels, int images) {
  const IntegerExecutor executor(network);
  const size_t bytes = image_bytes(network);
  std::vector<CodeComparison> comparisons = empty_comparisons(network, network.convs.size());
  std::vector<uint8_t> codes;
  for (int begin = 0; begin < images; begin += kChunk) {
    const int count = std::min(kChunk, images - begin);
    const auto chunk = pixels.subspan(static_cast<size_t>(begin) * bytes, static_cast<size_t>(count) * bytes);
    std::vector<IntegerResult> exact;
    for (int i = 0; i < count; ++i)
      exact.push_back(executor.run(chunk.subspan(static_cast<size_t>(i) * bytes, bytes)));
    for (size_t conv = 0; conv < comparisons.size(); ++conv) {
      engine.codes(chunk, count, static_cast<int>(conv), codes);
      const size_t each = exact.front().codes[conv].size();
      if (codes.size() != each * static_cast<size_t>(count))
        fail("the engine returned the wrong number of codes");
      for (size_t i = 0; i < codes.size(); ++i) {
        count_difference(int{codes[i]} - int{exact[i / each].codes[conv][i % each]}, comparisons[conv]);
      }
    }
  }
  return comparisons;
}

std::vector<CodeComparison> compare_with_float_path(const IntegerNetwork& network, IntegerEngine& engine,
                                                    std::span<const uint8_t> pixels, int images,
                                                    size_t convs) {
  const TrainPlan plan = plan_of(network);
  const ReferenceNetwork reference(plan);
  const size_t bytes = image_bytes(network);
  std::vector<CodeComparison> comparisons = empty_comparisons(network, std::min(convs, network.convs.size()));
  std::vector<uint8_t> codes;
  for (int begin = 0; begin < images; begin += kChunk) {
    const int count = std::min(kChunk, images - begin);
    const auto chunk = pixels.subspan(static_cast<size_t>(begin) * bytes, static_cast<size_t>(count) * bytes);
    const ForwardPass pass = float_forward(reference, network, chunk, count);
    for (size_t conv = 0; conv < comparisons.size(); ++conv) {
      const bool is_last = conv + 1 == pass.inputs.size();
      const std::vector<double>& activations = is_last ? pass.features.values : pass.inputs[conv + 1].values;
      const double scale = static_cast<double>(activation_scale(network.convs[conv].quant.activation_bits));
      engine.codes(chunk, count, static_cast<int>(conv), codes);
      if (codes.size() != activations.size()) fail("the engine returned the wrong number of codes");
      for (size_t i = 0; i < codes.size(); ++i) {
        count_difference(int{codes[i]} - static_cast<int>(std::lround(activations[i] / scale)),
                         comparisons[conv]);
      }
    }
  }
  return comparisons;
}

}  // namespace fixynn
