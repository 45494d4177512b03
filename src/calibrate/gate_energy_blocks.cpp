// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "calibrate/gate_energy.h"
#include "core/error.h"
#include "core/philox.h"
#include "integer/executor.h"

namespace fixynn {
namespace {

constexpr uint64_t kSeed = 4;
constexpr size_t kSmallConvs = 3;
constexpr size_t kImageConvs = 7;  ///< conv1, three depthwise and three pointwise layers

/// A code that follows a target, which jumps now and then and is often below 0, where ReLU cuts it: the
/// adder-bit activity of such streams is about that of images.
std::vector<int64_t> smooth_stream(Interval range, int cycles, RandomSequence& random) {
  const float span = static_cast<float>(range.max - range.min);
  std::vector<int64_t> stream;
  float value = random.uniform(), target = value;
  for (int t = 0; t < cycles; ++t) {
    if (random.uniform() < 0.08F) target = random.uniform(-0.6F, 1.0F);
    value += 0.25F * (target - value) + random.uniform(-0.02F, 0.02F);
    const float code = static_cast<float>(range.min) + value * span;
    stream.push_back(std::clamp(static_cast<int64_t>(code), range.min, range.max));
  }
  return stream;
}

std::vector<int64_t> random_stream(Interval range, int cycles, RandomSequence& random) {
  std::vector<int64_t> stream;
  for (int t = 0; t < cycles; ++t) {
    stream.push_back(range.min + random.below(static_cast<uint32_t>(range.max - range.min + 1)));
  }
  return stream;
}

/// What enters the first kImageConvs + 1 convolutions.
std::vector<std::vector<int16_t>> image_codes(const IntegerNetwork& network, std::span<const uint8_t> image) {
  if (network.convs.size() < kImageConvs) {
    fail("energy is calibrated on the first {} convolutions, but only {} of the network are in integers",
         kImageConvs, network.convs.size());
  }
  const IntegerExecutor sizes_checked(network);
  std::vector<std::vector<int16_t>> codes = {input_from_pixels(image)};
  for (size_t i = 0; i + 1 < kImageConvs; ++i) {
    const std::vector<uint8_t> next =
        requantise(network.convs[i], convolve_integer(network.convs[i], codes.back()));
    codes.emplace_back(next.begin(), next.end());
  }
  return codes;
}

/// The first of `cycles` output pixels: from the middle row on, or earlier where these are too few.
int first_pixel(const Conv& conv, int cycles) {
  const int pixels = conv.out_size * conv.out_size;
  return std::max(0, std::min(conv.out_size / 2 * conv.out_size, pixels - cycles));
}

/// [input][pixel], inputs in the order of the joined graphs of a convolution.
std::vector<std::vector<int64_t>> windows(const Conv& conv, const std::vector<int16_t>& codes, int cycles) {
  const int taps = conv.kind == ConvKind::kPointwise ? 1 : 9;
  const int row_taps = taps == 1 ? 1 : 3;
  const int begin = first_pixel(conv, cycles);
  const int end = std::min(begin + cycles, conv.out_size * conv.out_size);
  std::vector<std::vector<int64_t>> inputs(static_cast<size_t>(taps * conv.in_channels));
  for (int pixel = begin; pixel < end; ++pixel) {
    for (int tap = 0; tap < taps; ++tap) {
      const int y = pixel / conv.out_size * conv.stride + tap / row_taps - conv.pad_before;
      const int x = pixel % conv.out_size * conv.stride + tap % row_taps - conv.pad_before;
      const bool inside = y >= 0 && y < conv.in_size && x >= 0 && x < conv.in_size;
      for (int c = 0; c < conv.in_channels; ++c) {
        const int input = conv.kind == ConvKind::kDepthwise ? c * taps + tap : tap * conv.in_channels + c;
        const size_t at = static_cast<size_t>((y * conv.in_size + x) * conv.in_channels + c);
        inputs[static_cast<size_t>(input)].push_back(inside ? codes[at] : 0);
      }
    }
  }
  return inputs;
}

struct ImageRequantiser {
  size_t conv;
  int channels;
};
constexpr std::array kImageRequantisers = {
    ImageRequantiser{0, 1}, ImageRequantiser{2, 1}, ImageRequantiser{0, 2}, ImageRequantiser{1, 2},
    ImageRequantiser{2, 2}, ImageRequantiser{2, 4}, ImageRequantiser{4, 4}, ImageRequantiser{6, 16}};

}  // namespace

std::vector<EnergyBlock> synthetic_energy_blocks(std::span<const GoldenBlock> blocks, int cycles) {
  std::vector<EnergyBlock> energy_blocks;
  for (size_t b = 0; b < blocks.size(); ++b) {
    EnergyBlock& added = energy_blocks.emplace_back();
    added.block = blocks[b];
    const bool smooth = b + 1 < blocks.size() || blocks.size() == 1;
    added.stimulus = smooth ? "smooth" : "random";
    RandomSequence random(kSeed, RandomStream::kSynthesise, static_cast<uint32_t>(b), 1);
    for (int i = 0; i < added.block.graph.inputs; ++i) {
      added.inputs.push_back(smooth ? smooth_stream(added.block.input, cycles, random)
                                    : random_stream(added.block.input, cycles, random));
    }
  }
  return energy_blocks;
}

std::vector<RequantiserStimulus> synthetic_requantisers(int cycles) {
  std::vector<RequantiserStimulus> requantisers;
  for (const RequantiserBlock block :
       {RequantiserBlock{12, 1}, RequantiserBlock{18, 1}, RequantiserBlock{18, 4}}) {
    RequantiserStimulus& added = requantisers.emplace_back();
    added.name = fmt::format("requantiser_{}bit_{}", block.accumulator_bits, block.channels);
    added.block = block;
    RandomSequence random(kSeed, RandomStream::kSynthesise, static_cast<uint32_t>(requantisers.size()), 2);
    // Half of the accumulator's range is used, as by real layers, and the codes span theirs.
    const int64_t limit = int64_t{1} << (block.accumulator_bits - 2);
    added.shift = block.accumulator_bits + 4;
    for (int c = 0; c < block.channels; ++c) {
      added.parameters.push_back({static_cast<int16_t>(8192 + random.below(16384)),
                                  static_cast<int32_t>(random.below(1u << 20)) - (1 << 19)});
      added.accumulators.push_back(smooth_stream({-limit, limit - 1}, cycles, random));
    }
  }
  return requantisers;
}

std::vector<EnergyBlock> image_energy_blocks(const IntegerNetwork& network, std::span<const uint8_t> image,
                                             AdderGraphCache& cache, int cycles) {
  const std::vector<std::vector<int16_t>> codes = image_codes(network, image);
  const HardwareDesign design = design_from_network(network, {}, 0, "network");
  const std::vector<GoldenBlock> blocks = network_golden_blocks({&design, 1}, cache);
  std::vector<EnergyBlock> energy_blocks;
  for (size_t i = 0; i < std::min(kImageConvs, blocks.size()); ++i) {
    energy_blocks.push_back({blocks[i], "image", windows(network.convs[i].conv, codes[i], cycles)});
  }
  return energy_blocks;
}

std::vector<RequantiserStimulus> image_requantisers(const IntegerNetwork& network,
                                                    std::span<const uint8_t> image, int cycles) {
  const std::vector<std::vector<int16_t>> codes = image_codes(network, image);
  std::vector<RequantiserStimulus> requantisers;
  for (const ImageRequantiser& chosen : kImageRequantisers) {
    const IntegerConv& conv = network.convs[chosen.conv];
    const std::vector<int64_t> accumulators = convolve_integer(conv, codes[chosen.conv]);
    RequantiserStimulus& added = requantisers.emplace_back();
    added.name = fmt::format("{}_requantiser_{}", conv.conv.name, chosen.channels);
    added.block = {signed_bits({conv.accumulator_min, conv.accumulator_max}), chosen.channels};
    added.shift = conv.shift;
    const size_t channels = static_cast<size_t>(conv.conv.out_channels);
    const size_t begin = static_cast<size_t>(first_pixel(conv.conv, cycles));
    const size_t end = std::min(begin + static_cast<size_t>(cycles), accumulators.size() / channels);
    for (size_t c = 0; c < static_cast<size_t>(chosen.channels); ++c) {
      added.parameters.push_back(conv.requantizers[c]);
      std::vector<int64_t>& stream = added.accumulators.emplace_back();
      for (size_t pixel = begin; pixel < end; ++pixel) stream.push_back(accumulators[pixel * channels + c]);
    }
  }
  return requantisers;
}

std::vector<uint8_t> smooth_image(int size) {
  std::vector<uint8_t> image;
  image.reserve(static_cast<size_t>(size) * static_cast<size_t>(size) * 3);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const double u = 2 * std::numbers::pi * x / size, v = 2 * std::numbers::pi * y / size;
      const std::array<double, 3> colours = {std::sin(3 * u + v), std::sin(u - 2 * v) * std::cos(4 * u),
                                             std::sin(5 * u) * std::sin(2 * v)};
      for (const double colour : colours)
        image.push_back(static_cast<uint8_t>(128 + std::lround(100 * colour)));
    }
  }
  return image;
}

EnergyFit calibrate_energy(const Synthesizer& synthesizer, const EnergyRequest& request,
                           AdderGraphCache& cache) {
  if (request.network == nullptr) {
    const std::vector<GoldenBlock> golden = random_golden_blocks(request.small, cache);
    return calibrate_energy(synthesizer, synthetic_energy_blocks(golden, request.cycles),
                            synthetic_requantisers(request.cycles), request.threads);
  }
  const std::vector<uint8_t> image =
      request.image.empty() ? smooth_image(request.network->network.input_size) : request.image;
  std::vector<EnergyBlock> blocks = image_energy_blocks(*request.network, image, cache, request.cycles);
  if (request.image.empty()) {
    for (EnergyBlock& block : blocks) block.stimulus = "made-up image";
  }
  std::vector<RequantiserStimulus> requantisers = image_requantisers(*request.network, image, request.cycles);
  if (request.small) {
    blocks.resize(std::min(blocks.size(), kSmallConvs));
    requantisers.resize(std::min(requantisers.size(), kSmallConvs));
  }
  EnergyFit fit = calibrate_energy(synthesizer, blocks, requantisers, request.threads);
  // A made-up image says nothing about how often real ones toggle.
  if (request.image.empty()) fit.figures.erase("adder_bit_activity");
  return fit;
}

void merge_energy(Technology& technology, const EnergyFit& fit) {
  for (const TechnologyKey& key : technology_keys()) {
    const auto entry = fit.figures.find(key.key);
    if (entry != fit.figures.end()) technology.*key.figure = entry->second;
  }
}

std::string energy_fit_text(const EnergyFit& fit) {
  std::string text = fmt::format("{:<24} {:<7} {:<11} {:>7} {:>9} {:>12} {:>10} {:>7}\n", "block", "inputs",
                                 "cells", "bits", "activity", "gate toggles", "fJ/toggle", "error");
  for (const EnergyBlockResult& block : fit.blocks) {
    text += fmt::format("{:<24} {:<7} {:<11} {:>7} {:>9.3f} {:>12.2f} {:>10.3f} {:>+6.1f}%\n", block.name,
                        block.stimulus, block.mapping == AdderMapping::kGates ? "gates" : "full adders",
                        block.adder_bits, block.activity(), block.gate_toggles_per_toggle(),
                        block.energy_per_toggle_fj(), block.error_percent);
  }
  for (const auto& [cells, law] : {std::pair{"gates", fit.gates}, {"full adders", fit.full_adders}}) {
    if (!law) continue;
    text += fmt::format("{}: mean |error| {:.1f} %, worst {:.1f} %; ", cells, law->mean_error_percent,
                        law->worst_error_percent);
    text += law->left_out
                ? fmt::format("each block by the fit to the others: mean {:.1f} %, worst {:.1f} %\n",
                              law->left_out->mean_error_percent, law->left_out->worst_error_percent)
                : "too few blocks to leave one out\n";
  }
  for (const RequantiserEnergyResult& r : fit.requantisers) {
    text += fmt::format("{:<32} {} bits, {} channels: {:.1f} fJ a code, {:.4f} fJ a product bit\n", r.name,
                        r.accumulator_bits, r.channels, r.energy_fj, r.product_bit_energy_fj);
  }
  for (const TechnologyKey& key : technology_keys()) {
    const auto entry = fit.figures.find(key.key);
    if (entry == fit.figures.end() || !entry->second.value) continue;
    text +=
        fmt::format("{} = {:.4f} {} ({})\n", key.key, *entry->second.value, key.unit, entry->second.source);
  }
  return text;
}

}  // namespace fixynn
