// SPDX-License-Identifier: Apache-2.0
#include "model/tf_checkpoint.h"

#include <cmath>

#include "model/checkpoint_fixture.h"
#include "model/import.h"

namespace fixynn {
namespace {

using model_test::CheckpointFixture;
using model_test::error_of;
using model_test::TemporaryFolder;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class TfCheckpointTest : public testing::Test {
 protected:
  std::string write(CheckpointFixture& fixture) {
    fixture.write(prefix_);
    return prefix_;
  }
  std::string import_error(CheckpointFixture& fixture) {
    write(fixture);
    return error_of([&] { import_weights(prefix_); });
  }
  CheckpointFixture slim() const { return model_test::slim_checkpoint(network_, parameters_); }

  TemporaryFolder folder_;
  std::string prefix_ = (folder_ / "model.ckpt").string();
  MobileNet network_ = make_mobilenet(0.25, 224, 5);
  ModelParameters parameters_ = model_test::varied_parameters(network_, 1);
};

TEST(Crc32c, KnownValues) {
  // RFC 3720, B.4: 32 bytes of zeros, and of ones.
  EXPECT_EQ(crc32c(std::vector<uint8_t>(32, 0)), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::vector<uint8_t>(32, 0xFF)), 0x62a8ab43u);
  const std::vector<uint8_t> digits{'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  EXPECT_EQ(crc32c(digits), 0xe3069283u);
  const std::span<const uint8_t> all(digits);
  EXPECT_EQ(crc32c(all.subspan(4), crc32c(all.first(4))), 0xe3069283u);
}

TEST_F(TfCheckpointTest, ImportKeepsEveryValue) {
  CheckpointFixture fixture = slim();
  write(fixture);
  for (const std::string& name : {prefix_, prefix_ + ".index", prefix_ + ".data-00000-of-00001"}) {
    const Import import = import_weights(name);
    EXPECT_EQ(import.kind, "TensorFlow checkpoint");
    EXPECT_EQ(import.model.metadata.at("source"), "model.ckpt");
    EXPECT_EQ(import.model.network.alpha, 0.25);
    EXPECT_EQ(import.model.network.classes, 5);
    EXPECT_FALSE(import.model.batch_norm_folded);
    EXPECT_EQ(import.model.parameters.values, parameters_.values);
    EXPECT_EQ(import.model.parameters.statistics, parameters_.statistics);
    EXPECT_EQ(import.mapped.size(), 137u);
    EXPECT_THAT(import.not_used, testing::ElementsAre("global_step int64 []"));
    EXPECT_TRUE(import.missing.empty());
  }
}

TEST_F(TfCheckpointTest, MissingGammaAndHeadAreReported) {
  CheckpointFixture fixture = slim();
  fixture.tensors.erase("MobilenetV1/Conv2d_4_pointwise/BatchNorm/gamma");
  fixture.tensors.erase("MobilenetV1/Logits/Conv2d_1c_1x1/weights");
  const Import import = import_weights(write(fixture));
  EXPECT_FALSE(import.has_head);
  EXPECT_EQ(import.model.metadata.at("head"), "none");
  EXPECT_THAT(import.missing, Contains(HasSubstr("l04_pointwise.gamma")));
  EXPECT_THAT(import.missing, Contains(HasSubstr("head.weight")));
  EXPECT_THAT(model_test::tensor_values(import.model.network, import.model.parameters, "l04_pointwise.gamma"),
              testing::Each(1.0f));
}

TEST_F(TfCheckpointTest, FaultyTensorsAreNamed) {
  const std::string name = "MobilenetV1/Conv2d_7_depthwise/depthwise_weights";
  CheckpointFixture fixture = slim();
  fixture.tensors.erase(name);
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr(name), HasSubstr("is missing")));

  fixture = slim();
  fixture.tensors[name].shape = {3, 3, 1, 128};
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr(name), HasSubstr("[3, 3, 1, 128], not [3, 3, 128, 1]")));

  fixture = slim();
  fixture.tensors[name].dtype = 3;
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr(name), HasSubstr("int32, not float32")));

  fixture = slim();
  fixture.tensors[name].dtype = 999;
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr(name), HasSubstr("type 999")));

  fixture = slim();
  fixture.tensors[name].size_difference = -4;
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr(name), HasSubstr("cannot take")));

  fixture = slim();
  fixture.tensors[name].size_difference = 1 << 30;
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr(name), HasSubstr("truncated")));

  fixture = slim();
  fixture.tensors[name].shard = 1;
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr(name), HasSubstr("shard 1")));

  fixture = slim();
  const float nan = std::nanf("");
  std::memcpy(fixture.tensors[name].bytes.data() + 40, &nan, sizeof nan);
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr(name), HasSubstr("holds nan at index 10")));

  fixture = slim();
  const float negative = -1;
  const std::string variance = "MobilenetV1/Conv2d_0/BatchNorm/moving_variance";
  std::memcpy(fixture.tensors[variance].bytes.data(), &negative, sizeof negative);
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr(variance), HasSubstr("negative variance")));
}

TEST_F(TfCheckpointTest, OtherCheckpointsAreRefused) {
  CheckpointFixture fixture = slim();
  fixture.shards = 2;
  EXPECT_THAT(import_error(fixture), HasSubstr("2 shards"));
  fixture = slim();
  fixture.compression = 1;
  EXPECT_THAT(import_error(fixture), HasSubstr("compressed"));
  fixture = CheckpointFixture{};
  fixture.tensors["resnet/conv1"] = {{1}, std::vector<uint8_t>(4)};
  EXPECT_THAT(import_error(fixture), HasSubstr("not of TensorFlow-Slim's MobileNetV1"));
}

TEST_F(TfCheckpointTest, ChecksumsAreVerified) {
  CheckpointFixture fixture = slim();
  write(fixture);
  const std::string data_path = prefix_ + ".data-00000-of-00001", index_path = prefix_ + ".index";
  const std::vector<uint8_t> data = read_file(data_path), index = read_file(index_path);
  std::vector<uint8_t> bad = data;
  bad[bad.size() / 2] ^= 1;
  model_test::write_bytes(data_path, bad);
  EXPECT_THAT(error_of([&] { import_weights(prefix_); }),
              AllOf(HasSubstr(data_path), HasSubstr("checksum of tensor")));
  model_test::write_bytes(data_path, data);
  bad = index;
  bad[100] ^= 1;
  model_test::write_bytes(index_path, bad);
  EXPECT_THAT(error_of([&] { import_weights(prefix_); }),
              AllOf(HasSubstr(index_path), HasSubstr("checksum of the")));
}

TEST_F(TfCheckpointTest, TruncationsAreErrors) {
  CheckpointFixture fixture = slim();
  write(fixture);
  for (const char* end : {".index", ".data-00000-of-00001"}) {
    const std::vector<uint8_t> good = read_file(prefix_ + end);
    for (size_t i = 0; i < 60; ++i) {
      const size_t size = good.size() * i / 60;
      model_test::write_bytes(prefix_ + end,
                              {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
      EXPECT_THAT(error_of([&] { import_weights(prefix_); }), HasSubstr(prefix_ + end)) << size;
    }
    model_test::write_bytes(prefix_ + end, good);
  }
  std::filesystem::remove(prefix_ + ".data-00000-of-00001");
  EXPECT_THAT(error_of([&] { import_weights(prefix_); }), HasSubstr(".data-00000-of-00001"));
}

TEST_F(TfCheckpointTest, DamageBehindRightChecksumsNeverCrashes) {
  CheckpointFixture fixture = slim();
  RandomSequence random(5, RandomStream::kSynthesise, 0);
  fixture.change_block = [&](std::vector<uint8_t>& block) {
    if (random.below(3) != 0) return;
    for (int flip = 0; flip < 2; ++flip) {
      block[random.below(static_cast<uint32_t>(block.size()))] = static_cast<uint8_t>(random.below(256));
    }
  };
  int refused = 0;
  for (int round = 0; round < 200; ++round) {
    write(fixture);
    if (!model_test::survives([&] { import_weights(prefix_); })) ++refused;
  }
  EXPECT_GT(refused, 60);
}

TEST(RealCheckpoint, HasTheKnownContents) {
  const std::string path = model_test::real_weights("mobilenet_v1_0.25_224_quant.ckpt.index");
  if (path.empty())
    GTEST_SKIP() << "FIXYNN_DATA names no folder with weights/mobilenet_v1_0.25_224_quant.ckpt.*";
  const Import import = import_weights(path);
  EXPECT_EQ(import.model.network.alpha, 0.25);
  EXPECT_EQ(import.model.network.classes, 1001);
  EXPECT_EQ(import.mapped.size(), 137u);
  EXPECT_EQ(import.not_used.size(), 226u);
  EXPECT_EQ(import.model.parameters.values.size() + import.model.parameters.statistics.size(), 475'801u);
}

TEST(RealCheckpoint, RandomCorruptionNeverCrashes) {
  const std::string path = model_test::real_weights("mobilenet_v1_0.25_224_quant.ckpt.index");
  if (path.empty())
    GTEST_SKIP() << "FIXYNN_DATA names no folder with weights/mobilenet_v1_0.25_224_quant.ckpt.*";
  const TemporaryFolder folder;
  const std::string data = model_test::real_weights("mobilenet_v1_0.25_224_quant.ckpt.data-00000-of-00001");
  std::filesystem::create_symlink(data, folder / "x.data-00000-of-00001");
  const std::vector<uint8_t> good = read_file(path);
  RandomSequence random(6, RandomStream::kSynthesise, 0);
  for (int round = 0; round < 1000; ++round) {
    std::vector<uint8_t> bytes = good;
    if (round % 2 == 0) bytes.resize(random.below(static_cast<uint32_t>(good.size())));
    if (!bytes.empty())
      bytes[random.below(static_cast<uint32_t>(bytes.size()))] ^= static_cast<uint8_t>(1u << random.below(8));
    model_test::write_bytes(folder / "x.index", bytes);
    model_test::survives([&] { import_weights(folder / "x.index"); });
  }
}

}  // namespace
}  // namespace fixynn
