// SPDX-License-Identifier: Apache-2.0
#include "cost/adder_estimate.h"

#include <algorithm>
#include <cmath>

namespace fixynn {
namespace {

// The laws were fitted (least squares on relative errors) to all 27 convolutions of the ImageNet-trained
// MobileNetV1 0.25 at 3, 4, 6 and 8 bits, as trained and with half of the weights zeroed: 216 matrices. With
// D digits, o outputs, a input bits:
//   conv1, pointwise: bits = D * exp(c0 - ci / sqrt(D)) * (D/o)^c1 * o^c2 * (a+3)^c3
//                     mean error 5.0 %, worst 18 %; above 400 digits 4.1 % and 11 %
//   depthwise:        the same without ci and c2; mean 3.1 %, worst 13 %
// On weights that were not in the fit (Laplace distributed, the first five layers at 8, 6 and 4 bits, dense
// and half zeroed: 54 matrices) all of it errs by 5.6 %, worst 22 %. Share of the adder bits before the first
// register, l levels a stage: 1 - exp(-0.175 l^1.5) in conv1, 1 - exp(-0.315 l^1.27) in depthwise layers; at
// 4 levels within 6 and 13 % of the real graphs' 0.75 and 0.87. Pipeline registers: matrices mean 5 to 8 %,
// worst 29 %; depthwise mean 9 to 18 %, twice as many at worst.
struct AdderLaw {
  double c0, c1, c2, c3, ci;
};
constexpr AdderLaw kMatrixLaw = {0.0015, -0.0804, -0.1072, 1.0978, 5.7522};
constexpr AdderLaw kDepthwiseLaw = {-0.7854, 0.0538, 0.0, 1.1108, 0.0};

/// Bits an adder beyond the input's: in plain CSD trees, in shared matrices, in shared depthwise windows.
constexpr double kTreeExtraBits = 3.2, kMatrixExtraBits = 3.0, kDepthwiseExtraBits = 2.0;
/// What sharing within inputs leaves of the trees' adder bits.
constexpr double kPerInputShare = 0.9, kPerInputShareDepthwise = 0.97;

double shared_adder_bits(const ConvPlan& conv, double digits, double outputs) {
  const AdderLaw& law = conv.conv.kind == ConvKind::kDepthwise ? kDepthwiseLaw : kMatrixLaw;
  return digits * std::exp(law.c0 - law.ci / std::sqrt(digits)) * std::pow(digits / outputs, law.c1) *
         std::pow(outputs, law.c2) * std::pow(conv.input_bits + 3, law.c3);
}

/// Levels of the deepest output.
double estimated_levels(const ConvPlan& conv, double digits, double outputs) {
  const double log_terms = std::log2(std::max(2.0, digits / outputs));
  return conv.conv.kind == ConvKind::kDepthwise ? 1.68 * log_terms + 0.4 : 1.19 * log_terms + 2.4;
}

double estimated_register_bits(const ConvPlan& conv, double outputs, int stages, int levels_per_stage) {
  const double accumulators = outputs * conv.requantiser.accumulator_bits;
  if (levels_per_stage == 0 || stages == 1) return accumulators;
  const double adder_bits = static_cast<double>(conv.adder_bits);
  if (conv.conv.kind == ConvKind::kDepthwise) {
    return 1.76 * adder_bits / std::pow(levels_per_stage, 1.22) + 0.36 * accumulators;
  }
  return 1.3 * adder_bits / std::pow(levels_per_stage, 1.1) + (0.45 + 0.53 / levels_per_stage) * accumulators;
}

}  // namespace

void estimate_graphs(ConvPlan& conv, int64_t nonzero_outputs, const PlanOptions& options) {
  PipelinePlan& pipeline = conv.pipelines.emplace_back();
  pipeline.stages = 1;
  const double outputs = static_cast<double>(nonzero_outputs);
  const double digits = static_cast<double>(conv.csd_digits);
  if (conv.csd_digits > nonzero_outputs) {
    const double tree_adders = digits - outputs;
    const double tree_bits = tree_adders * (conv.input_bits + kTreeExtraBits);
    const bool depthwise = conv.conv.kind == ConvKind::kDepthwise;
    double bits = tree_bits, extra_bits = kTreeExtraBits;
    if (options.sharing == Sharing::kPerInput) bits *= depthwise ? kPerInputShareDepthwise : kPerInputShare;
    if (options.sharing == Sharing::kFull) {
      bits = std::min(bits, shared_adder_bits(conv, digits, outputs));
      extra_bits = depthwise ? kDepthwiseExtraBits : kMatrixExtraBits;
    }
    conv.adder_bits = std::max<int64_t>(1, std::llround(bits));
    conv.adders = std::max<int64_t>(1, std::llround(bits / (conv.input_bits + extra_bits)));
    const double levels = std::max(1.0, estimated_levels(conv, digits, outputs));
    conv.adder_levels = static_cast<int>(std::lround(levels));
    if (options.levels_per_stage > 0) {
      pipeline.stages = (conv.adder_levels + options.levels_per_stage - 1) / options.levels_per_stage;
    }
  }
  pipeline.register_bits =
      std::llround(estimated_register_bits(conv, outputs, pipeline.stages, options.levels_per_stage));
  pipeline.register_words = nonzero_outputs;
  conv.pipeline_register_bits = pipeline.register_bits;
  conv.pipeline_register_words = pipeline.register_words;
}

int64_t estimated_first_stage_bits(const ConvPlan& conv, const PlanOptions& options) {
  const bool one_stage = conv.pipelines.empty() || conv.pipelines.front().stages == 1;
  if (one_stage || options.levels_per_stage == 0) return conv.adder_bits;
  const double levels = options.levels_per_stage;
  const double behind = conv.conv.kind == ConvKind::kDepthwise ? std::exp(-0.315 * std::pow(levels, 1.27))
                                                               : std::exp(-0.175 * std::pow(levels, 1.5));
  return std::llround(static_cast<double>(conv.adder_bits) * (1 - behind));
}

}  // namespace fixynn
