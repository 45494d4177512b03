// SPDX-License-Identifier: Apache-2.0
#include "train/run_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <map>

#include "integer/network_file.h"
#include "small_run.h"

namespace fixynn {
namespace {

using testing::HasSubstr;

constexpr int kStepsEach = 9;  // 3 epochs of 3 steps

/// Everything in metrics.jsonl but the timings.
std::vector<std::string> untimed_metrics(const SmallRun& small) {
  std::vector<std::string> lines;
  for (const EpochMetrics& m : small.directory().read_metrics()) {
    lines.push_back(fmt::format("{} {} {} {} {} {} {} {} {} {}", m.fixed_layers, m.seed, m.epoch, m.epochs,
                                m.step, m.learning_rate, m.train_loss, m.train_top1_percent,
                                m.validation_top1_percent.value_or(-1), m.fake_quantised));
  }
  return lines;
}

/// What an unbroken run of the same configuration leaves.
struct Expected {
  std::string network_0, network_4;
  std::vector<std::string> metrics;
};

Expected unbroken_run() {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / fmt::format("whole_{}", ::getpid());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  SmallRun small(folder);
  EXPECT_EQ(small.run(), 0);
  const Expected expected{small.bytes("networks/fixed_00.safetensors"),
                          small.bytes("networks/fixed_04.safetensors"), untimed_metrics(small)};
  std::filesystem::remove_all(folder);
  return expected;
}

class RunTraining : public testing::Test {
 protected:
  RunTraining() : small_(folder_.path()) {}

  void expect_as_unbroken() {
    static const Expected expected = unbroken_run();
    EXPECT_EQ(small_.bytes("networks/fixed_00.safetensors"), expected.network_0);
    EXPECT_EQ(small_.bytes("networks/fixed_04.safetensors"), expected.network_4);
    EXPECT_EQ(untimed_metrics(small_), expected.metrics);
    EXPECT_EQ(small_.directory().read_points().size(), 2u);
  }
  void resume() {
    small_.hooks->before_step = nullptr;
    small_.hooks->non_finite = nullptr;
    small_.request.resume = true;
    EXPECT_EQ(small_.run(), 0);
  }

  TemporaryFolder folder_;
  SmallRun small_;
};

TEST_F(RunTraining, WritesTheWholeRunDirectory) {
  int reports = 0;
  small_.request.on_results = [&](const RunDirectory&) { ++reports; };
  ASSERT_EQ(small_.run(), 0);
  EXPECT_EQ(reports, 3);  // after each training and at the end
  const RunDirectory directory = small_.directory();
  const auto points = directory.read_points();
  ASSERT_EQ(points.size(), 2u);
  for (const Point& point : points) {
    const IntegerNetwork network = read_network(directory.file(point.network));
    EXPECT_EQ(network.fixed_layers, point.fixed_layers);
    EXPECT_EQ(network.frozen_weights_sha256, point.frozen_weights_sha256);
    EXPECT_EQ(network.metadata.at("class_names"), "[\"red\",\"green\",\"blue\"]");
    EXPECT_EQ(point.images_tested, 30);
    EXPECT_EQ(point.weight_bits, 8);
  }
  EXPECT_EQ(directory.read_metrics().size(), 6u);
  EXPECT_FALSE(directory.read_metrics()[0].fake_quantised);
  EXPECT_TRUE(directory.read_metrics()[1].fake_quantised);
  EXPECT_EQ(directory.read_status()->state, "finished");
  EXPECT_EQ(directory.read_status()->progress, 1.0);
  const Evaluation evaluation = directory.read_evaluation("fixed_04");
  EXPECT_EQ(evaluation.layers.size(), 28u);
  EXPECT_TRUE(evaluation.layers[6].frozen);
  EXPECT_FALSE(evaluation.layers[7].frozen);
  EXPECT_GT(evaluation.codes_compared, 0);
  int64_t counted = 0;
  for (const auto& row : evaluation.confusion) {
    for (const int64_t count : row) counted += count;
  }
  EXPECT_EQ(counted, 30);
  EXPECT_THAT(small_.bytes("run.yaml"), HasSubstr(points[1].frozen_weights_sha256));
  EXPECT_THAT(small_.bytes("config.yaml"), HasSubstr("fixed_layers"));
  EXPECT_THAT(small_.bytes("log.txt"), HasSubstr("frozen weights unchanged"));
}

TEST_F(RunTraining, ASignalStopsAtTheNextBatchAndResumeIsBitIdentical) {
  for (const int step : {1, 4, kStepsEach, kStepsEach + 5}) {
    std::filesystem::remove_all(small_.request.run_directory);
    small_.hooks->steps = 0;
    small_.request.resume = false;
    const int number = step == 4 ? SIGTERM : SIGINT;
    small_.hooks->before_step = [=](int now) {
      if (now == step) std::raise(number);
    };
    EXPECT_EQ(small_.run(), 128 + number);
    EXPECT_EQ(small_.hooks->steps, step) << "steps went on after the signal";
    EXPECT_EQ(small_.directory().read_status()->state, "stopped");
    resume();
    EXPECT_EQ(small_.hooks->steps, 2 * kStepsEach) << "a step was done twice or left out";
    expect_as_unbroken();
  }
}

TEST_F(RunTraining, StopFileStopsWithExitCodeZero) {
  small_.hooks->before_step = [this](int step) {
    if (step == 2) std::ofstream(small_.directory().file("control/stop.json")) << "{}";
    // The file is looked for a few times a second.
    if (step == 3) std::this_thread::sleep_for(std::chrono::milliseconds(250));
  };
  EXPECT_EQ(small_.run(), 0);
  EXPECT_EQ(small_.directory().read_status()->state, "stopped");
  EXPECT_LT(small_.hooks->steps, 2 * kStepsEach);
  EXPECT_FALSE(small_.directory().stop_requested());
  resume();
  expect_as_unbroken();
}

TEST_F(RunTraining, AKilledRunGoesOnFromItsLastCheckpoint) {
  struct Killed : std::exception {};
  for (const double checkpoint_seconds : {0.01, 1000.0}) {
    for (const int step : {2, 6, kStepsEach + 8}) {
      std::filesystem::remove_all(small_.request.run_directory);
      small_.hooks->steps = 0;
      small_.request.resume = false;
      small_.request.config.train.checkpoint_seconds = checkpoint_seconds;
      small_.hooks->before_step = [=](int now) {
        if (now == step) throw Killed();
      };
      EXPECT_THROW(small_.run(), Killed);
      resume();
      expect_as_unbroken();
    }
  }
}

TEST_F(RunTraining, LossesWithinEpochsGrowStepByStep) {
  struct Killed : std::exception {};
  small_.request.config.train.checkpoint_seconds = 1000;
  small_.hooks->before_step = [](int now) {
    if (now == kStepsEach + 5) throw Killed();
  };
  EXPECT_THROW(small_.run(), Killed);
  resume();
  expect_as_unbroken();
  const std::vector<LiveLoss> losses = small_.directory().read_losses();
  const std::vector<EpochMetrics> metrics = small_.directory().read_metrics();
  std::map<int, int64_t> steps;
  for (const LiveLoss& line : losses) {
    EXPECT_GT(line.step, steps[line.fixed_layers]);
    EXPECT_EQ(line.epoch, (line.step + 2) / 3);
    EXPECT_GT(line.images_per_second, 0);
    EXPECT_GT(line.wall_seconds, 0);
    steps[line.fixed_layers] = line.step;
  }
  EXPECT_EQ(steps, (std::map<int, int64_t>{{0, kStepsEach}, {4, kStepsEach}}));
  // One line an epoch, unless the machine took more than a second for its three steps.
  if (losses.size() != metrics.size()) return;
  for (size_t i = 0; i < losses.size(); ++i) EXPECT_DOUBLE_EQ(losses[i].loss, metrics[i].train_loss);
}

TEST_F(RunTraining, LossesThatCannotBeWrittenChangeNothingElse) {
  small_.hooks->before_step = [this](int now) {
    if (now == 1) std::filesystem::create_directory(small_.directory().file("losses.jsonl"));
  };
  EXPECT_EQ(small_.run(), 0);
  expect_as_unbroken();
}

TEST_F(RunTraining, ADamagedCheckpointFallsBackToThePreviousOne) {
  small_.request.config.train.checkpoint_seconds = 0.01;
  small_.hooks->before_step = [](int step) {
    if (step == 5) std::raise(SIGINT);
  };
  EXPECT_EQ(small_.run(), 130);
  const std::filesystem::path checkpoint = small_.directory().file("checkpoints/fixed_00.safetensors");
  std::filesystem::resize_file(checkpoint, std::filesystem::file_size(checkpoint) / 2);
  resume();
  EXPECT_THAT(small_.bytes("log.txt"), HasSubstr("going on from the previous one"));
  expect_as_unbroken();
}

TEST_F(RunTraining, AMetricsLineAheadOfItsCheckpointIsCutOff) {
  small_.hooks->before_step = [](int step) {
    if (step == 5) std::raise(SIGINT);
  };
  EXPECT_EQ(small_.run(), 130);
  EpochMetrics ahead = small_.directory().read_metrics().back();
  ahead.epoch = 2;
  small_.directory().append_metrics(ahead);
  resume();
  expect_as_unbroken();
}

TEST_F(RunTraining, FinishedTrainingsAreNotDoneAgain) {
  ASSERT_EQ(small_.run(), 0);
  small_.hooks->steps = 0;
  resume();
  EXPECT_EQ(small_.hooks->steps, 0);
  std::filesystem::remove(small_.directory().file("points.jsonl"));
  resume();  // tested again from the checkpoints, not trained again
  EXPECT_EQ(small_.hooks->steps, 0);
  expect_as_unbroken();
}

TEST_F(RunTraining, NumbersThatAreNotFiniteStopTheRunAndKeepTheLastGoodState) {
  for (const double checkpoint_seconds : {0.01, 1000.0}) {
    std::filesystem::remove_all(small_.request.run_directory);
    small_.hooks->steps = 0;
    small_.request.resume = false;
    small_.request.config.train.checkpoint_seconds = checkpoint_seconds;
    small_.hooks->non_finite = [](int step) {
      return step >= 5 ? "l03_depthwise: non-finite batch statistics" : "";
    };
    const std::string message = message_of([this] { small_.run(); });
    EXPECT_THAT(message, HasSubstr("epoch 2, step 2 (l03_depthwise: non-finite batch statistics)"));
    EXPECT_THAT(message, HasSubstr("train.learning_rate"));
    EXPECT_THAT(message, HasSubstr("the last good state is kept in"));
    EXPECT_EQ(small_.directory().read_status()->state, "failed");
    EXPECT_EQ(small_.directory().read_status()->message, message);
    resume();
    expect_as_unbroken();
  }
}

TEST_F(RunTraining, ADivergedStateIsNotSavedOnTheWayOut) {
  small_.hooks->non_finite = [](int step) { return step >= 2 ? "head: non-finite loss" : ""; };
  small_.hooks->before_step = [](int step) {
    if (step == 2) std::raise(SIGINT);
  };
  const std::string message = message_of([this] { small_.run(); });
  EXPECT_THAT(message, HasSubstr("epoch 1, step 2 (head: non-finite loss)"));
  EXPECT_THAT(message, HasSubstr("nothing was saved yet"));
  EXPECT_FALSE(std::filesystem::exists(small_.directory().file("checkpoints/fixed_00.safetensors")));
}

/// Taking metrics waits for the device: within an epoch that must be rare, but no engine keeps endless steps.
TEST_F(RunTraining, MetricsAreTakenNowAndThen) {
  small_.services.load_images = [](const LoadOptions&, Split split) {
    return split == Split::kTrain ? coloured_images(800, 1) : coloured_images(30, 2);
  };
  small_.request.config.fixed_layers = {14};
  small_.request.config.train.batch_size = 2;  // 320 steps
  small_.request.config.train.epochs = 1;
  ASSERT_EQ(small_.run(), 0);
  ASSERT_GT(small_.hooks->steps, kMostQueuedSteps);
  EXPECT_LT(small_.hooks->steps_a_take.size(), static_cast<size_t>(small_.hooks->steps) / 4);
  int taken = 0;
  for (const int steps : small_.hooks->steps_a_take) {
    EXPECT_LE(steps, kMostQueuedSteps);
    taken += steps;
  }
  EXPECT_EQ(taken, small_.hooks->steps);
}

TEST_F(RunTraining, AnEngineThatTouchesFrozenWeightsIsFoundOut) {
  small_.request.config.fixed_layers = {4};
  small_.hooks->state = [](TrainState& state) { state.parameters.values[3] *= 1.5f; };
  EXPECT_THAT(message_of([this] { small_.run(); }), HasSubstr("the frozen weights changed during training"));
}

TEST_F(RunTraining, RefusesADirectoryThatHoldsARun) {
  ASSERT_EQ(small_.run(), 0);
  EXPECT_THAT(message_of([this] { small_.run(); }),
              HasSubstr("already holds a run; continue it with --resume"));
  small_.request.resume = true;
  small_.request.config.train.label_smoothing = 0.25;
  EXPECT_THAT(message_of([this] { small_.run(); }),
              HasSubstr("another configuration: train.label_smoothing is 0.1 there and 0.25 here"));
  small_.request.config.train.label_smoothing = 0.1;
  small_.request.config.train.checkpoint_seconds = 5;  // does not change what is computed
  EXPECT_EQ(small_.run(), 0);
}

TEST_F(RunTraining, RefusesToGoOnInAnotherArithmetic) {
  small_.request.config.engine.precision = Precision::kBf16;  // says nothing on the CPU
  small_.hooks->before_step = [](int step) {
    if (step == 5) std::raise(SIGINT);
  };
  EXPECT_EQ(small_.run(), 130);
  EXPECT_THAT(small_.bytes("run.yaml"), HasSubstr("arithmetic: \"cpu, fp32, custom convolutions\""));
  small_.hooks->before_step = nullptr;
  small_.request.resume = true;
  small_.request.config.engine = {.device = DeviceChoice::kAuto, .precision = Precision::kTf32};
  small_.hooks->facts = {.device = "A card", .precision = Precision::kTf32};
  EXPECT_THAT(
      message_of([this] { small_.run(); }),
      HasSubstr("was trained with cpu, fp32, custom convolutions and would go on with A card, tf32, custom "
                "convolutions"));
  // Nor does a checkpoint pass for the other's when run.yaml is lost.
  std::filesystem::remove(small_.directory().file("run.yaml"));
  EXPECT_THAT(message_of([this] { small_.run(); }), HasSubstr("A card"));
  small_.hooks->facts = {};
  resume();
  expect_as_unbroken();
}

/// Refusing to go on says nothing about what was done before.
TEST_F(RunTraining, ARefusalLeavesTheStateOfTheRun) {
  EXPECT_EQ(small_.run(), 0);
  const std::string finished = small_.bytes("status.json");
  EXPECT_THAT(finished, HasSubstr("\"finished\""));
  small_.request.resume = true;
  small_.hooks->facts = {.device = "A card", .precision = Precision::kTf32};
  EXPECT_THAT(message_of([this] { small_.run(); }), HasSubstr("A card"));
  EXPECT_EQ(small_.bytes("status.json"), finished);
}

/// A device that cannot be had is told before anything is read or written.
TEST_F(RunTraining, AMissingDeviceIsToldFirst) {
  small_.services.check_device = [] { fail_usage("no card"); };
  small_.services.load_images = [](const LoadOptions&, Split) -> ImageSet { throw Error("read"); };
  EXPECT_EQ(message_of([this] { small_.run(); }), "no card");
  EXPECT_FALSE(std::filesystem::exists(small_.directory().file("status.json")));
}

/// A run that has trained nothing yet may begin anew on another device.
TEST_F(RunTraining, ARunWithoutResultsMayChangeItsArithmetic) {
  small_.hooks->before_step = [](int) { throw Error("stopped"); };
  EXPECT_EQ(message_of([this] { small_.run(); }), "stopped");
  small_.hooks->before_step = nullptr;
  small_.hooks->facts.device = "A card";
  EXPECT_EQ(small_.run(), 0);
  EXPECT_THAT(small_.bytes("run.yaml"), HasSubstr("arithmetic: \"A card, fp32, custom convolutions\""));
}

TEST_F(RunTraining, RefusesOtherDataUnderTheSameConfiguration) {
  small_.hooks->before_step = [](int step) {
    if (step == 5) std::raise(SIGINT);
  };
  EXPECT_EQ(small_.run(), 130);
  small_.hooks->before_step = nullptr;
  small_.request.resume = true;
  small_.services.load_images = [](const LoadOptions&, Split) { return coloured_images(60, 1); };
  EXPECT_THAT(message_of([this] { small_.run(); }), HasSubstr("another configuration or data set"));
}

TEST_F(RunTraining, RefusesAFolderOfOtherFiles) {
  std::filesystem::create_directories(small_.request.run_directory);
  std::ofstream(small_.request.run_directory / "thesis.tex") << "text";
  EXPECT_THAT(message_of([this] { small_.run(); }), HasSubstr("is not a run directory"));
  EXPECT_EQ(read_text_file(small_.request.run_directory / "thesis.tex"), "text");
}

TEST_F(RunTraining, RefusesAMissingDataSetBeforeWritingAnything) {
  small_.request.config.data.root = (folder_.path() / "nowhere").string();
  EXPECT_THAT(message_of([this] { small_.run(); }), HasSubstr("--set data.root=DIR"));
  EXPECT_FALSE(std::filesystem::exists(small_.request.run_directory));
}

TEST_F(RunTraining, NamesARunDirectoryThatCannotBeCreated) {
  std::ofstream(folder_.path() / "file") << "text";
  small_.request.run_directory = folder_.path() / "file" / "run";
  EXPECT_THAT(message_of([this] { small_.run(); }), HasSubstr("the folder cannot be created"));
}

TEST_F(RunTraining, DryRunWritesNothing) {
  const std::string text = dry_run(small_.request, small_.services);
  EXPECT_THAT(text, HasSubstr("random, seed 1"));
  EXPECT_FALSE(std::filesystem::exists(small_.request.run_directory));
  EXPECT_EQ(small_.hooks->steps, 0);
}

TEST_F(RunTraining, FloatNetworksTrainToo) {
  small_.request.config.ffe.weight_bits = small_.request.config.ffe.activation_bits = kFloatBits;
  small_.request.config.back_end.bits = kFloatBits;
  ASSERT_EQ(small_.run(), 0);
  for (const Point& point : small_.directory().read_points()) {
    EXPECT_EQ(point.weight_bits, kFloatBits);
    EXPECT_EQ(point.top1_percent, point.float_path_top1_percent);
  }
}

TEST_F(RunTraining, LearnsAnEasyTask) {
  small_.request.config.fixed_layers = {0};
  small_.request.config.train.epochs = 20;
  ASSERT_EQ(small_.run(), 0);
  const Point point = small_.directory().read_points().at(0);
  EXPECT_GT(point.top1_percent, 80.0);  // three classes: chance is 33 %
  EXPECT_NEAR(point.float_path_top1_percent, point.top1_percent, 7.0);
  EXPECT_GT(point.validation_top1_percent.value(), 80.0);
}

TEST_F(RunTraining, SeedsHaveFilesOfTheirOwn) {
  small_.request.config.fixed_layers = {4};
  small_.request.config.seeds = {1, 9};
  ASSERT_EQ(small_.run(), 0);
  const auto points = small_.directory().read_points();
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].network, "networks/fixed_04.safetensors");
  EXPECT_EQ(points[1].network, "networks/fixed_04_seed_9.safetensors");
  EXPECT_NE(small_.bytes(points[0].network), small_.bytes(points[1].network));
}

}  // namespace
}  // namespace fixynn
