// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/plot_tabs.h"

namespace fixynn::gui {

void area_sweep_tab(const PanelContext& context) {
  Settings settings = context.session.settings();
  OptionRow row(context);
  const bool changed = row.toggle("area_sweep.published", "Published", settings.show_published);
  draw_plot_model(context, Tab::kAreaSweep, area_sweep_plot(context.session));
  if (changed) context.emit(ChangeSettings{settings});
}

}  // namespace fixynn::gui
