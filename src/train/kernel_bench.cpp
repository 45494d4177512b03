// SPDX-License-Identifier: Apache-2.0
#include "train/kernel_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/error.h"
#include "core/version.h"
#include "run/json_lines.h"
#include "train/bench_setup.h"

namespace fixynn {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kFewestProfiles = 5, kMostProfiles = 100;
constexpr int kWarmUpSteps = 3;
constexpr size_t kRounds = 9;

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

[[noreturn]] void fail_without_profile(const std::string& device) {
  fail_usage("kernels: {} does not time its passes; use --device cuda on a machine with a card", device);
}

std::vector<PassTime> profile_once(TrainEngine& engine, const StepSpec& step) {
  std::vector<PassTime> passes = engine.profile_step(step);
  engine.take_metrics();
  return passes;
}

std::vector<KernelTime> time_passes(TrainEngine& engine, const StepSpec& step, double seconds) {
  const std::vector<PassTime> first = profile_once(engine, step);
  if (first.empty()) fail_without_profile(engine.describe());
  std::vector<std::vector<double>> times(first.size());
  const Clock::time_point start = Clock::now();
  for (size_t n = 0; n < kFewestProfiles || (n < kMostProfiles && microseconds_since(start) < 1e6 * seconds);
       ++n) {
    const std::vector<PassTime> again = profile_once(engine, step);
    if (again.size() != first.size()) fail("kernels: a step of the same kind has other passes than before");
    for (size_t i = 0; i < again.size(); ++i) times[i].push_back(1e3 * again[i].milliseconds);
  }
  std::vector<KernelTime> passes;
  for (size_t i = 0; i < first.size(); ++i)
    passes.push_back({first[i].name, median(times[i]), first[i].bytes});
  return passes;
}

/// As training runs them: queued one behind the other, waiting only at the end of a round.
double time_steps(TrainEngine& engine, const StepSpec& step, double seconds) {
  const auto round = [&](int steps) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < steps; ++i) engine.train_step(step);
    engine.take_metrics();
    return microseconds_since(start) / steps;
  };
  const double once = std::max(0.1, round(kWarmUpSteps));
  const int steps = static_cast<int>(std::clamp(1e6 * seconds / static_cast<double>(kRounds) / once, 1.0,
                                                static_cast<double>(kMostQueuedSteps)));
  std::vector<double> times;
  while (times.size() < kRounds) times.push_back(round(steps));
  return median(times);
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

std::string percent(double fraction) {
  return fraction > 0 ? fmt::format("{:.0f} %", 100 * fraction) : "-";
}

double all_bytes(const KernelBenchResult& result) {
  double bytes = 0;
  for (const KernelTime& pass : result.passes) bytes += pass.bytes;
  return bytes;
}

}  // namespace

double KernelBenchResult::sum_of_passes() const {
  double sum = 0;
  for (const KernelTime& pass : passes) sum += pass.microseconds;
  return sum;
}

KernelBenchResult measure_kernels(TrainEngine& engine, const StepSpec& step, double seconds) {
  KernelBenchResult result;
  result.device = engine.describe();
  // Before the work is done in vain: the CPU needs seconds for a step of a card's size.
  if (engine.facts().device == "cpu") fail_without_profile(result.device);
  for (int i = 0; i < kWarmUpSteps; ++i) engine.train_step(step);
  engine.take_metrics();
  result.passes = time_passes(engine, step, 0.5 * seconds);
  result.step_microseconds = time_steps(engine, step, 0.5 * seconds);
  result.copy_bytes_per_second = engine.copy_bytes_per_second();
  result.facts = engine.facts();
  return result;
}

KernelBenchResult run_kernel_bench(const BenchRequest& request) {
  const BenchSetup setup = make_bench_setup(request);
  const std::unique_ptr<TrainEngine> engine = setup.make_engine(request.engine);
  return measure_kernels(*engine, setup.step(), request.seconds);
}

std::string kernel_bench_text(const BenchRequest& request, const KernelBenchResult& result) {
  const double sum = result.sum_of_passes(), copy = result.copy_bytes_per_second;
  std::string text = fmt::format(
      "{}, {} convolutions\nbatch {} of {} x {} pixels, {} fixed layers, {}\n\n"
      "{:<28}{:>14}{:>10}{:>15}{:>15}\n",
      result.device, choice_name(kConvolutionsNames, result.facts.convolutions), request.batch_size,
      request.size, request.size, request.fixed_layers,
      request.bits == kFloatBits ? "float" : fmt::format("{} bits", request.bits), "pass", "microseconds",
      "GB/s", "share of copy", "share of step");
  const auto row = [&](const std::string& name, double microseconds, double bytes) {
    const double rate = share(bytes, microseconds * 1e-6);
    text += fmt::format("{:<28}{:>14.1f}{:>10.0f}{:>15}{:>15}\n", name, microseconds, rate * 1e-9,
                        percent(share(rate, copy)), percent(share(microseconds, sum)));
  };
  for (const KernelTime& pass : result.passes) row(pass.name, pass.microseconds, pass.bytes);
  row("sum of passes", sum, all_bytes(result));
  row("step, as training runs it", result.step_microseconds, all_bytes(result));
  text += fmt::format(
      "\n{:.0f} images/s; a large copy moves {:.0f} GB/s. GB/s count the fewest bytes that a pass can read\n"
      "and write: a pass that multiplies more than it moves can reach no share of 100 %.\n",
      result.images_per_second(request.batch_size), copy * 1e-9);
  return text;
}

std::string kernel_bench_json(const BenchRequest& request, const KernelBenchResult& result) {
  const double sum = result.sum_of_passes(), copy = result.copy_bytes_per_second;
  nlohmann::json passes = nlohmann::json::array();
  for (const KernelTime& pass : result.passes) {
    passes.push_back({{"name", pass.name},
                      {"microseconds", pass.microseconds},
                      {"bytes", pass.bytes},
                      {"gb_per_s", pass.bytes_per_second() * 1e-9},
                      {"share_of_copy", share(pass.bytes_per_second(), copy)},
                      {"share_of_step", share(pass.microseconds, sum)}});
  }
  return json_text({{"mode", "kernels"},
                    {"device", result.device},
                    {"precision", choice_name(kPrecisionNames, result.facts.precision)},
                    {"convolutions", choice_name(kConvolutionsNames, result.facts.convolutions)},
                    {"launches_per_step", result.facts.launches_per_step},
                    {"device_memory_bytes", result.facts.device_memory_bytes},
                    {"copy_gb_per_s", copy * 1e-9},
                    {"sum_of_passes_microseconds", sum},
                    {"step_microseconds", result.step_microseconds},
                    {"images_per_second", result.images_per_second(request.batch_size)},
                    {"passes", passes},
                    {"size", request.size},
                    {"batch", request.batch_size},
                    {"fixed_layers", request.fixed_layers},
                    {"bits", request.bits},
                    {"alpha", request.alpha},
                    {"classes", request.classes},
                    {"revision", kRevision}}) +
         "\n";
}

}  // namespace fixynn
