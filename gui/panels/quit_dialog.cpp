// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/text.h"
#include "gui/panels/dialogs.h"

namespace fixynn::gui {

void quit_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  begin_card(context, "Quit while programs run?", {.width = 560, .height = 210});
  for (const JobPointer& job : context.session.jobs()) {
    if (job->is_active()) text_dim(ui, job->spec.title);
  }
  text_small_wrapped(ui,
                     "Left running, they go on without the window; a training is found again through its run "
                     "directory. Stopped, a training keeps a checkpoint that can be resumed.");
  to_card_bottom(ImGui::GetFrameHeight());
  if (button(ui, "quit.leave", "Leave them running", {.style = ButtonStyle::kPrimary}))
    context.emit(Quit{false, true});
  ImGui::SameLine();
  if (button(ui, "quit.stop", "Stop them and quit")) context.emit(Quit{true, true});
  ImGui::SameLine();
  if (button(ui, "quit.cancel", "Cancel", {.style = ButtonStyle::kSubtle})) close_dialog(context);
  end_card();
}

}  // namespace fixynn::gui
