// SPDX-License-Identifier: Apache-2.0
#include "train/bench_setup.h"

#include <numeric>

#include "core/error.h"
#include "core/philox.h"
#include "integer/lower.h"
#include "train/plan.h"

namespace fixynn {
namespace {

void check_request(const BenchRequest& request) {
  if (request.bits != kFloatBits && (request.bits < kMinBits || request.bits > kMaxBits)) {
    fail_usage("--bits: {} is neither 0 (float) nor {}..{}", request.bits, kMinBits, kMaxBits);
  }
  if (request.fixed_layers < 0 || request.fixed_layers > MobileNet::kLayers) {
    fail_usage("--fixed-layers: {} is outside 0..{}", request.fixed_layers, MobileNet::kLayers);
  }
  if (request.batch_size < 1 || request.batch_size > 65536) {
    fail_usage("--batch: {} is outside 1..65536", request.batch_size);
  }
  if (!(request.seconds > 0 && request.seconds <= 3600)) {
    fail_usage("--seconds: {} is outside 0..3600", request.seconds);
  }
}

ImageSet random_images(const BenchRequest& request) {
  ImageSet images;
  images.width = images.height = request.size;
  const size_t count = static_cast<size_t>(request.batch_size);
  images.pixels.resize(count * images.image_bytes());
  RandomSequence random(1, RandomStream::kSynthesise, 0);
  for (uint8_t& pixel : images.pixels) pixel = static_cast<uint8_t>(random.next_u32());
  for (size_t i = 0; i < count; ++i) {
    images.labels.push_back(static_cast<int32_t>(random.below(static_cast<uint32_t>(request.classes))));
  }
  for (int k = 0; k < request.classes; ++k) images.class_names.push_back(std::to_string(k));
  images.names.assign(count, "random");
  return images;
}

}  // namespace

StepSpec BenchSetup::step() const {
  StepSpec step;
  step.samples = samples;
  step.learning_rate = 1e-3f;
  step.fake_quantise = fake_quantise;
  return step;
}

std::unique_ptr<TrainEngine> BenchSetup::make_engine(const EngineOptions& options) const {
  std::unique_ptr<TrainEngine> engine = make_train_engine(plan, options);
  engine->attach(images, AugmentSpec{}, 1);
  engine->set_state({parameters, std::vector<float>(parameters.values.size(), 0.0f)});
  return engine;
}

BenchSetup make_bench_setup(const BenchRequest& request) {
  check_request(request);
  BenchSetup setup;
  const MobileNet network = make_mobilenet(request.alpha, request.size, request.classes);
  setup.plan = make_float_plan(network, request.batch_size);
  setup.plan.fixed_layers = request.fixed_layers;
  setup.plan.quant.assign(network.convs.size(), ConvQuant{request.bits, request.bits});
  setup.plan.head_weight_bits = request.bits;
  setup.parameters = initialise_parameters(network, 1);
  setup.plan.frozen = freeze_weights(network, setup.parameters, setup.plan.quant, setup.plan.fixed_layers);
  setup.images = random_images(request);
  setup.samples.resize(setup.images.count());
  std::iota(setup.samples.begin(), setup.samples.end(), 0u);
  setup.fake_quantise = request.bits != kFloatBits;
  return setup;
}

}  // namespace fixynn
