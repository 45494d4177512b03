// SPDX-License-Identifier: Apache-2.0
#include "report/hardware_join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "report/hardware_fixture.h"

namespace fixynn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_report::FakeRun;
using testing_report::report_run;
using testing_report::write_fake_run;

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / ("fixynn_hardware_" + name);
}

template <typename Body>
std::string message_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(JoinRuns, DataSetsOnOneFfeShareADesign) {
  FakeRun cifar;
  cifar.dataset = "cifar10";
  const JoinedRuns joined = join_runs({report_run("signs"), report_run("cifar", cifar)});
  ASSERT_EQ(joined.designs.size(), 1u);
  EXPECT_THAT(datasets_of(joined.designs[0].rows), ElementsAre("cifar10", "gtsrb"));
  EXPECT_THAT(joined.designs[0].runs, ElementsAre(0u, 1u));
  EXPECT_THAT(joined.notes, IsEmpty());
  EXPECT_EQ(joined.designs[0].name(), "8-bit weights, 8-bit activations, 64 x 64 pixels, alpha 0.25");
}

TEST(JoinRuns, OtherBitsSizesWeightsAndSettingsAreOtherDesigns) {
  ReportRun bits = report_run("four"), weights = report_run("other"), settings = report_run("layers");
  ReportRun alpha = report_run("half");
  for (Point& point : bits.points) point.weight_bits = 4;
  weights.points.back().frozen_weights_sha256 = "another";
  settings.facts.config_text =
      "name: x\nffe:\n  weight_bits: 8\n  activation_bits: 8\n  layers:\n    3:\n      weight_bits: 6\n";
  alpha.facts.alpha = 0.5;
  for (const ReportRun& other : {bits, weights, settings, alpha, report_run("large", {}, 128)}) {
    const JoinedRuns joined = join_runs({report_run("first"), other});
    EXPECT_EQ(joined.designs.size(), 2u) << other.name;
    EXPECT_THAT(joined.notes, ElementsAre(HasSubstr("2 feature extractors"))) << other.name;
  }
  ReportRun training = report_run("longer");
  training.facts.config_text += "  batch_size: 1\n";  // a section behind `ffe`
  EXPECT_EQ(join_runs({report_run("first"), training}).designs.size(), 1u);
}

TEST(JoinRuns, SeedsOfTwoRunsMakeOneResultAndTheLaterOfEqualSeedsCounts) {
  FakeRun second;
  second.seeds = {2};
  JoinedRuns joined = join_runs({report_run("one"), report_run("two", second)});
  const ResultRow* row = find_row(joined.designs.at(0).rows, "gtsrb", 7);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->points.size(), 2u);
  EXPECT_THAT(joined.notes, IsEmpty());

  ReportRun again = report_run("again");
  for (Point& point : again.points) point.top1_percent = 50;
  joined = join_runs({report_run("one"), again});
  row = find_row(joined.designs.at(0).rows, "gtsrb", 7);
  EXPECT_EQ(row->points.size(), 1u);
  EXPECT_DOUBLE_EQ(row->top1_mean, 50);
  EXPECT_THAT(joined.notes, ElementsAre(HasSubstr("again measured 5 points again")));
}

TEST(JoinRuns, SaysWhatIsMissing) {
  ReportRun empty = report_run("empty"), unfinished = report_run("unfinished");
  empty.points.clear();
  unfinished.status = RunStatus{};
  unfinished.status->state = "training";
  unfinished.status->progress = 0.42;
  const JoinedRuns joined = join_runs({empty, unfinished, unfinished});
  EXPECT_EQ(joined.runs.size(), 2u);
  EXPECT_THAT(joined.notes, ElementsAre("unfinished was named twice and counts once.",
                                        HasSubstr("empty has no finished training"),
                                        HasSubstr("unfinished is not finished (training, 42 % done)")));
  EXPECT_THAT(message_of([&] { join_runs({empty}); }), HasSubstr("no training has finished yet"));
}

TEST(ReadReportRun, TellsARunFromOtherFolders) {
  const RunDirectory directory = write_fake_run(FakeRun{}, scratch("run"));
  const ReportRun run = read_report_run(directory.root());
  EXPECT_EQ(run.points.size(), 5u);
  EXPECT_EQ(run.name, "gtsr (fixynn_hardware_run)");
  EXPECT_EQ(run.facts.input_size, 64);
  const std::filesystem::path other = scratch("other");
  std::filesystem::create_directories(other);
  EXPECT_THAT(message_of([&] { read_report_run(other); }), HasSubstr("is not a run directory"));
  EXPECT_THAT(message_of([&] { read_report_run(other / "nowhere"); }), HasSubstr("no such run directory"));
  write_file_atomic(directory.file("points.jsonl"), std::string_view("{\"dataset\": 3}\n"));
  EXPECT_THAT(message_of([&] { read_report_run(directory.root()); }), HasSubstr("points.jsonl:1:"));
}

}  // namespace
}  // namespace fixynn
