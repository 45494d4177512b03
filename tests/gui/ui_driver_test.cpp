// SPDX-License-Identifier: Apache-2.0
#include "gui/headless/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "gui/ui/mark_map.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

using testing::HasSubstr;

NullPlatformOptions small_window() {
  NullPlatformOptions options;
  options.width = 500;
  options.height = 400;
  options.fonts.folders.clear();
  return options;
}

/// A tiny interface with one of everything that the driver can do.
struct Tiny {
  int clicks = 0, double_clicks = 0, right_clicks = 0, undone = 0;
  bool ctrl = false, shift = false, checked = false, hovered = false;
  std::string name;
  float scroll = 0;
  ImVec2 dragged{0, 0};

  void draw(Ui& ui) {
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::SetNextWindowSize(ImVec2(500, 400));
    ImGui::Begin("tiny", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
    if (button(ui, "tiny.button", "Press", {.tooltip = "What it does"})) {
      ++clicks;
      ctrl = ImGui::GetIO().KeyCtrl;
      shift = ImGui::GetIO().KeyShift;
    }
    if (ImGui::IsItemHovered() && ImGui::IsMouseDoubleClicked(0)) ++double_clicks;
    if (ImGui::IsItemClicked(1)) ++right_clicks;
    hovered = ImGui::IsItemHovered();
    button(ui, "tiny.off", "Off", {.enabled = false, .disabled_reason = "Because"});
    check_box(ui, "tiny.check", "Check", checked);
    input_text(ui, "tiny.name", name);
    ImGui::InvisibleButton("pad", ImVec2(100, 40));
    ui.mark("tiny.pad");
    if (ImGui::IsItemActive()) dragged = ImGui::GetMouseDragDelta(0, 0);
    if (ImGui::IsItemHovered()) scroll += ImGui::GetIO().MouseWheel;
    if (chord_pressed(parse_chord("Ctrl+Z"))) ++undone;
    ImGui::BeginChild("list", ImVec2(100, 60));
    for (int i = 0; i < 20; ++i) text_clipped(ui, "tiny.row." + std::to_string(i), "row");
    ImGui::EndChild();
    ImGui::End();
  }
};

class DriverTest : public testing::Test {
 protected:
  Tiny tiny;
  Driver driver{[this](Ui& ui) { tiny.draw(ui); }, small_window()};
};

TEST_F(DriverTest, ClicksOnce) {
  driver.click("tiny.button");
  EXPECT_EQ(tiny.clicks, 1);
  driver.click("tiny.button");
  EXPECT_EQ(tiny.clicks, 2);
  EXPECT_EQ(tiny.double_clicks, 0) << "two clicks are no double click";
  driver.double_click("tiny.button");
  EXPECT_EQ(tiny.double_clicks, 1);
  driver.right_click("tiny.button");
  EXPECT_EQ(tiny.right_clicks, 1);
}

TEST_F(DriverTest, HoldsModifiers) {
  driver.ctrl_click("tiny.button");
  EXPECT_TRUE(tiny.ctrl);
  EXPECT_FALSE(tiny.shift);
  driver.shift_click("tiny.button");
  EXPECT_TRUE(tiny.shift);
  EXPECT_FALSE(tiny.ctrl);
  EXPECT_FALSE(ImGui::GetIO().KeyShift);
}

TEST_F(DriverTest, DisabledButtonDoesNothingAndSaysSo) {
  EXPECT_FALSE(driver.find("tiny.off").enabled);
  EXPECT_TRUE(driver.find("tiny.button").enabled);
  driver.click("tiny.off");
  EXPECT_EQ(tiny.clicks, 0);
}

TEST_F(DriverTest, ChecksAndTypes) {
  driver.click("tiny.check");
  EXPECT_TRUE(tiny.checked);
  driver.click("tiny.name");
  EXPECT_TRUE(typing_text());
  driver.type("ab µ c");
  EXPECT_EQ(tiny.name, "ab µ c");
  driver.key("Backspace");
  driver.key("Home");
  driver.type("x");
  EXPECT_EQ(tiny.name, "xab µ ");
  driver.key("Ctrl+A");
  driver.key("Ctrl+C");
  EXPECT_EQ(driver.platform().clipboard(), "xab µ ");
  driver.platform().set_clipboard("pasted");
  driver.key("Ctrl+V");
  EXPECT_EQ(tiny.name, "pasted");
  driver.key("Return");
  EXPECT_FALSE(typing_text());
}

TEST_F(DriverTest, KeysDragWheelHover) {
  driver.key("Ctrl+Z");
  driver.key("Z");
  driver.key("Ctrl+Shift+Z");
  EXPECT_EQ(tiny.undone, 1);
  driver.drag("tiny.pad", 30, -12);
  EXPECT_EQ(tiny.dragged.x, 30);
  EXPECT_EQ(tiny.dragged.y, -12);
  driver.wheel("tiny.pad", 2);
  EXPECT_EQ(tiny.scroll, 2);
  driver.hover("tiny.button");
  EXPECT_TRUE(tiny.hovered);
  driver.move_away();
  EXPECT_FALSE(tiny.hovered);
}

TEST_F(DriverTest, MissingMarkIsNamedWithItsNeighbours) {
  try {
    driver.click("tiny.buton");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no widget with the mark \"tiny.buton\""));
    EXPECT_THAT(error.what(), HasSubstr("tiny.button"));
  }
}

TEST_F(DriverTest, WidgetOutOfSightIsRefused) {
  EXPECT_TRUE(driver.find("tiny.row.0").visible);
  EXPECT_FALSE(driver.find("tiny.row.19").visible);
  EXPECT_THROW(driver.click("tiny.row.19"), Error);
  driver.wheel("tiny.row.0", -50);
  driver.step(3);
  EXPECT_NO_THROW(driver.click("tiny.row.19"));
}

TEST_F(DriverTest, TooltipComesAfterAWhileOnly) {
  driver.move_away();
  driver.hover("tiny.button", 0.1);
  const Picture early = driver.screenshot();
  EXPECT_TRUE(driver.ui().redraw_s.has_value()) << "the tooltip needs a frame without input";
  driver.hover("tiny.button", 0.5);
  EXPECT_GT(differing_share(early, driver.screenshot()), 0.005);
  driver.move_away();
  driver.hover("tiny.off", 0.1);
  const Picture before = driver.screenshot();
  driver.hover("tiny.off", 0.5);
  EXPECT_GT(differing_share(before, driver.screenshot()), 0.002) << "the reason of a disabled button";
}

TEST_F(DriverTest, UntilWaitsAndGivesUp) {
  int frames = 0;
  EXPECT_TRUE(driver.until([&] { return ++frames == 3; }));
  EXPECT_FALSE(driver.until([] { return false; }, 0.05));
}

TEST_F(DriverTest, MarkMapIsReadable) {
  const auto path =
      std::filesystem::temp_directory_path() / ("fixynn_marks_" + std::to_string(::getpid()) + ".json");
  write_mark_map(driver.ui(), path);
  const auto map = nlohmann::json::parse(read_text_file(path));
  std::filesystem::remove(path);
  EXPECT_EQ(map.at("tiny.off").at(4), 0);
  EXPECT_EQ(map.at("tiny.button").at(4), 1);
  EXPECT_EQ(map.at("tiny.row.19").at(5), 0);
  EXPECT_LT(map.at("tiny.button").at(0), map.at("tiny.button").at(2));
  EXPECT_EQ(map.size(), driver.ui().marks.size());
}

TEST_F(DriverTest, TwoRunsLookTheSame) {
  driver.click("tiny.check");
  const Picture first = driver.screenshot();
  Tiny other;
  Driver second([&](Ui& ui) { other.draw(ui); }, small_window());
  second.click("tiny.check");
  EXPECT_EQ(first.pixels, second.screenshot().pixels);
}

}  // namespace
}  // namespace fixynn::gui
