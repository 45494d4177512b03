// SPDX-License-Identifier: Apache-2.0
#include "model/model_file.h"

#include <cmath>

#include "model/fixtures.h"

namespace fixynn {
namespace {

using model_test::error_of;
using testing::HasSubstr;

ModelFile example() {
  ModelFile model{make_mobilenet(0.25, 64, 10), {}, {{"source", "somewhere"}}, false};
  model.parameters = model_test::varied_parameters(model.network, 3);
  return model;
}

TEST(ModelFile, RoundTripAndEqualBytes) {
  const model_test::TemporaryFolder folder;
  ModelFile model = example();
  model.batch_norm_folded = true;
  write_model(folder / "a.safetensors", model);
  const ModelFile read = read_model(folder / "a.safetensors");
  EXPECT_EQ(read.network.alpha, 0.25);
  EXPECT_EQ(read.network.input_size, 64);
  EXPECT_EQ(read.network.classes, 10);
  EXPECT_TRUE(read.batch_norm_folded);
  EXPECT_EQ(read.metadata, model.metadata);
  EXPECT_EQ(read.parameters.values, model.parameters.values);
  EXPECT_EQ(read.parameters.statistics, model.parameters.statistics);
  write_model(folder / "b.safetensors", read);
  EXPECT_EQ(read_file(folder / "a.safetensors"), read_file(folder / "b.safetensors"));
}

TEST(ModelFile, FaultyTensorsAreNamed) {
  const TensorFile good = model_to_tensors(example());
  const auto error = [](const TensorFile& file) {
    return error_of([&] { model_from_tensors(file, "m.st"); });
  };

  TensorFile file = good;
  file.tensors.erase("l03_pointwise.gamma");
  EXPECT_THAT(error(file), HasSubstr("m.st: tensor 'l03_pointwise.gamma' (shape [32]) is missing"));

  file = good;
  file.tensors["l00_conv1.weight"].shape = {8, 3, 3, 3};
  EXPECT_THAT(error(file), HasSubstr("tensor 'l00_conv1.weight' has shape [8, 3, 3, 3], not [3, 3, 3, 8]"));

  file = good;
  file.tensors["extra"] = make_tensor<float>(std::vector<float>{1}, {1});
  EXPECT_THAT(error(file), HasSubstr("'extra'"));

  file = good;
  const float bad = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(file.tensors["head.weight"].bytes.data() + 4 * 123, &bad, sizeof bad);
  EXPECT_THAT(error(file), HasSubstr("m.st: tensor 'head.weight' holds nan at index 123"));

  file = good;
  const float negative = -0.25f;
  std::memcpy(file.tensors["l05_depthwise.running_variance"].bytes.data() + 4 * 2, &negative,
              sizeof negative);
  EXPECT_THAT(error(file),
              HasSubstr("'l05_depthwise.running_variance' holds the negative variance -0.25 at index 2"));
}

TEST(ModelFile, FaultyMetadataAreNamed) {
  const TensorFile good = model_to_tensors(example());
  const auto with = [&](const std::string& key, const std::string& value) {
    TensorFile file = good;
    file.metadata[key] = value;
    return error_of([&] { model_from_tensors(file, "m.st"); });
  };
  EXPECT_THAT(with("format", "other"), HasSubstr("not a model of this program"));
  EXPECT_THAT(with("version", "2"), HasSubstr("version 2"));
  EXPECT_THAT(with("alpha", "0.3"), HasSubstr("alpha 0.3"));
  EXPECT_THAT(with("alpha", "0.25x"), HasSubstr("'0.25x', not a number"));
  EXPECT_THAT(with("alpha", "0.5"), HasSubstr("l00_conv1.weight"));
  EXPECT_THAT(with("input_size", "-1"), HasSubstr("input size -1"));
  EXPECT_THAT(with("classes", "2000000000"), HasSubstr("head.weight"));  // no allocation by the file's word
  EXPECT_THAT(with("classes", "99999999999"), HasSubstr("not a number"));
  EXPECT_THAT(with("batch_norm", "maybe"), HasSubstr("'maybe'"));
  TensorFile file = good;
  file.metadata.clear();
  EXPECT_THAT(error_of([&] { model_from_tensors(file, "m.st"); }), HasSubstr("fixynn-import"));
}

TEST(ModelFile, RefusesToWriteWhatItWouldRefuseToRead) {
  const model_test::TemporaryFolder folder;
  ModelFile model = example();
  model.parameters.values[5] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(error_of([&] { write_model(folder / "a.safetensors", model); }),
              HasSubstr("tensor 'l00_conv1.weight' holds inf at index 5"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.safetensors"));
  model = example();
  model.parameters.values.pop_back();
  EXPECT_THROW(write_model(folder / "a.safetensors", model), Error);
}

TEST(ModelFile, RandomCorruptionNeverCrashes) {
  const std::vector<uint8_t> good = serialise_safetensors(model_to_tensors(example()));
  RandomSequence random(11, RandomStream::kSynthesise, 1);
  for (int round = 0; round < 500; ++round) {
    std::vector<uint8_t> bytes = good;
    // The header is where the structure lies: most of the damage goes there.
    const uint32_t range = round % 4 == 0 ? static_cast<uint32_t>(bytes.size()) : 12'000;
    for (int flip = 0; flip < 3; ++flip)
      bytes[random.below(range)] ^= static_cast<uint8_t>(1u << random.below(8));
    model_test::survives([&] { model_from_tensors(parse_safetensors(bytes, "x"), "x"); });
  }
}

}  // namespace
}  // namespace fixynn
