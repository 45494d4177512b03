// SPDX-License-Identifier: Apache-2.0
// The whole window, worked by name and by key without a window: layout, shortcuts, dialogs.
#include <gtest/gtest.h>

#include "gui/headless/driver.h"
#include "gui/panels/panels.h"
#include "gui_model/model_fixture.h"

namespace fixynn::gui {
namespace {

/// The workbench over a session without runs (assumed weights).
class Workbench : public testing::Test {
 protected:
  void draw(Ui& ui) {
    session_.poll();
    session_.apply(draw_workbench(ui, session_, commands_, state_));
  }
  static SessionOptions options() {
    SessionOptions options;
    options.exact_costs = false;
    return options;
  }
  static NullPlatformOptions platform() {
    NullPlatformOptions options;
    options.width = 1280;
    options.height = 800;
    return options;
  }
  OpenDialog::Kind dialog() const { return session_.dialog().kind; }

  Session session_{options()};
  std::vector<Command> commands_ = make_commands();
  WorkbenchState state_;
  Driver driver_{[this](Ui& ui) { draw(ui); }, platform()};
};

using Kind = OpenDialog::Kind;

bool overlap(const Mark& a, const Mark& b) {
  return a.left < b.right - 0.5f && b.left < a.right - 0.5f && a.top < b.bottom - 0.5f &&
         b.top < a.bottom - 0.5f;
}

TEST_F(Workbench, CardsNeitherOverlapNorLeaveTheWindow) {
  for (const float scale : {1.0f, 1.5f, 2.0f}) {
    for (const auto& [width, height] :
         {std::pair{800, 500}, {1180, 560}, {1280, 800}, {1920, 1080}, {2560, 1440}}) {
      driver_.platform().set_scale(scale);
      driver_.platform().set_size(static_cast<int>(static_cast<float>(width) * scale),
                                  static_cast<int>(static_cast<float>(height) * scale));
      for (state_.folded_tab = 0; state_.folded_tab < 4; ++state_.folded_tab) {
        driver_.step(3);
        std::vector<std::pair<std::string, Mark>> cards;
        for (const char* name : {"side", "runs", "design", "jobs", "plots", "layers", "inspector",
                                 "toolbar.palette", "toolbar.theme", "status.message", "menu.File"})
          if (driver_.has(name)) cards.emplace_back(name, driver_.find(name));
        EXPECT_GE(cards.size(), 5u);
        for (size_t i = 0; i < cards.size(); ++i) {
          const auto& [name, card] = cards[i];
          EXPECT_GE(card.left, 0) << name;
          EXPECT_LE(card.right, static_cast<float>(width) * scale)
              << name << " at " << width << " x " << scale;
          EXPECT_LE(card.bottom, static_cast<float>(height) * scale) << name;
          EXPECT_GT(card.bottom - card.top, 8 * scale) << name;
          for (size_t j = 0; j < i; ++j)
            EXPECT_FALSE(overlap(card, cards[j].second)) << name << " and " << cards[j].first << " at "
                                                         << width << " x " << height << ", scale " << scale;
        }
      }
    }
  }
}

TEST_F(Workbench, ADragOfTheSliderIsOneStepOfUndo) {
  driver_.drag("design.fixed_layers", 60, 0);
  EXPECT_GT(session_.design().fixed_layers, 7);
  driver_.key("Ctrl+Z");
  EXPECT_EQ(session_.design().fixed_layers, 7);
  EXPECT_FALSE(session_.history().can_undo());
  driver_.key("Ctrl+Shift+Z");
  EXPECT_GT(session_.design().fixed_layers, 7);
  driver_.click("toolbar.undo");
  EXPECT_EQ(session_.design().fixed_layers, 7);
}

TEST_F(Workbench, PaletteIsWorkedByKeys) {
  driver_.key("Ctrl+P");
  ASSERT_EQ(dialog(), Kind::kPalette);
  driver_.type("technology asap7");
  driver_.key("Return");
  EXPECT_EQ(session_.design().technology, "asap7");
  EXPECT_EQ(dialog(), Kind::kNone);
  driver_.key("Ctrl+P");
  driver_.key("Down");
  EXPECT_EQ(state_.dialog.chosen, 1);
  driver_.key("Escape");
  EXPECT_EQ(dialog(), Kind::kNone);
}

TEST_F(Workbench, KeysThatEditTextGiveNoCommandWhileTyping) {
  session_.apply(Action{SetFixedLayers{4}});
  driver_.key("Ctrl+P");
  driver_.type("abc");
  driver_.key("Ctrl+Z");
  EXPECT_EQ(session_.design().fixed_layers, 4);
  driver_.key("Escape");
  driver_.key("Ctrl+Z");
  EXPECT_EQ(session_.design().fixed_layers, 7);
}

TEST_F(Workbench, NothingBehindADialogIsReached) {
  driver_.key("F1");
  ASSERT_EQ(dialog(), Kind::kKeys);
  const Mark& undo = driver_.find("design.fixed_layers");
  ImGui::GetIO().MousePos = ImVec2((undo.left + undo.right) / 2 + 40, (undo.top + undo.bottom) / 2);
  driver_.step(2);
  EXPECT_EQ(driver_.ui().hover.key, "");
  driver_.key("Ctrl+D");
  EXPECT_TRUE(session_.pins().empty());
  driver_.click("dialog.close");
  EXPECT_EQ(dialog(), Kind::kNone);
  driver_.key("Ctrl+D");
  EXPECT_EQ(session_.pins().size(), 1u);
}

TEST_F(Workbench, EscapeClosesTheOpenDialogThoughAnotherFolderWasTyped) {
  const TestFolder folder;
  std::filesystem::create_directories(folder.path() / "signs_runs");
  driver_.key("Ctrl+O");
  ASSERT_EQ(dialog(), Kind::kOpen);
  driver_.key("Ctrl+A");
  driver_.type(folder.path().string() + "/sig");
  ASSERT_TRUE(driver_.until([&] { return driver_.has("open.entry.signs_runs"); }));
  driver_.key("Tab");
  EXPECT_EQ(state_.dialog.query, folder.path().string() + "/signs_runs/");
  driver_.key("Escape");
  EXPECT_EQ(dialog(), Kind::kNone);
}

TEST_F(Workbench, NewRunShowsThePlanOrTheError) {
  driver_.key("F5");
  ASSERT_EQ(dialog(), Kind::kNewRun);
  EXPECT_FALSE(driver_.find("new_run.start").enabled);
  driver_.type(std::string(FIXYNN_SOURCE_DIR) + "/configs/quickstart.yaml");
  EXPECT_TRUE(driver_.until([&] { return driver_.find("new_run.start").enabled; }));
  EXPECT_TRUE(driver_.has("new_run.plan.Sweep"));
  driver_.click("new_run.overrides");
  driver_.type("train.epochz=3");
  EXPECT_TRUE(driver_.until([&] { return !driver_.find("new_run.start").enabled; }));
  driver_.click("new_run.cancel");
  EXPECT_EQ(dialog(), Kind::kNone);
}

TEST_F(Workbench, F6GivesTheCardsTheKeyboardAndShowsIt) {
  EXPECT_FALSE(ImGui::GetIO().NavVisible);
  driver_.key("F6");
  driver_.step(2);
  EXPECT_TRUE(ImGui::GetIO().NavVisible);
  driver_.key("F6");
  driver_.key("Space");
  EXPECT_EQ(dialog(), Kind::kOpen) << "the first widget of the second card opens a run";
}

TEST_F(Workbench, MenusGiveCommands) {
  driver_.click("menu.Design");
  driver_.click("menu.design.pin");
  EXPECT_EQ(session_.pins().size(), 1u);
}

TEST_F(Workbench, AFailureIsSaidInTheStatusBar) {
  session_.apply(Action{Notify{"no such file", true}});
  driver_.step(1);
  driver_.click("status.message");
  EXPECT_EQ(dialog(), Kind::kMessages);
  EXPECT_TRUE(driver_.has("messages.0"));
}

}  // namespace
}  // namespace fixynn::gui
