// SPDX-License-Identifier: Apache-2.0
#include "study/cost_bench.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
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

/// Points of the platform; their sums keep the compiler from leaving the work out.
class Bench {
 public:
  Bench(const MobileNet& network, const ModelParameters& parameters)
      : network_(network), estimate_(network, parameters) {}

  double design() const {
    return evaluate_platform(network_, ffe(MobileNet::kLayers), {.used_layers = {}}).ffe_area_mm2;
  }

  double sweep() const {
    double sum = 0;
    for (const int fixed_layers : {0, 4, 7, 11, 14}) {
      const FfeCost cost = ffe(fixed_layers);
      for (int step = 0; step < 13; ++step) {
        sum += evaluate_platform(network_, cost, {.area_mm2 = 0.6 + 0.2 * step, .used_layers = {}})
                   .energy_per_inference_uj.value_or(0);
      }
    }
    return sum;
  }

  void edit_bits(RandomSequence& random) {
    ConvQuant& edited = quant_[random.next_u32() % quant_.size()];
    edited.weight_bits = kMinBits + static_cast<int>(random.next_u32() % (kMaxBits - kMinBits + 1));
    edited.activation_bits = kMinBits + static_cast<int>(random.next_u32() % (kMaxBits - kMinBits + 1));
  }
  void edit_sparsity(RandomSequence& random) { sparsity_ = static_cast<double>(random.uniform()); }
  void edit_options(RandomSequence& random) {
    options_.levels_per_stage = static_cast<int>(random.next_u32() % 9);
    options_.fold = static_cast<Fold>(random.next_u32() % 3);
    technology_ = random.next_u32() % 2;
  }

 private:
  FfeCost ffe(int fixed_layers) const {
    return estimate_.ffe(
        {.quant = quant_, .fixed_layers = fixed_layers, .sparsity = sparsity_, .options = options_},
        technologies_[technology_], {});
  }

  MobileNet network_;
  InstantEstimate estimate_;
  std::vector<ConvQuant> quant_ = std::vector<ConvQuant>(network_.convs.size(), {kMaxBits, kMaxBits});
  double sparsity_ = 0.3;
  PlanOptions options_;
  std::array<Technology, 2> technologies_ = {find_technology("16nm"), find_technology("asap7")};
  size_t technology_ = 0;
};

struct Times {
  double median_ms, p99_ms;
};

template <typename Edit, typename Work>
Times time_edits(int count, const Edit& edit, const Work& work) {
  volatile double sink = 0;
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    edit();
    times.push_back(milliseconds([&] { sink = sink + work(); }));
  }
  return {quantile(times, 0.5), quantile(times, 0.99)};
}

}  // namespace

CostBenchResult run_cost_bench(double alpha, int input_size, int designs) {
  const MobileNet network = make_mobilenet(alpha, input_size, 1000);
  const ModelParameters parameters = initialise_parameters(network, 1);
  CostBenchResult result{.designs = designs, .sweeps = std::max(1, designs / 10)};
  std::optional<Bench> bench;
  result.load_ms = milliseconds([&] { bench.emplace(network, parameters); });
  RandomSequence random(1, RandomStream::kInitialise, 0, 0);
  const auto design = [&] { return bench->design(); };
  const Times bits = time_edits(
      designs, [&] { bench->edit_bits(random); }, design);
  const Times sparsity = time_edits(
      designs, [&] { bench->edit_sparsity(random); }, design);
  const Times options = time_edits(
      designs, [&] { bench->edit_options(random); }, design);
  const Times sweep = time_edits(
      result.sweeps, [] {}, [&] { return bench->sweep(); });
  result.design_median_ms = bits.median_ms;
  result.design_p99_ms = bits.p99_ms;
  result.sparsity_median_ms = sparsity.median_ms;
  result.sparsity_p99_ms = sparsity.p99_ms;
  result.options_median_ms = options.median_ms;
  result.options_p99_ms = options.p99_ms;
  result.sweep_median_ms = sweep.median_ms;
  result.sweep_p99_ms = sweep.p99_ms;
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
  json["sparsity_median_ms"] = result.sparsity_median_ms;
  json["sparsity_p99_ms"] = result.sparsity_p99_ms;
  json["options_median_ms"] = result.options_median_ms;
  json["options_p99_ms"] = result.options_p99_ms;
  json["sweeps"] = result.sweeps;
  json["sweep_median_ms"] = result.sweep_median_ms;
  json["sweep_p99_ms"] = result.sweep_p99_ms;
  return json.dump() + "\n";
}

}  // namespace fixynn
