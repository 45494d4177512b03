// SPDX-License-Identifier: Apache-2.0
#include "train/bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "core/version.h"
#include "integer/lower.h"
#include "run/json_lines.h"
#include "train/bench_setup.h"
#include "train/roofline.h"

namespace fixynn {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kMostRounds = 15;

bool is_integer(const BenchRequest& request) {
  return !request.train && request.bits != kFloatBits;
}

/// Calls `batch` for about `seconds`, in rounds of equal numbers of calls. A device may compute behind the
/// caller's back: a round ends when `wait` returns.
BenchResult measure(
    const std::function<void()>& batch, int images, double seconds,
    const std::function<void()>& wait = [] {}) {
  const auto elapsed = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const auto round = [&](int calls) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < calls; ++i) batch();
    wait();
    return elapsed(start);
  };
  round(1);  // a device's first step prepares the others
  const double once = std::max(1e-7, round(1));
  const int calls = std::max(1, static_cast<int>(seconds / kMostRounds / once));
  std::vector<double> rates;
  const Clock::time_point start = Clock::now();
  while (rates.size() < 3 || (elapsed(start) < seconds && rates.size() < 10 * kMostRounds)) {
    rates.push_back(static_cast<double>(calls) * images / round(calls));
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

BenchResult bench_engine(const BenchRequest& request, const BenchSetup& setup) {
  const std::unique_ptr<TrainEngine> engine = setup.make_engine(request.engine);
  const StepSpec step = setup.step();
  std::vector<float> logits;
  int queued = 0;
  const auto wait = [&] {
    if (queued > 0) engine->take_metrics();
    queued = 0;
  };
  const auto train = [&] {
    engine->train_step(step);
    if (++queued == kMostQueuedSteps) wait();
  };
  const auto infer = [&] { engine->evaluate(setup.images, setup.samples, false, logits); };
  BenchResult result = request.train ? measure(train, request.batch_size, request.seconds, wait)
                                     : measure(infer, request.batch_size, request.seconds);
  result.device = engine->describe();
  result.facts = engine->facts();
  result.memory_bytes_per_second = request.memory_gb_per_s * 1e9;
  if (result.memory_bytes_per_second <= 0) result.memory_bytes_per_second = engine->copy_bytes_per_second();
  if (result.memory_bytes_per_second <= 0) {
    result.memory_bytes_per_second = result.facts.memory_bytes_per_second;
  }
  return result;
}

BenchResult bench_integer(const BenchRequest& request, const BenchSetup& setup) {
  const TrainPlan& plan = setup.plan;
  const IntegerNetwork network = lower_network(plan.network, plan.fixed_layers, plan.quant,
                                               plan.head_weight_bits, setup.parameters, plan.frozen);
  const std::unique_ptr<IntegerEngine> engine = make_integer_engine(network, request.engine);
  std::vector<float> logits;
  BenchResult result = measure([&] { engine->run(setup.images.pixels, request.batch_size, logits); },
                               request.batch_size, request.seconds);
  result.device = engine->describe();
  result.memory_bytes_per_second = request.memory_gb_per_s * 1e9;
  return result;
}

std::optional<double> floor_of(const BenchRequest& request, const MobileNet& network,
                               const BenchResult& result) {
  const int value_bytes = is_integer(request) ? 1 : result.facts.precision == Precision::kBf16 ? 2 : 4;
  const ImageWork work = request.train ? training_work(network, request.fixed_layers, value_bytes)
                                       : inference_work(network, value_bytes);
  return floor_images_per_second(work, {request.gmacs_per_s * 1e9, result.memory_bytes_per_second});
}

/// JSON has a word for what is not known.
template <typename Number>
nlohmann::json known(Number number) {
  return number > 0 ? nlohmann::json(number) : nlohmann::json();
}

}  // namespace

BenchResult run_bench(const BenchRequest& request) {
  const BenchSetup setup = make_bench_setup(request);
  BenchResult result = is_integer(request) ? bench_integer(request, setup) : bench_engine(request, setup);
  result.floor_images_per_second = floor_of(request, setup.plan.network, result);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  result.peak_rss_bytes = int64_t{usage.ru_maxrss} * 1024;
  return result;
}

std::string bench_json(const BenchRequest& request, const BenchResult& result) {
  const bool integer = is_integer(request);
  const EngineFacts& facts = result.facts;
  const double floor = result.floor_images_per_second.value_or(0.0);
  return json_text({{"mode", request.train ? "train" : "eval"},
                    {"images_per_second", result.images_per_second},
                    {"best_images_per_second", result.best_images_per_second},
                    {"rounds", result.rounds},
                    {"device", result.device},
                    {"precision", integer ? "integer" : choice_name(kPrecisionNames, facts.precision)},
                    {"convolutions", choice_name(kConvolutionsNames, facts.convolutions)},
                    {"launches_per_step", known(facts.launches_per_step)},
                    {"device_memory_bytes", known(facts.device_memory_bytes)},
                    {"memory_gb_per_s", known(result.memory_bytes_per_second * 1e-9)},
                    {"floor_images_per_second", known(floor)},
                    {"share_of_floor", known(floor > 0 ? result.images_per_second / floor : 0.0)},
                    {"size", request.size},
                    {"batch", request.batch_size},
                    {"fixed_layers", request.fixed_layers},
                    {"bits", request.bits},
                    {"alpha", request.alpha},
                    {"classes", request.classes},
                    {"threads", request.engine.threads},
                    {"peak_rss_bytes", result.peak_rss_bytes},
                    {"revision", kRevision}}) +
         "\n";
}

}  // namespace fixynn
