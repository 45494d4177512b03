// SPDX-License-Identifier: Apache-2.0
#include "run/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "run/run_lock.h"
#include "run/run_record.h"

namespace fixynn {
namespace {

using testing::HasSubstr;

class RunDirectoryTest : public testing::Test {
 protected:
  RunDirectoryTest()
      : root_(std::filesystem::path(testing::TempDir()) /
              fmt::format("run_{}_{}", ::getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name())),
        directory_(root_) {
    std::filesystem::remove_all(root_);
    directory_.create();
  }
  ~RunDirectoryTest() override { std::filesystem::remove_all(root_); }

  static EpochMetrics metrics(int epoch) {
    EpochMetrics line;
    line.fixed_layers = 7;
    line.seed = 3;
    line.epoch = epoch;
    line.epochs = 10;
    line.step = epoch * 100;
    line.train_loss = 0.1 + epoch;
    if (epoch > 1) line.validation_top1_percent = 12.5;
    return line;
  }

  std::filesystem::path root_;
  RunDirectory directory_;
};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(RunDirectoryTest, MetricsKeepEveryFieldAndOrder) {
  directory_.append_metrics(metrics(1));
  directory_.append_metrics(metrics(2));
  const auto lines = directory_.read_metrics();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].epoch, 1);
  EXPECT_FALSE(lines[0].validation_top1_percent.has_value());
  EXPECT_EQ(lines[1].validation_top1_percent, 12.5);
  EXPECT_EQ(lines[1].train_loss, 0.1 + 2);  // exactly: the shortest text that reads back
  EXPECT_EQ(lines[1].seed, 3u);
}

TEST_F(RunDirectoryTest, AnUnfinishedLastLineIsSkippedAndThenReplaced) {
  directory_.append_metrics(metrics(1));
  std::ofstream(directory_.file("metrics.jsonl"), std::ios::app) << "{\"fixed_layers\": 7, \"se";
  EXPECT_EQ(directory_.read_metrics().size(), 1u);
  directory_.append_metrics(metrics(2));
  ASSERT_EQ(directory_.read_metrics().size(), 2u);
  EXPECT_EQ(directory_.read_metrics()[1].epoch, 2);
}

TEST_F(RunDirectoryTest, ADamagedLineInTheMiddleIsNamed) {
  std::ofstream(directory_.file("points.jsonl")) << "{}\nnot json\n{}\n";
  EXPECT_THAT(message_of([&] { directory_.read_points(); }), HasSubstr("points.jsonl:2: is not JSON"));
  std::ofstream(directory_.file("points.jsonl")) << "{\"dataset\": 5}\n";
  EXPECT_THAT(message_of([&] { directory_.read_points(); }), HasSubstr("points.jsonl:1: "));
}

LiveLoss loss_at(int fixed_layers, uint64_t seed, int64_t step) {
  LiveLoss loss;
  loss.fixed_layers = fixed_layers;
  loss.seed = seed;
  loss.epoch = 1;
  loss.step = step;
  loss.loss = 0.5 + static_cast<double>(step);
  loss.images_per_second = 1000;
  loss.wall_seconds = 0.25;
  return loss;
}

TEST_F(RunDirectoryTest, LossesRoundTripAndDamagedLinesAreSkipped) {
  EXPECT_TRUE(directory_.read_losses().empty());
  EXPECT_TRUE(directory_.append_loss(loss_at(7, 3, 10)));
  std::ofstream(directory_.file("losses.jsonl"), std::ios::app) << "oops\n{\"step\": 1}\n[]\n{\"unfinish";
  EXPECT_TRUE(directory_.append_loss(loss_at(7, 3, 20)));
  const std::vector<LiveLoss> losses = directory_.read_losses();
  ASSERT_EQ(losses.size(), 2u);
  EXPECT_EQ(losses[0].fixed_layers, 7);
  EXPECT_EQ(losses[0].seed, 3u);
  EXPECT_EQ(losses[0].epoch, 1);
  EXPECT_EQ(losses[0].step, 10);
  EXPECT_EQ(losses[0].loss, 10.5);
  EXPECT_EQ(losses[0].images_per_second, 1000);
  EXPECT_EQ(losses[0].wall_seconds, 0.25);
  EXPECT_EQ(losses[1].step, 20);
}

TEST_F(RunDirectoryTest, LossesThatCannotBeWrittenDoNotThrow) {
  std::filesystem::create_directory(directory_.file("losses.jsonl"));
  EXPECT_FALSE(directory_.append_loss(loss_at(0, 1, 1)));
}

TEST(AddLoss, ATrainingThatGoesOnFromACheckpointReplacesWhatCameAfterIt) {
  std::vector<LiveLoss> losses;
  for (const int64_t step : {10, 20, 30}) add_loss(losses, loss_at(0, 1, step));
  for (const int64_t step : {10, 20}) add_loss(losses, loss_at(4, 1, step));
  add_loss(losses, loss_at(0, 2, 5));
  add_loss(losses, loss_at(0, 1, 20));
  add_loss(losses, loss_at(0, 1, 35));
  std::vector<std::string> seen;
  for (const LiveLoss& loss : losses)
    seen.push_back(fmt::format("{}/{}/{}", loss.fixed_layers, loss.seed, loss.step));
  EXPECT_THAT(seen, testing::ElementsAre("0/1/10", "4/1/10", "4/1/20", "0/2/5", "0/1/20", "0/1/35"));
}

TEST_F(RunDirectoryTest, PointsStatusAndEvaluationRoundTrip) {
  Point point;
  point.dataset = "gtsrb";
  point.fixed_layers = 11;
  point.top1_percent = 97.25;
  point.network = "networks/fixed_11.safetensors";
  directory_.append_point(point);
  ASSERT_EQ(directory_.read_points().size(), 1u);
  EXPECT_EQ(directory_.read_points()[0].network, point.network);
  EXPECT_EQ(directory_.read_points()[0].top1_percent, 97.25);

  EXPECT_FALSE(directory_.read_status().has_value());
  RunStatus status;
  status.state = "training";
  status.message = "a byte that is not UTF-8: \xff";
  directory_.write_status(status);
  ASSERT_TRUE(directory_.read_status().has_value());
  EXPECT_EQ(directory_.read_status()->state, "training");
  EXPECT_FALSE(directory_.read_status()->eta_seconds.has_value());

  Evaluation evaluation;
  evaluation.class_names = {"a", "b"};
  evaluation.confusion = {{3, 1}, {0, 4}};
  evaluation.layers.push_back({"l00_conv1", true, 8, 6, 216, 5, 17});
  directory_.write_evaluation("fixed_11", evaluation);
  const Evaluation read = directory_.read_evaluation("fixed_11");
  EXPECT_EQ(read.confusion, evaluation.confusion);
  EXPECT_EQ(read.layers.at(0).zero_weights, 5);
}

TEST_F(RunDirectoryTest, StopRequestComesAndGoes) {
  EXPECT_FALSE(directory_.stop_requested());
  std::ofstream(directory_.file("control/stop.json")) << "{}";
  EXPECT_TRUE(directory_.stop_requested());
  directory_.clear_stop_request();
  EXPECT_FALSE(directory_.stop_requested());
}

TEST_F(RunDirectoryTest, NetworkStems) {
  EXPECT_EQ(RunDirectory::network_stem(7, 1, true), "fixed_07");
  EXPECT_EQ(RunDirectory::network_stem(14, 22, false), "fixed_14_seed_22");
}

TEST_F(RunDirectoryTest, ASecondProcessIsToldWhoHoldsTheDirectory) {
  const RunLock lock(root_);
  const std::string message = message_of([&] { const RunLock second(root_); });
  EXPECT_THAT(message, HasSubstr(fmt::format("process {} is training", ::getpid())));
}

TEST_F(RunDirectoryTest, TheLockIsFreeAfterItsOwner) {
  { const RunLock lock(root_); }
  EXPECT_EQ(message_of([&] { const RunLock second(root_); }), "no error");
}

TEST_F(RunDirectoryTest, RecordKeepsEarlierSessions) {
  RunSession session;
  session.command = "fixynn-train 'a b.yaml'";
  {
    RunRecord record(directory_.file("run.yaml"));
    record.add_session(session);
    record.set_data({"gtsrb", 43, 64, 64, 100, 10, 50, {"x.ppm: is truncated"}});
    record.add_training({7, 1, "aaaa", "aaaa"});
  }
  session.command = "fixynn-train again \"quoted\"";
  RunRecord record(directory_.file("run.yaml"));
  record.add_session(session);
  record.add_training({7, 1, "aaaa", "aaaa"});  // tested again after a kill: not twice in the file
  const std::string text = read_text_file(directory_.file("run.yaml"));
  EXPECT_THAT(text, HasSubstr("command: \"fixynn-train 'a b.yaml'\""));
  EXPECT_THAT(text, HasSubstr("command: \"fixynn-train again \\\"quoted\\\"\""));
  EXPECT_THAT(text, HasSubstr("skipped_images: 1\n  skipped:\n    - \"x.ppm: is truncated\""));
  const std::string key = "frozen_weights_sha256_before";
  EXPECT_EQ(text.find(key), text.rfind(key));
}

/// Every write beyond `bytes` of a file fails, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : former_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &former_);
    rlimit limit = former_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &former_);
    std::signal(SIGXFSZ, former_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*former_handler_)(int);
  rlimit former_{};
};

TEST_F(RunDirectoryTest, AFailedWriteLeavesTheFileAsItWas) {
  directory_.append_metrics(metrics(1));
  const std::string before = read_text_file(directory_.file("metrics.jsonl"));
  std::string message;
  {
    const FileSizeLimit limit(before.size() + 20);
    message = message_of([&] { directory_.append_metrics(metrics(2)); });
  }
  EXPECT_THAT(message, HasSubstr("metrics.jsonl: cannot be written"));
  EXPECT_EQ(read_text_file(directory_.file("metrics.jsonl")), before);
}

TEST_F(RunDirectoryTest, AnUnwritableFolderIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  std::filesystem::permissions(root_,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_THAT(message_of([&] { directory_.append_metrics(metrics(1)); }), HasSubstr("cannot be written"));
  EXPECT_THAT(message_of([&] { const RunLock lock(root_); }), HasSubstr("--run-dir"));
  std::filesystem::permissions(root_, std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace fixynn
