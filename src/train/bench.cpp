// SPDX-License-Identifier: Apache-2.0
#include "train/bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>

#include "core/error.h"
#include "core/philox.h"
#include "core/version.h"
#include "integer/lower.h"
#include "run/json_lines.h"
#include "train/plan.h"

namespace fixynn {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kMostRounds = 15;

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

/// Calls `batch` for about `seconds`, in rounds of equal numbers of calls.
BenchResult measure(const std::function<void()>& batch, int images, double seconds) {
  const auto elapsed = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  batch();
  Clock::time_point start = Clock::now();
  batch();
  const double once = std::max(1e-7, elapsed(start));
  const int calls = std::max(1, static_cast<int>(seconds / kMostRounds / once));
  std::vector<double> rates;
  start = Clock::now();
  while (rates.size() < 3 || (elapsed(start) < seconds && rates.size() < 10 * kMostRounds)) {
    const Clock::time_point round = Clock::now();
    for (int i = 0; i < calls; ++i) batch();
    rates.push_back(static_cast<double>(calls) * images / elapsed(round));
  }
  BenchResult result;
  result.rounds = static_cast<int>(rates.size());
  std::sort(rates.begin(), rates.end());
  result.best_images_per_second = rates.back();
  const size_t middle = rates.size() / 2;
  result.images_per_second =
      rates.size() % 2 == 1 ? rates[middle] : 0.5 * (rates[middle - 1] + rates[middle]);
  return result;
}

BenchResult bench_engine(const BenchRequest& request, const TrainPlan& plan,
                         const ModelParameters& parameters) {
  const ImageSet images = random_images(request);
  const std::unique_ptr<TrainEngine> engine = make_train_engine(plan, request.device, request.threads);
  engine->attach(images, AugmentSpec{}, 1);
  engine->set_state({parameters, std::vector<float>(parameters.values.size(), 0.0f)});
  std::vector<uint32_t> samples(images.count());
  std::iota(samples.begin(), samples.end(), 0u);
  StepSpec step;
  step.samples = samples;
  step.learning_rate = 1e-3f;
  step.fake_quantise = request.bits != kFloatBits;
  std::vector<float> logits;
  BenchResult result = measure(
      [&] {
        if (request.train) {
          engine->train_step(step);
        } else {
          engine->evaluate(images, samples, false, logits);
        }
        // Waits for a device that computes behind the caller's back.
        if (request.train) engine->take_metrics();
      },
      request.batch_size, request.seconds);
  result.device = engine->describe();
  return result;
}

BenchResult bench_integer(const BenchRequest& request, const TrainPlan& plan,
                          const ModelParameters& parameters) {
  const ImageSet images = random_images(request);
  const IntegerNetwork network = lower_network(plan.network, plan.fixed_layers, plan.quant,
                                               plan.head_weight_bits, parameters, plan.frozen);
  const std::unique_ptr<IntegerEngine> engine = make_integer_engine(network, request.device, request.threads);
  std::vector<float> logits;
  BenchResult result = measure([&] { engine->run(images.pixels, request.batch_size, logits); },
                               request.batch_size, request.seconds);
  result.device = engine->describe();
  return result;
}

}  // namespace

BenchResult run_bench(const BenchRequest& request) {
  check_request(request);
  const MobileNet network = make_mobilenet(request.alpha, request.size, request.classes);
  TrainPlan plan = make_float_plan(network, request.batch_size);
  plan.fixed_layers = request.fixed_layers;
  plan.quant.assign(network.convs.size(), ConvQuant{request.bits, request.bits});
  plan.head_weight_bits = request.bits;
  const ModelParameters parameters = initialise_parameters(network, 1);
  plan.frozen = freeze_weights(network, parameters, plan.quant, plan.fixed_layers);
  const bool integer = !request.train && request.bits != kFloatBits;
  BenchResult result =
      integer ? bench_integer(request, plan, parameters) : bench_engine(request, plan, parameters);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  result.peak_rss_bytes = int64_t{usage.ru_maxrss} * 1024;
  return result;
}

std::string bench_json(const BenchRequest& request, const BenchResult& result) {
  return json_text({{"mode", request.train ? "train" : "eval"},
                    {"images_per_second", result.images_per_second},
                    {"best_images_per_second", result.best_images_per_second},
                    {"rounds", result.rounds},
                    {"device", result.device},
                    {"size", request.size},
                    {"batch", request.batch_size},
                    {"fixed_layers", request.fixed_layers},
                    {"bits", request.bits},
                    {"alpha", request.alpha},
                    {"classes", request.classes},
                    {"threads", request.threads},
                    {"peak_rss_bytes", result.peak_rss_bytes},
                    {"revision", kRevision}}) +
         "\n";
}

}  // namespace fixynn
