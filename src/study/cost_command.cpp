// SPDX-License-Identifier: Apache-2.0
#include "study/cost_command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <string_view>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/stop_signal.h"
#include "core/text.h"
#include "hardware/adder_graph_json.h"
#include "study/cost_output.h"
#include "study/study_images.h"

namespace fixynn {
namespace {

/// The line on standard error while graphs are optimised, from a thread of its own: the first convolution
/// alone may take long.
class PlanningLine {
 public:
  PlanningLine(const MobileNet& network, int fixed_layers, const StopSignal& signal)
      : log_(stderr), signal_(signal), start_(Clock::now()) {
    const size_t convs = static_cast<size_t>(MobileNet::convs_in_layers(fixed_layers));
    for (size_t i = 0; i < convs; ++i) {
      // Optimising takes longer than in proportion to the weights; large matrices go first.
      const Conv& conv = network.convs[i];
      const double matrices = conv.kind == ConvKind::kDepthwise ? conv.out_channels : 1;
      work_.push_back(matrices * std::pow(static_cast<double>(conv.weight_count()) / matrices, 1.5));
    }
    std::sort(work_.rbegin(), work_.rend());
    thread_ = std::thread([this] { show(); });
  }
  ~PlanningLine() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
    log_.live("");
  }
  PlanningLine(const PlanningLine&) = delete;
  PlanningLine& operator=(const PlanningLine&) = delete;

  void set_done(int done) {
    const std::lock_guard lock(mutex_);
    done_ = static_cast<size_t>(done);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr auto kPeriod = std::chrono::seconds(1);

  void show() {
    std::unique_lock lock(mutex_);
    bool said = false;
    for (int second = 1; !wake_.wait_for(lock, kPeriod, [this] { return ending_; }); ++second) {
      const double done = std::accumulate(work_.begin(), work_.begin() + static_cast<long>(done_), 0.0);
      const double share = done / std::accumulate(work_.begin(), work_.end(), 1e-9);
      const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
      const std::string left =
          share > 0.02 ? format_duration(seconds / share * (1 - share)) + " left" : "the largest come first";
      const bool stopping = signal_.received() != 0;
      const std::string line =
          stopping
              ? "stopping after the convolutions at work, to keep them; Ctrl-C again ends at once"
              : fmt::format("optimising adder graphs: {} of {} convolutions, {}", done_, work_.size(), left);
      log_.live(line);
      if (!log_.terminal() && (second == 1 || second % 20 == 0 || (stopping && !said))) log_.info("{}", line);
      said = stopping;
    }
  }

  Log log_;
  const StopSignal& signal_;
  Clock::time_point start_;
  std::vector<double> work_;
  size_t done_ = 0;
  bool ending_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

/// Puts the graphs that the study needs into the cache.
void optimise_graphs(const HardwareDesign& design, const CostRequest& request, AdderGraphCache& cache,
                     const CostCommand& command) {
  const int largest = *std::max_element(request.fixed_layers.begin(), request.fixed_layers.end());
  const StopSignal signal;
  PlanningLine line(design.network, largest, signal);
  try {
    plan_hardware(design, largest, request.plan, cache, request.threads, [&](int done, int) {
      line.set_done(done);
      return signal.received() == 0;
    });
  } catch (const Error&) {
    if (signal.received() == 0) throw;
  }
  if (signal.received() != 0) {
    throw StoppedBySignal{
        signal.received(),
        command.cache.empty()
            ? "stopped; nothing is kept without a cache"
            : fmt::format("stopped; the finished adder graphs are kept in {}", command.cache.string())};
  }
}

/// Toggles on images, and with which network's codes.
struct CountedActivity {
  std::vector<ConvActivity> activity;
  bool as_trained = false;
};

/// Network and images before the graphs are optimised: what cannot be had is said at once.
CountedActivity count_activity(const CostCommand& command, const LoadedDesign& loaded,
                               const CostRequest& request, AdderGraphCache& cache) {
  const int largest = *std::max_element(request.fixed_layers.begin(), request.fixed_layers.end());
  const ActivityNetwork counted = activity_network(loaded, largest);
  const auto images =
      study_images(command.activity, command.activity_images, loaded.design.network.input_size);
  optimise_graphs(loaded.design, request, cache, command);
  const HardwarePlan plan = plan_hardware(loaded.design, largest, request.plan, cache, request.threads);
  return {measure_activity(plan, counted.network, images, request.threads), counted.as_trained};
}

/// An option of the command line and the models that it changes something in.
struct OptionUse {
  std::string_view option;
  bool calibrated, paper, deepfreeze;
  bool used_by(CostModelKind model) const {
    return model == CostModelKind::kCalibrated ? calibrated
           : model == CostModelKind::kPaper    ? paper
                                               : deepfreeze;
  }
};
constexpr std::array kOptionUses = {
    OptionUse{"--bits", true, false, true},
    OptionUse{"--sparsity", true, false, true},
    OptionUse{"--technology", true, false, false},
    // DeepFreeze's FFE has a published rate.
    OptionUse{"--clock-mhz", true, true, false},
    OptionUse{"--levels-per-stage", true, false, false},
    OptionUse{"--fold", true, false, false},
    OptionUse{"--sharing", true, false, false},
    OptionUse{"--adder-cells", true, false, false},
    OptionUse{"--no-clock-gating", true, false, false},
    OptionUse{"--deepfreeze-faults", false, false, true},
};

/// Options that would be silently ignored.
void check_given(const CostCommand& command) {
  const CostModelKind model = command.request.model;
  const auto given = [&](std::string_view option) {
    return std::find(command.given.begin(), command.given.end(), option) != command.given.end();
  };
  for (const OptionUse& use : kOptionUses) {
    if (use.used_by(model) || !given(use.option)) continue;
    fail_usage("{} changes nothing in the {} model; leave it out, or use --model {}", use.option,
               cost_model_name(model), use.calibrated ? "calibrated" : "deepfreeze");
  }
  if (given("--images") && command.activity.empty()) {
    fail_usage("--images is the number of images of --activity; give --activity ROOT, or leave it out");
  }
}

/// Faults of the command line that loading and planning need not be waited for.
void check_command(const CostCommand& command) {
  check_given(command);
  const bool calibrated = command.request.model == CostModelKind::kCalibrated;
  const bool graphs = calibrated && !command.request.instant;
  if (command.request.instant && !calibrated) {
    fail_usage("an instant estimate exists in the calibrated model only; leave --instant out");
  }
  if (!command.activity.empty() && !graphs) {
    fail_usage(
        "activity is counted on the adder graphs of the calibrated model; leave --activity out, or use "
        "--model calibrated without --instant");
  }
  if (!command.dump_graphs.empty() && !graphs) {
    fail_usage(
        "adder graphs exist in the calibrated model only; leave --dump-graphs out, or use --model "
        "calibrated without --instant");
  }
}

/// Without --fixed-layers: those that the run was trained with, or the paper's; of them those that reach
/// --used-layers.
CostRequest with_default_layers(CostRequest request, const CostCommand& command,
                                const std::vector<int>& trained_layers) {
  if (command.fixed_layers_given) return request;
  if (!trained_layers.empty()) request.fixed_layers = trained_layers;
  if (request.used_layers) {
    std::erase_if(request.fixed_layers, [&](int n) { return n != 0 && n < *request.used_layers; });
  }
  return request;
}

}  // namespace

std::vector<int> parse_layer_list(const std::string& text) {
  const auto refuse = [&]() {
    fail_usage("fixed layers \"{}\": give numbers 0..{} separated by commas, ranges as 1..14, or both",
               printable(text), MobileNet::kLayers);
  };
  const auto number = [&](std::string_view part) {
    int value = -1;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || end != part.data() + part.size() || value < 0 || value > MobileNet::kLayers) {
      refuse();
    }
    return value;
  };
  std::vector<int> layers;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view part = std::string_view(text).substr(begin, comma - begin);
    const size_t dots = part.find("..");
    const int first = number(part.substr(0, dots));
    const int last = dots == std::string_view::npos ? first : number(part.substr(dots + 2));
    if (last < first) refuse();
    for (int n = first; n <= last; ++n) {
      if (std::find(layers.begin(), layers.end(), n) == layers.end()) layers.push_back(n);
    }
    begin = comma + 1;
  }
  return layers;
}

void write_graphs(const HardwarePlan& plan, const HardwareDesign& design,
                  const std::filesystem::path& folder) {
  create_folders(folder);
  for (const ConvPlan& conv : plan.convs) {
    const auto index = static_cast<size_t>(&conv - plan.convs.data());
    const auto matrices = conv_matrices(conv.conv, design.weights[index]);
    std::string text =
        fmt::format("{{\"convolution\": \"{}\", \"adders\": {}, \"adder_bits\": {}, \"graphs\": [",
                    conv.conv.name, conv.adders, conv.adder_bits);
    for (size_t g = 0; g < conv.graphs.size(); ++g) {
      text += (g == 0 ? "\n" : ",\n") + graph_to_json(matrices[g], conv.input, *conv.graphs[g]);
    }
    write_file_atomic(folder / (conv.conv.name + ".json"), text + "]}\n", false);
  }
}

CostStudy run_cost_command(const CostCommand& command) {
  check_command(command);
  CostRequest request = command.request;
  check_cost_request(with_default_layers(request, command, {}));
  const LoadedDesign loaded = load_design(command.design);
  request = with_default_layers(request, command, loaded.trained_layers);
  check_cost_request(request);
  AdderGraphCache cache(command.cache);
  CountedActivity counted;
  if (!command.activity.empty()) {
    counted = count_activity(command, loaded, request, cache);
  } else if (request.model == CostModelKind::kCalibrated && !request.instant) {
    optimise_graphs(loaded.design, request, cache, command);
  }
  CostStudy study = run_cost_study(loaded.design, request, cache, counted.activity);
  study.activity_as_trained = counted.as_trained;
  study.frozen_layers = loaded.frozen_layers;
  study.changes = {command.design.bits, command.design.sparsity, command.design.input_size, {}};
  if (!command.activity.empty()) study.changes.activity_images = command.activity_images;
  if (!command.dump_graphs.empty()) {
    const auto largest = std::max_element(
        study.plans.begin(), study.plans.end(),
        [](const HardwarePlan& a, const HardwarePlan& b) { return a.fixed_layers < b.fixed_layers; });
    write_graphs(*largest, loaded.design, command.dump_graphs);
  }
  return study;
}

}  // namespace fixynn
