// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "cost/published_models.h"
#include "gui/model/plot_parts.h"
#include "plot/plot_text.h"
#include "report/pareto.h"
#include "report/trade_off.h"

namespace fixynn::gui {
namespace {

constexpr double kLossLine = 1.0;        // percentage points
constexpr double kPublishedAreaMm2 = 3;  // of Table 1
constexpr double kLogSpan = 20;          // an x axis that spans more is logarithmic

std::optional<double> x_of(TradeOffX axis, const PlatformPoint& platform) {
  if (!platform.feasible) return std::nullopt;
  switch (axis) {
    case TradeOffX::kEnergy:
      return platform.energy_per_inference_uj;
    case TradeOffX::kEfficiency:
      return platform.energy_efficiency_tops_per_w;
    case TradeOffX::kFfeArea:
      return platform.ffe_area_mm2;
  }
  return std::nullopt;
}

/// A point of a run that is drawn.
struct Drawn {
  double x = 0, y = 0;
  std::string dataset;
};

std::string n_text(int layers) {
  return fmt::format("N = {}", layers);
}

std::string layers_line(const MeasuredPoint& point) {
  const int n = point.row.fixed_layers;
  if (n == 0) return "no fixed layers: NVDLA alone";
  const bool in_float = measured_in_float(point, point.row.fixed_layers);
  return fmt::format("{}, {}", format_plural(n, "fixed layer"),
                     in_float ? "trained in float" : bits_label(point.bits, n));
}

std::string accuracy_line(const MeasuredPoint& point, const std::optional<BaselineDrop>& drop) {
  const ResultRow& row = point.row;
  std::string text = format_fixed(row.top1_mean, 2) + " %";
  if (row.points.size() > 1) {
    text += fmt::format(" ({} to {}, {} seeds)", format_fixed(row.top1_low, 2),
                        format_fixed(row.top1_high, 2), row.points.size());
  }
  if (drop && row.fixed_layers > 0) {
    text +=
        fmt::format(", {}{} pp against N = 0", drop->points <= 0 ? "+" : "", format_fixed(-drop->points, 2));
    if (!drop->note.empty()) text += " (" + drop->note + ")";
  }
  return text;
}

std::string cost_lines(const PlatformPoint& platform, const DesignCosts& costs) {
  std::string text;
  if (platform.energy_per_inference_uj)
    text += short_number(*platform.energy_per_inference_uj) + " µJ an inference";
  if (platform.energy_efficiency_tops_per_w)
    text += fmt::format(", {} TOPS/W", short_number(*platform.energy_efficiency_tops_per_w));
  if (platform.ffe_area_mm2 > 0) text += fmt::format("\nFFE {} mm²", short_number(platform.ffe_area_mm2));
  if (platform.ffe_copies > 1) text += fmt::format(", {} copies", platform.ffe_copies);
  text +=
      fmt::format("\n{} at {}, {}", costs.quality == CostQuality::kExact ? "exact" : "estimate",
                  area_words(costs.design.area_mm2),
                  costs.design.model == CostModelKind::kPaper ? "paper's model" : costs.design.technology);
  if (costs.assumed_weights) text += ", assumed weights";
  return text;
}

class TradeOffModel {
 public:
  explicit TradeOffModel(const Session& session)
      : session_(session), settings_(session.settings()), names_(legend_names(session)) {}

  PlotModel make() {
    describe();
    for (const OpenRun& open : session_.runs()) {
      if (open.shown && parent_of(session_, open) == nullptr) add_run(open);
    }
    for (const OpenRun& open : session_.runs()) {
      const OpenRun* parent = parent_of(session_, open);
      if (open.shown && parent != nullptr && parent->shown) add_evaluation(open, *parent);
    }
    add_design();
    if (settings_.show_front) add_front();
    if (settings_.show_loss_line) add_loss_line();
    if (settings_.show_published) add_published();
    choose_axis();
    return std::move(model_);
  }

 private:
  bool drop_mode() const { return settings_.trade_off_y == TradeOffY::kDrop; }

  void describe() {
    PlotSpec& spec = model_.spec;
    const std::string area = area_words(session_.design().area_mm2);
    switch (settings_.trade_off_x) {
      case TradeOffX::kEnergy:
        spec.x_label = fmt::format("energy per inference at {}, µJ", area);
        spec.title = "Accuracy against energy";
        break;
      case TradeOffX::kEfficiency:
        spec.x_label = fmt::format("energy efficiency at {}, TOPS/W", area);
        spec.title = "Accuracy against efficiency";
        break;
      case TradeOffX::kFfeArea:
        spec.x_label = "area of the fixed extractor, mm²";
        spec.title = "Accuracy against the area of the fixed extractor";
        break;
    }
    spec.y_label = drop_mode() ? "accuracy against N = 0, pp" : "test accuracy, %";
    if (!drop_mode()) spec.y_high = 100;
    spec.description = fmt::format(
        "{} for each measured number of fixed layers over {}, modelled; error bars are the range over seeds.",
        drop_mode() ? "Test accuracy against that of no fixed layers" : "Test accuracy", spec.x_label);
    spec.width = 760;
    spec.height = 460;
    spec.empty_text =
        session_.runs().empty() ? "no run is open: open or drop a run folder" : "no accuracy measured yet";
  }

  /// None, with a note later on, where the point cannot be placed.
  std::optional<PlotPoint> placed(const MeasuredPoint& point, const PlatformPoint& platform,
                                  const DesignCosts& costs, const RunPointer& head) {
    const std::optional<double> x = x_of(settings_.trade_off_x, platform);
    const std::optional<BaselineDrop> drop = drop_of(point, head);
    if (drop_mode() && !drop) {
      without_baseline_.insert(point.run->title);
      return std::nullopt;
    }
    if (!x) {
      left_out_[platform.feasible ? "energies are not known for this technology" : platform.reason].insert(
          point.row.fixed_layers);
      return std::nullopt;
    }
    PlotPoint drawn;
    drawn.x = *x;
    drawn.hollow = measured_in_float(point, point.row.fixed_layers);  // the costs are of 8 bits
    const double baseline = drop_mode() ? point.row.top1_mean + drop->points : 0;
    drawn.y = point.row.top1_mean - baseline;
    if (point.row.points.size() > 1) {
      drawn.low = point.row.top1_low - baseline;
      drawn.high = point.row.top1_high - baseline;
    }
    drawn.tooltip = fmt::format("{}\n{}\n{}", layers_line(point), accuracy_line(point, drop),
                                cost_lines(platform, costs));
    return drawn;
  }

  bool costs_ready(const OpenRun& open, const DesignCosts* costs) {
    if (open.run->points.empty()) return false;
    if (costs != nullptr && costs->known()) return true;
    const std::string reason = costs != nullptr            ? costs->error
                               : !open.run->config         ? open.run->config_error
                               : !open.basis_error.empty() ? open.basis_error
                                                           : "its weights are being read";
    model_.notes.push_back(fmt::format("{} is not shown: {}", open.run->title,
                                       reason.empty() ? "it has no configuration" : reason));
    return false;
  }

  void add_run(const OpenRun& open) {
    const DesignCosts* costs = session_.run_costs(open.run->id);
    if (!costs_ready(open, costs)) return;
    std::map<std::string, PlotSeries> by_dataset;
    std::map<std::string, std::vector<std::optional<PlotTarget>>> targets;
    const std::vector<MeasuredPoint> points = measured_points(open.run);
    for (const MeasuredPoint& point : points) {
      const PlatformPoint& platform = costs->platforms[static_cast<size_t>(point.row.fixed_layers)];
      std::optional<PlotPoint> drawn = placed(point, platform, *costs, open.run);
      if (!drawn) continue;
      // Data sets on one FFE share their x: one label is enough.
      if (labelled_.insert({point.row.fixed_layers, drawn->x}).second)
        drawn->label = n_text(point.row.fixed_layers);
      PlotSeries& series = by_dataset[point.row.dataset];
      remember(open.run->id, point, {series_key(open, point.row.dataset), series.points.size()});
      if (!drawn->hollow) drawn_.push_back({drawn->x, drawn->y, point.row.dataset});
      targets[point.row.dataset].push_back(PlotTarget{open.run->id, point.row.fixed_layers});
      series.points.push_back(std::move(*drawn));
    }
    for (auto& [dataset, series] : by_dataset) {
      series.name = names_[open.run->id];
      if (by_dataset.size() > 1) series.name += ", " + dataset;
      series.colour = open.colour;
      series.marker = marker_of(static_cast<size_t>(open.colour));
      datasets_.insert(dataset);
      if (const auto at = add_series(model_, std::move(series), std::move(targets[dataset])))
        series_at_[series_key(open, dataset)] = *at;
    }
  }

  void add_evaluation(const OpenRun& open, const OpenRun& parent) {
    const DesignCosts* costs = session_.run_costs(open.run->id);
    if (!costs_ready(open, costs)) return;
    PlotSeries series;
    series.name = names_[open.run->id];
    series.colour = parent.colour;
    series.marker = marker_of(static_cast<size_t>(parent.colour));
    series.line = false;
    std::vector<std::optional<PlotTarget>> targets;
    for (const MeasuredPoint& point : measured_points(open.run)) {
      const PlatformPoint& platform = costs->platforms[static_cast<size_t>(point.row.fixed_layers)];
      std::optional<PlotPoint> drawn = placed(point, platform, *costs, parent.run);
      if (!drawn) continue;
      drawn->label =
          fmt::format("{}, {}", point.row.fixed_layers, bits_label(point.bits, point.row.fixed_layers));
      // A shorter training is not what the bits cost.
      if (open.run->config && parent.run->config &&
          open.run->config->train.epochs != parent.run->config->train.epochs) {
        drawn->label += ", " + format_plural(open.run->config->train.epochs, "epoch");
      }
      remember(open.run->id, point, {series_key(open, ""), series.points.size()});
      if (!drawn->hollow) drawn_.push_back({drawn->x, drawn->y, point.row.dataset});
      targets.push_back(PlotTarget{open.run->id, point.row.fixed_layers});
      series.points.push_back(std::move(*drawn));
    }
    if (const auto at = add_series(model_, std::move(series), std::move(targets)))
      series_at_[series_key(open, "")] = *at;
  }

  static std::string series_key(const OpenRun& open, const std::string& dataset) {
    return fmt::format("{}/{}", open.run->id, dataset);
  }

  void remember(int run, const MeasuredPoint& point, std::pair<std::string, size_t> place) {
    const DesignAccuracy& own = session_.accuracy();
    if (!own.point || own.stale || own.point->run->id != run) return;
    if (own.point->row.dataset != point.row.dataset || own.point->row.fixed_layers != point.row.fixed_layers)
      return;
    own_point_ = std::move(place);
  }

  /// What is on the screen: hollow, and never with an accuracy that is not its own unmarked.
  void add_design() {
    const DesignAccuracy& accuracy = session_.accuracy();
    if (own_point_ && series_at_.contains(own_point_->first))
      model_.selected.push_back({series_at_[own_point_->first], own_point_->second});
    const OpenRun* active = session_.active_run();
    if (active == nullptr || !session_.costs().known()) return;
    if (!accuracy.point) {
      if (!active->run->points.empty()) model_.notes.push_back("the design is not shown: " + accuracy.note);
      return;
    }
    if (drop_mode() && !accuracy.drop) return;
    // Costs of some other network beside an accuracy of this one would be no design's.
    if (const OpenRun* head = session_.head_run(); head == nullptr || !head->basis) {
      model_.notes.push_back(
          "the design is not shown: the run's weights are not there, its costs are of assumed ones");
      return;
    }
    const PlatformPoint& platform = session_.costs().platform();
    const std::optional<double> x = x_of(settings_.trade_off_x, platform);
    if (!x) {
      model_.notes.push_back(fmt::format("the design is not shown: {}",
                                         platform.feasible ? "its energy is not known" : platform.reason));
      return;
    }
    PlotPoint point;
    point.x = *x;
    point.y = drop_mode() ? -*accuracy.drop : accuracy.point->row.top1_mean;
    point.hollow = true;
    const Design& design = session_.design();
    const std::string bits = bits_label(design.bits, design.fixed_layers);
    point.tooltip = fmt::format("{}{}{}", format_plural(design.fixed_layers, "fixed layer"),
                                bits.empty() ? "" : ", " + bits,
                                design.tap_layer ? fmt::format(", {} used", *design.tap_layer) : "");
    const std::string top1 = format_fixed(accuracy.point->row.top1_mean, 2);
    point.tooltip += accuracy.stale ? fmt::format("\naccuracy stale: {} % was {}", top1, accuracy.note)
                                    : fmt::format("\n{} %, {}", top1, accuracy.note);
    point.tooltip += "\n" + cost_lines(platform, session_.costs());
    PlotSeries series;
    // Files and legends have no tooltips: the name says it.
    series.name = accuracy.stale ? "design (stale accuracy)" : "design";
    series.colour = active->colour;
    series.line = false;
    series.marker = PlotMarker::kDiamond;
    series.points = {std::move(point)};
    const auto at = add_series(model_, std::move(series), {PlotTarget{0, design.fixed_layers}});
    if (at) model_.selected.push_back({*at, 0});
  }

  std::string active_dataset() const {
    const OpenRun* head = session_.head_run();
    return head == nullptr ? "" : first_dataset(*head->run);
  }

  void add_front() {
    // Accuracies of different data sets do not compare; what fixing layers costs does.
    const bool one = !drop_mode() && datasets_.size() > 1;
    std::vector<std::pair<double, double>> places;
    for (const Drawn& point : drawn_) {
      if (!one || point.dataset == active_dataset()) places.emplace_back(point.x, point.y);
    }
    const bool x_more = settings_.trade_off_x == TradeOffX::kEfficiency;
    const std::vector<size_t> front = pareto_indices(places, x_more, true);
    if (front.size() < 2) return;
    PlotSeries series;
    series.name = one ? "Pareto front of " + active_dataset() : "Pareto front";
    series.colour = -1;
    series.dashed = series.steps = true;
    series.markers = false;
    series.step_direction = x_more ? StepDirection::kVerticalFirst : StepDirection::kHorizontalFirst;
    for (const size_t index : front) {
      PlotPoint point;
      point.x = places[index].first;
      point.y = places[index].second;
      series.points.push_back(std::move(point));
    }
    add_series(model_, std::move(series), {});
  }

  void add_loss_line() {
    if (drop_mode()) {
      if (!drawn_.empty()) model_.spec.marks.push_back({-kLossLine, "1 pp below N = 0", false});
      return;
    }
    const OpenRun* head = session_.head_run();
    if (head == nullptr || !head->shown) return;
    for (const MeasuredPoint& point : measured_points(head->run)) {
      if (point.row.fixed_layers != 0 || point.row.dataset != active_dataset()) continue;
      const std::string whose = datasets_.size() > 1 ? " of " + point.row.dataset : "";
      model_.spec.marks.push_back({point.row.top1_mean - kLossLine, "1 pp below N = 0" + whose, false});
    }
  }

  /// The paper's model for this network: its energies by N at the design's area, as reports draw them.
  ModelFigures paper_figures(const MobileNet& network) const {
    ModelFigures figures;
    PlatformRequest request;
    request.area_mm2 = session_.design().area_mm2;
    for (int n = 0; n <= MobileNet::kLayers; ++n) {
      figures.ffes.push_back(paper_ffe_cost(network, n));
      figures.points.push_back(evaluate_platform(network, figures.ffes.back(), request));
    }
    return figures;
  }

  std::optional<double> published_x(const ModelFigures& paper, const PublishedPoint& point,
                                    const std::vector<PublishedTradeOff>& energies) const {
    switch (settings_.trade_off_x) {
      case TradeOffX::kEnergy:
        for (const PublishedTradeOff& energy : energies) {
          if (energy.fixed_layers == point.fixed_layers) return energy.energy_uj;
        }
        return std::nullopt;
      case TradeOffX::kEfficiency:
        for (const PaperRow& row : paper_table_1()) {
          if (row.fixed_layers == point.fixed_layers) return row.tops_per_w;
        }
        return std::nullopt;
      case TradeOffX::kFfeArea:
        return paper.ffe(point.fixed_layers)->area_mm2;
    }
    return std::nullopt;
  }

  std::string published_tooltip(const PublishedPoint& point, double x, const MobileNet& network) const {
    std::string text = fmt::format("{}: {} %, published (FixyNN, Table 1), other training and 224 px",
                                   n_text(point.fixed_layers), format_fixed(point.top1_percent, 1));
    if (settings_.trade_off_x == TradeOffX::kEfficiency) {
      return text + fmt::format("\n{} TOPS/W, published for {} and 224 px", short_number(x),
                                area_words(kPublishedAreaMm2));
    }
    return text + fmt::format("\n{} {} by the paper's model, for {} px", short_number(x),
                              settings_.trade_off_x == TradeOffX::kEnergy ? "µJ" : "mm²", network.input_size);
  }

  void add_published() {
    const OpenRun* head = session_.head_run();
    const MobileNet network =
        head != nullptr && head->basis ? head->basis->network() : make_mobilenet(0.25, 224, 1000);
    std::optional<ModelFigures> paper;
    for (const PaperDataset& dataset : paper_datasets()) {
      if (!datasets_.contains(dataset.name)) continue;
      if (!paper) paper = paper_figures(network);
      const std::vector<PublishedPoint> published = published_points(dataset.name);
      const auto energies = published_trade_offs(*paper, dataset.name, session_.design().area_mm2);
      PlotSeries series;
      series.name = "published, " + dataset.heading;
      series.colour = -1;
      series.line = false;
      series.marker = PlotMarker::kDiamond;
      series.sets_range = false;
      for (const PublishedPoint& point : published) {
        const std::optional<double> x = published_x(*paper, point, energies);
        if (!x) continue;
        PlotPoint drawn;
        drawn.x = *x;
        drawn.y = point.top1_percent - (drop_mode() ? published.front().top1_percent : 0);
        drawn.tooltip = published_tooltip(point, *x, network);
        series.points.push_back(std::move(drawn));
      }
      add_series(model_, std::move(series), {});
    }
  }

  /// Also says what is not there.
  void choose_axis() {
    double lowest = 0, highest = 0;
    bool zero = false;
    for (const PlotSeries& series : model_.spec.series) {
      for (const PlotPoint& point : series.points) {
        zero = zero || point.x <= 0;
        lowest = lowest == 0 ? point.x : std::min(lowest, point.x);
        highest = std::max(highest, point.x);
      }
    }
    model_.spec.x_log = !zero && lowest > 0 && highest > kLogSpan * lowest;
    model_.spec.x_from_zero = !model_.spec.x_log;
    for (const auto& [reason, layers] : left_out_) {
      std::vector<std::string> names;
      for (const int n : layers) names.push_back(fmt::format("{}", n));
      model_.notes.push_back(fmt::format("N = {} not shown: {}", joined(names), reason));
    }
    if (!without_baseline_.empty()) {
      model_.notes.push_back(fmt::format("{} not shown: N = 0 has not been measured",
                                         joined({without_baseline_.begin(), without_baseline_.end()})));
    }
    if (session_.costs().assumed_weights && !session_.runs().empty())
      model_.notes.push_back("costs are of assumed weights: no trained or pretrained network was found");
  }

  const Session& session_;
  const Settings& settings_;
  PlotModel model_;
  std::map<int, std::string> names_;
  std::vector<Drawn> drawn_;
  std::set<std::string> datasets_;
  std::set<std::pair<int, double>> labelled_;
  std::map<std::string, std::set<int>> left_out_;  // by reason
  std::set<std::string> without_baseline_;
  std::map<std::string, size_t> series_at_;
  std::optional<std::pair<std::string, size_t>> own_point_;
};

}  // namespace

PlotModel trade_off_plot(const Session& session) {
  return TradeOffModel(session).make();
}

}  // namespace fixynn::gui
