// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "config/steps.h"
#include "gui/model/plot_parts.h"

namespace fixynn::gui {
namespace {

/// A training of a run.
struct Training {
  int fixed_layers = 0;
  uint64_t seed = 0;
  auto operator<=>(const Training&) const = default;
};

struct Sample {
  int64_t step = 0;
  double wall_seconds = 0, value = 0;
};

/// What is drawn of a training.
struct Curve {
  std::vector<Sample> samples;
  bool by_epoch = true;  ///< few samples: with markers
};

template <typename Line>
bool is_of(const Line& line, const Training& training) {
  return line.fixed_layers == training.fixed_layers && line.seed == training.seed;
}

std::set<Training> trainings_of(const RunSnapshot& run) {
  std::set<Training> trainings;
  for (const EpochMetrics& line : run.metrics) trainings.insert({line.fixed_layers, line.seed});
  for (const LiveLoss& line : run.losses) trainings.insert({line.fixed_layers, line.seed});
  return trainings;
}

std::optional<double> value_of(const EpochMetrics& line, TrainingY y) {
  switch (y) {
    case TrainingY::kLoss:
      return line.train_loss;
    case TrainingY::kTrainTop1:
      return line.train_top1_percent;
    case TrainingY::kValidationTop1:
      return line.validation_top1_percent;
  }
  return std::nullopt;
}

constexpr size_t kMostSamples = 4000;  ///< of a training: more than a screen has columns
constexpr size_t kMostTexts = 500;

/// Long curves keep the lowest and the highest of each stretch.
std::vector<Sample> thinned(std::vector<Sample> samples) {
  if (samples.size() <= kMostSamples) return samples;
  const size_t stretch = (2 * samples.size() + kMostSamples - 1) / kMostSamples;
  std::vector<Sample> kept;
  for (size_t begin = 0; begin < samples.size(); begin += stretch) {
    const auto from = samples.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto to = samples.begin() + static_cast<std::ptrdiff_t>(std::min(begin + stretch, samples.size()));
    const auto [low, high] =
        std::minmax_element(from, to, [](const Sample& a, const Sample& b) { return a.value < b.value; });
    kept.push_back(low < high ? *low : *high);
    if (low != high) kept.push_back(low < high ? *high : *low);
  }
  return kept;
}

Curve curve_of(const RunSnapshot& run, const Training& training, TrainingY y) {
  Curve curve;
  if (y == TrainingY::kLoss) {
    for (const LiveLoss& line : run.losses) {
      if (is_of(line, training)) curve.samples.push_back({line.step, line.wall_seconds, line.loss});
    }
    curve.samples = thinned(std::move(curve.samples));
  }
  // A line a second says all that the means of epochs do.
  if (curve.samples.size() > 1) {
    curve.by_epoch = false;
    return curve;
  }
  std::vector<Sample> epochs;
  for (const EpochMetrics& line : run.metrics) {
    if (!is_of(line, training)) continue;
    if (const std::optional<double> value = value_of(line, y))
      epochs.push_back({line.step, line.wall_seconds, *value});
  }
  if (!epochs.empty()) curve.samples = std::move(epochs);
  return curve;
}

/// Steps of an epoch; 0 where nothing tells.
double steps_per_epoch(const RunSnapshot& run) {
  for (const EpochMetrics& line : run.metrics) {
    if (line.epoch > 0 && line.step > 0) return static_cast<double>(line.step) / line.epoch;
  }
  const std::string images = fact(run.facts.data, "train_images");
  int64_t count = 0;
  std::from_chars(images.data(), images.data() + images.size(), count);
  if (count <= 0 || !run.config) return 0;
  return static_cast<double>(epoch_steps(static_cast<size_t>(count), run.config->train.batch_size).steps);
}

struct Look {
  std::string name;
  int colour = 0;
  PlotMarker marker = PlotMarker::kCircle;
  bool further_seed = false;
};

class TrainingModel {
 public:
  explicit TrainingModel(const Session& session)
      : session_(session), settings_(session.settings()), names_(legend_names(session)) {}

  PlotModel make() {
    describe();
    for (const OpenRun& open : session_.runs()) {
      if (!is_drawn(open)) continue;
      ++runs_;
      for (const Training& training : trainings_of(*open.run)) {
        if (is_wanted(training)) depths_.insert(training.fixed_layers);
      }
    }
    for (const OpenRun& open : session_.runs()) {
      if (is_drawn(open)) add_run(open);
    }
    if (model_.spec.series.empty()) say_why_empty();
    return std::move(model_);
  }

 private:
  bool is_drawn(const OpenRun& open) const {
    if (settings_.training_selected_only) return &open == session_.active_run();
    return open.shown;
  }
  bool is_wanted(const Training& training) const {
    return !settings_.training_selected_only || training.fixed_layers == used_layers(session_.design());
  }

  void describe() {
    PlotSpec& spec = model_.spec;
    switch (settings_.training_y) {
      case TrainingY::kLoss:
        spec.title = "Training loss";
        spec.y_label = "training loss";
        break;
      case TrainingY::kTrainTop1:
        spec.title = "Training accuracy";
        spec.y_label = "top-1 on training images, %";
        spec.y_high = 100;
        break;
      case TrainingY::kValidationTop1:
        spec.title = "Validation accuracy";
        spec.y_label = "top-1 on validation images, %";
        spec.y_high = 100;
        break;
    }
    switch (settings_.training_x) {
      case TrainingX::kStep:
        spec.x_label = "step";
        break;
      case TrainingX::kEpoch:
        spec.x_label = "epoch";
        break;
      case TrainingX::kMinutes:
        spec.x_label = "minutes of training";
        break;
    }
    spec.description = fmt::format("{} by {}, a line for each training.", spec.title, spec.x_label);
    spec.y_log = settings_.training_log_y;
    if (spec.y_log) spec.y_high.reset();
    spec.x_from_zero = true;
    spec.width = 760;
    spec.height = 460;
  }

  std::optional<double> x_of(const Sample& sample, double epoch_steps_count) const {
    switch (settings_.training_x) {
      case TrainingX::kStep:
        return static_cast<double>(sample.step);
      case TrainingX::kEpoch:
        if (epoch_steps_count <= 0) return std::nullopt;
        return static_cast<double>(sample.step) / epoch_steps_count;
      case TrainingX::kMinutes:
        return sample.wall_seconds / 60;
    }
    return std::nullopt;
  }

  void add_run(const OpenRun& open) {
    const double steps = steps_per_epoch(*open.run);
    std::set<int> seen;
    bool some = false;
    for (const Training& training : trainings_of(*open.run)) {
      const bool first_seed = seen.insert(training.fixed_layers).second;
      if (!is_wanted(training)) continue;
      some = true;
      add_training(open, training, look_of(open, training, first_seed), steps);
    }
    if (some && settings_.training_x == TrainingX::kEpoch && steps <= 0)
      model_.notes.push_back(
          fmt::format("{}: how many steps an epoch has is not known yet", open.run->title));
  }

  Look look_of(const OpenRun& open, const Training& training, bool first_seed) const {
    Look look;
    const auto rank =
        static_cast<size_t>(std::distance(depths_.begin(), depths_.find(training.fixed_layers)));
    const bool by_run = runs_ > 1;
    look.name =
        by_run ? names_.contains(open.run->id) ? names_.at(open.run->id) + " " : open.run->title + " " : "";
    look.name += fmt::format("N = {}", training.fixed_layers);
    if (!first_seed) look.name += fmt::format(", seed {}", training.seed);
    look.colour = by_run ? open.colour : static_cast<int>(rank % 8);
    look.marker = marker_of(rank);
    look.further_seed = !first_seed;
    return look;
  }

  void add_training(const OpenRun& open, const Training& training, const Look& look, double steps) {
    const Curve curve = curve_of(*open.run, training, settings_.training_y);
    PlotSeries series;
    series.name = look.name;
    series.colour = look.colour;
    series.marker = look.marker;
    series.markers = curve.by_epoch;
    series.faint = look.further_seed;
    std::vector<double> values;
    for (const Sample& sample : curve.samples) {
      const std::optional<double> x = x_of(sample, steps);
      if (!x) return;
      PlotPoint point;
      point.x = *x;
      point.y = sample.value;
      // Texts of every second of a day would cost more than the plot itself.
      if (curve.by_epoch || curve.samples.size() <= kMostTexts)
        point.tooltip = fmt::format("{}\nstep {}: {}", look.name, sample.step, short_number(sample.value));
      values.push_back(sample.value);
      series.points.push_back(std::move(point));
    }
    const std::vector<std::optional<PlotTarget>> targets(series.points.size(),
                                                         PlotTarget{open.run->id, training.fixed_layers});
    if (settings_.smoothing > 0 && series.points.size() > 1) {
      add_raw(series, targets);
      const std::vector<double> smooth = smoothed(values, settings_.smoothing);
      for (size_t i = 0; i < smooth.size(); ++i) {
        series.points[i].y = smooth[i];
        if (!series.points[i].tooltip.empty())
          series.points[i].tooltip += fmt::format(", smoothed {}", short_number(smooth[i]));
      }
      series.markers = false;
    }
    add_series(model_, std::move(series), targets);
  }

  /// Behind the smoothed line, not in the legend; hidden with it.
  void add_raw(PlotSeries raw, const std::vector<std::optional<PlotTarget>>& targets) {
    const auto view = settings_.views.find(plot_id(Tab::kTraining));
    if (view != settings_.views.end() && view->second.hidden.contains(raw.name)) return;
    raw.name.clear();
    raw.faint = true;
    raw.markers = false;
    add_series(model_, std::move(raw), targets);
  }

  void say_why_empty() {
    std::string& text = model_.spec.empty_text;
    if (runs_ == 0) {
      text = session_.runs().empty() ? "no run is open: open or drop a run folder" : "no run is shown";
    } else if (!depths_.empty() && settings_.training_y == TrainingY::kValidationTop1) {
      text = "no validation images: data.validation_fraction is 0";
    } else if (!depths_.empty()) {
      text = "the first epoch has not ended yet";
    } else {
      text = settings_.training_selected_only
                 ? fmt::format("N = {} has not been trained in this run", used_layers(session_.design()))
                 : "nothing has been trained yet";
    }
  }

  const Session& session_;
  const Settings& settings_;
  std::map<int, std::string> names_;
  PlotModel model_;
  int runs_ = 0;
  std::set<int> depths_;
};

}  // namespace

PlotModel training_plot(const Session& session) {
  return TrainingModel(session).make();
}

std::vector<double> smoothed(const std::vector<double>& values, double factor) {
  std::vector<double> result;
  result.reserve(values.size());
  double sum = 0, weight = 0;
  for (const double value : values) {
    sum = factor * sum + (1 - factor) * value;
    weight = factor * weight + (1 - factor);
    result.push_back(sum / weight);
  }
  return result;
}

}  // namespace fixynn::gui
