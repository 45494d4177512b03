// SPDX-License-Identifier: Apache-2.0
#include "train/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "integer/lower.h"
#include "small_run.h"

namespace fixynn {
namespace {

using testing::HasSubstr;

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() : network_(make_mobilenet(0.25, 32, 3)), path_(folder_.path() / "fixed_04.safetensors") {}

  Checkpoint make(int epoch) const {
    Checkpoint checkpoint;
    checkpoint.fixed_layers = 4;
    checkpoint.seed = 7;
    checkpoint.fingerprint = "print";
    checkpoint.progress.epoch = epoch;
    checkpoint.progress.step_in_epoch = 12;
    checkpoint.progress.epoch_loss_sum = 0.1 + 0.2;
    checkpoint.progress.wall_seconds = 1.0 / 3.0;
    checkpoint.state.parameters = initialise_parameters(network_, static_cast<uint64_t>(epoch));
    checkpoint.state.momentum.assign(checkpoint.state.parameters.values.size(), 0.25f);
    const std::vector<ConvQuant> quant(network_.convs.size(), ConvQuant{6, 8});
    checkpoint.frozen = freeze_weights(network_, checkpoint.state.parameters, quant, 4);
    checkpoint.frozen_sha256 = "sha";
    return checkpoint;
  }
  void damage(const std::filesystem::path& path) const {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path)) - 1000);
    file.put('x');
  }
  std::filesystem::path previous() const { return path_.string() + ".previous"; }

  TemporaryFolder folder_;
  MobileNet network_;
  std::filesystem::path path_;
};

TEST_F(CheckpointTest, KeepsEveryBit) {
  const Checkpoint saved = make(3);
  save_checkpoint(path_, saved, network_);
  const LoadedCheckpoint loaded = load_checkpoint(path_, network_, "print");
  ASSERT_TRUE(loaded.checkpoint.has_value());
  EXPECT_EQ(loaded.note, "");
  EXPECT_EQ(state_sha256(loaded.checkpoint->state), state_sha256(saved.state));
  EXPECT_EQ(loaded.checkpoint->progress.epoch, 3);
  EXPECT_EQ(loaded.checkpoint->progress.step_in_epoch, 12);
  EXPECT_EQ(loaded.checkpoint->progress.epoch_loss_sum, 0.1 + 0.2);
  EXPECT_EQ(loaded.checkpoint->progress.wall_seconds, 1.0 / 3.0);
  EXPECT_EQ(loaded.checkpoint->seed, 7u);
  ASSERT_EQ(loaded.checkpoint->frozen.size(), saved.frozen.size());
  EXPECT_EQ(loaded.checkpoint->frozen[2].codes, saved.frozen[2].codes);
  EXPECT_EQ(loaded.checkpoint->frozen[2].scales, saved.frozen[2].scales);
  EXPECT_EQ(loaded.checkpoint->frozen[2].bits, 6);
}

TEST_F(CheckpointTest, NoneIsNotAnError) {
  EXPECT_FALSE(load_checkpoint(path_, network_, "print").checkpoint);
}

TEST_F(CheckpointTest, ADamagedOneFallsBackAndIsPutAside) {
  save_checkpoint(path_, make(1), network_);
  save_checkpoint(path_, make(2), network_);
  damage(path_);
  const LoadedCheckpoint loaded = load_checkpoint(path_, network_, "print");
  ASSERT_TRUE(loaded.checkpoint.has_value());
  EXPECT_EQ(loaded.checkpoint->progress.epoch, 1);
  EXPECT_THAT(loaded.note, HasSubstr("do not match its checksum"));
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::exists(path_.string() + ".damaged"));
  save_checkpoint(path_, make(3), network_);
  EXPECT_EQ(load_checkpoint(path_, network_, "print").checkpoint->progress.epoch, 3);
}

TEST_F(CheckpointTest, EveryTruncationIsNoticed) {
  save_checkpoint(path_, make(1), network_);
  save_checkpoint(path_, make(2), network_);
  const std::string whole = read_text_file(path_), good = read_text_file(previous());
  for (const size_t length : {size_t{0}, size_t{5}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    std::ofstream(path_, std::ios::binary) << whole.substr(0, length);
    std::ofstream(previous(), std::ios::binary) << good;
    EXPECT_EQ(load_checkpoint(path_, network_, "print").checkpoint->progress.epoch, 1) << length;
  }
}

TEST_F(CheckpointTest, BothDamagedIsOneSentence) {
  save_checkpoint(path_, make(1), network_);
  save_checkpoint(path_, make(2), network_);
  damage(path_);
  damage(previous());
  const std::string message = message_of([&] { load_checkpoint(path_, network_, "print"); });
  EXPECT_THAT(message, HasSubstr("no checkpoint can be read"));
  EXPECT_THAT(message, HasSubstr("delete both"));
}

TEST_F(CheckpointTest, OfAnotherRunOrNetworkIsRefused) {
  save_checkpoint(path_, make(1), network_);
  EXPECT_THAT(message_of([&] { load_checkpoint(path_, network_, "other"); }),
              HasSubstr("another configuration"));
  const MobileNet wider = make_mobilenet(0.5, 32, 3);
  EXPECT_THAT(message_of([&] { load_checkpoint(path_, wider, "print"); }), HasSubstr("values"));
}

TEST_F(CheckpointTest, AFullDiskKeepsTheLastOne) {
  save_checkpoint(path_, make(1), network_);
  const auto former_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit former{};
  ::getrlimit(RLIMIT_FSIZE, &former);
  rlimit limit = former;
  limit.rlim_cur = 100000;  // bytes of one file: writes beyond fail as on a full disk
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const std::string message = message_of([&] { save_checkpoint(path_, make(2), network_); });
  ::setrlimit(RLIMIT_FSIZE, &former);
  std::signal(SIGXFSZ, former_handler);
  EXPECT_THAT(message, HasSubstr("fixed_04.safetensors: cannot be written"));
  EXPECT_EQ(load_checkpoint(path_, network_, "print").checkpoint->progress.epoch, 1);
}

}  // namespace
}  // namespace fixynn
