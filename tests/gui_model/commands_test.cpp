// SPDX-License-Identifier: Apache-2.0
#include "gui/model/commands.h"

#include <gmock/gmock.h>

#include <set>
#include <sstream>

#include "gui_model/session_fixture.h"

namespace fixynn::gui {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(FuzzyScore, NeedsAllLettersInOrder) {
  EXPECT_GT(fuzzy_score("und", "Undo"), 0);
  EXPECT_GT(fuzzy_score("fl", "One more fixed layer"), 0);
  EXPECT_EQ(fuzzy_score("ndu", "Undo"), 0);
  EXPECT_EQ(fuzzy_score("undoo", "Undo"), 0);
  EXPECT_EQ(fuzzy_score("x", ""), 0);
  EXPECT_GT(fuzzy_score("", "anything"), 0);
  EXPECT_GT(fuzzy_score("fixed layer", "One more fixed layer"), 0);
}

TEST(FuzzyScore, BeginningsOfWordsAndLettersInARowCountMore) {
  EXPECT_GT(fuzzy_score("pf", "Pareto front"), fuzzy_score("pf", "Copy of"));
  EXPECT_GT(fuzzy_score("pin", "Pin for Compare"), fuzzy_score("pin", "Stopping"));
  EXPECT_GT(fuzzy_score("stop", "Stop"), fuzzy_score("stop", "Stop all of them"));
  // The best way to read the letters counts, not the first.
  EXPECT_GT(fuzzy_score("la", "Calibrated layer"), fuzzy_score("la", "Calibrated model"));
}

TEST(Commands, EveryOneIsCompleteAndStandsOnce) {
  std::set<std::string> ids, keys, titles;
  for (const Command& command : make_commands()) {
    EXPECT_TRUE(ids.insert(command.id).second) << command.id;
    EXPECT_TRUE(titles.insert(command.title).second) << command.title;
    EXPECT_NE(command.id.find('.'), std::string::npos) << command.id;
    EXPECT_TRUE(command.fault && command.actions) << command.id;
    EXPECT_EQ(command.help.back(), '.') << command.id;
    std::istringstream words(command.keys);
    for (std::string key; words >> key;) EXPECT_TRUE(keys.insert(key).second) << key;
  }
  for (const char* key :
       {"Ctrl+Z", "Ctrl+Y", "F5", "F1", "Ctrl+P", "Ctrl+E", "Ctrl+R", "Left", "Ctrl+1", "Ctrl+5"})
    EXPECT_TRUE(keys.contains(key)) << key;
  // Those that panels name.
  for (const char* id :
       {"design.undo", "design.redo", "design.pin", "file.open", "run.new", "run.stop", "run.resume"})
    EXPECT_TRUE(ids.contains(id)) << id;
}

class CommandsTest : public SessionTest {
 protected:
  std::string fault(const std::string& id) { return find_command(commands_, id)->fault(session()); }
  void give(const std::string& id) {
    const Command* command = find_command(commands_, id);
    ASSERT_NE(command, nullptr) << id;
    ASSERT_EQ(command->fault(session()), "") << id;
    session().apply(command->actions(session()));
  }
  std::vector<Command> commands_ = make_commands();
};

TEST_F(CommandsTest, FaultsSayWhyAndGoAwayWithTheirCause) {
  EXPECT_EQ(fault("design.undo"), "nothing has been changed yet");
  EXPECT_EQ(fault("run.stop"), "no run is open");
  EXPECT_EQ(fault("run.close"), "no run is open");
  EXPECT_THAT(fault("layers.w6a8"), HasSubstr("no layer is selected"));
  EXPECT_NE(fault("design.next_point"), "");
  session().apply(SetFixedLayers{8});
  EXPECT_EQ(fault("design.undo"), "");
  give("design.undo");
  EXPECT_EQ(session().design().fixed_layers, 7);
  give("design.redo");
  EXPECT_EQ(session().design().fixed_layers, 8);
}

TEST_F(CommandsTest, EveryCommandHasAFaultOrActionsAtTheEmptyStart) {
  for (const Command& command : commands_) {
    if (command.fault(session()).empty()) {
      EXPECT_FALSE(command.actions(session()).empty()) << command.id;
    }
  }
}

TEST_F(CommandsTest, BitsGoToTheSelectedLayersAndBack) {
  session().apply(SelectLayers{{2, 3}});
  give("layers.w6a8");
  EXPECT_EQ(session().design().bits[2], (ConvQuant{6, 8}));
  EXPECT_EQ(session().design().bits[4], (ConvQuant{8, 8}));
  give("layers.reset");
  EXPECT_EQ(session().design().bits, Design::uniform_bits({8, 8}));
  EXPECT_NE(fault("layers.reset"), "");
}

TEST_F(CommandsTest, ResetTakesTheRunsBitsInOneStep) {
  ASSERT_TRUE(open(write_run({.weight_bits = 6, .activation_bits = 4}, path("signs"))));
  session().apply(SelectLayers{{2}});
  give("layers.w8a8");
  give("layers.reset");
  EXPECT_EQ(session().design().bits, Design::uniform_bits({6, 4}));
  give("design.undo");
  EXPECT_EQ(session().design().bits[2], (ConvQuant{8, 8}));
}

TEST_F(CommandsTest, ArrowsWalkOverMeasuredPoints) {
  ASSERT_TRUE(open(write_run({.fixed_layers = {0, 4, 7}}, path("signs"))));
  session().apply(SetFixedLayers{4});
  give("design.next_point");
  EXPECT_EQ(session().design().fixed_layers, 7);
  EXPECT_NE(fault("design.next_point"), "");
  give("design.previous_point");
  EXPECT_EQ(session().design().fixed_layers, 4);
}

TEST_F(CommandsTest, TheViewIsChangedAndSaysSo) {
  const Command* front = find_command(commands_, "plot.front");
  const bool before = front->checked(session());
  give("plot.front");
  EXPECT_NE(front->checked(session()), before);
  give("tab.training");
  EXPECT_EQ(session().settings().tab, Tab::kTraining);
  give("scale.larger");
  EXPECT_NEAR(session().settings().ui_scale, 1.1, 1e-9);
  give("scale.smaller");
  give("scale.smaller");
  EXPECT_NEAR(session().settings().ui_scale, 0.9, 1e-9);
  give("scale.normal");
  EXPECT_DOUBLE_EQ(session().settings().ui_scale, 1);
  for (int i = 0; i < 20; ++i) session().apply(find_command(commands_, "scale.larger")->actions(session()));
  EXPECT_EQ(fault("scale.larger"), "this is the largest scale");
}

TEST_F(CommandsTest, FitForgetsTheZoomOfTheTabThatIsShown) {
  EXPECT_EQ(fault("plot.fit"), "all of the plot is seen");
  PlotView view;
  view.x_low = 1;
  view.hidden.insert("signs");
  session().apply(SetView{"trade_off", view});
  session().apply(SetView{"training", view});
  give("plot.fit");
  EXPECT_FALSE(session().settings().views.at("trade_off").zoomed());
  EXPECT_TRUE(session().settings().views.at("training").zoomed());
}

TEST_F(CommandsTest, SavingAPlotWritesAFile) {
  give("file.save_plot");
  EXPECT_TRUE(settles([&] { return std::filesystem::exists(path("trade_off.svg")); }));
  session().apply(SetTab{Tab::kCompare});
  EXPECT_NE(fault("file.save_plot"), "");
  give("copy.layers");
  EXPECT_THAT(session().take_clipboard().value_or(""), HasSubstr("conv1\t"));
}

TEST_F(CommandsTest, ThePaletteFindsCommandsRunsLayersAndPoints) {
  ASSERT_TRUE(open(write_run({.name = "signs"}, path("signs"))));
  const auto titles = [&](std::string_view query) {
    std::vector<std::string> found;
    for (const PaletteEntry& entry : palette_entries(session(), commands_, query))
      found.push_back(entry.title);
    return found;
  };
  ASSERT_FALSE(titles("fit").empty());
  EXPECT_EQ(titles("pareto").front(), "Pareto front");
  EXPECT_EQ(titles("block 12").front(), "Select block 12");
  EXPECT_EQ(titles("run signs").front(), "Run signs");
  EXPECT_EQ(titles("n = 11").front(), "N = 11 of signs");
  EXPECT_THAT(titles("zzzz"), IsEmpty());
  EXPECT_GT(titles("").size(), commands_.size());
  session().apply(palette_entries(session(), commands_, "n = 11").front().actions(session()));
  EXPECT_EQ(session().design().fixed_layers, 11);
}

TEST_F(CommandsTest, ThePaletteShowsWhyACommandCannotBeGiven) {
  const std::vector<PaletteEntry> entries = palette_entries(session(), commands_, "undo");
  ASSERT_FALSE(entries.empty());
  EXPECT_EQ(entries.front().title, "Undo");
  EXPECT_EQ(entries.front().keys, "Ctrl+Z");
  EXPECT_EQ(entries.front().fault, "nothing has been changed yet");
}

}  // namespace
}  // namespace fixynn::gui
