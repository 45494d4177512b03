// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "gui/model/plot_models.h"
#include "gui/panels/panels.h"

namespace fixynn::gui {

// Each draws its row of options and its plot into the rest of the current card.
void trade_off_tab(const PanelContext& context);
void area_sweep_tab(const PanelContext& context);
void training_tab(const PanelContext& context);
void layers_tab(const PanelContext& context);

/// Title, plot and notes of this tab; its plot_id names plot, view and files.
void draw_plot_model(const PanelContext& context, Tab tab, const PlotModel& model);

// What the tab shows, into the clipboard and into files.
void copy_csv(const PanelContext& context, Tab tab);
void save_csv(const PanelContext& context, Tab tab);
void save_svg(const PanelContext& context, Tab tab);

/// A row of options over a plot; what does not fit goes onto the next line. `mark` names the widget.
class OptionRow {
 public:
  explicit OptionRow(const PanelContext& context) : context_(context) {}

  /// A choice of an enumeration whose values count from 0. True when `chosen` changed.
  template <typename Enum>
  bool combo(const char* mark, const char* caption, std::span<const std::string> choices, Enum& chosen) {
    int index = static_cast<int>(chosen);
    if (!combo_index(mark, caption, choices, index)) return false;
    chosen = static_cast<Enum>(index);
    return true;
  }
  bool toggle(const char* mark, const char* label, bool& on, bool enabled = true);
  /// `value` within [low, high].
  bool slider(const char* mark, const char* caption, double& value, double low, double high);

 private:
  bool combo_index(const char* mark, const char* caption, std::span<const std::string> choices, int& chosen);
  void place(float width);

  const PanelContext& context_;
  bool first_ = true;
};

}  // namespace fixynn::gui
