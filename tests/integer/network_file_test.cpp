// SPDX-License-Identifier: Apache-2.0
#include "integer/network_file.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "integer/calibrated_network.h"
#include "integer/executor.h"
#include "model/safetensors.h"

namespace fixynn {
namespace {

using test::error_of;
using testing::AllOf;
using testing::HasSubstr;

const IntegerNetwork& sample_network() {
  static const IntegerNetwork network = [] {
    IntegerNetwork result = test::make_calibrated(32, 5, {8, 8}, 9, 4).lower(4, 8);
    result.metadata = {{"dataset", "waves"}, {"class_names", "[\"a\", \"\xc3\xa9\"]"}, {"seed", "9"}};
    return result;
  }();
  return network;
}

/// The checksum again, from the document, so that a test can change one thing and still get past it.
void sign(TensorFile& file) {
  Sha256 hash;
  for (const auto& [name, tensor] : file.tensors) {
    hash.update(fmt::format("{} {} {}\n", name, tensor.dtype, fmt::join(tensor.shape, "x")));
    hash.update(std::span<const uint8_t>(tensor.bytes));
  }
  for (const auto& [key, value] : file.metadata) {
    if (key != "content_sha256") hash.update(fmt::format("{} {}\n{}\n", key, value.size(), value));
  }
  file.metadata["content_sha256"] = hash.finish();
}

TensorFile sample_file() {
  return parse_safetensors(serialise_network(sample_network(), "sample"), "sample");
}

std::string fault(TensorFile file) {
  sign(file);
  return error_of([&] { parse_network(serialise_safetensors(file), "net.safetensors"); });
}

std::string with_metadata(const std::string& key, const std::string& value) {
  TensorFile file = sample_file();
  file.metadata[key] = value;
  return fault(std::move(file));
}

std::string with_convs(const std::string& from, const std::string& to) {
  TensorFile file = sample_file();
  std::string& convs = file.metadata["convs"];
  const size_t at = convs.find(from);
  if (at == std::string::npos) return "not found: " + from;
  convs.replace(at, from.size(), to);
  return fault(std::move(file));
}

template <typename T>
std::string with_value(const std::string& tensor, size_t index, T value) {
  TensorFile file = sample_file();
  std::memcpy(&file.tensors.at(tensor).bytes.at(index * sizeof(T)), &value, sizeof(T));
  return fault(std::move(file));
}

TEST(NetworkFile, ComesBackAsItWasWritten) {
  const IntegerNetwork& network = sample_network();
  const auto path = std::filesystem::path(testing::TempDir()) / "fixynn_network_round_trip.safetensors";
  write_network(path, network);
  const IntegerNetwork read = read_network(path);
  std::filesystem::remove(path);
  EXPECT_EQ(serialise_network(read, "again"), serialise_network(network, "first"));
  EXPECT_EQ(read.metadata, network.metadata);
  EXPECT_EQ(read.parameters.values, network.parameters.values);
  EXPECT_EQ(read.parameters.statistics, network.parameters.statistics);
  EXPECT_EQ(read.fixed_layers, 4);
  ASSERT_EQ(read.convs.size(), 27u);
  for (size_t i = 0; i < 27; ++i) {
    EXPECT_EQ(read.convs[i].weights.codes, network.convs[i].weights.codes);
    EXPECT_EQ(read.convs[i].weights.scales, network.convs[i].weights.scales);
    EXPECT_EQ(read.convs[i].shift, network.convs[i].shift);
  }
  EXPECT_EQ(read.head.logit_scale, network.head.logit_scale);
  const auto image = test::make_images(32, 1, 77)[0];
  const IntegerResult a = IntegerExecutor(network).run(image), b = IntegerExecutor(read).run(image);
  EXPECT_EQ(a.codes, b.codes);
  EXPECT_EQ(a.logits, b.logits);
}

TEST(NetworkFile, EqualNetworksGiveEqualBytesAndEveryChangeGivesOthers) {
  const IntegerNetwork again = [] {
    IntegerNetwork result = test::make_calibrated(32, 5, {8, 8}, 9, 4).lower(4, 8);
    result.metadata = sample_network().metadata;
    return result;
  }();
  const auto bytes = serialise_network(sample_network(), "a");
  EXPECT_EQ(serialise_network(again, "b"), bytes);
  IntegerNetwork changed = again;
  changed.convs[11].requantizers[2].bias += 1;
  EXPECT_NE(serialise_network(changed, "c"), bytes);
  changed = again;
  changed.metadata["seed"] = "10";
  EXPECT_NE(serialise_network(changed, "d"), bytes);
}

TEST(NetworkFile, KeepsFloatBackEndsGapsAndMixedBits) {
  auto calibrated = test::make_calibrated(45, 3, {8, 8}, 4, 4);
  for (size_t i = 0; i < 9; ++i)
    calibrated.quant[i] = {2 + static_cast<int>(i) % 7, 8 - static_cast<int>(i) % 3};
  calibrated.quant[9] =
      ConvQuant{};  // frozen in float; the frozen ones after it are quantised, but not lowered
  for (size_t i = 13; i < 27; ++i) calibrated.quant[i] = ConvQuant{};
  calibrated.parameters =
      test::calibrated_parameters(calibrated.network, calibrated.quant, calibrated.images, 4);
  const IntegerNetwork network = calibrated.lower(7, kFloatBits);
  const auto bytes = serialise_network(network, "a");
  const IntegerNetwork read = parse_network(bytes, "a");
  EXPECT_EQ(serialise_network(read, "b"), bytes);
  EXPECT_EQ(read.convs.size(), 9u);
  EXPECT_EQ(read.quant, calibrated.quant);
  ASSERT_EQ(read.frozen.size(), 13u);
  EXPECT_EQ(read.frozen[10].codes, network.frozen[10].codes);
  EXPECT_TRUE(read.frozen[9].codes.empty());
  EXPECT_FALSE(read.has_head);
}

TEST(NetworkFile, EveryDamagedByteAndEveryLengthIsNoticed) {
  const auto good = serialise_network(sample_network(), "good");
  const size_t step = good.size() / 61;
  for (size_t at = 0; at < good.size(); at += step) {
    auto bad = good;
    bad[at] ^= 0x10;
    EXPECT_THROW(parse_network(bad, "bad"), Error) << "byte " << at;
  }
  for (size_t length = 0; length < good.size(); length += good.size() / 23) {
    EXPECT_THROW(parse_network(std::span(good).first(length), "bad"), Error) << length << " bytes";
  }
}

TEST(NetworkFile, SaysWhatItIsNot) {
  TensorFile other;
  other.tensors["x"] = make_tensor<float>(std::vector<float>{1.0f}, {1});
  EXPECT_THAT(error_of([&] { parse_network(serialise_safetensors(other), "other.safetensors"); }),
              AllOf(HasSubstr("other.safetensors"), HasSubstr("not a FixyNN network")));
  EXPECT_THAT(with_metadata("format_version", "2"), HasSubstr("format version 2"));
  TensorFile file = sample_file();
  file.metadata["dataset"] = "sunsets";  // not signed again
  EXPECT_THAT(error_of([&] { parse_network(serialise_safetensors(file), "net"); }), HasSubstr("checksum"));
  EXPECT_THAT(error_of([&] { read_network("/nonexistent/net.safetensors"); }),
              HasSubstr("/nonexistent/net.safetensors"));
}

TEST(NetworkFile, FaultsInTheDescriptionAreNamed) {
  EXPECT_THAT(with_metadata("alpha", "0.3"), HasSubstr("net.safetensors: model.alpha"));
  EXPECT_THAT(with_metadata("input_size", "32 "), HasSubstr("'input_size' is '32 ', not a number"));
  EXPECT_THAT(with_metadata("input_size", "64"), HasSubstr("'in_size' is 32 where 64"));
  EXPECT_THAT(with_metadata("classes", "2147483647"), HasSubstr("head."));
  EXPECT_THAT(with_metadata("fixed_layers", "15"), HasSubstr("outside 0..14"));
  EXPECT_THAT(with_metadata("fixed_layers", "5"), HasSubstr("'frozen'"));
  EXPECT_THAT(with_metadata("head_weight_bits", "1"), HasSubstr("head: 1 weight bits"));
  EXPECT_THAT(with_metadata("frozen_weights_sha256", std::string(64, '0')),
              HasSubstr("frozen weights' SHA-256"));
  EXPECT_THAT(with_metadata("convs", "[1"), HasSubstr("not valid JSON"));
  EXPECT_THAT(with_metadata("convs", std::string(1000000, '[')), HasSubstr("nested too deeply"));
  EXPECT_THAT(with_metadata("convs", "[]"), HasSubstr("list of 27"));
  EXPECT_THAT(with_convs("\"stride\":2", "\"stride\":1"),
              AllOf(HasSubstr("l00_conv1"), HasSubstr("'stride' is 1")));
  EXPECT_THAT(with_convs("\"weight_bits\":8", "\"weight_bits\":9"), HasSubstr("'weight_bits' is 9"));
  EXPECT_THAT(with_convs("\"weight_bits\":8", "\"weight_bits\":\"8\""), HasSubstr("not an integer"));
  EXPECT_THAT(with_convs("\"weight_bits\":8", "\"weight_bits\":7"), HasSubstr("for 7 bits"));
  EXPECT_THAT(with_convs("\"shift\":", "\"shift\":9"), HasSubstr("'shift' is 9"));
  EXPECT_THAT(with_convs("\"accumulator_max\":", "\"accumulator_max\":1"), HasSubstr("accumulator"));
  EXPECT_THAT(with_convs("\"accumulator_max\":", "\"accumulator_max\":99999999999999999999"),
              HasSubstr("accumulator_max"));
  EXPECT_THAT(with_convs("{\"name\"", "{\"colour\":1,\"name\""), HasSubstr("keys stand where"));
}

TEST(NetworkFile, FaultsInTheTensorsAreNamed) {
  EXPECT_THAT(with_value<int8_t>("l03_depthwise.weight_codes", 4, -128),
              AllOf(HasSubstr("l03_depthwise"), HasSubstr("-128")));
  EXPECT_THAT(with_value<int8_t>("l02_pointwise.weight_codes", 0, 1), HasSubstr("SHA-256"));  // frozen
  EXPECT_THAT(with_value<float>("l09_pointwise.weight_scales", 3, 0.0f),
              HasSubstr("weight scale of channel 3"));
  EXPECT_THAT(with_value<float>("head.weight_scale", 0, 0.5f), HasSubstr("logit scale"));
  EXPECT_THAT(with_value<double>("head.logit_scale", 0, 0.5), HasSubstr("logit scale"));
  EXPECT_THAT(with_value<uint32_t>("float.l05_depthwise.gamma", 1, 0x7fc00000u),
              HasSubstr("float.l05_depthwise.gamma"));
  TensorFile file = sample_file();
  auto& codes = file.tensors["l09_pointwise.weight_codes"].bytes;  // trainable, so that no hash covers them
  codes.assign(codes.size(), 127);
  EXPECT_THAT(fault(file), AllOf(HasSubstr("l09_pointwise"), HasSubstr("interval")));
  file = sample_file();
  file.tensors.erase("l07_pointwise.multiplier");
  EXPECT_THAT(fault(file), HasSubstr("'l07_pointwise.multiplier'"));
  file = sample_file();
  file.tensors["l07_pointwise.extra"] = file.tensors["l07_pointwise.bias"];
  EXPECT_THAT(fault(file), HasSubstr("'l07_pointwise.extra' does not belong"));
  file = sample_file();
  file.tensors["l07_pointwise.multiplier"] = file.tensors["l07_pointwise.bias"];
  EXPECT_THAT(fault(file), AllOf(HasSubstr("l07_pointwise.multiplier"), HasSubstr("I32")));
  file = sample_file();
  file.tensors["l00_conv1.weight_codes"].shape = {3, 3, 8, 3};
  EXPECT_THAT(fault(file), AllOf(HasSubstr("l00_conv1.weight_codes"), HasSubstr("[3, 3, 3, 8]")));
}

TEST(NetworkFile, AWrongNetworkIsNotWritten) {
  IntegerNetwork network = sample_network();
  network.metadata["convs"] = "mine";
  EXPECT_THAT(error_of([&] { serialise_network(network, "net"); }),
              HasSubstr("'convs' belongs to the format"));
  network = sample_network();
  network.frozen[0].codes[0] ^= 1;
  EXPECT_THAT(error_of([&] { serialise_network(network, "net"); }), HasSubstr("SHA-256"));
  network = sample_network();
  network.convs.pop_back();
  EXPECT_THAT(error_of([&] { serialise_network(network, "net"); }), HasSubstr("26 convolutions"));
}

}  // namespace
}  // namespace fixynn
