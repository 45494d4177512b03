// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/version.h"
#include "gui/panels/dialogs.h"
#include "gui/ui/imgui_compat.h"

namespace fixynn::gui {
namespace {

void paragraph(const PanelContext& context, const char* title, const char* sentences) {
  ImGui::Dummy(ImVec2(1, context.ui.px(3)));
  heading(context.ui, title);
  text_small_wrapped(context.ui, sentences);
}

}  // namespace

void about_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  begin_card(context, "FixyNN workbench", {.width = 620, .height = 520, .click_beside_closes = true});
  ImGui::BeginChild("about", ImVec2(0, 0));
  const std::string version = fmt::format("{} ({})", kVersion, kRevision);
  text_dim(ui, "Version");
  ImGui::SameLine();
  copyable_text(ui, "about.version", ui.frozen ? std::string(kVersion) : version);
  text_dim(ui, "Licence");
  ImGui::SameLine();
  text(ui, "Apache-2.0");
  text_small_wrapped(ui,
                     "Trains MobileNets whose first layers are fixed in hardware, and designs that hardware: "
                     "after \"FixyNN: Efficient Hardware for Mobile Computer Vision via Transfer Learning\" "
                     "(Whatmough et al., 2019).");
  paragraph(
      context, "Measured",
      "Accuracies: each on all test images, by the integer network that the hardware computes. A figure "
      "that was measured with other bits is marked as stale.");
  paragraph(context, "Modelled",
            "Areas, energies and speeds: from adder graphs of the very weights and a technology's cells "
            "(calibrated), or by the paper's own figures (paper). No placement, no routing, no timing. "
            "Estimates are replaced by exact adder counts as soon as these are there.");
  paragraph(context, "Published", "Points named so are printed in the paper and shown for comparison only.");
  ImGui::Dummy(ImVec2(1, ui.px(3)));
  heading(ui, "Interface");
  text_small_wrapped(ui, fmt::format("Dear ImGui {}, scale {:.2f}, {}.", ImGui::GetVersion(), ui.scale,
                                     ui.fonts.bitmap ? "ImGui's bitmap font" : "scalable fonts"));
  for (const std::string& sentence : ui.fonts.missing) note_wrapped(ui, ui.theme.warning, sentence);
  ImGui::EndChild();
  end_card();
}

}  // namespace fixynn::gui
