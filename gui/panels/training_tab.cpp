// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gui/panels/plot_tabs.h"

namespace fixynn::gui {
namespace {

constexpr double kMostSmoothing = 0.99;

}  // namespace

void training_tab(const PanelContext& context) {
  const std::array<std::string, 3> x_choices = {"Step", "Epoch", "Minutes"};
  const std::array<std::string, 3> y_choices = {"Loss", "Training %", "Validation %"};
  Settings settings = context.session.settings();
  OptionRow row(context);
  bool changed = row.combo("training.y", "y", y_choices, settings.training_y);
  changed |= row.combo("training.x", "x", x_choices, settings.training_x);
  changed |= row.toggle("training.log", "Log", settings.training_log_y);
  changed |= row.slider("training.smoothing", "Smooth", settings.smoothing, 0, kMostSmoothing);
  changed |= row.toggle("training.selected_only", "Selected only", settings.training_selected_only);
  draw_plot_model(context, Tab::kTraining, training_plot(context.session));
  if (changed) context.emit(ChangeSettings{settings});
}

}  // namespace fixynn::gui
