// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/plot_png.h"

#include <cmath>
#include <vector>

#include "dataset/image_codec.h"
#include "gui/headless/rasteriser.h"
#include "gui/plot/draw_list_canvas.h"
#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

std::string png_bytes(const Picture& picture) {
  Image image;
  image.width = picture.width;
  image.height = picture.height;
  image.pixels.reserve(picture.pixels.size() * 3);
  for (const ImU32 pixel : picture.pixels) {
    for (const int shift : {IM_COL32_R_SHIFT, IM_COL32_G_SHIFT, IM_COL32_B_SHIFT}) {
      image.pixels.push_back(static_cast<uint8_t>(pixel >> shift));
    }
  }
  const std::vector<uint8_t> bytes = encode_png(image);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string chart_png(const Ui& ui, const std::string& title, ImVec2 size,
                      const std::function<void(Canvas&, const PlotBox&)>& draw) {
  const float margin = ui.px(12), font = compat::font_pixels(*ui.fonts.bold);
  const float top = 2 * margin + font;
  const ImVec2 whole(std::ceil(size.x + 2 * margin), std::ceil(size.y + top + margin));

  ImDrawList list(ImGui::GetDrawListSharedData());
  list._ResetForNewFrame();
  list.PushTextureID(ImGui::GetIO().Fonts->TexID);
  list.PushClipRect(ImVec2(0, 0), whole);
  list.AddText(ui.fonts.bold, font, ImVec2(margin, margin), ui.theme.text, display_text(ui, title).c_str());
  DrawListCanvas canvas(ui, list);
  draw(canvas, {margin, top, double(margin) + size.x, double(top) + size.y});

  ImDrawList* lists[] = {&list};
  ImDrawData data;
  data.Valid = true;
  data.CmdLists = lists;
  data.CmdListsCount = 1;
  data.TotalVtxCount = list.VtxBuffer.Size;
  data.TotalIdxCount = list.IdxBuffer.Size;
  data.DisplayPos = ImVec2(0, 0);
  data.DisplaySize = whole;
  data.FramebufferScale = ImVec2(1, 1);
  return png_bytes(rasterise(data, *ImGui::GetIO().Fonts, ui.theme.panel));
}

}  // namespace fixynn::gui
