// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/mobilenet.h"
#include "model/parameters.h"
#include "quant/fake_quant.h"
#include "quant/quant_spec.h"
#include "quant/requantizer.h"

namespace fixynn {

/// One convolution in integers. Input codes: u8 pixels minus kInputZero for conv1, else the previous conv's
/// activation codes. acc = sum(weight code * input code), padding contributes 0; output code = Requantizer
/// per channel.
struct IntegerConv {
  Conv conv;
  ConvQuant quant;
  QuantisedWeights weights;               ///< layout as in Conv
  std::vector<Requantizer> requantizers;  ///< one per output channel
  int shift = 16;                         ///< S of this convolution
  /// Exact interval of the accumulator over all inputs the previous layer can produce.
  int32_t accumulator_min = 0, accumulator_max = 0;
};

/// The head in integers: pooled[c] = sum of the last codes over the pixels (exact, not divided);
/// logit[k] = sum_c(weight[c][k] * pooled[c]) + bias[k], int64. Real logit = logit * logit_scale.
struct IntegerHead {
  QuantisedWeights
      weights;  ///< [feature_channels][classes]; all scales equal, so that logits compare as integers
  std::vector<int32_t> bias;
  double logit_scale = 1.0;
};

/// What was trained, as what is built. `convs` holds the leading quantised convolutions: the FFE's
/// (convs_in_layers(fixed_layers) of them) and, when the back end is quantised too, all 27 and the head.
/// With a float back end the rest runs from `parameters`.
struct IntegerNetwork {
  MobileNet network;
  int fixed_layers = 0;
  std::vector<IntegerConv> convs;
  bool has_head = false;
  IntegerHead head;
  /// Float parameters of the trained network (all tensors), for the float back end and for reference.
  ModelParameters parameters;
  std::string frozen_weights_sha256;  ///< of the FFE's weight codes, see frozen_weights_sha256() in lower.h
  std::vector<ConvQuant> quant;       ///< as trained, one per convolution, lowered or not
  int head_weight_bits = kFloatBits;  ///< as trained; has_head also needs all convolutions in integers
  /// Weight codes of all frozen convolutions (convs_in_layers(fixed_layers) of them; bits 0 and empty when
  /// float), which is what frozen_weights_sha256 is taken over. Where a convolution is in `convs` too, the
  /// codes are the same.
  std::vector<QuantisedWeights> frozen;
  /// Free text recorded in the file: data set, class names, seed, program version, preprocessing...
  std::map<std::string, std::string> metadata;
};

}  // namespace fixynn
