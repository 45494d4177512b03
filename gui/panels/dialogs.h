// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "gui/panels/panel_parts.h"

namespace fixynn::gui {

// Dialogs are cards in the middle of a dimmed window; one at a time, the one that Session::dialog() names.

struct CardOptions {
  float width = 640, height = 420;  ///< units at scale 1; less in a small window
  float top = -1;                   ///< units from the window's top; negative: in the middle
  bool title_row = true;            ///< with the close button "dialog.close"
  bool click_beside_closes = false;
};
/// Begins the card; end_card follows always.
void begin_card(const PanelContext& context, std::string_view title, const CardOptions& options);
void end_card();
void close_dialog(const PanelContext& context);
/// Puts the cursor where `height` pixels of buttons end at the card's bottom.
void to_card_bottom(float height);
/// A dim name and a text that can be copied, in two columns.
void fact_row(const PanelContext& context, std::string_view mark, std::string_view name,
              std::string_view value);

void palette_dialog(const PanelContext& context);
void open_dialog(const PanelContext& context);
void new_run_dialog(const PanelContext& context);
void keys_dialog(const PanelContext& context);
void messages_dialog(const PanelContext& context);
void log_dialog(const PanelContext& context);
void run_details_dialog(const PanelContext& context);
void about_dialog(const PanelContext& context);
void quit_dialog(const PanelContext& context);

}  // namespace fixynn::gui
