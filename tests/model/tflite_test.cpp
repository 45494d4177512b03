// SPDX-License-Identifier: Apache-2.0
#include "model/tflite.h"

#include <cmath>

#include "model/import.h"
#include "model/lite_fixture.h"

namespace fixynn {
namespace {

using model_test::error_of;
using model_test::lite_network;
using model_test::LiteFixture;
using model_test::TemporaryFolder;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;

class TfliteTest : public testing::Test {
 protected:
  Import import(const std::vector<uint8_t>& bytes) const {
    model_test::write_bytes(path_, bytes);
    return import_weights(path_);
  }
  std::string import_error(LiteFixture fixture) const {
    return error_of([&] { import(fixture.build()); });
  }
  LiteFixture lite() const { return lite_network(network_, parameters_); }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "net.tflite";
  MobileNet network_ = make_mobilenet(0.5, 64, 3);
  ModelParameters parameters_ = model_test::varied_parameters(network_, 2);
};

TEST_F(TfliteTest, ImportPutsEveryWeightInItsPlace) {
  const Import result = import(lite().build());
  const MobileNet& network = result.model.network;
  EXPECT_EQ(network.alpha, 0.5);
  EXPECT_EQ(network.input_size, 64);
  EXPECT_EQ(network.classes, 3);
  EXPECT_TRUE(result.model.batch_norm_folded);
  EXPECT_TRUE(result.has_head);
  EXPECT_EQ(result.mapped.size(), 56u);
  EXPECT_TRUE(result.not_used.empty());
  for (const NamedTensor& tensor : named_tensors(network)) {
    const std::vector<float> values =
        model_test::tensor_values(network, result.model.parameters, tensor.name);
    if (tensor.name.ends_with(".gamma")) {
      EXPECT_THAT(values, Each(1.0f)) << tensor.name;
    } else if (tensor.name.ends_with(".running_mean")) {
      EXPECT_THAT(values, Each(0.0f)) << tensor.name;
    } else if (tensor.name.ends_with(".running_variance")) {
      for (const float variance : values) {
        EXPECT_EQ(std::sqrt(variance + static_cast<float>(kBatchNormEpsilon)), 1.0f) << tensor.name;
      }
    } else {
      EXPECT_EQ(values, model_test::tensor_values(network, parameters_, tensor.name)) << tensor.name;
    }
  }
}

TEST_F(TfliteTest, FullyConnectedHeadAndReluAreTaken) {
  LiteFixture fixture = lite();
  fixture.operators[28].code = lite_op::kFullyConnected;
  fixture.tensors[static_cast<size_t>(fixture.operators[28].inputs[1])].shape = {3, 512};
  fixture.operators[4].activation = lite_activation::kRelu;
  const Import result = import(fixture.build());
  EXPECT_EQ(model_test::tensor_values(network_, result.model.parameters, "head.weight"),
            model_test::tensor_values(network_, parameters_, "head.weight"));
  EXPECT_THAT(result.notes, Contains(HasSubstr("1 of 27 activations are ReLU")));
}

TEST_F(TfliteTest, OtherNetworksAreRefusedByName) {
  LiteFixture fixture = lite();
  fixture.tensors[1].type = lite_type::kUint8;
  EXPECT_THAT(import_error(fixture),
              AllOf(HasSubstr("quantised"), HasSubstr("l00_conv1/w"), HasSubstr("float network")));
  fixture = lite();
  fixture.operators[2].stride = 2;
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr("l01_pointwise"), HasSubstr("stride 2 x 2")));
  fixture = lite();
  fixture.operators[1].padding = 1;
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr("l01_depthwise"), HasSubstr("VALID padding")));
  fixture = lite();
  fixture.operators[5].activation = 0;
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr("l03_depthwise"), HasSubstr("not followed by ReLU6")));
  fixture = lite();
  fixture.operators[6].inputs[0] = 0;
  EXPECT_THAT(import_error(fixture), HasSubstr("does not follow"));
  fixture = lite();
  fixture.tensors[1].shape = {13, 3, 3, 3};
  EXPECT_THAT(import_error(fixture), HasSubstr("13 outputs"));
  fixture = lite();
  fixture.tensors[0].shape = {1, 64, 48, 3};
  EXPECT_THAT(import_error(fixture), HasSubstr("[1, 64, 48, 3]"));
  fixture = lite();
  fixture.operators.resize(20);
  EXPECT_THAT(import_error(fixture), HasSubstr("ends before l10_pointwise"));
  fixture = lite();
  fixture.operators[3].code = 17;
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr("MAX_POOL_2D"), HasSubstr("l02_depthwise")));
}

TEST_F(TfliteTest, FaultyTensorsAreNamed) {
  LiteFixture fixture = lite();
  fixture.tensors[4].bytes.resize(8);
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr("l01_depthwise/w"), HasSubstr("has 8 bytes, not")));
  fixture = lite();
  const float infinity = INFINITY;
  std::memcpy(fixture.tensors[5].bytes.data() + 4, &infinity, sizeof infinity);
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr("l01_depthwise/b"), HasSubstr("holds inf at index 1")));
  fixture = lite();
  fixture.tensors[5].shape = {7};
  EXPECT_THAT(import_error(fixture), AllOf(HasSubstr("l01_depthwise/b"), HasSubstr("shape [7], not [16]")));
}

TEST_F(TfliteTest, NetworkWithoutHeadIsTaken) {
  LiteFixture fixture = lite();
  fixture.operators.resize(28);
  const Import result = import(fixture.build());
  EXPECT_FALSE(result.has_head);
  EXPECT_THAT(result.missing, Contains(HasSubstr("head.weight")));
}

TEST_F(TfliteTest, OtherFilesAreNamed) {
  const auto error = [&](const std::string& text) {
    return error_of([&] { import({text.begin(), text.end()}); });
  };
  EXPECT_THAT(error(""), HasSubstr("neither a TFLite network"));
  EXPECT_THAT(error("hello, world"), HasSubstr("neither a TFLite network"));
  EXPECT_THAT(error("\x89HDF\r\n..."), HasSubstr("Keras"));
  EXPECT_THAT(error("PK\x03\x04..."), HasSubstr("PyTorch"));
  EXPECT_THAT(error("....TFL3"), HasSubstr("truncated or corrupt"));
  EXPECT_THAT(error_of([&] { import_weights(folder_ / "missing.tflite"); }), HasSubstr("missing.tflite"));
}

/// Truncations, and bits flipped in the part that holds the structure as well as anywhere.
void damage(const std::vector<uint8_t>& good, const std::vector<std::pair<size_t, size_t>>& structure,
            int rounds) {
  const TemporaryFolder folder;
  RandomSequence random(7, RandomStream::kSynthesise, 0);
  const auto below = [&](size_t bound) {
    return static_cast<size_t>(random.below(static_cast<uint32_t>(bound)));
  };
  for (int round = 0; round < rounds; ++round) {
    std::vector<uint8_t> bytes = good;
    if (round % 8 == 0) {
      bytes.resize(below(good.size()));
    } else {
      const auto& [begin, length] = structure[below(structure.size())];
      for (size_t flip = 0; flip <= below(3); ++flip)
        bytes[begin + below(length)] ^= static_cast<uint8_t>(1u << below(8));
    }
    model_test::survives([&] {
      const LiteModel lite = parse_tflite(bytes, "x");
      for (size_t i = 0; i < lite.tensors.size(); ++i) {
        if (!lite.tensors[i].data.empty() && lite.tensors[i].type == lite_type::kFloat32) {
          lite_floats(lite, static_cast<int>(i), lite.tensors[i].shape);
        }
      }
    });
    if (round % 4 != 1) continue;
    model_test::write_bytes(folder / "x.tflite", bytes);
    model_test::survives([&] { import_weights(folder / "x.tflite"); });
  }
}

TEST_F(TfliteTest, RandomCorruptionNeverCrashes) {
  const MobileNet small = make_mobilenet(0.25, 32, 2);
  const std::vector<uint8_t> good = lite_network(small, model_test::varied_parameters(small, 4)).build();
  damage(good, {{0, 2500}, {good.size() - 6000, 6000}, {0, good.size()}}, 600);
}

TEST(RealTflite, HasTheKnownContents) {
  const std::string path = model_test::real_weights("mobilenet_v1_0.25_224_float.tflite");
  if (path.empty())
    GTEST_SKIP() << "FIXYNN_DATA names no folder with weights/mobilenet_v1_0.25_224_float.tflite";
  const Import import = import_weights(path);
  EXPECT_EQ(import.model.network.alpha, 0.25);
  EXPECT_EQ(import.model.network.input_size, 224);
  EXPECT_EQ(import.model.network.classes, 1001);
  size_t values = 0;
  double sum = 0;
  for (const ImportedTensor& tensor : import.mapped) {
    const std::vector<float> mapped =
        model_test::tensor_values(import.model.network, import.model.parameters, tensor.target);
    values += mapped.size();
    if (!tensor.target.ends_with(".weight")) continue;
    for (const float value : mapped) sum += std::fabs(static_cast<double>(value));
  }
  EXPECT_EQ(values, 467'593u);
  EXPECT_NEAR(sum, 73506.8103, 1e-3);  // of all weights' magnitudes, by an independent reader
}

TEST(RealTflite, RandomCorruptionNeverCrashes) {
  const std::string path = model_test::real_weights("mobilenet_v1_0.25_224_float.tflite");
  if (path.empty())
    GTEST_SKIP() << "FIXYNN_DATA names no folder with weights/mobilenet_v1_0.25_224_float.tflite";
  const std::vector<uint8_t> good = read_file(path);
  damage(good, {{0, 2000}, {good.size() - 14'000, 14'000}, {good.size() - 14'000, 14'000}, {0, good.size()}},
         1000);
}

TEST(RealTflite, QuantisedOnesAreRefused) {
  for (const char* name : {"mobilenet_v1_0.25_224_quant.tflite", "vww_96_int8.tflite"}) {
    const std::string path = model_test::real_weights(name);
    if (path.empty()) GTEST_SKIP() << "FIXYNN_DATA names no folder with weights/" << name;
    EXPECT_THAT(error_of([&] { import_weights(path); }), HasSubstr("import the float network"));
  }
}

}  // namespace
}  // namespace fixynn
