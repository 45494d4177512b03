// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/philox.h"
#include "train/run_training.h"

namespace fixynn {

/// What went wrong, or "no error".
inline std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// A folder of its own for each test, removed at its end.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::path(testing::TempDir()) /
              fmt::format("train_{}_{}", ::getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Three classes of 32 x 32 noise around different colours: a network learns them within a few steps.
inline ImageSet coloured_images(int count, uint32_t stream) {
  ImageSet images;
  images.width = images.height = 32;
  images.class_names = {"red", "green", "blue"};
  RandomSequence random(5, RandomStream::kSynthesise, stream);
  for (int i = 0; i < count; ++i) {
    const int label = i % 3;
    images.labels.push_back(label);
    images.names.push_back(std::to_string(i));
    for (int pixel = 0; pixel < 32 * 32; ++pixel) {
      for (int channel = 0; channel < 3; ++channel) {
        const uint32_t noise = random.below(120);
        images.pixels.push_back(static_cast<uint8_t>(noise + (channel == label ? 110 : 40)));
      }
    }
  }
  return images;
}

/// Lets a test act between the steps of a real engine.
class InterceptedEngine : public TrainEngine {
 public:
  struct Hooks {
    std::function<void(int step)> before_step;        ///< steps counted from 1 over the whole process
    std::function<std::string(int step)> non_finite;  ///< what the engine reports of a step; "" = all well
    std::function<void(TrainState&)> state;
    EngineFacts facts;
    int steps = 0;
    std::vector<int> steps_a_take;  ///< for each take_metrics(), since the one before
  };
  InterceptedEngine(std::unique_ptr<TrainEngine> engine, std::shared_ptr<Hooks> hooks)
      : engine_(std::move(engine)), hooks_(std::move(hooks)) {}

  std::string describe() const override { return engine_->describe(); }
  EngineFacts facts() const override { return hooks_->facts; }
  void set_state(const TrainState& state) override { engine_->set_state(state); }
  TrainState state() override {
    TrainState state = engine_->state();
    if (hooks_->state) hooks_->state(state);
    return state;
  }
  void attach(const ImageSet& images, const AugmentSpec& augment, uint64_t seed) override {
    engine_->attach(images, augment, seed);
  }
  void train_step(const StepSpec& step) override {
    ++hooks_->steps;
    ++untaken_;
    if (hooks_->before_step) hooks_->before_step(hooks_->steps);
    engine_->train_step(step);
  }
  StepMetrics take_metrics() override {
    StepMetrics metrics = engine_->take_metrics();
    hooks_->steps_a_take.push_back(untaken_);
    for (int i = 0; hooks_->non_finite && i < untaken_ && metrics.non_finite.empty(); ++i) {
      metrics.non_finite = hooks_->non_finite(hooks_->steps - untaken_ + 1 + i);
      metrics.non_finite_step = static_cast<size_t>(i);
    }
    untaken_ = 0;
    return metrics;
  }
  void evaluate(const ImageSet& images, std::span<const uint32_t> samples, bool fake_quantise,
                std::vector<float>& logits) override {
    engine_->evaluate(images, samples, fake_quantise, logits);
  }
  std::vector<float> measure_statistics(std::span<const uint32_t> samples, bool fake_quantise,
                                        bool batch_statistics) override {
    return engine_->measure_statistics(samples, fake_quantise, batch_statistics);
  }

 private:
  std::unique_ptr<TrainEngine> engine_;
  std::shared_ptr<Hooks> hooks_;
  int untaken_ = 0;
};

/// A run of two trainings of 3 epochs x 3 steps that takes a fraction of a second.
struct SmallRun {
  explicit SmallRun(const std::filesystem::path& folder) {
    request.run_directory = folder / "run";
    request.config.data.root = folder.string();
    request.config.data.size = 32;
    request.config.data.validation_fraction = 0.2f;
    request.config.fixed_layers = {0, 4};
    request.config.train.epochs = 3;
    request.config.train.batch_size = 16;
    request.config.train.quantise_from = 0.3;
    request.config.train.reestimate_images = 32;
    request.config.augment.shift = 0.1f;
    request.config.augment.flip = true;
    services = default_services({.device = DeviceChoice::kCpu, .threads = 1});
    services.load_images = [](const LoadOptions&, Split split) {
      return split == Split::kTrain ? coloured_images(66, 1) : coloured_images(30, 2);
    };
    services.make_train_engine = [hooks_copy = hooks](const TrainPlan& plan) {
      return std::make_unique<InterceptedEngine>(
          make_train_engine(plan, {.device = DeviceChoice::kCpu, .threads = 1}), hooks_copy);
    };
  }

  int run() {
    Log log(nullptr);
    const StopSignal signal;
    return run_training(request, services, signal, log);
  }
  RunDirectory directory() const { return RunDirectory(request.run_directory); }
  std::string bytes(const std::string& file) const { return read_text_file(request.run_directory / file); }

  std::shared_ptr<InterceptedEngine::Hooks> hooks = std::make_shared<InterceptedEngine::Hooks>();
  RunRequest request;
  TrainServices services;
};

}  // namespace fixynn
