// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/fonts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "gui/headless/null_platform.h"
#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A folder with links to the named installed fonts; empty when one of them is missing.
class FontFolder {
 public:
  explicit FontFolder(const std::vector<std::string>& names) {
    folder_ = fs::temp_directory_path() / ("fixynn_fonts_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    for (const std::string& name : names) {
      const fs::path file = installed(name);
      complete_ = complete_ && !file.empty();
      if (!file.empty()) fs::create_symlink(file, folder_ / name);
    }
  }
  ~FontFolder() { fs::remove_all(folder_); }
  bool complete() const { return complete_; }
  FontSearch search() const { return {.folders = {folder_}, .only_face = {}}; }
  const fs::path& path() const { return folder_; }

 private:
  static fs::path installed(const std::string& name) {
    std::error_code error;
    for (fs::recursive_directory_iterator walk("/usr/share/fonts", error);
         !error && walk != fs::recursive_directory_iterator(); walk.increment(error))
      if (walk->path().filename() == name) return fs::canonical(walk->path());
    return {};
  }
  fs::path folder_;
  bool complete_ = true;
};

NullPlatformOptions with(const FontSearch& search, float scale = 1) {
  NullPlatformOptions options;
  options.fonts = search;
  options.scale = scale;
  return options;
}

TEST(Fonts, DejaVuOnlyShowsAllTextAndSaysWhatIsMissing) {
  const FontFolder folder({"DejaVuSans.ttf", "DejaVuSansMono.ttf"});
  if (!folder.complete()) GTEST_SKIP() << "DejaVu is not installed (Debian: fonts-dejavu-core)";
  NullPlatform platform(with(folder.search()));
  const Fonts& fonts = platform.ui().fonts;
  EXPECT_FALSE(fonts.bitmap);
  EXPECT_FALSE(fonts.icons);
  for (ImFont* font : {fonts.body, fonts.small, fonts.mono, fonts.bold})
    for (const int sign :
         {0x00b2, 0x00b5, 0x00d7, 0x00b1, 0x2264, 0x2265, 0x2026, 0x2013, 0x2014, 0x03b1, 0x2192, 0x2588})
      EXPECT_TRUE(compat::has_glyph(*font, static_cast<ImWchar>(sign))) << std::hex << sign;
  std::string all;
  for (const std::string& sentence : fonts.missing) all += sentence + "\n";
  EXPECT_THAT(all, HasSubstr("Inter is not installed"));
  EXPECT_THAT(all, HasSubstr("fonts-font-awesome"));
  EXPECT_EQ(display_text(platform.ui(), "3 mm² ≤ 4 µJ"), "3 mm² ≤ 4 µJ");
  EXPECT_STREQ(icon_text(fonts, Icon::kUndo), "Undo");
}

TEST(Fonts, NoneFallsBackToTheBitmapFontAndPlainText) {
  NullPlatform platform(with({.folders = {}, .only_face = {}}));
  const Ui& ui = platform.ui();
  EXPECT_TRUE(ui.fonts.bitmap);
  EXPECT_EQ(ui.fonts.missing.size(), 1u);
  EXPECT_EQ(display_text(ui, "3.00 mm² – 4 µJ × 2 … ±1 ≤ 5 → α"),
            "3.00 mm2 - 4 uJ x 2 ... +-1 <= 5 -> alpha");
  EXPECT_EQ(display_text(ui, "naïve Größe"), "naïve Größe");
  EXPECT_EQ(display_text(ui, "模型"), "__");
  EXPECT_EQ(display_text(ui, "cut \xe2\x82"), "cut _");
  // What is left has a glyph.
  for (const char* text : {"²", "µ", "×", "…", "–", "—", "·", "±", "≥", "λ", "模"})
    for (const unsigned char letter : display_text(ui, text))
      EXPECT_TRUE(compat::has_glyph(*ui.fonts.body, letter)) << text;
}

TEST(Fonts, EveryIconHasAGlyphOrAStandIn) {
  const FontFolder folder({"DejaVuSans.ttf", "FontAwesome.otf"});
  if (!folder.complete()) GTEST_SKIP() << "FontAwesome 4 is not installed (Debian: fonts-font-awesome)";
  NullPlatform platform(with(folder.search()));
  const Fonts& fonts = platform.ui().fonts;
  ASSERT_TRUE(fonts.icons);
  for (int i = 0; i <= static_cast<int>(Icon::kQuestion); ++i) {
    unsigned code = 0;
    ImTextCharFromUtf8(&code, icon_text(fonts, static_cast<Icon>(i)), nullptr);
    for (ImFont* font : {fonts.body, fonts.small, fonts.bold})
      EXPECT_TRUE(compat::has_glyph(*font, static_cast<ImWchar>(code))) << i;
  }
}

TEST(Fonts, PixelsFollowTheScale) {
  const FontFolder folder({"DejaVuSans.ttf"});
  if (!folder.complete()) GTEST_SKIP() << "DejaVu is not installed (Debian: fonts-dejavu-core)";
  NullPlatform platform(with(folder.search(), 2));
  EXPECT_EQ(compat::font_pixels(*platform.ui().fonts.body), 33);
  platform.set_scale(1.5f);
  EXPECT_EQ(compat::font_pixels(*platform.ui().fonts.small), 21);
}

TEST(Fonts, DamagedFilesDoNotEndTheProgram) {
  const FontFolder folder({});
  std::ofstream(folder.path() / "Inter-Regular.otf") << "no font";
  NullPlatform platform(with(folder.search()));
  EXPECT_TRUE(platform.ui().fonts.bitmap);
  EXPECT_THROW(NullPlatform(with({.folders = {}, .only_face = folder.path() / "Inter-Regular.otf"})), Error);
  EXPECT_THROW(NullPlatform(with({.folders = {}, .only_face = folder.path() / "missing.ttf"})), Error);
}

}  // namespace
}  // namespace fixynn::gui
