// SPDX-License-Identifier: Apache-2.0
#include "gui/model/plot_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "plot/plot_text.h"
#include "report/trade_off.h"

namespace fixynn::gui {

std::string plot_id(Tab tab) {
  switch (tab) {
    case Tab::kTradeOff:
      return "trade_off";
    case Tab::kAreaSweep:
      return "area_sweep";
    case Tab::kTraining:
      return "training";
    case Tab::kLayers:
      return "layers";
    case Tab::kCompare:
      return "compare";
  }
  return "";
}

Actions actions_of(const PlotTarget& target) {
  if (target.run != 0) return {AdoptPoint{target.run, target.fixed_layers}};
  Actions actions = {SetFixedLayers{target.fixed_layers}};
  if (target.area_mm2) actions.push_back(SetArea{*target.area_mm2});
  return actions;
}

std::optional<size_t> add_series(PlotModel& model, PlotSeries series,
                                 std::vector<std::optional<PlotTarget>> targets) {
  if (series.points.empty()) return std::nullopt;
  targets.resize(series.points.size());
  model.spec.series.push_back(std::move(series));
  model.targets.push_back(std::move(targets));
  return model.spec.series.size() - 1;
}

std::map<int, std::string> legend_names(const Session& session) {
  std::map<int, std::string> names;
  std::set<std::string> taken;
  for (const OpenRun& open : session.runs()) {
    if (!open.shown) continue;
    std::string name = open.run->title;
    for (int number = 2; !taken.insert(name).second; ++number)
      name = fmt::format("{} ({})", open.run->title, number);
    names[open.run->id] = name;
  }
  return names;
}

const OpenRun* parent_of(const Session& session, const OpenRun& open) {
  return open.parent == 0 ? nullptr : session.run(open.parent);
}

std::string area_words(double area_mm2) {
  return format_area(area_mm2) + " mm²";
}

std::string short_number(double value) {
  const double size = std::fabs(value);
  if (!std::isfinite(value)) return "–";
  if (size >= 100) return format_grouped(std::round(value));
  if (size >= 10) return format_fixed(value, 1);
  if (size >= 1) return format_fixed(value, 2);
  if (size >= 0.01 || size == 0) return format_fixed(value, 3);
  return fmt::format("{:.2g}", value);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

bool is_paper_network(const MobileNet& network) {
  return network.alpha == 0.25 && network.input_size == 224;
}

}  // namespace fixynn::gui
