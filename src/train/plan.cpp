// SPDX-License-Identifier: Apache-2.0
#include "train/plan.h"

#include <algorithm>
#include <cmath>

#include "config/bits.h"
#include "core/error.h"

namespace fixynn {

TrainPlan make_train_plan(const RunConfig& config, const MobileNet& network, int fixed_layers) {
  TrainPlan plan;
  plan.network = network;
  plan.fixed_layers = fixed_layers;
  plan.quant = conv_quant(config, network, fixed_layers);
  const bool all_quantised = std::all_of(plan.quant.begin(), plan.quant.end(),
                                         [](const ConvQuant& quant) { return quant.quantised(); });
  // An integer head needs integer features.
  plan.head_weight_bits = all_quantised ? config.back_end.bits : kFloatBits;
  plan.batch_size = config.train.batch_size;
  plan.momentum = static_cast<float>(config.train.momentum);
  plan.nesterov = config.train.nesterov;
  plan.weight_decay = static_cast<float>(config.train.weight_decay);
  plan.label_smoothing = static_cast<float>(config.train.label_smoothing);
  return plan;
}

TrainPlan make_float_plan(const MobileNet& network, int batch_size) {
  TrainPlan plan;
  plan.network = network;
  plan.quant.assign(network.convs.size(), ConvQuant{});
  plan.batch_size = batch_size;
  return plan;
}

void put_back_batch_norm(const MobileNet& network, const std::vector<float>& measured,
                         ModelParameters& parameters) {
  const ParameterLayout layout(network);
  if (measured.size() != layout.statistic_count) {
    fail("the measured statistics hold {} values where the network has {}", measured.size(),
         layout.statistic_count);
  }
  for (const auto& conv : layout.convs) {
    const size_t channels = conv.variance - conv.mean;
    for (size_t c = 0; c < channels; ++c) {
      const float mean = measured[conv.mean + c];
      const float variance = measured[conv.variance + c];
      const double sigma = std::sqrt(static_cast<double>(variance) + kBatchNormEpsilon);
      parameters.values[conv.gamma + c] = static_cast<float>(sigma);
      parameters.values[conv.beta + c] += mean;
      parameters.statistics[conv.mean + c] = mean;
      parameters.statistics[conv.variance + c] = variance;
    }
  }
}

}  // namespace fixynn
