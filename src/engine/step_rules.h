// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rules of a training step that every fast engine follows; written once, so that the engines cannot drift
// apart.

#include <string>

#include "engine/engine.h"
#include "quant/quant_spec.h"

namespace fixynn {

/// Largest activation code of convolution `conv` in a pass; 0 where its activation stays in float.
inline int pass_code_max(const TrainPlan& plan, size_t conv, bool fake_quantise) {
  const ConvQuant quant = plan.quant[conv];
  return fake_quantise && quant.quantised() ? activation_code_max(quant.activation_bits) : 0;
}

/// Value of one unit of what convolution `conv` puts out: a code's, or 1 in float.
inline float output_unit(const TrainPlan& plan, size_t conv, bool fake_quantise) {
  return pass_code_max(plan, conv, fake_quantise) != 0 ? activation_scale(plan.quant[conv].activation_bits)
                                                       : 1.0f;
}

/// Value of one unit of what convolution `conv` reads: conv1 reads pixels.
inline float input_unit(const TrainPlan& plan, size_t conv, bool fake_quantise) {
  return conv == 0 ? kInputScale : output_unit(plan, conv - 1, fake_quantise);
}

/// Of a convolution's weights; depthwise weights, few and each of great effect, are not decayed.
inline float weight_decay_of(const TrainPlan& plan, ConvKind kind) {
  return kind == ConvKind::kDepthwise ? 0.0f : plan.weight_decay;
}

/// Whether convolution `conv` computes with the plan's frozen codes.
inline bool is_frozen_in_codes(const TrainPlan& plan, size_t conv) {
  return conv < plan.frozen.size() && plan.frozen[conv].bits != kFloatBits;
}

// Sentences of StepMetrics::non_finite; `owner`: a convolution's name, or "head".
inline std::string non_finite_statistics(const std::string& owner) {
  return owner + ": non-finite batch statistics";
}
inline std::string non_finite_loss() {
  return "head: non-finite loss";
}
inline std::string non_finite_parameters(const std::string& owner) {
  return owner + ": non-finite parameters after the step";
}

}  // namespace fixynn
