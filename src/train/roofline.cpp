// SPDX-License-Identifier: Apache-2.0
#include "train/roofline.h"

#include <algorithm>

namespace fixynn {
namespace {

int64_t input_values(const Conv& conv) {
  return int64_t{conv.in_size} * conv.in_size * conv.in_channels;
}

int64_t output_values(const Conv& conv) {
  return int64_t{conv.out_size} * conv.out_size * conv.out_channels;
}

int64_t head_macs(const MobileNet& network) {
  return int64_t{network.feature_channels()} * network.classes;
}

}  // namespace

ImageWork training_work(const MobileNet& network, int fixed_layers, int value_bytes) {
  const size_t frozen = static_cast<size_t>(MobileNet::convs_in_layers(fixed_layers));
  ImageWork work = inference_work(network, value_bytes);
  work.macs += 2 * head_macs(network);
  for (size_t i = 0; i < network.convs.size(); ++i) {
    const Conv& conv = network.convs[i];
    const bool needs_weights = i >= frozen;
    const int products = (needs_weights ? 1 : 0) + (i > 0 || needs_weights ? 1 : 0);
    work.macs += products * conv.macs();
    work.bytes += products * (2 * output_values(conv) + input_values(conv)) * value_bytes;
  }
  return work;
}

ImageWork inference_work(const MobileNet& network, int value_bytes) {
  ImageWork work{head_macs(network), 0};
  for (const Conv& conv : network.convs) {
    work.macs += conv.macs();
    work.bytes += (input_values(conv) + output_values(conv)) * value_bytes;
  }
  return work;
}

std::optional<double> floor_images_per_second(const ImageWork& work, const DeviceRates& rates) {
  std::optional<double> images;
  const auto limit = [&](double rate, int64_t amount) {
    if (rate <= 0 || amount <= 0) return;
    const double most = rate / static_cast<double>(amount);
    images = std::min(images.value_or(most), most);
  };
  limit(rates.macs_per_second, work.macs);
  limit(rates.bytes_per_second, work.bytes);
  return images;
}

}  // namespace fixynn
