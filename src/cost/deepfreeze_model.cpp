// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/error.h"
#include "cost/published_models.h"

namespace fixynn {
namespace {

// Published: github.com/ARM-software/DeepFreeze (MIT licence), model_ppa.py; 16 nm at 810 MHz.
constexpr double kMultiplierAreaMm2 = 2.05e-7;  // a nonzero weight, activation bit and weight bit
constexpr double kMultiplierPowerW = 5.79e-8;   // the same
constexpr double kStorageBitAreaMm2 = 1.62e-6;  // SRAM and register alike
constexpr double kStorageBitPowerW = 4.0e-7;    // the same
constexpr double kClockHz = 810e6;
constexpr double kNvdlaAreaMm2 = 3.3;
constexpr double kNvdlaPowerW = 0.891;
constexpr double kNvdlaOpsPerSecond = 4e12;

constexpr double kUm2PerMm2 = 1e6;

double line_buffer_bits(const Conv& conv, int activation_bits, const DeepFreezeFaults& faults) {
  const int kernel = conv.kind == ConvKind::kPointwise ? 1 : 3;
  if (faults.line_buffer_forgets_channels) return 1.0 * kernel * kernel * conv.in_size * activation_bits;
  if (kernel == 1) return 0;
  return 1.0 * kernel * conv.in_size * conv.in_channels * activation_bits;
}

double window_bits(const Conv& conv, int activation_bits) {
  const int taps = conv.kind == ConvKind::kPointwise ? 1 : 9;
  return 1.0 * taps * conv.in_channels * activation_bits;
}

double conv_ops(const Conv& conv, const DeepFreezeFaults& faults) {
  const int size = faults.strided_ops_count_four_times ? conv.in_size : conv.out_size;
  return 2.0 * static_cast<double>(conv.weight_count()) * size * size;
}

double frame_s(const MobileNet& network) {
  return static_cast<double>(network.input_size) * network.input_size / kClockHz;
}

LayerCost conv_cost(const HardwareDesign& design, size_t index, const DeepFreezeFaults& faults) {
  const Conv& conv = design.network.convs[index];
  const ConvQuant& quant = design.quant[index];
  const int input_bits = index == 0 ? 8 : design.quant[index - 1].activation_bits;
  const auto& codes = design.weights[index].codes;
  if (static_cast<int64_t>(codes.size()) != conv.weight_count() || !quant.quantised() || input_bits <= 0) {
    fail(
        "{}: DeepFreeze's model needs the weight codes and bits of every fixed convolution; give its layer "
        "2..8 "
        "bits",
        conv.name);
  }
  LayerCost cost;
  cost.name = conv.name;
  cost.layer = conv.layer;
  cost.weight_bits = quant.weight_bits;
  cost.activation_bits = quant.activation_bits;
  cost.weights = conv.weight_count();
  cost.zero_weights = std::count(codes.begin(), codes.end(), int8_t{0});
  const double multiplier_bits =
      static_cast<double>(cost.weights - cost.zero_weights) * input_bits * quant.weight_bits;
  const double buffer_bits = line_buffer_bits(conv, input_bits, faults);
  const double registers = window_bits(conv, input_bits);
  cost.memory_bits = static_cast<int64_t>(buffer_bits);
  cost.register_bits = static_cast<int64_t>(registers);
  CostParts area;
  area.adders = multiplier_bits * kMultiplierAreaMm2 * kUm2PerMm2;
  area.windows = registers * kStorageBitAreaMm2 * kUm2PerMm2;
  area.memories = buffer_bits * kStorageBitAreaMm2 * kUm2PerMm2;
  CostParts energy;
  const double pj_per_w = frame_s(design.network) * 1e12;
  energy.adders = multiplier_bits * kMultiplierPowerW * pj_per_w;
  energy.windows = registers * kStorageBitPowerW * pj_per_w;
  energy.memories = buffer_bits * kStorageBitPowerW * pj_per_w;
  cost.area_mm2 = area.total() / kUm2PerMm2;
  cost.energy_nj = energy.total() * 1e-3;
  cost.area_parts_um2 = area;
  cost.energy_parts_pj = energy;
  return cost;
}

}  // namespace

FfeCost deepfreeze_ffe_cost(const HardwareDesign& design, int fixed_layers, const DeepFreezeFaults& faults) {
  if (fixed_layers < 0 || fixed_layers > MobileNet::kLayers) {
    fail_usage("fixed layers: {} is outside 0..{}", fixed_layers, MobileNet::kLayers);
  }
  const size_t convs = static_cast<size_t>(MobileNet::convs_in_layers(fixed_layers));
  if (design.quant.size() < convs || design.weights.size() < convs) {
    fail("the design has {} quantised convolutions where {} are to be fixed; give every layer 2..8 bits",
         std::min(design.quant.size(), design.weights.size()), convs);
  }
  FfeCost cost;
  cost.model = CostModelKind::kDeepFreeze;
  cost.fixed_layers = fixed_layers;
  for (size_t i = 0; i < convs; ++i) {
    LayerCost layer = conv_cost(design, i, faults);
    cost.area_mm2 += layer.area_mm2;
    cost.energy_per_inference_j += *layer.energy_nj * 1e-9;
    cost.layers.push_back(std::move(layer));
  }
  if (convs > 0) cost.most_inferences_per_second = 1 / frame_s(design.network);
  return cost;
}

DeepFreezePlatform deepfreeze_platform(const MobileNet& network, const FfeCost& ffe,
                                       const DeepFreezeFaults& faults) {
  double all_ops = 0, back_end_ops = 0;
  for (const Conv& conv : network.convs) {
    const double ops = conv_ops(conv, faults);
    all_ops += ops;
    if (conv.layer >= ffe.fixed_layers) back_end_ops += ops;
  }
  const double fixed_s = ffe.fixed_layers == 0 ? 0 : frame_s(network);
  const double programmable_s = back_end_ops / kNvdlaOpsPerSecond;
  // Both work on successive frames at once; each draws its power only while it works.
  const double period_s = std::max(fixed_s, programmable_s);
  const double energy_j = ffe.energy_per_inference_j + kNvdlaPowerW * programmable_s;
  return {.area_mm2 = ffe.area_mm2 + kNvdlaAreaMm2,
          .tops = all_ops / period_s * 1e-12,
          .tops_per_w = all_ops / energy_j * 1e-12,
          .power_w = energy_j / period_s};
}

}  // namespace fixynn
