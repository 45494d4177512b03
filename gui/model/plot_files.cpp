// SPDX-License-Identifier: Apache-2.0
#include "gui/model/plot_models.h"
#include "gui/model/tables.h"
#include "plot/plot_csv.h"
#include "plot/svg_plot.h"

namespace fixynn::gui {
namespace {

PlotModel model_of(const Session& session, Tab tab) {
  switch (tab) {
    case Tab::kAreaSweep:
      return area_sweep_plot(session);
    case Tab::kTraining:
      return training_plot(session);
    default:
      return trade_off_plot(session);
  }
}

PlotView view_of(const Session& session, const PlotModel& model, const std::string& id) {
  const auto found = session.settings().views.find(id);
  PlotView view = found == session.settings().views.end() ? PlotView{} : found->second;
  view.selected = model.selected;
  view.cursor = model.cursor;
  return view;
}

}  // namespace

std::optional<SaveFile> plot_svg_file(const Session& session, Tab tab) {
  const std::string id = plot_id(tab), name = id + ".svg";
  if (tab == Tab::kCompare) return std::nullopt;
  if (tab == Tab::kLayers) return SaveFile{name, render_bars_file(layers_bars(session))};
  const PlotModel model = model_of(session, tab);
  return SaveFile{name, render_plot_file(model.spec, view_of(session, model, id))};
}

SaveFile plot_csv_file(const Session& session, Tab tab) {
  const std::string name = plot_id(tab) + ".csv";
  if (tab == Tab::kCompare) return {name, as_csv(as_text(compare_table(session)))};
  if (tab == Tab::kLayers) return {name, bars_csv(layers_bars(session))};
  return {name, plot_csv(model_of(session, tab).spec)};
}

}  // namespace fixynn::gui
