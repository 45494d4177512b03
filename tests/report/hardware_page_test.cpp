// SPDX-License-Identifier: Apache-2.0
#include "report/hardware_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "plot/svg_plot.h"
#include "report/hardware_figures.h"
#include "report/hardware_fixture.h"
#include "report/table_1.h"
#include "report/xml_check.h"

namespace fixynn {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_report::FakeRun;
using testing_report::hardware_report;
using testing_report::report_run;
using testing_report::xml_fault;

size_t count_of(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

TEST(Marks, AreSignsNotOnlyColours) {
  EXPECT_NE(mark_sign(Mark::kMeasured), mark_sign(Mark::kModelled));
  EXPECT_NE(mark_sign(Mark::kModelled), mark_sign(Mark::kPublished));
  for (Mark mark : {Mark::kMeasured, Mark::kModelled, Mark::kPublished}) {
    EXPECT_THAT(mark_legend(), HasSubstr(mark_sign(mark)));
    EXPECT_THAT(mark_legend(), HasSubstr(mark_name(mark)));
    std::vector<std::string> notes;
    MarkedFigure figure;
    figure.value = 2.5;
    figure.mark = mark;
    EXPECT_THAT(figure_html(figure, notes), HasSubstr(mark_sign(mark)));
  }
}

TEST(Marks, AbsentFiguresAreNotApplicableOrSayWhy) {
  std::vector<std::string> notes;
  MarkedFigure figure;
  EXPECT_THAT(figure_html(figure, notes), HasSubstr("n/a"));
  figure.why_absent = "no room <here>";
  EXPECT_THAT(figure_html(figure, notes), HasSubstr("<sup>1</sup>"));
  EXPECT_THAT(figure_html(figure, notes), HasSubstr("no room &lt;here&gt;"));
  figure.why_absent = "another";
  EXPECT_THAT(figure_html(figure, notes), HasSubstr("<sup>2</sup>"));
  EXPECT_EQ(notes.size(), 2u) << "one note a reason";
}

TEST(Table1, HasThePapersFiguresBesideOurs) {
  FakeRun run;
  run.seeds = {1, 2, 3};
  run.fixed_layers = {0, 4, 7, 9};
  const Table1 table = make_table_1(hardware_report({report_run("signs", run, 224)}, true), 0);
  ASSERT_EQ(table.datasets.size(), 6u);
  EXPECT_EQ(table.datasets[5].heading, "GTSR");
  ASSERT_EQ(table.rows.size(), 6u);  // the paper's five and N = 9
  const Table1Row& seven = table.rows[2];
  EXPECT_EQ(seven.fixed_layers, 7);
  EXPECT_NEAR(seven.fixed_ops_percent, 44.3, 0.05);
  EXPECT_DOUBLE_EQ(*seven.accuracies[5].published.value, 95.0);
  EXPECT_EQ(seven.accuracies[5].measured.seeds, 3u);
  EXPECT_TRUE(seven.accuracies[5].measured.low.has_value());
  EXPECT_FALSE(seven.accuracies[2].measured.value) << "SVHN was not trained";
  EXPECT_DOUBLE_EQ(*seven.accuracies[2].published.value, 95.8);
  EXPECT_DOUBLE_EQ(*seven.published[2].value, 10.78);
  EXPECT_NEAR(*seven.paper[0].value, 2.62, 0.01);
  EXPECT_TRUE(seven.calibrated[0].value);
  EXPECT_EQ(seven.published[0].mark, Mark::kPublished);
  EXPECT_EQ(seven.paper[0].mark, Mark::kModelled);
  EXPECT_EQ(seven.accuracies[5].measured.mark, Mark::kMeasured);
  EXPECT_FALSE(table.rows[3].published[0].value) << "the paper has no N = 9";
  EXPECT_TRUE(table.rows[3].accuracies[5].measured.value);
}

TEST(Table1, InfeasibleCellsSayWhy) {
  const Table1 table = make_table_1(hardware_report({report_run("signs", {}, 224)}), 0);
  const Table1Row& all = table.rows.back();
  EXPECT_EQ(all.fixed_layers, 14);
  EXPECT_FALSE(all.paper[0].value);
  EXPECT_THAT(all.paper[0].why_absent, HasSubstr("less than the smallest NVDLA"));
  const std::string html = table_1_html(table);
  EXPECT_THAT(html, HasSubstr("<ol class=\"notes\">"));
  EXPECT_THAT(html, HasSubstr("paper model, N = 14, 3.0 mm²: cannot be built"));
  EXPECT_THAT(table_1_csv(table), HasSubstr("less than the smallest NVDLA"));
}

TEST(Table1, CsvHasEqualNumbersOfFields) {
  FakeRun other;
  other.dataset = "mine, \"quoted\"";
  const std::string csv =
      table_1_csv(make_table_1(hardware_report({report_run("signs"), report_run("mine", other)}, true), 0));
  std::vector<size_t> fields(1, 1);
  bool quoted = false;
  for (char c : csv) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) ++fields.back();
    if (c == '\n' && !quoted) fields.push_back(1);
  }
  ASSERT_EQ(fields.size(), 7u);  // head, five rows, what follows the last newline
  for (size_t i = 1; i + 1 < fields.size(); ++i) EXPECT_EQ(fields[i], fields[0]);
  EXPECT_THAT(csv, HasSubstr("\"top1_percent_mine, \"\"quoted\"\"_measured\""));
}

TEST(HardwarePage, HasAllPartsAndStandsAlone) {
  const std::string page = render_hardware_report(hardware_report({report_run("signs")}, true));
  EXPECT_THAT(
      page,
      HasSubstr("<h1>7 of 14 layers can be frozen within 1 point of accuracy on gtsrb: energy per inference "
                "−48&nbsp;%"));
  for (const char* part : {"Table 1 of the paper", "Accuracy against energy", "Figure 2: what area buys",
                           "The platforms of 3.0 mm²", "The FFE of 7 layers", "Where this comes from",
                           "measured: trained and tested", "published: printed in the FixyNN paper"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  for (const char* foreign : {"<script", "<link", "src=", "url(", "http:", "https:"}) {
    // The one address is the name of SVG's vocabulary.
    EXPECT_EQ(count_of(page, foreign), foreign == std::string("http:") ? count_of(page, "<svg xmlns=") : 0u)
        << foreign;
  }
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_EQ(count_of(page, "<figure>"), 4u);
}

TEST(HardwarePage, EscapesWhatComesFromOutside) {
  FakeRun run;
  run.dataset = "<script>alert(1)</script>";
  ReportRun outside = report_run("<img src=x onerror=alert(2)>", run);
  outside.status = RunStatus{};
  outside.status->state = "<b>finished";
  HardwareReport report = hardware_report({outside});
  report.notes.push_back("<i>note");
  report.designs[0].calibrated_missing = "<u>missing";
  const std::string page = render_hardware_report(report);
  for (const char* bad : {"<script", "<img", "<b>finished", "<i>note", "<u>missing"})
    EXPECT_THAT(page, Not(HasSubstr(bad)));
  for (const auto& [name, contents] : hardware_report_files(report)) {
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_."), std::string::npos) << name;
    if (!name.ends_with(".svg")) continue;
    EXPECT_EQ(xml_fault(contents.substr(contents.find("<svg"))), "") << name;
  }
}

TEST(HardwarePage, SurvivesOneNumberOfLayersMixedDesignsAndNothingBuildable) {
  FakeRun one;
  one.fixed_layers = {7};
  EXPECT_THAT(render_hardware_report(hardware_report({report_run("one", one)})),
              HasSubstr("N = 0 has not been measured"));
  ReportRun half = report_run("half", {}, 128);
  half.facts.alpha = 0.5;
  const HardwareReport mixed = hardware_report({report_run("quarter"), half});
  const std::string page = render_hardware_report(mixed);
  EXPECT_THAT(page, HasSubstr("The other feature extractors"));
  EXPECT_THAT(page, HasSubstr("128 x 128 pixels, alpha 0.5"));
  const auto files = hardware_report_files(mixed);
  EXPECT_TRUE(files.contains("table_1_w8a8_64_1.csv"));
  EXPECT_TRUE(files.contains("table_1_w8a8_128_2.csv"));
  const HardwareReport tiny = hardware_report({report_run("signs")}, false, 0.5);
  EXPECT_THAT(render_hardware_report(tiny), HasSubstr("nothing measured yet")) << "empty plots";
  EXPECT_THAT(hardware_report_text(tiny), HasSubstr("cannot be built"));
}

TEST(HardwareFiles, HaveTablesAndPlots) {
  const auto files = hardware_report_files(hardware_report({report_run("signs")}, true));
  for (const char* name :
       {"table_1.csv", "platforms.csv", "trade_offs.csv", "ffe_layers.csv", "figure_2_calibrated.svg",
        "figure_2_paper.svg", "accuracy_energy_gtsrb.svg", "drop_energy.svg"}) {
    EXPECT_TRUE(files.contains(name)) << name;
  }
  for (const auto& [name, contents] : files) {
    if (!name.ends_with(".svg")) continue;
    EXPECT_EQ(xml_fault(contents.substr(contents.find("<svg"))), "") << name;
    EXPECT_THAT(contents, Not(HasSubstr("var(--"))) << "a viewer of SVG files knows no page";
  }
  EXPECT_THAT(files.at("trade_offs.csv"), HasSubstr("gtsrb,1,0.25,64,8,8,7,1,96.7"));
  EXPECT_THAT(files.at("platforms.csv"), HasSubstr(",no,"));
  EXPECT_THAT(files.at("ffe_layers.csv"), HasSubstr(",paper,,7,0,l00,"));
}

TEST(HardwarePage, ATechnologyWithoutEnergiesLeavesThemToThePapersModel) {
  HardwareReport report = hardware_report({report_run("signs")}, true);
  for (PlatformPoint& point : report.designs[0].calibrated->points) {
    if (point.fixed_layers == 0) continue;
    point.energy_per_inference_uj.reset();
    point.energy_efficiency_tops_per_w.reset();
    point.relative_efficiency.reset();
  }
  EXPECT_FALSE(knows_energies(*report.designs[0].calibrated));
  EXPECT_EQ(trade_offs(report, "gtsrb").size(), 4u) << "the paper model's energies";
  const std::string page = render_hardware_report(report);
  EXPECT_THAT(page, HasSubstr("energy per inference n/a"));
  EXPECT_THAT(page, HasSubstr("lacks figures that energies need: these energies are the paper model"));
  EXPECT_THAT(page, HasSubstr("cannot say where fixing layers pays"));
  EXPECT_THAT(trade_offs_csv(report), HasSubstr(",paper,3.000,"));
}

TEST(PaperHardwareSection, IsInTheReportOfASingleRun) {
  const std::vector<ResultRow> rows = summarise_points(report_run("signs").points, 0.25, 224);
  const std::string html = paper_hardware_section(rows, 0.25, 224);
  EXPECT_THAT(html, HasSubstr("<td>7</td><td>96.74 ●</td><td>0.72 ○</td><td>2.62 ○</td><td>10.65 ○</td>"));
  EXPECT_THAT(html, HasSubstr("<td>14</td><td>85.70 ●</td><td class=\"text wrap\" colspan"));
  EXPECT_THAT(html, HasSubstr("cannot be built"));
  EXPECT_EQ(paper_hardware_section({}, 0.25, 224), "");
  EXPECT_EQ(paper_hardware_section(rows, 0.3, 224), "") << "no such network";
}

TEST(HardwareText, FitsTheTerminal) {
  FakeRun run;
  run.seeds = {1, 2};
  const std::string text = hardware_report_text(hardware_report({report_run("signs", run, 224)}, true));
  EXPECT_THAT(text, HasSubstr("   7    44.3    2.62  1.37x   10.78  1.93x"));
  EXPECT_THAT(text, HasSubstr("cannot be built"));
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos;
       begin = end + 1, end = text.find('\n', begin)) {
    EXPECT_LE(end - begin, 113u) << text.substr(begin, end - begin);  // 110 and signs of several bytes
  }
  EXPECT_EQ(begin, text.size());
}

}  // namespace
}  // namespace fixynn
