// SPDX-License-Identifier: Apache-2.0
#include "report/trade_off.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "core/error.h"
#include "report/hardware_figures.h"
#include "report/hardware_fixture.h"

namespace fixynn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_report::FakeRun;
using testing_report::hardware_report;
using testing_report::report_run;

/// Points of made-up rows, (energy, accuracy).
struct Points {
  std::deque<ResultRow> rows;
  std::vector<TradeOff> points;
  void add(double energy_uj, double top1) {
    rows.emplace_back();
    rows.back().top1_mean = top1;
    points.push_back({0, &rows.back(), nullptr, energy_uj});
  }
};

TEST(FormatArea, HasAsManyDecimalsAsItNeeds) {
  EXPECT_EQ(format_area(3), "3.0");
  EXPECT_EQ(format_area(0.6000000000000001), "0.6");
  EXPECT_EQ(format_area(2.25), "2.25");
}

TEST(ParetoFront, KeepsWhatNoOtherPointBeats) {
  Points p;
  p.add(8, 99);    // the most accurate
  p.add(4, 98);    // on it
  p.add(4, 97);    // as cheap, less accurate
  p.add(5, 98);    // as accurate, dearer
  p.add(2, 90);    // the cheapest
  p.add(3, 89.9);  // dearer and less accurate
  EXPECT_THAT(pareto_front(p.points), ElementsAre(4u, 1u, 0u));
}

TEST(ParetoFront, KeepsEqualPointsAndSinglePoints) {
  Points p;
  EXPECT_THAT(pareto_front(p.points), IsEmpty());
  p.add(3, 90);
  EXPECT_THAT(pareto_front(p.points), ElementsAre(0u));
  p.add(3, 90);
  EXPECT_THAT(pareto_front(p.points), ElementsAre(0u, 1u));
}

TEST(Answer, SaysDepthEnergyThroughputAndAreaWithItsEvidence) {
  const HardwareReport report = hardware_report({report_run("signs")}, true);
  const Answer answer = answer_of(report, 0);
  EXPECT_EQ(answer.fixed_layers, 7);
  // 5.58 TOPS/W become 10.65 and 1.91 TOPS 2.62 by the paper's model, whose figures stand here for all.
  EXPECT_EQ(answer.sentence,
            "7 of 14 layers can be frozen within 1 point of accuracy on gtsrb: energy per inference −48 %, "
            "throughput +37 %, FFE 0.723 mm² in 16 nm (derived).");
}

TEST(Answer, TheLineIsOnePointAndItsEndCounts) {
  ReportRun run = report_run("signs");
  for (Point& point : run.points) point.top1_percent = point.fixed_layers <= 7 ? 90 : 88;
  run.points[3].top1_percent = 89.0;  // N = 11: exactly one point lost
  EXPECT_EQ(answer_of(hardware_report({run}), 0).fixed_layers, 11);
  run.points[3].top1_percent = 88.99;
  EXPECT_EQ(answer_of(hardware_report({run}), 0).fixed_layers, 7);
}

TEST(Answer, AllDataSetsOfAnFfeMustStayWithinThePoint) {
  FakeRun other;
  other.dataset = "cifar10";
  ReportRun cifar = report_run("cifar", other);
  for (Point& point : cifar.points) point.top1_percent = point.fixed_layers <= 4 ? 90 : 80;
  const Answer answer = answer_of(hardware_report({report_run("signs"), cifar}), 0);
  EXPECT_EQ(answer.fixed_layers, 4);
  EXPECT_THAT(answer.sentence, HasSubstr("4 of 14 layers"));
  EXPECT_THAT(answer.sentence, HasSubstr("on cifar10 and gtsrb"));
}

TEST(Answer, SkipsWhatCannotBeBuilt) {
  ReportRun run = report_run("signs");
  for (Point& point : run.points) point.top1_percent = 90;
  const Answer answer = answer_of(hardware_report({run}), 0);
  EXPECT_EQ(answer.fixed_layers, 11) << "14 layers need 2.76 of the 3.0 mm²";
  EXPECT_EQ(answer.deeper, 14);
  EXPECT_THAT(answer.deeper_reason, HasSubstr("smallest NVDLA"));
  const Answer none = answer_of(hardware_report({run}, false, 0.7), 0);
  EXPECT_FALSE(none.fixed_layers);
  EXPECT_THAT(none.sentence, HasSubstr("but no platform of 0.7 mm² can be built with them"));
}

TEST(Answer, MissingBaselinesAndLossesAreSaid) {
  FakeRun one;
  one.fixed_layers = {7};
  EXPECT_THAT(answer_of(hardware_report({report_run("one", one)}), 0).sentence,
              HasSubstr("N = 0 has not been measured"));
  one.fixed_layers = {0};
  EXPECT_EQ(answer_of(hardware_report({report_run("one", one)}), 0).sentence,
            "Only N = 0 has been measured on gtsrb.");
  one.fixed_layers = {0, 11};
  EXPECT_THAT(answer_of(hardware_report({report_run("one", one)}), 0).sentence,
              HasSubstr("the nearest, N = 11, loses 5.05 points"));
}

TEST(TradeOffs, LeaveOutWhatCannotBeBuilt) {
  const HardwareReport report = hardware_report({report_run("signs")});
  const std::vector<TradeOff> points = trade_offs(report, "gtsrb");
  ASSERT_EQ(points.size(), 4u);  // N = 14 does not fit in 3.0 mm²
  for (size_t i = 1; i < points.size(); ++i) EXPECT_LT(points[i].energy_uj, points[i - 1].energy_uj);
  EXPECT_THAT(trade_offs(report, "svhn"), IsEmpty());
}

TEST(TradeOffs, PublishedOnesHaveThePapersAccuracyAndAModelledEnergy) {
  const HardwareReport report = hardware_report({report_run("signs", {}, 224)});
  const std::vector<PublishedTradeOff> points =
      published_trade_offs(report.designs[0].paper, "gtsrb", report.area_mm2);
  ASSERT_EQ(points.size(), 4u);
  EXPECT_DOUBLE_EQ(points[2].top1_percent, 95.0);
  EXPECT_NEAR(points[2].drop, 2.7, 1e-9);
  EXPECT_NEAR(points[0].energy_uj / points[2].energy_uj, 10.65 / 5.58, 0.01);
  EXPECT_THAT(published_trade_offs(report.designs[0].paper, "mine", 3.0), IsEmpty());
}

TEST(Figure2, StatesTheCrossingOfThePaper) {
  const HardwareReport report = hardware_report({report_run("signs", {}, 224)});
  const ModelFigures& paper = report.designs[0].paper;
  ASSERT_TRUE(paper.crossings.contains(4));
  EXPECT_NEAR(paper.crossings.at(4), 2.0, 0.4) << "the paper: about 2 mm²";
  EXPECT_THAT(crossing_sentence(paper), HasSubstr("N = 4 from "));
  ModelFigures never = paper;
  never.crossings.clear();
  EXPECT_THAT(crossing_sentence(never), HasSubstr("at no area"));
}

TEST(Figure2, HasASeriesANumberOfLayersAndThePublishedPoints) {
  const HardwareReport report = hardware_report({report_run("signs", {}, 224)});
  const PlotSpec plot = figure_2_plot(report.designs[0].paper, 3.0);
  ASSERT_EQ(plot.series.size(), 6u);
  EXPECT_EQ(plot.series.back().points.size(), 4u);
  EXPECT_EQ(plot.series.back().marker, PlotMarker::kDiamond);
  for (size_t i = 0; i < 4; ++i) {
    // The filled point, at 3.0 mm², lies where the paper's stands.
    const auto& points = plot.series[i].points;
    const auto here =
        std::find_if(points.begin(), points.end(), [](const PlotPoint& p) { return !p.hollow; });
    ASSERT_NE(here, points.end());
    EXPECT_NEAR(here->x / plot.series.back().points[i].x, 1, 0.015);
    EXPECT_NEAR(here->y / plot.series.back().points[i].y, 1, 0.015);
  }
}

TEST(EnergyPlots, HaveTheOnePointLineTheFrontAndErrorBars) {
  FakeRun seeds;
  seeds.seeds = {1, 2, 3};
  const HardwareReport report = hardware_report({report_run("signs", seeds)});
  const PlotSpec plot = accuracy_energy_plot(report, "gtsrb");
  const ResultRow* baseline = find_row(report.designs[0].design.rows, "gtsrb", 0);
  ASSERT_EQ(plot.marks.size(), 1u);
  EXPECT_DOUBLE_EQ(plot.marks[0].at, baseline->top1_mean - 1);
  EXPECT_EQ(plot.series.front().name, "Pareto front");
  EXPECT_EQ(plot.series[1].points.size(), 4u);
  EXPECT_TRUE(plot.series[1].points[0].low.has_value());
  EXPECT_EQ(plot.series.back().colour, -1) << "published points are grey";
  const PlotSpec drop = drop_energy_plot(report);
  ASSERT_EQ(drop.marks.size(), 1u);
  EXPECT_DOUBLE_EQ(drop.marks[0].at, 1.0);
  EXPECT_DOUBLE_EQ(drop.series[0].points[0].y, 0);
}

TEST(EnergyPlots, NameDesignsByWhatSetsThemApart) {
  ReportRun four = report_run("four"), weights = report_run("other");
  for (Point& point : four.points) point.weight_bits = 4;
  weights.points.back().frozen_weights_sha256 = "another";
  const PlotSpec bits = accuracy_energy_plot(hardware_report({report_run("signs"), four}), "gtsrb");
  EXPECT_EQ(bits.series[1].name, "8/8 bits");
  EXPECT_EQ(bits.series[2].name, "4/8 bits");
  EXPECT_EQ(bits.marks.size(), 2u);
  const PlotSpec same = accuracy_energy_plot(hardware_report({report_run("signs"), weights}), "gtsrb");
  EXPECT_EQ(same.series[1].name, "FFE 1");
  EXPECT_EQ(same.series[2].name, "FFE 2");
}

TEST(EnergyPlots, WithoutABaselineHaveNoLineAndNoDrop) {
  FakeRun one;
  one.fixed_layers = {7};
  const HardwareReport report = hardware_report({report_run("one", one)});
  EXPECT_THAT(accuracy_energy_plot(report, "gtsrb").marks, IsEmpty());
  for (const PlotSeries& series : drop_energy_plot(report).series) EXPECT_EQ(series.colour, -1);
}

TEST(MakeHardwareReport, RefusesUnknownTechnologiesAndAreas) {
  AdderGraphCache cache;
  HardwareReportRequest request;
  request.technology = "7nm";
  EXPECT_THROW(make_hardware_report(join_runs({report_run("signs")}), request, cache), Error);
  request.model = CostModelKind::kPaper;
  EXPECT_NO_THROW(make_hardware_report(join_runs({report_run("signs")}), request, cache));
  request.area_mm2 = -1;
  EXPECT_THROW(make_hardware_report(join_runs({report_run("signs")}), request, cache), Error);
}

TEST(MakeHardwareReport, WithoutNetworksTheCalibratedModelSaysWhy) {
  AdderGraphCache cache;
  const HardwareReport report = make_hardware_report(join_runs({report_run("signs")}), {}, cache);
  EXPECT_FALSE(report.designs[0].calibrated);
  EXPECT_THAT(report.designs[0].calibrated_missing,
              HasSubstr("the network is missing from the run directory"));
  EXPECT_EQ(report.designs[0].main().model, CostModelKind::kPaper);
  ReportRun floats = report_run("float");
  for (Point& point : floats.points) point.weight_bits = point.activation_bits = 0;
  EXPECT_THAT(make_hardware_report(join_runs({floats}), {}, cache).designs[0].calibrated_missing,
              HasSubstr("ffe.weight_bits"));
}

}  // namespace
}  // namespace fixynn
