// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/make_cuda.h"

#include <algorithm>

#include "core/error.h"
#include "cuda/engine/cuda_engine.h"
#include "cuda/engine/cuda_integer_engine.h"

namespace fixynn::cuda {
namespace {

constexpr int64_t kBackEndBatch = 256;

/// A CudaEngine of the whole network in float, of which the layers behind the FFE are used.
class EngineBackEnd : public FloatBackEnd {
 public:
  EngineBackEnd(const IntegerNetwork& network, const EngineOptions& options)
      : engine_(float_plan(network), options, false) {
    engine_.set_state({network.parameters, std::vector<float>(network.parameters.values.size(), 0.0f)});
  }
  void run_codes(size_t conv, const uint8_t* device_codes, float code_scale, int images,
                 std::vector<float>& logits) override {
    engine_.run_back_end(conv, device_codes, code_scale, images, logits);
  }
  void run_pixels(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) override {
    engine_.run_pixels(pixels, images, logits);
  }

 private:
  static TrainPlan float_plan(const IntegerNetwork& network) {
    TrainPlan plan;
    plan.network = network.network;
    plan.quant.assign(network.network.convs.size(), ConvQuant{});
    // Beside a training's memory there may be little: a quarter of what is free, for all layers' outputs.
    int64_t image_bytes = 1;
    for (const Conv& conv : network.network.convs) {
      image_bytes += int64_t{4} * conv.out_size * conv.out_size * conv.out_channels;
    }
    const int64_t fits = static_cast<int64_t>(open_device().free_bytes) / 4 / image_bytes;
    plan.batch_size = static_cast<int>(std::clamp<int64_t>(fits, 1, kBackEndBatch));
    return plan;
  }
  CudaEngine engine_;
};

}  // namespace

std::string unusable_reason() {
  try {
    open_device();
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

std::unique_ptr<TrainEngine> make_cuda_train_engine(const TrainPlan& plan, const EngineOptions& options) {
  return std::make_unique<CudaEngine>(plan, options);
}

std::unique_ptr<IntegerEngine> make_cuda_integer_engine(const IntegerNetwork& network,
                                                        const EngineOptions& options) {
  std::unique_ptr<FloatBackEnd> back_end;
  if (!network.has_head) back_end = std::make_unique<EngineBackEnd>(network, options);
  return std::make_unique<CudaIntegerEngine>(network, std::move(back_end));
}

}  // namespace fixynn::cuda
