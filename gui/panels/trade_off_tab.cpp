// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gui/panels/plot_tabs.h"

namespace fixynn::gui {

void trade_off_tab(const PanelContext& context) {
  const std::array<std::string, 3> x_choices = {"Energy", "Efficiency", "FFE area"};
  const std::array<std::string, 2> y_choices = {"Accuracy", "Accuracy drop"};
  Settings settings = context.session.settings();
  OptionRow row(context);
  bool changed = row.combo("trade_off.y", "y", y_choices, settings.trade_off_y);
  changed |= row.combo("trade_off.x", "x", x_choices, settings.trade_off_x);
  changed |= row.toggle("trade_off.published", "Published", settings.show_published);
  changed |= row.toggle("trade_off.front", "Pareto front", settings.show_front);
  changed |= row.toggle("trade_off.loss_line", "1 pp line", settings.show_loss_line);
  draw_plot_model(context, Tab::kTradeOff, trade_off_plot(context.session));
  if (changed) context.emit(ChangeSettings{settings});
}

}  // namespace fixynn::gui
