// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/text.h"
#include "gui/panels/dialogs.h"

namespace fixynn::gui {

void quit_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  begin_card(context, "Quit while programs run?", {.width = 560, .height = 210});
  for (const JobPointer& job : context.session.jobs()) {
    if (!job->is_active()) continue;
    // What leaving it running means where that is not all of it.
    const bool more = job->step + 1 < job->spec.steps.size();
    const char* without = job->state == JobState::kQueued ? " (queued: would not start)"
                          : more                          ? " (its later steps would not run)"
                                                          : "";
    text_dim(ui, job->spec.title + without);
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
