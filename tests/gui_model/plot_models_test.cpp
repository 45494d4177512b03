// SPDX-License-Identifier: Apache-2.0
#include "gui/model/plot_models.h"

#include <gmock/gmock.h>

#include "gui_model/session_fixture.h"
#include "report/pareto.h"

namespace fixynn::gui {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const PlotSeries* series_named(const PlotSpec& spec, const std::string& name) {
  for (const PlotSeries& series : spec.series) {
    if (series.name == name) return &series;
  }
  return nullptr;
}

std::vector<std::string> names_of(const PlotSpec& spec) {
  std::vector<std::string> names;
  for (const PlotSeries& series : spec.series) names.push_back(series.name);
  return names;
}

TEST(Smoothed, KeepsAConstantAndHalvesTheNoise) {
  EXPECT_THAT(smoothed({3, 3, 3}, 0.9), testing::Each(testing::DoubleEq(3)));
  EXPECT_THAT(smoothed({1, 5, 2}, 0), ElementsAre(1, 5, 2));
  // Corrected for the start: the first value is itself, not mixed with 0.
  const std::vector<double> smooth = smoothed({4, 8}, 0.5);
  EXPECT_DOUBLE_EQ(smooth[0], 4);
  EXPECT_DOUBLE_EQ(smooth[1], (0.5 * 4 + 8) / 1.5);
  EXPECT_THAT(smoothed({}, 0.5), IsEmpty());
}

TEST(ParetoIndices, KeepsWhatNoOtherBeatsByRisingX) {
  const std::vector<std::pair<double, double>> points = {{3, 9}, {1, 5}, {2, 4}, {4, 9}, {2, 7}};
  EXPECT_THAT(pareto_indices(points, false, true), ElementsAre(1, 4, 0));
  EXPECT_THAT(pareto_indices(points, true, true), ElementsAre(3));
  EXPECT_THAT(pareto_indices({{1, 1}, {1, 1}}, false, true), ElementsAre(0, 1));
  EXPECT_THAT(pareto_indices({}, true, true), IsEmpty());
}

TEST(PlotTargets, AMeasuredPointIsAdoptedAndAPlaceOfTheSweepSetsTheDesign) {
  ASSERT_EQ(actions_of({3, 7, {}}).size(), 1u);
  EXPECT_TRUE(std::holds_alternative<AdoptPoint>(actions_of({3, 7, {}})[0]));
  ASSERT_EQ(actions_of({0, 7, 2.0}).size(), 2u);
  EXPECT_TRUE(std::holds_alternative<SetFixedLayers>(actions_of({0, 7, 2.0})[0]));
  EXPECT_DOUBLE_EQ(std::get<SetArea>(actions_of({0, 7, 2.0})[1]).area_mm2, 2.0);
}

class PlotModels : public SessionTest {};

TEST_F(PlotModels, WithoutRunsTheTradeOffSaysWhatToDo) {
  const PlotModel model = trade_off_plot(session());
  EXPECT_THAT(model.spec.series, IsEmpty());
  EXPECT_THAT(model.spec.empty_text, HasSubstr("open or drop a run"));
}

TEST_F(PlotModels, DropIsZeroAtTheTopAndFallsWithMoreFixedLayers) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  const PlotModel model = trade_off_plot(session());
  const PlotSeries* series = series_named(model.spec, "signs");
  ASSERT_NE(series, nullptr);
  ASSERT_GE(series->points.size(), 4u);
  EXPECT_DOUBLE_EQ(series->points[0].y, 0);
  EXPECT_NEAR(series->points[2].y, -0.7, 1e-9);
  EXPECT_EQ(series->points[2].label, "N = 7");
  EXPECT_THAT(series->points[2].tooltip, HasSubstr("7 fixed layers, W8A8"));
  EXPECT_THAT(series->points[2].tooltip, HasSubstr("µJ an inference"));
  EXPECT_THAT(series->points[2].tooltip, HasSubstr("estimate at 3.0 mm²"));
  EXPECT_DOUBLE_EQ(
      series->points[2].x,
      *session().run_costs(run_at(path("signs"))->run->id)->platforms[7].energy_per_inference_uj);
  ASSERT_EQ(model.spec.marks.size(), 1u);
  EXPECT_DOUBLE_EQ(model.spec.marks[0].at, -1);
}

TEST_F(PlotModels, TargetsBelongToTheirPoints) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  const PlotModel model = trade_off_plot(session());
  ASSERT_EQ(model.targets.size(), model.spec.series.size());
  for (size_t i = 0; i < model.targets.size(); ++i)
    EXPECT_EQ(model.targets[i].size(), model.spec.series[i].points.size());
  EXPECT_EQ(model.targets[0][2]->fixed_layers, 7);
  EXPECT_EQ(model.targets[0][2]->run, run_at(path("signs"))->run->id);
}

TEST_F(PlotModels, SeedsGiveErrorBarsInBothModes) {
  ASSERT_TRUE(open(write_run({.seeds = {1, 2}}, path("signs"))));
  for (const TradeOffY y : {TradeOffY::kDrop, TradeOffY::kAccuracy}) {
    change([&](Settings& settings) { settings.trade_off_y = y; });
    const PlotModel model = trade_off_plot(session());
    const PlotSeries* series = series_named(model.spec, "signs");
    ASSERT_NE(series, nullptr);
    const PlotPoint& point = series->points[1];
    ASSERT_TRUE(point.low && point.high);
    EXPECT_NEAR(*point.high - *point.low, 0.2, 1e-9);
    EXPECT_NEAR(point.y, (*point.low + *point.high) / 2, 1e-9);
  }
}

TEST_F(PlotModels, TheDesignIsHollowAndItsStaleAccuracySaysSo) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetFixedLayers{7});
  const PlotModel fresh = trade_off_plot(session());
  const PlotSeries* design = series_named(fresh.spec, "design");
  ASSERT_NE(design, nullptr);
  EXPECT_TRUE(design->points[0].hollow);
  EXPECT_THAT(design->points[0].tooltip, Not(HasSubstr("stale")));
  EXPECT_EQ(fresh.selected.size(), 2u);

  session().apply(SetBits{{5, 6}, 4, std::nullopt});
  const PlotModel edited = trade_off_plot(session());
  EXPECT_EQ(series_named(edited.spec, "design"), nullptr);  // files have no tooltips
  const PlotSeries* stale = series_named(edited.spec, "design (stale accuracy)");
  ASSERT_NE(stale, nullptr);
  EXPECT_THAT(stale->points[0].tooltip, HasSubstr("accuracy stale"));
  EXPECT_THAT(stale->points[0].tooltip, HasSubstr("measured at W8A8"));
  EXPECT_DOUBLE_EQ(stale->points[0].x, *session().costs().platform().energy_per_inference_uj);
  EXPECT_DOUBLE_EQ(stale->points[0].y, design->points[0].y);
  EXPECT_EQ(edited.selected.size(), 1u);
  change([](Settings& settings) { settings.trade_off_x = TradeOffX::kFfeArea; });
  const PlotModel areas = trade_off_plot(session());
  EXPECT_LT(series_named(areas.spec, "design (stale accuracy)")->points[0].x,
            series_named(areas.spec, "signs")->points[2].x);
}

TEST_F(PlotModels, ADesignThatWasNeverMeasuredHasNoPointButANote) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetFixedLayers{5});
  const PlotModel model = trade_off_plot(session());
  EXPECT_EQ(series_named(model.spec, "design"), nullptr);
  EXPECT_THAT(model.notes, Contains(HasSubstr("N = 5 has not been measured")));
}

TEST_F(PlotModels, TheFrontIsOfOwnMeasuredPointsAlone) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetFixedLayers{7});
  const PlotModel before = trade_off_plot(session());
  const PlotSeries* front = series_named(before.spec, "Pareto front");
  ASSERT_NE(front, nullptr);
  EXPECT_TRUE(front->steps && front->dashed);
  EXPECT_EQ(front->step_direction, StepDirection::kHorizontalFirst);
  // A design that is cheaper at a stale accuracy would beat the others.
  session().apply(SetBits{{0, 1, 2, 3, 4, 5, 6}, 2, 2});
  ASSERT_TRUE(session().accuracy().stale);
  const PlotModel after = trade_off_plot(session());
  const PlotSeries* same = series_named(after.spec, "Pareto front");
  ASSERT_NE(same, nullptr);
  ASSERT_EQ(same->points.size(), front->points.size());
  for (size_t i = 0; i < front->points.size(); ++i) EXPECT_DOUBLE_EQ(same->points[i].y, front->points[i].y);
  change([](Settings& settings) { settings.trade_off_x = TradeOffX::kEfficiency; });
  const PlotModel efficiency = trade_off_plot(session());
  EXPECT_EQ(series_named(efficiency.spec, "Pareto front")->step_direction, StepDirection::kVerticalFirst);
}

TEST_F(PlotModels, PublishedPointsComeAndGoAndHaveTheirOwnColour) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  change([](Settings& settings) { settings.trade_off_x = TradeOffX::kEfficiency; });
  const PlotModel model = trade_off_plot(session());
  const PlotSeries* published = series_named(model.spec, "published, GTSR");
  ASSERT_NE(published, nullptr);
  EXPECT_EQ(published->colour, -1);
  EXPECT_EQ(published->points.size(), 4u);  // the paper leaves N = 14 empty
  EXPECT_NEAR(published->points[2].x, 10.82, 1);
  EXPECT_NEAR(published->points[2].y, 95.0 - 97.7, 1e-9);
  EXPECT_THAT(published->points[2].tooltip, HasSubstr("published (FixyNN, Table 1)"));
  change([](Settings& settings) { settings.show_published = false; });
  const PlotModel without = trade_off_plot(session());
  EXPECT_EQ(series_named(without.spec, "published, GTSR"), nullptr);
}

TEST_F(PlotModels, WhatCannotBeBuiltIsNamedWithItsReason) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetModel{CostModelKind::kPaper});
  session().apply(SetArea{1.0});
  const PlotModel model = trade_off_plot(session());
  const PlotSeries* series = series_named(model.spec, "signs");
  ASSERT_NE(series, nullptr);
  EXPECT_LT(series->points.size(), 5u);
  EXPECT_THAT(model.notes, Contains(HasSubstr("14 not shown: the FFE needs")));
}

TEST_F(PlotModels, AnEvaluationIsDrawnInItsParentsColourWithoutALine) {
  const auto root = write_run({}, path("signs"));
  write_run({.name = "signs-W6A6", .fixed_layers = {7}, .weight_bits = 6, .activation_bits = 6, .epochs = 1},
            root / "designs" / "a");
  ASSERT_TRUE(open(root));
  ASSERT_TRUE(settles([&] { return run_at(root / "designs" / "a") != nullptr; }));
  const PlotModel model = trade_off_plot(session());
  const OpenRun* evaluation = run_at(root / "designs" / "a");
  const PlotSeries* series = series_named(model.spec, evaluation->run->title);
  ASSERT_NE(series, nullptr) << testing::PrintToString(model.notes);
  EXPECT_FALSE(series->line);
  EXPECT_EQ(series->colour, run_at(root)->colour);
  ASSERT_EQ(series->points.size(), 1u);
  EXPECT_NEAR(series->points[0].y, -0.7, 1e-9);  // against the parent's N = 0
  EXPECT_THAT(series->points[0].tooltip, HasSubstr("trained 1 epoch, N = 0 10"));
}

TEST_F(PlotModels, TwoRunsOfOneNameAreTwoEntriesOfTheLegend) {
  ASSERT_TRUE(open(write_run({.dataset = "gtsrb"}, path("a/run"))));
  ASSERT_TRUE(open(write_run({.dataset = "gtsrb"}, path("b/run"))));
  const PlotModel model = trade_off_plot(session());
  std::vector<std::string> names = names_of(model.spec);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << testing::PrintToString(names);
}

TEST_F(PlotModels, AHiddenRunIsInNoPlot) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(ShowRun{run_at(path("signs"))->run->id, false});
  EXPECT_EQ(series_named(trade_off_plot(session()).spec, "signs"), nullptr);
  EXPECT_THAT(training_plot(session()).spec.series, IsEmpty());
}

TEST_F(PlotModels, TheSweepHasALineForEachDepthAndTheDesignOnIt) {
  session().apply(SetFixedLayers{5});
  session().apply(SetArea{3.1});
  const PlotModel model = area_sweep_plot(session());
  EXPECT_NE(series_named(model.spec, "N = 0 (NVDLA alone)"), nullptr);
  EXPECT_NE(series_named(model.spec, "N = 5"), nullptr);
  EXPECT_NE(series_named(model.spec, "N = 14"), nullptr);
  const PlotSeries* design = series_named(model.spec, "design");
  ASSERT_NE(design, nullptr);
  EXPECT_DOUBLE_EQ(design->points[0].x, *session().costs().platform().throughput_tops);
  EXPECT_THAT(model.selected, testing::SizeIs(1));
  session().apply(SetArea{3.0});
  EXPECT_THAT(area_sweep_plot(session()).selected, testing::SizeIs(2));
}

TEST_F(PlotModels, TheSweepNamesWhatCannotBeBuiltAndMarksWhatIsExtrapolated) {
  session().apply(SetModel{CostModelKind::kPaper});
  session().apply(SetFixedLayers{7});
  const PlotModel model = area_sweep_plot(session());
  EXPECT_THAT(model.notes, Contains(HasSubstr("N = 14 up to")));
  const PlotSeries* none = series_named(model.spec, "N = 0 (NVDLA alone)");
  ASSERT_NE(none, nullptr);
  EXPECT_FALSE(none->points.front().hollow);
  EXPECT_TRUE(none->points.back().hollow);
  EXPECT_THAT(none->points.back().tooltip, HasSubstr("extrapolated"));
  EXPECT_EQ(none->points.front().label, "0.6 mm²");
  EXPECT_NE(series_named(model.spec, "published, 3.0 mm²"), nullptr);
}

TEST_F(PlotModels, PublishedPointsSayWhenTheNetworkIsAnother) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  EXPECT_NE(series_named(area_sweep_plot(session()).spec, "published, 3.0 mm² (alpha 0.25, 224 px)"),
            nullptr);
}

TEST_F(PlotModels, TrainingsHaveALineEachAndFurtherSeedsAreFaint) {
  ASSERT_TRUE(open(write_run({.fixed_layers = {0, 7}, .seeds = {1, 2}}, path("signs"))));
  const PlotModel model = training_plot(session());
  EXPECT_THAT(names_of(model.spec), ElementsAre("N = 0", "N = 0, seed 2", "N = 7", "N = 7, seed 2"));
  EXPECT_FALSE(model.spec.series[2].faint);
  EXPECT_TRUE(model.spec.series[3].faint);
  EXPECT_EQ(model.spec.series[2].colour, model.spec.series[3].colour);
  EXPECT_NE(model.spec.series[0].colour, model.spec.series[2].colour);
  EXPECT_EQ(model.spec.series[0].points.size(), 10u);
  EXPECT_DOUBLE_EQ(model.spec.series[0].points[1].x, 200);
  EXPECT_DOUBLE_EQ(model.spec.series[0].points[1].y, 1.5);
}

TEST_F(PlotModels, TheAxisOfATrainingIsStepsEpochsOrMinutes) {
  ASSERT_TRUE(open(write_run({.fixed_layers = {0}}, path("signs"))));
  change([](Settings& settings) { settings.training_x = TrainingX::kEpoch; });
  EXPECT_DOUBLE_EQ(training_plot(session()).spec.series[0].points[2].x, 3);
  change([](Settings& settings) { settings.training_x = TrainingX::kMinutes; });
  EXPECT_DOUBLE_EQ(training_plot(session()).spec.series[0].points[2].x, 1.5);
}

TEST_F(PlotModels, LiveLossesAreDrawnWithinEpochsAndSmoothed) {
  ASSERT_TRUE(open(write_run({.fixed_layers = {7}, .epochs = 3, .losses = true}, path("signs"))));
  PlotModel model = training_plot(session());
  ASSERT_EQ(model.spec.series.size(), 1u);
  EXPECT_EQ(model.spec.series[0].points.size(), 30u);
  EXPECT_FALSE(model.spec.series[0].markers);
  change([](Settings& settings) { settings.smoothing = 0.9; });
  model = training_plot(session());
  ASSERT_EQ(model.spec.series.size(), 2u);
  EXPECT_TRUE(model.spec.series[0].faint);
  EXPECT_EQ(model.spec.series[0].name, "");
  EXPECT_EQ(model.spec.series[1].name, "N = 7");
  EXPECT_NEAR(model.spec.series[1].points.back().y, 3, 0.2);
  PlotView view;
  view.hidden.insert("N = 7");
  session().apply(SetView{plot_id(Tab::kTraining), view});
  EXPECT_EQ(training_plot(session()).spec.series.size(), 1u);  // the raw line goes with it
}

TEST_F(PlotModels, SeveralRunsAreToldByColourAndSelectedOnlyShowsTheDesigns) {
  ASSERT_TRUE(open(write_run({.name = "a", .fixed_layers = {0, 7}}, path("a"))));
  ASSERT_TRUE(open(write_run({.name = "b", .fixed_layers = {0, 7}}, path("b"))));
  const PlotModel both = training_plot(session());
  EXPECT_THAT(names_of(both.spec), ElementsAre("a N = 0", "a N = 7", "b N = 0", "b N = 7"));
  EXPECT_EQ(both.spec.series[0].colour, both.spec.series[1].colour);
  EXPECT_NE(both.spec.series[0].marker, both.spec.series[1].marker);
  session().apply(ActivateRun{run_at(path("a"))->run->id});
  session().apply(SetFixedLayers{7});
  change([](Settings& settings) { settings.training_selected_only = true; });
  EXPECT_THAT(names_of(training_plot(session()).spec), ElementsAre("N = 7"));
}

TEST_F(PlotModels, AnEmptyValidationPlotSaysWhy) {
  ASSERT_TRUE(open(write_run({.fixed_layers = {0}}, path("signs"))));
  change([](Settings& settings) { settings.training_y = TrainingY::kValidationTop1; });
  EXPECT_THAT(training_plot(session()).spec.empty_text, HasSubstr("no validation images"));
}

double sum_of_parts(const Bar& bar) {
  double sum = 0;
  for (const BarPart& part : bar.parts) sum += part.value;
  return sum;
}

TEST_F(PlotModels, AreaBarsAddUpToTheLayersOfTheTable) {
  session().apply(SetFixedLayers{7});
  change([](Settings& settings) { settings.layers_y = LayersY::kArea; });
  const BarSpec spec = layers_bars(session());
  ASSERT_EQ(spec.bars.size(), 14u);
  EXPECT_EQ(spec.bars[0].label, "conv1");
  EXPECT_EQ(spec.bars[6].label, "6");
  const double scale = spec.y_label == "area, mm²" ? 1 : 1e-3;
  for (const size_t layer : {0u, 6u})
    EXPECT_NEAR(sum_of_parts(spec.bars[layer]) * scale, *session().costs().layers[layer].area_mm2, 1e-6);
  EXPECT_THAT(spec.bars[7].parts, IsEmpty());
  EXPECT_THAT(spec.bars[7].tooltip, HasSubstr("not fixed"));
  EXPECT_THAT(spec.bars[7].cells, ElementsAre("–"));
}

TEST_F(PlotModels, EnergyZerosAndDigitsHaveBarsToo) {
  session().apply(SetFixedLayers{7});
  change([](Settings& settings) { settings.layers_y = LayersY::kEnergy; });
  EXPECT_GT(sum_of_parts(layers_bars(session()).bars[6]), 0);
  change([](Settings& settings) { settings.layers_y = LayersY::kZeros; });
  EXPECT_NEAR(layers_bars(session()).bars[6].value, *session().costs().layers[6].zeros_percent, 1e-9);
  EXPECT_EQ(layers_bars(session()).bars[7].colour, -1);
  change([](Settings& settings) { settings.layers_y = LayersY::kDigits; });
  EXPECT_GT(layers_bars(session()).bars[6].value, 0.5);
}

TEST_F(PlotModels, ThePapersModelSaysThatItKnowsNoEnergyByLayer) {
  session().apply(SetModel{CostModelKind::kPaper});
  change([](Settings& settings) { settings.layers_y = LayersY::kEnergy; });
  EXPECT_THAT(layers_bars(session()).title, HasSubstr("paper's model knows none"));
  change([](Settings& settings) { settings.layers_y = LayersY::kArea; });
  EXPECT_GT(layers_bars(session()).bars[3].value, 0);
}

TEST_F(PlotModels, FilesHaveTheFiguresOfTheScreen) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  const std::optional<SaveFile> svg = plot_svg_file(session(), Tab::kTradeOff);
  ASSERT_TRUE(svg);
  EXPECT_EQ(svg->name, "trade_off.svg");
  EXPECT_THAT(svg->contents, HasSubstr("<svg"));
  EXPECT_THAT(svg->contents, HasSubstr("Pareto front"));
  EXPECT_THAT(plot_csv_file(session(), Tab::kTradeOff).contents, HasSubstr("signs"));
  EXPECT_THAT(plot_csv_file(session(), Tab::kLayers).contents, HasSubstr("conv1"));
  EXPECT_FALSE(plot_svg_file(session(), Tab::kCompare));
}

}  // namespace
}  // namespace fixynn::gui
