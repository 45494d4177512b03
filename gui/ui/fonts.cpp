// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/fonts.h"

#if __has_include(<imgui_freetype.h>)
#include <imgui_freetype.h>
#define FIXYNN_GUI_FREETYPE 1
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <span>
#include <string_view>

#include "core/error.h"
#include "gui/ui/imgui_compat.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;

struct Face {
  const char* name;
  std::array<const char*, 2> regular;
  std::array<const char*, 3> bold;
  const char* package;  ///< of Debian
};

constexpr std::array<Face, 4> kSans = {{
    {"Inter",
     {"Inter-Regular.otf", "Inter-Regular.ttf"},
     {"Inter-SemiBold.otf", "Inter-SemiBold.ttf", "Inter-Bold.otf"},
     "fonts-inter"},
    {"Roboto",
     {"Roboto-Regular.ttf", "Roboto-Regular.otf"},
     {"Roboto-Medium.ttf", "Roboto-Bold.ttf", ""},
     "fonts-roboto"},
    {"Noto Sans",
     {"NotoSans-Regular.ttf", "NotoSans-Regular.otf"},
     {"NotoSans-SemiBold.ttf", "NotoSans-Bold.ttf", ""},
     "fonts-noto-core"},
    {"DejaVu Sans", {"DejaVuSans.ttf", ""}, {"DejaVuSans-Bold.ttf", "", ""}, "fonts-dejavu-core"},
}};
constexpr std::array<Face, 3> kMono = {{
    {"JetBrains Mono",
     {"JetBrainsMono-Regular.ttf", "JetBrainsMono-Regular.otf"},
     {},
     "fonts-jetbrains-mono"},
    {"Noto Sans Mono", {"NotoSansMono-Regular.ttf", "NotoSansMono-Regular.otf"}, {}, "fonts-noto-mono"},
    {"DejaVu Sans Mono", {"DejaVuSansMono.ttf", ""}, {}, "fonts-dejavu-core"},
}};
constexpr std::array<const char*, 2> kIconFiles = {"FontAwesome.otf", "fontawesome-webfont.ttf"};

// ImGui keeps the pointers until the atlas is built. Pairs of first and last, ended by 0.
constexpr std::array<ImWchar, 23> kTextRanges = {0x0020, 0x017f,  // Latin-1, Latin Extended-A
                                                 0x0370, 0x03ff,  // Greek
                                                 0x2010, 0x2027,  // dashes, quotation marks, bullet, ellipsis
                                                 0x2030, 0x203a,  // per mille, primes
                                                 0x2070, 0x209c,  // superscripts, subscripts
                                                 0x20ac, 0x20ac,  // euro
                                                 0x2190, 0x21ff,  // arrows
                                                 0x2200, 0x22ff,  // mathematical operators
                                                 0x2580, 0x25ff,  // blocks, shapes
                                                 0x2605, 0x2606, 0x2713, 0x2717, 0};
constexpr std::array<ImWchar, 9> kFigureRanges = {0x0020, 0x00ff, 0x2010, 0x2027, 0x2070,
                                                  0x209c, 0x2212, 0x2265, 0};

struct IconGlyph {
  ImWchar code;
  const char* text;
  const char* stand_in;
};

// FontAwesome 4's code points, in the order of Icon.
constexpr std::array<IconGlyph, 23> kIcons = {{
    {0xf04b, "\uf04b", ""},       {0xf04d, "\uf04d", ""},  {0xf0e2, "\uf0e2", "Undo"},
    {0xf01e, "\uf01e", "Redo"},   {0xf002, "\uf002", ""},  {0xf07c, "\uf07c", "Open"},
    {0xf067, "\uf067", "+"},      {0xf00d, "\uf00d", "x"}, {0xf185, "\uf185", "Light"},
    {0xf186, "\uf186", "Dark"},   {0xf2db, "\uf2db", ""},  {0xf019, "\uf019", "Save"},
    {0xf0c5, "\uf0c5", "Copy"},   {0xf071, "\uf071", "!"}, {0xf00c, "\uf00c", "ok"},
    {0xf057, "\uf057", "x"},      {0xf017, "\uf017", ""},  {0xf06e, "\uf06e", "View"},
    {0xf021, "\uf021", "Reload"}, {0xf15b, "\uf15b", ""},  {0xf0f6, "\uf0f6", "Log"},
    {0xf03a, "\uf03a", "List"},   {0xf059, "\uf059", "?"},
}};

constexpr std::array<ImWchar, 2 * kIcons.size() + 1> icon_ranges() {
  std::array<ImWchar, 2 * kIcons.size() + 1> ranges{};
  for (size_t i = 0; i < kIcons.size(); ++i) ranges[2 * i] = ranges[2 * i + 1] = kIcons[i].code;
  return ranges;
}
constexpr auto kIconRanges = icon_ranges();

// ImGui asserts on a file that it cannot open.
bool readable(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) && std::ifstream(file).good();
}

using Found = std::map<std::string, fs::path, std::less<>>;

/// Paths of the files of the tables above. Of two of a name, the first in the order of paths counts.
Found find_faces(std::span<const fs::path> folders) {
  Found found;
  const auto want = [&found](const char* name) {
    if (name && *name) found.try_emplace(name);
  };
  for (const auto& faces : {std::span<const Face>(kSans), std::span<const Face>(kMono)})
    for (const Face& face : faces) {
      for (const char* name : face.regular) want(name);
      for (const char* name : face.bold) want(name);
    }
  for (const char* name : kIconFiles) want(name);
  for (const fs::path& folder : folders) {
    std::error_code error;
    fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied, error);
    for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
      const auto entry = found.find(walk->path().filename().string());
      if (entry == found.end() || !readable(walk->path())) continue;
      if (entry->second.empty() || walk->path() < entry->second) entry->second = walk->path();
    }
  }
  return found;
}

template <size_t n>
fs::path first_of(const Found& found, const std::array<const char*, n>& names) {
  for (const char* name : names) {
    const auto entry = name ? found.find(std::string_view(name)) : found.end();
    if (entry != found.end() && !entry->second.empty()) return entry->second;
  }
  return {};
}

struct Files {
  fs::path regular, bold, mono, icons, filler;  ///< filler: letters and signs that `regular` lacks
};

Files choose_files(const FontSearch& search, Fonts& fonts) {
  Files files;
  if (!search.only_face.empty()) {
    files.regular = files.bold = files.mono = search.only_face;
    return files;
  }
  const Found found = find_faces(search.folders);
  for (const Face& face : kSans) {
    files.regular = first_of(found, face.regular);
    if (files.regular.empty()) continue;
    files.bold = first_of(found, face.bold);
    if (files.bold.empty()) files.bold = files.regular;
    if (&face != &kSans.front())
      fonts.missing.push_back(fmt::format("{} is not installed: texts are shown in {} (Debian: {})",
                                          kSans.front().name, face.name, kSans.front().package));
    break;
  }
  for (const Face& face : kMono) {
    files.mono = first_of(found, face.regular);
    if (files.mono.empty()) continue;
    if (&face != &kMono.front())
      fonts.missing.push_back(fmt::format("{} is not installed: figures are shown in {} (Debian: {})",
                                          kMono.front().name, face.name, kMono.front().package));
    break;
  }
  if (files.mono.empty()) files.mono = files.regular;
  files.icons = first_of(found, kIconFiles);
  files.filler = first_of(found, kSans.back().regular);
  if (files.regular.empty())
    fonts.missing.push_back(
        "no font was found: install one of fonts-inter, fonts-roboto or fonts-dejavu-core");
  else if (files.icons.empty())
    fonts.missing.push_back(
        "FontAwesome 4 is not installed: words stand for icons (Debian: fonts-font-awesome)");
  return files;
}

ImFontConfig face_config() {
  ImFontConfig config;
  config.OversampleH = config.OversampleV = 1;
  config.PixelSnapH = true;
#ifdef FIXYNN_GUI_FREETYPE
  config.FontBuilderFlags = ImGuiFreeTypeBuilderFlags_LightHinting;
#else
  config.OversampleH = 3;
#endif
  return config;
}

void merge(ImFontAtlas& atlas, const fs::path& file, float pixels, const ImWchar* ranges, bool icons) {
  if (file.empty()) return;
  ImFontConfig config = face_config();
  config.MergeMode = true;
  if (icons) {
    // All icons are equally wide, so that labels behind them line up; the offset centres them on the
    // capitals.
    config.GlyphMinAdvanceX = std::round(pixels * 1.1f);
    config.GlyphOffset.y = std::round(pixels * 0.06f);
  }
  atlas.AddFontFromFileTTF(file.c_str(), pixels, &config, ranges);
}

ImFont* add_face(ImFontAtlas& atlas, const fs::path& file, const Files& files, float pixels,
                 const ImWchar* ranges, bool with_icons) {
  const ImFontConfig config = face_config();
  ImFont* font = atlas.AddFontFromFileTTF(file.c_str(), pixels, &config, ranges);
  if (file != files.filler) merge(atlas, files.filler, pixels, ranges, false);
  if (with_icons) merge(atlas, files.icons, std::round(pixels * 0.9f), kIconRanges.data(), true);
  return font;
}

void load_bitmap_font(ImFontAtlas& atlas, float scale, Fonts& fonts) {
  ImFontConfig config;
  // A bitmap font is sharp at whole multiples only.
  const float factor = std::max(1.0f, std::round(scale));
  config.SizePixels = 13 * factor;
  config.OversampleH = config.OversampleV = 1;
  config.PixelSnapH = true;
  fonts.body = atlas.AddFontDefault(&config);
  config.SizePixels = 26 * factor;
  fonts.big = atlas.AddFontDefault(&config);
  fonts.small = fonts.mono = fonts.bold = fonts.body;
  fonts.bitmap = true;
  fonts.icons = false;
}

void load_faces(ImFontAtlas& atlas, const Files& files, float scale, Fonts& fonts) {
  const auto pixels = [scale](float units) { return std::max(6.0f, std::round(units * scale)); };
  const ImWchar* text = kTextRanges.data();
  fonts.body = add_face(atlas, files.regular, files, pixels(16.5f), text, true);
  fonts.small = add_face(atlas, files.regular, files, pixels(14), text, true);
  fonts.mono = add_face(atlas, files.mono, files, pixels(15.5f), text, false);
  fonts.bold = add_face(atlas, files.bold, files, pixels(16.5f), text, true);
  fonts.big = add_face(atlas, files.bold, files, pixels(25), kFigureRanges.data(), false);
  fonts.icons = !files.icons.empty();
}

}  // namespace

Fonts load_fonts(const FontSearch& search, float scale) {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  if (!search.only_face.empty() && !readable(search.only_face))
    fail_usage("{}: this font file cannot be opened; give a .ttf or .otf, or none",
               search.only_face.string());
  Fonts fonts;
  const Files files = choose_files(search, fonts);
  atlas.Clear();
  atlas.Flags |= ImFontAtlasFlags_NoMouseCursors | ImFontAtlasFlags_NoBakedLines;
#ifdef FIXYNN_GUI_FREETYPE
  atlas.FontBuilderIO = ImGuiFreeType::GetBuilderForFreeType();
#endif
  bool built = false;
  if (!files.regular.empty()) {
    load_faces(atlas, files, scale, fonts);
    built = atlas.Build();
    if (!built && !search.only_face.empty())
      fail_usage("{}: this is no font that can be read; give a .ttf or .otf, or none",
                 search.only_face.string());
    if (!built) fonts.missing.push_back("a font file is damaged: ImGui's own font is shown");
  }
  if (!built) {
    atlas.Clear();
    load_bitmap_font(atlas, scale, fonts);
    if (!atlas.Build()) fail("no font could be loaded, not even ImGui's own; check its FreeType library");
  }
  ImGui::GetIO().FontDefault = fonts.body;
  return fonts;
}

const char* icon_text(const Fonts& fonts, Icon icon) {
  const IconGlyph& glyph = kIcons[static_cast<size_t>(icon)];
  return fonts.icons ? glyph.text : glyph.stand_in;
}

}  // namespace fixynn::gui
