// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "dataset/image_codec.h"

namespace fixynn::gui {

/// [height][width] pixels as ImGui packs colours (IM_COL32: red in the lowest byte), opaque.
struct Picture {
  int width = 0, height = 0;
  std::vector<ImU32> pixels;

  ImU32 at(int x, int y) const {
    return pixels[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
  }
};

/// Draws what ImGui::Render left over `background`, in the way of a graphics card without multisampling:
/// pixel centres, a shared edge belongs to one triangle only, alpha blending. Texture coordinates read
/// `atlas`. The same draw data gives the same bytes.
Picture rasterise(const ImDrawData& data, ImFontAtlas& atlas, ImU32 background);

/// 24-bit PNG, written atomically. Throws Error naming the path.
void write_png(const Picture& picture, const std::filesystem::path& path);
/// Reads a PNG (alpha over black). Throws Error for a damaged one.
Picture read_picture(const std::filesystem::path& path);

/// Share of pixels, 0..1, in which any channel differs by more than `tolerance`; 1 when the sizes differ.
double differing_share(const Picture& a, const Picture& b, int tolerance = 0);

}  // namespace fixynn::gui
