// SPDX-License-Identifier: Apache-2.0
#include "report/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "report/fake_run.h"
#include "report/run_facts.h"
#include "report/run_summary.h"
#include "report/xml_check.h"

namespace fixynn {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_report::fake_point;
using testing_report::FakeRun;
using testing_report::write_fake_run;
using testing_report::xml_fault;

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / ("fixynn_report_" + name);
}

/// Every outermost <svg> of the page.
std::vector<std::string> drawings(const std::string& page) {
  std::vector<std::string> found;
  for (size_t at = page.find("<svg"); at != std::string::npos; at = page.find("<svg", at)) {
    size_t end = at, depth = 0;
    do {
      const size_t opening = page.find("<svg", end + 1), closing = page.find("</svg>", end + 1);
      if (closing == std::string::npos) return found;
      depth += opening < closing ? 1 : 0;
      if (opening > closing && depth-- == 0) depth = SIZE_MAX;
      end = std::min(opening, closing);
    } while (depth != SIZE_MAX);
    found.push_back(page.substr(at, end + 6 - at));
    at = end + 6;
  }
  return found;
}

TEST(RunReport, HasTheAnswerTheTableAndTheCharts) {
  const std::string page = render_run_report(write_fake_run(FakeRun{}, scratch("full")));
  EXPECT_THAT(
      page,
      HasSubstr("7 of 14 layers can be frozen within 1 % of the N = 0 accuracy: 96.74 % against 97.73 %, "
                "with 44.3 % of the operations fixed."));
  EXPECT_THAT(
      page,
      HasSubstr("<td>11</td><td>77.0</td><td><b>92.68</b></td><td>1 seed</td><td>5.05</td><td>92.72</td>"));
  EXPECT_THAT(page, HasSubstr("Published, not measured here: gtsrb in Table 1 of the FixyNN paper"));
  EXPECT_THAT(page, HasSubstr("<td>59.3</td>"));
  EXPECT_THAT(page, HasSubstr("What freezing gains"));
  EXPECT_THAT(page, HasSubstr("fake-quantised from epoch 6 on"));
  EXPECT_THAT(page, HasSubstr("Most frequent confusions"));
  EXPECT_THAT(page, HasSubstr("l03_pointwise (frozen)"));
  EXPECT_THAT(page, HasSubstr("1 bad image left out"));
  EXPECT_THAT(page, HasSubstr("fixynn-train 0.1.0 (5b4a0f5)"));
  EXPECT_THAT(page, HasSubstr("cpu, 2 threads, AVX3_SPR"));
  EXPECT_THAT(page, HasSubstr("unchanged"));
  EXPECT_THAT(page, HasSubstr("pretrained: mobilenet_025.tflite"));
  // 2 accuracy plots, 3 training plots, and for 5 points a layer chart and a heat map.
  const std::vector<std::string> svgs = drawings(page);
  EXPECT_EQ(svgs.size(), 15u);
  for (const std::string& svg : svgs) EXPECT_EQ(xml_fault(svg), "") << svg.substr(0, 200);
}

TEST(RunReport, StandsAlone) {
  const std::string page = render_run_report(write_fake_run(FakeRun{}, scratch("alone")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<link")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("url(")));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme:dark"));
}

TEST(RunReport, EscapesWhatComesFromOutside) {
  FakeRun run;
  run.dataset = "<script>alert(1)</script>";
  run.class_prefix = "<img src=x onerror=alert(2)> & ";
  const std::string page = render_run_report(write_fake_run(run, scratch("escape")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(page, HasSubstr("&lt;left out&gt;")) << "a skipped image's sentence";
  EXPECT_THAT(page, HasSubstr("data/&lt;gtsrb&gt;")) << "the configuration";
  EXPECT_THAT(page, Not(HasSubstr("Published"))) << "the paper has no such data set";
}

TEST(RunReport, EmptyRunSaysSo) {
  const std::filesystem::path root = scratch("empty");
  std::filesystem::remove_all(root);
  const RunDirectory directory(root);
  directory.create();
  const std::string page = render_run_report(directory);
  EXPECT_THAT(page, HasSubstr("Nothing has been measured yet."));
  EXPECT_THAT(page, HasSubstr("No training has finished yet"));
  EXPECT_TRUE(drawings(page).empty());
  EXPECT_EQ(terminal_table({}), "Nothing has been measured yet.\n");
}

TEST(RunReport, OnePointWithoutABaselineOrAnEvaluation) {
  FakeRun run;
  run.fixed_layers = {7};
  const RunDirectory directory = write_fake_run(run, scratch("one"));
  std::filesystem::remove_all(directory.file("evaluations"));
  const std::string page = render_run_report(directory);
  EXPECT_THAT(page, HasSubstr("N = 0 has not been measured"));
  EXPECT_THAT(page, Not(HasSubstr("Most frequent confusions")));
  EXPECT_THAT(page, HasSubstr("fixed_07")) << "the evaluation that could not be read";
  for (const std::string& svg : drawings(page)) EXPECT_EQ(xml_fault(svg), "");
}

TEST(RunReport, UnfinishedRunShowsItsState) {
  FakeRun run;
  run.fixed_layers = {0};
  const RunDirectory directory = write_fake_run(run, scratch("unfinished"));
  RunStatus status;
  status.state = "training";
  status.progress = 0.42;
  directory.write_status(status);
  const std::string page = render_run_report(directory);
  EXPECT_THAT(page, HasSubstr("training, 42 % done"));
  EXPECT_THAT(page, HasSubstr("Only N = 0 has been measured yet"));
}

TEST(RunReport, SeveralSeedsGiveMeansRangesAndErrorBars) {
  FakeRun run;
  run.seeds = {1, 2, 3};
  const RunDirectory directory = write_fake_run(run, scratch("seeds"));
  const std::string page = render_run_report(directory);
  EXPECT_THAT(page, HasSubstr("(means of 3 seeds)"));
  EXPECT_THAT(page, HasSubstr("97.56 – 97.90"));
  EXPECT_THAT(page, HasSubstr("class='error'"));
  EXPECT_THAT(page, HasSubstr(" faint'"));
  EXPECT_THAT(terminal_table(directory.read_points(), 0.25, 64), HasSubstr("97.56..97.90"));
}

TEST(RunSummary, ComparesMeansWithinOneDataSetAndOneNumberOfBits) {
  FakeRun run;
  std::vector<Point> points{fake_point(run, 0, 1), fake_point(run, 4, 1)};
  points[0].top1_percent = 90;
  points[1].top1_percent = 89;
  Point other = points[0];
  other.weight_bits = 4;
  other.top1_percent = 50;
  points.push_back(other);
  Point again = points[1];
  again.top1_percent = 89.5;
  points.push_back(again);  // the same training, tested again
  const std::vector<ResultRow> rows = summarise_points(points, 0.25, 224);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].weight_bits, 4);
  EXPECT_DOUBLE_EQ(*rows[2].drop, 0.5);
  EXPECT_NEAR(rows[2].fixed_ops_percent, 27.1, 0.05);
  EXPECT_EQ(deepest_within(rows, 1.0), &rows[2]);
  EXPECT_EQ(deepest_within(rows, 0.4), nullptr);
}

TEST(RunSummary, NoDepthWithinOnePercent) {
  FakeRun run;
  std::vector<Point> points{fake_point(run, 0, 1), fake_point(run, 11, 1)};
  EXPECT_THAT(headline(summarise_points(points, 0.25, 64)),
              HasSubstr("No tested number of frozen layers stays within 1 %"));
}

TEST(TerminalTable, FitsTheTerminalAndMarksPublishedFigures) {
  FakeRun run;
  std::vector<Point> points;
  for (int n : run.fixed_layers) points.push_back(fake_point(run, n, 1));
  const std::string table = terminal_table(points, 0.25, 64);
  EXPECT_THAT(
      table,
      HasSubstr(
          "gtsrb           7        44.3     96.74          1 seed    0.99       96.78    8/8     2,330"));
  EXPECT_THAT(table, HasSubstr("published, not measured here (gtsrb, FixyNN paper):  N=0 97.7"));
  size_t begin = 0;
  for (size_t end = table.find('\n'); end != std::string::npos;
       begin = end + 1, end = table.find('\n', begin)) {
    EXPECT_LE(end - begin, 110u);
  }
  EXPECT_EQ(begin, table.size()) << "ends with a newline";
}

TEST(RunFactsTest, ReadsNestedScalarsOfBlockYaml) {
  const std::string yaml =
      "name: \"a \\\"b\\\"\"\ndata:\n  size: 64\n  root: x:y\nffe:\n  layers:\n    3:\n      weight_bits: "
      "6\nmodel:\n  size: 1\n  alpha: 0.5\n";
  EXPECT_EQ(yaml_scalar(yaml, {"name"}), "a \"b\"");
  EXPECT_EQ(yaml_scalar(yaml, {"data", "size"}), "64");
  EXPECT_EQ(yaml_scalar(yaml, {"model", "size"}), "1");
  EXPECT_EQ(yaml_scalar(yaml, {"model", "alpha"}), "0.5");
  EXPECT_EQ(yaml_scalar(yaml, {"ffe", "layers", "3", "weight_bits"}), "6");
  EXPECT_EQ(yaml_scalar(yaml, {"data", "alpha"}), "");
  EXPECT_EQ(yaml_scalar(yaml, {"train", "epochs"}), "");
}

}  // namespace
}  // namespace fixynn
