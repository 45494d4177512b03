// SPDX-License-Identifier: Apache-2.0
#include "study/cost_bench.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/philox.h"
#include "cost/instant_estimate.h"
#include "cost/platform.h"

namespace fixynn {
namespace {

using Clock = std::chrono::steady_clock;

template <typename Body>
double milliseconds(const Body& body) {
  const Clock::time_point start = Clock::now();
  body();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double quantile(std::vector<double> times, double share) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))];
}

/// Platform points of the sweep; their sum keeps the compiler from leaving the work out.
double sweep(const MobileNet& network, const InstantEstimate& estimate, const std::vector<ConvQuant>& quant) {
  double sum = 0;
  for (const int fixed_layers : {0, 4, 7, 11, 14}) {
    const FfeCost ffe = estimate.ffe(quant, fixed_layers);
    for (int step = 0; step < 13; ++step) {
      sum += evaluate_platform(network, ffe, {.area_mm2 = 0.6 + 0.2 * step, .used_layers = {}})
                 .energy_per_inference_uj.value_or(0);
    }
  }
  return sum;
}

}  // namespace

CostBenchResult run_cost_bench(double alpha, int input_size, int designs) {
  const MobileNet network = make_mobilenet(alpha, input_size, 1000);
  const ModelParameters parameters = initialise_parameters(network, 1);
  CostBenchResult result{.designs = designs, .sweeps = std::max(1, designs / 10)};
  std::optional<InstantEstimate> estimate;
  result.load_ms = milliseconds([&] {
    estimate.emplace(network, parameters, 0.3, PlanOptions{}, find_technology("16nm"), CalibratedOptions{});
  });
  std::vector<ConvQuant> quant(network.convs.size(), ConvQuant{kMaxBits, kMaxBits});
  RandomSequence random(1, RandomStream::kInitialise, 0, 0);
  volatile double sink = 0;
  std::vector<double> design_ms, sweep_ms;
  for (int i = 0; i < result.designs; ++i) {
    ConvQuant& edited = quant[random.next_u32() % quant.size()];
    edited.weight_bits = kMinBits + static_cast<int>(random.next_u32() % (kMaxBits - kMinBits + 1));
    edited.activation_bits = kMinBits + static_cast<int>(random.next_u32() % (kMaxBits - kMinBits + 1));
    design_ms.push_back(milliseconds([&] {
      sink = sink + evaluate_platform(network, estimate->ffe(quant, MobileNet::kLayers), {.used_layers = {}})
                        .ffe_area_mm2;
    }));
  }
  for (int i = 0; i < result.sweeps; ++i) {
    sweep_ms.push_back(milliseconds([&] { sink = sink + sweep(network, *estimate, quant); }));
  }
  result.design_median_ms = quantile(design_ms, 0.5);
  result.design_p99_ms = quantile(design_ms, 0.99);
  result.sweep_median_ms = quantile(sweep_ms, 0.5);
  result.sweep_p99_ms = quantile(sweep_ms, 0.99);
  return result;
}

std::string cost_bench_json(double alpha, int input_size, const CostBenchResult& result) {
  nlohmann::ordered_json json;
  json["mode"] = "cost";
  json["alpha"] = alpha;
  json["input_size"] = input_size;
  json["load_ms"] = result.load_ms;
  json["designs"] = result.designs;
  json["design_median_ms"] = result.design_median_ms;
  json["design_p99_ms"] = result.design_p99_ms;
  json["sweeps"] = result.sweeps;
  json["sweep_median_ms"] = result.sweep_median_ms;
  json["sweep_p99_ms"] = result.sweep_p99_ms;
  return json.dump() + "\n";
}

}  // namespace fixynn
