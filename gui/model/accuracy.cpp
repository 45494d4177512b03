// SPDX-License-Identifier: Apache-2.0
#include "gui/model/accuracy.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/bits.h"
#include "core/text.h"
#include "report/hardware_join.h"

namespace fixynn::gui {
namespace {

/// Whether the first `layers` layers were trained in float: then the bits of the run are only those that it
/// would be built with.
std::string measured_bits(const MeasuredPoint& point, int layers) {
  return measured_in_float(point, layers) ? "float" : bits_label(point.bits, layers);
}

bool is_of(const MeasuredPoint& point, const Design& design, int layers) {
  return !measured_in_float(point, layers) && same_bits(point.bits, design.bits, layers);
}

/// Of the run's first data set: others in the same folder are not what it is about.
std::optional<MeasuredPoint> point_at(const RunPointer& run, const std::string& dataset, int layers) {
  for (MeasuredPoint& point : measured_points(run)) {
    if (point.row.dataset == dataset && point.row.fixed_layers == layers) return std::move(point);
  }
  return std::nullopt;
}

bool same_network(const RunSnapshot& a, const RunSnapshot& b) {
  return a.facts.alpha == b.facts.alpha && a.facts.input_size == b.facts.input_size;
}

/// "2 seeds, 3 epochs at 64 px", with the run where it is not the active one.
std::string origin_note(const MeasuredPoint& point, const RunPointer& active) {
  std::string text = format_plural(static_cast<int64_t>(point.row.points.size()), "seed");
  // Without its configuration nothing says how it was trained.
  if (point.run->config) {
    text += fmt::format(", {} at {} px", format_plural(point.run->config->train.epochs, "epoch"),
                        point.run->config->data.size);
  }
  if (point.run->id != active->id) text += ", in " + point.run->title;
  return text;
}

/// Every run that may answer for the design, the active one first.
std::vector<RunPointer> candidates(const RunPointer& active, const std::vector<RunPointer>& others) {
  std::vector<RunPointer> runs = {active};
  for (const RunPointer& other : others) {
    if (other && other->id != active->id && same_network(*other, *active)) runs.push_back(other);
  }
  return runs;
}

std::string dataset_of(const std::vector<RunPointer>& runs) {
  for (const RunPointer& run : runs) {
    if (const std::string dataset = first_dataset(*run); !dataset.empty()) return dataset;
  }
  return "";
}

/// The point of the wanted bits, else the first one of that number of layers. Evaluations are looked through
/// from the newest one back.
std::optional<MeasuredPoint> best_point(const Design& design, int layers, const RunPointer& active,
                                        const std::vector<RunPointer>& others) {
  std::vector<RunPointer> runs = candidates(active, others);
  std::reverse(runs.begin() + 1, runs.end());
  const std::string dataset = dataset_of(runs);
  std::optional<MeasuredPoint> stale;
  for (const RunPointer& run : runs) {
    std::optional<MeasuredPoint> point = point_at(run, dataset, layers);
    if (!point) continue;
    if (is_of(*point, design, layers)) return point;
    if (!stale) stale = std::move(point);
  }
  return stale;
}

}  // namespace

bool measured_in_float(const MeasuredPoint& point, int layers) {
  if (layers == 0) return false;
  if (!point.run->config) return point.row.weight_bits == kFloatBits;
  for (int layer = 0; layer < layers; ++layer) {
    if (!ffe_layer_quant(*point.run->config, layer).quantised()) return true;
  }
  return false;
}

std::string first_dataset(const RunSnapshot& run) {
  return run.points.empty() ? "" : run.points.front().dataset;
}

std::vector<MeasuredPoint> measured_points(const RunPointer& run) {
  std::vector<MeasuredPoint> points;
  if (!run) return points;
  for (ResultRow& row : summarise_points(run->points, run->facts.alpha, run->facts.input_size)) {
    MeasuredPoint point;
    point.run = run;
    const auto built = [](int bits) { return bits == kFloatBits ? kMaxBits : bits; };
    point.bits = run->config ? run_bits(*run->config)
                             : Design::uniform_bits({built(row.weight_bits), built(row.activation_bits)});
    point.row = std::move(row);
    points.push_back(std::move(point));
  }
  return points;
}

std::optional<BaselineDrop> drop_of(const MeasuredPoint& point, const RunPointer& head) {
  if (point.row.drop) return BaselineDrop{*point.row.drop, ""};
  if (!head || !point.run || !same_network(*head, *point.run)) return std::nullopt;
  const std::optional<MeasuredPoint> baseline = point_at(head, point.row.dataset, 0);
  if (!baseline) return std::nullopt;
  BaselineDrop drop{baseline->row.top1_mean - point.row.top1_mean, ""};
  if (head->config && point.run->config && head->config->train.epochs != point.run->config->train.epochs) {
    drop.note = fmt::format("trained {}, N = 0 {}", format_plural(point.run->config->train.epochs, "epoch"),
                            head->config->train.epochs);
  }
  return drop;
}

DesignAccuracy accuracy_of(const Design& design, const RunPointer& active,
                           const std::vector<RunPointer>& others) {
  DesignAccuracy accuracy;
  if (!active) {
    accuracy.note = "no run is open";
    return accuracy;
  }
  const int layers = used_layers(design);
  accuracy.point = best_point(design, layers, active, others);
  if (!accuracy.point) {
    accuracy.note = fmt::format("N = {} has not been measured", layers);
    return accuracy;
  }
  const MeasuredPoint& point = *accuracy.point;
  accuracy.stale = !is_of(point, design, layers);
  accuracy.note = accuracy.stale ? fmt::format("measured at {}, not at {}", measured_bits(point, layers),
                                               bits_label(design.bits, layers))
                                 : origin_note(point, active);
  if (const std::optional<BaselineDrop> drop = drop_of(point, active)) {
    accuracy.drop = drop->points;
    if (!drop->note.empty()) accuracy.note += "; " + drop->note;
  }
  return accuracy;
}

std::optional<MeasuredPoint> built_point(const Design& design, const RunPointer& active,
                                         const std::vector<RunPointer>& others) {
  if (!active) return std::nullopt;
  std::optional<MeasuredPoint> point = best_point(design, design.fixed_layers, active, others);
  if (point && !is_of(*point, design, design.fixed_layers)) point.reset();
  return point;
}

std::filesystem::path network_of(const MeasuredPoint& point) {
  if (!point.run || point.row.points.empty() || point.row.points.front().network.empty()) return {};
  return point.run->root / point.row.points.front().network;
}

std::optional<int> deepest_within(const RunPointer& run, double points) {
  if (!run) return std::nullopt;
  std::vector<ResultRow> rows = summarise_points(run->points, run->facts.alpha, run->facts.input_size);
  const std::string dataset = first_dataset(*run);
  std::erase_if(rows, [&](const ResultRow& row) { return row.dataset != dataset; });
  const ResultRow* row = fixynn::deepest_within(rows, points);
  return row == nullptr ? std::nullopt : std::optional<int>(row->fixed_layers);
}

}  // namespace fixynn::gui
