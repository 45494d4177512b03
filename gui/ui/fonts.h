// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>

#include <filesystem>
#include <string>
#include <vector>

namespace fixynn::gui {

/// Faces, loaded at their size: a font is never scaled. Pixels are ascent plus descent at scale 1.
struct Fonts {
  ImFont* body = nullptr;   ///< 16.5
  ImFont* small = nullptr;  ///< 14
  ImFont* mono = nullptr;   ///< 15.5, figures in tables
  ImFont* bold = nullptr;   ///< 16.5
  ImFont* big = nullptr;    ///< 25, the inspector's figures
  bool bitmap = false;      ///< ImGui's own font is all there is: ASCII and Latin-1 only (display_text)
  bool icons = false;       ///< FontAwesome is merged into body, small and bold
  std::vector<std::string> missing;  ///< sentences for the status bar: which faces were not found
};

/// Where faces are looked for. `only_face`: one file for everything (golden images); `folders` empty: none
/// is looked for and ImGui's bitmap font is taken.
struct FontSearch {
  std::vector<std::filesystem::path> folders = {"/usr/share/fonts", "/usr/local/share/fonts"};
  std::filesystem::path only_face;
};

/// Fills the atlas of the current context. Order of faces: Inter, Roboto, Noto Sans, DejaVu Sans, ImGui's
/// own; mono: JetBrains Mono, Noto Sans Mono, DejaVu Sans Mono. The atlas's texture must be uploaded anew
/// afterwards.
Fonts load_fonts(const FontSearch& search, float scale);

/// Icons used; a text stands in for each where FontAwesome is missing (icon_text).
enum class Icon {
  kPlay,
  kStop,
  kUndo,
  kRedo,
  kSearch,
  kFolder,
  kPlus,
  kClose,
  kSun,
  kMoon,
  kChip,
  kDownload,
  kCopy,
  kWarning,
  kCheck,
  kError,
  kClock,
  kEye,
  kRefresh,
  kFile,
  kLog,
  kList,
  kQuestion
};
/// UTF-8 of the icon, or its plain stand-in ("" where a text beside it says enough).
const char* icon_text(const Fonts& fonts, Icon icon);

}  // namespace fixynn::gui
