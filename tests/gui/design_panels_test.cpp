// SPDX-License-Identifier: Apache-2.0
// Plots, table of layers, inspector and comparison, worked by name without a window.
#include <gtest/gtest.h>

#include "gui/headless/driver.h"
#include "gui/panels/panels.h"

namespace fixynn::gui {
namespace {

/// A session without runs (assumed weights) under the four panels, 1280 x 800 pixels.
class DesignPanels : public ::testing::Test {
 protected:
  void draw(Ui& ui) {
    session_.poll();
    Actions actions;
    const PanelContext context{ui, session_, commands_, actions, dialog_};
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
    ImGui::Begin("window", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoSavedSettings);
    plots_panel(context, {{8, 8}, {960, 420}});
    layers_panel(context, {{8, 436}, {960, 356}});
    inspector_panel(context, {{976, 8}, {296, 784}});
    ImGui::End();
    session_.apply(actions);
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
  int weight_bits(size_t layer) const { return session_.design().bits[layer].weight_bits; }

  Session session_{options()};
  std::vector<Command> commands_ = make_commands();
  DialogState dialog_;
  Driver driver_{[this](Ui& ui) { draw(ui); }, platform()};
};

TEST_F(DesignPanels, DraggedBitsChangeAllSelectedLayersInOneStep) {
  driver_.click("layers.3.name");
  driver_.ctrl_click("layers.5.name");
  EXPECT_EQ(session_.selected_layers(), (std::set<int>{3, 5}));
  driver_.drag("layers.3.weight_bits", -60, 0);
  EXPECT_LT(weight_bits(3), 8);
  EXPECT_EQ(weight_bits(5), weight_bits(3));
  EXPECT_EQ(weight_bits(4), 8);
  session_.apply(Action{Undo{}});
  EXPECT_EQ(weight_bits(3), 8);
  EXPECT_EQ(weight_bits(5), 8);
  EXPECT_FALSE(session_.history().can_undo());
}

TEST_F(DesignPanels, BitsOfALayerOutsideTheSelectionAreItsOwn) {
  driver_.click("layers.3.name");
  driver_.drag("layers.1.activation_bits", -60, 0);
  EXPECT_LT(session_.design().bits[1].activation_bits, 8);
  EXPECT_EQ(session_.design().bits[3].activation_bits, 8);
  EXPECT_EQ(weight_bits(1), 8);
}

TEST_F(DesignPanels, PresetsNeedASelection) {
  EXPECT_FALSE(driver_.find("layers.preset.w4a8").enabled);
  EXPECT_FALSE(driver_.find("layers.reset").enabled);
  driver_.click("layers.2.name");
  driver_.shift_click("layers.4.name");
  driver_.click("layers.preset.w4a8");
  for (const size_t layer : {2, 3, 4}) EXPECT_EQ(weight_bits(layer), 4) << layer;
  EXPECT_EQ(weight_bits(1), 8);
  driver_.click("layers.reset");
  EXPECT_EQ(session_.design().bits, Design::uniform_bits({8, 8}));
}

TEST_F(DesignPanels, ADesignThatDoesNotFitSaysWhyInsteadOfFigures) {
  EXPECT_TRUE(driver_.has("inspector.figure.Efficiency"));
  EXPECT_FALSE(driver_.has("inspector.reason"));
  session_.apply(Action{SetFixedLayers{14}});
  session_.apply(Action{SetArea{0.6}});
  driver_.step(2);
  EXPECT_TRUE(driver_.has("inspector.reason"));
  EXPECT_FALSE(driver_.has("inspector.figure.Efficiency"));
  EXPECT_FALSE(driver_.has("inspector.figure.Energy per inference"));
  EXPECT_TRUE(driver_.has("inspector.figure.FFE area"));
}

TEST_F(DesignPanels, WithoutARunNothingIsEvaluatedOrExported) {
  EXPECT_FALSE(driver_.find("inspector.evaluate").enabled);
  EXPECT_FALSE(driver_.find("inspector.export").enabled);
}

TEST_F(DesignPanels, PinsStandSideBySideAndAreTakenOutByTheirCross) {
  driver_.click("inspector.pin");
  session_.apply(Action{SetFixedLayers{4}});
  driver_.step(2);
  driver_.click("inspector.pin");
  driver_.click("tabs.4");
  EXPECT_EQ(session_.settings().tab, Tab::kCompare);
  ASSERT_TRUE(driver_.has("compare.unpin.1"));
  driver_.click("compare.unpin.0");
  ASSERT_EQ(session_.pins().size(), 1u);
  EXPECT_EQ(session_.pins()[0].design.fixed_layers, 4);
  while (session_.pins().size() < kMostPins) driver_.click("inspector.pin");
  driver_.step(2);
  EXPECT_FALSE(driver_.find("inspector.pin").enabled);
}

TEST_F(DesignPanels, OptionsOfPlotsAreSettings) {
  driver_.click("trade_off.published");
  EXPECT_FALSE(session_.settings().show_published);
  driver_.click("trade_off.x");
  driver_.click("trade_off.x.2");
  EXPECT_EQ(session_.settings().trade_off_x, TradeOffX::kFfeArea);
  driver_.click("tabs.3");
  driver_.click("layers_chart.show.3");
  EXPECT_EQ(session_.settings().layers_y, LayersY::kDigits);
}

TEST_F(DesignPanels, TheMenuOfExportsCopies) {
  driver_.click("plot.export");
  driver_.click("plot.export.copy_csv");
  const std::optional<std::string> csv = session_.take_clipboard();
  ASSERT_TRUE(csv.has_value());
  EXPECT_EQ(csv->substr(0, 7), "series,");
  driver_.click("plot.export");
  EXPECT_TRUE(driver_.has("plot.export.save_svg"));
  EXPECT_TRUE(driver_.has("plot.export.save_csv"));
}

TEST_F(DesignPanels, ZoomIsKeptByPlot) {
  driver_.click("tabs.1");
  driver_.wheel("area_sweep", 3);
  const auto& views = session_.settings().views;
  ASSERT_TRUE(views.contains("area_sweep"));
  EXPECT_TRUE(views.at("area_sweep").zoomed());
  EXPECT_FALSE(views.contains("trade_off"));
}

TEST_F(DesignPanels, NoInteractiveWidgetIsCutOff) {
  for (const char* mark :
       {"tabs.0", "tabs.4", "plot.export", "trade_off.x", "trade_off.y", "trade_off.published",
        "trade_off.front", "trade_off.loss_line", "layers.preset.w8a8", "layers.copy", "layers.0.name",
        "layers.0.weight_bits", "inspector.evaluate", "inspector.export", "inspector.pin"}) {
    ASSERT_TRUE(driver_.has(mark)) << mark;
    const Mark& found = driver_.find(mark);
    EXPECT_TRUE(found.visible) << mark;
    EXPECT_LE(found.right, 1280) << mark;
    EXPECT_LE(found.bottom, 800) << mark;
  }
}

}  // namespace
}  // namespace fixynn::gui
