// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/widgets.h"

#include <gtest/gtest.h>

#include <array>

#include "gui/headless/driver.h"

namespace fixynn::gui {
namespace {

/// Every widget once, with what it changed.
struct Gallery {
  int segment = 0, tab = 0, choice = 0, layers = 7, bits = 8, copied = 0, released = 0;
  double area = 2;
  bool on = false, checked = false;
  std::string search = "abc", text;
  std::optional<int> part;

  void draw(Ui& ui) {
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
    ImGui::Begin("gallery", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
    const ImVec2 size = ImGui::GetIO().DisplaySize;
    if (begin_panel(ui, "panel", ImVec2(ui.px(10), ui.px(10)),
                    ImVec2(size.x - ui.px(20), size.y - ui.px(20)))) {
      heading(ui, "Title", "3 mm²");
      const std::array<std::string, 3> labels = {"One", "Two", "Three"};
      segmented(ui, "segment", labels, segment);
      tabs(ui, "tab", labels, tab);
      combo(ui, "combo", labels, choice);
      toggle(ui, "toggle", "Switch", on);
      toggle(ui, "toggle_off", "Switch", on, false);
      check_box(ui, "check", "Check", checked);
      released += slider(ui, "layers", layers, 0, 14).ended;
      slider(ui, "area", area, 1, 4);
      drag_number(ui, "bits", bits, 2, 8);
      search_field(ui, "search", search, "Search");
      input_text(ui, "text", text, "Type");
      copied += copyable_text(ui, "copy", "c0ffee µ");
      const std::array<BarPart, 4> parts = {{{"a", 1, "1 mm²", ui.theme.series[0]},
                                             {"b", 0, "0", ui.theme.series[1]},
                                             {"c", -2, "-2", ui.theme.series[2]},
                                             {"d", 3, "3 mm²", ui.theme.series[3]}}};
      part = split_bar(ui, "bar", parts);
      progress_bar(ui, "progress", 0.4, 0, "40 %");
      progress_bar(ui, "unknown", std::nullopt);
      badge(ui, "live", BadgeKind::kGood);
      big_figure(ui, "Efficiency", "9.37", "TOPS/W", "1.69×");
      text_right(ui, "1.234");
      empty_note(ui, "Nothing here yet");
    }
    end_panel(ui);
    ImGui::End();
  }
};

NullPlatformOptions options(float scale = 1, ThemeName theme = ThemeName::kDark) {
  NullPlatformOptions options;
  options.width = static_cast<int>(600 * scale);
  options.height = static_cast<int>(900 * scale);
  options.scale = scale;
  options.theme = theme;
  return options;
}

class Widgets : public testing::Test {
 protected:
  Gallery gallery;
  Driver driver{[this](Ui& ui) { gallery.draw(ui); }, options()};
};

TEST_F(Widgets, ChoicesAreTaken) {
  driver.click("segment.2");
  EXPECT_EQ(gallery.segment, 2);
  driver.click("tab.1");
  EXPECT_EQ(gallery.tab, 1);
  EXPECT_FALSE(driver.has("combo.1"));
  driver.click("combo");
  driver.click("combo.1");
  EXPECT_EQ(gallery.choice, 1);
  driver.click("toggle");
  EXPECT_TRUE(gallery.on);
  driver.click("toggle_off");
  EXPECT_TRUE(gallery.on);
  driver.click("check");
  EXPECT_TRUE(gallery.checked);
}

TEST_F(Widgets, SliderFollowsTheMouseAndEndsOnce) {
  driver.click_at("layers", 0.999f, 0.5f);
  EXPECT_EQ(gallery.layers, 14);
  driver.click_at("layers", 0.001f, 0.5f);
  EXPECT_EQ(gallery.layers, 0);
  gallery.released = 0;
  driver.drag("layers", -500, 0);
  EXPECT_EQ(gallery.layers, 0);
  driver.drag("layers", 60, 0);
  EXPECT_GT(gallery.layers, 7);
  EXPECT_EQ(gallery.released, 2);
  driver.click_at("area", 0.999f, 0.5f);
  EXPECT_DOUBLE_EQ(gallery.area, 4);
}

TEST_F(Widgets, NumbersCanBeTypedAndAreClamped) {
  driver.ctrl_click("layers");
  driver.key("Ctrl+A");
  driver.type("3");
  driver.key("Return");
  EXPECT_EQ(gallery.layers, 3);
  driver.double_click("bits");
  driver.key("Ctrl+A");
  driver.type("99");
  driver.key("Return");
  EXPECT_EQ(gallery.bits, 8);
  driver.drag("bits", -400, 0);
  EXPECT_EQ(gallery.bits, 2);
}

TEST_F(Widgets, SearchFieldIsEmptiedByItsCross) {
  ASSERT_TRUE(driver.has("search.clear"));
  driver.click("search.clear");
  EXPECT_EQ(gallery.search, "");
  EXPECT_FALSE(driver.has("search.clear"));
  driver.click("search");
  driver.type("xy");
  EXPECT_EQ(gallery.search, "xy");
}

TEST_F(Widgets, TextIsCopied) {
  driver.click("copy");
  EXPECT_EQ(gallery.copied, 1);
  EXPECT_EQ(driver.platform().clipboard(), "c0ffee µ");
}

TEST_F(Widgets, BarSharesAddUpAndAreHovered) {
  const Mark bar = driver.find("bar"), a = driver.find("bar.0"), d = driver.find("bar.3");
  EXPECT_FALSE(driver.has("bar.1")) << "a part of nothing";
  EXPECT_NEAR((a.right - a.left) / (bar.right - bar.left), 0.25, 0.01);
  EXPECT_EQ(a.right, d.left);
  EXPECT_EQ(d.right, bar.right);
  driver.hover("bar.3");
  EXPECT_EQ(gallery.part, 3);
  driver.hover("bar.0");
  EXPECT_EQ(gallery.part, 0);
  // One colour within each part, from its edge to the next.
  driver.move_away();
  const Picture picture = driver.screenshot();
  const int y = static_cast<int>((d.top + d.bottom) / 2);
  for (int x = static_cast<int>(d.left) + 1; x < static_cast<int>(d.right) - 6; ++x)
    ASSERT_EQ(picture.at(x, y), driver.ui().theme.series[3]) << x;
}

TEST_F(Widgets, UnusedMarksOfFramesBeforeAreGone) {
  driver.ui().marks["stale"] = Mark{};
  driver.step();
  EXPECT_FALSE(driver.has("stale"));
}

/// Every mark lies within the window and within the panel, at every scale, in both themes and with the bitmap
/// font.
TEST(WidgetsFit, AtEveryScale) {
  for (const float scale : {1.0f, 1.25f, 1.5f, 2.0f})
    for (const bool bitmap : {false, true}) {
      Gallery gallery;
      NullPlatformOptions chosen = options(scale, bitmap ? ThemeName::kLight : ThemeName::kDark);
      if (bitmap) chosen.fonts.folders.clear();
      Driver driver([&](Ui& ui) { gallery.draw(ui); }, chosen);
      const Mark panel = driver.find("panel");
      for (const auto& [name, mark] : driver.ui().marks) {
        EXPECT_TRUE(mark.visible) << name << " at " << scale;
        EXPECT_GE(mark.left, panel.left) << name << " at " << scale;
        EXPECT_LE(mark.right, panel.right) << name << " at " << scale;
        EXPECT_LE(mark.bottom, panel.bottom) << name << " at " << scale;
      }
    }
}

TEST(Colours, MixAndOpacity) {
  EXPECT_EQ(mix(IM_COL32(0, 0, 0, 255), IM_COL32(200, 100, 50, 255), 0.5f), IM_COL32(100, 50, 25, 255));
  EXPECT_EQ(with_opacity(IM_COL32(1, 2, 3, 255), 0.5f), IM_COL32(1, 2, 3, 128));
  EXPECT_EQ(with_opacity(IM_COL32(1, 2, 3, 255), 9), IM_COL32(1, 2, 3, 255));
}

}  // namespace
}  // namespace fixynn::gui
