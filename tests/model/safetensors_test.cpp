// SPDX-License-Identifier: Apache-2.0
#include "model/safetensors.h"

#include <limits>

#include "model/fixtures.h"

namespace fixynn {
namespace {

using model_test::error_of;
using testing::HasSubstr;

std::vector<uint8_t> file_of(const std::string& header, size_t data_bytes) {
  std::vector<uint8_t> bytes(8 + header.size() + data_bytes, 7);
  const uint64_t header_bytes = header.size();
  std::memcpy(bytes.data(), &header_bytes, sizeof header_bytes);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

std::string parse_error(const std::string& header, size_t data_bytes) {
  return error_of([&] { parse_safetensors(file_of(header, data_bytes), "x.safetensors"); });
}

TensorFile example() {
  TensorFile file;
  const std::vector<float> floats{1.5f, -0.0f, 3e-39f};
  const std::vector<int8_t> codes{-128, 127, 3, 4, 5};
  const std::vector<int64_t> counts{std::numeric_limits<int64_t>::min(), 9};
  file.tensors["b.floats"] = make_tensor<float>(floats, {3, 1});
  file.tensors["a.codes"] = make_tensor<int8_t>(codes, {5});
  file.tensors["c.counts"] = make_tensor<int64_t>(counts, {2});
  file.tensors["d.empty"] = make_tensor<double>({}, {0, 4});
  file.tensors["e.scalar"] = make_tensor<uint32_t>(std::vector<uint32_t>{77}, {});
  file.metadata = {{"source", "a \"quoted\"\nname, \xC3\xA9"}, {"format", "test"}};
  return file;
}

TEST(Safetensors, RoundTripKeepsEveryByte) {
  const TensorFile file = example();
  const TensorFile read = parse_safetensors(serialise_safetensors(file), "x");
  EXPECT_EQ(read.metadata, file.metadata);
  ASSERT_EQ(read.tensors.size(), file.tensors.size());
  for (const auto& [name, tensor] : file.tensors) {
    EXPECT_EQ(read.tensors.at(name).dtype, tensor.dtype) << name;
    EXPECT_EQ(read.tensors.at(name).shape, tensor.shape) << name;
    EXPECT_EQ(read.tensors.at(name).bytes, tensor.bytes) << name;
  }
  EXPECT_EQ(get_tensor<float>(read, "b.floats", {3, 1}, "x"), (std::vector<float>{1.5f, -0.0f, 3e-39f}));
  EXPECT_EQ(get_tensor<int8_t>(read, "a.codes", {5}, "x")[0], -128);
  EXPECT_EQ(get_tensor<uint32_t>(read, "e.scalar", {}, "x"), std::vector<uint32_t>{77});
}

TEST(Safetensors, EqualContentsGiveEqualBytesAndAlignedData) {
  const std::vector<uint8_t> bytes = serialise_safetensors(example());
  EXPECT_EQ(bytes, serialise_safetensors(parse_safetensors(bytes, "x")));
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ(header % 8, 0u);
  // The widest elements come first, so that each tensor lies at a multiple of its element.
  const std::string text(bytes.begin() + 8, bytes.begin() + 8 + static_cast<std::ptrdiff_t>(header));
  EXPECT_THAT(text, HasSubstr(R"("c.counts":{"data_offsets":[0,16])"));
  EXPECT_THAT(text, HasSubstr(R"("a.codes":{"data_offsets":[32,37])"));
}

TEST(Safetensors, TypedAccessNamesFileTensorAndBothShapes) {
  const TensorFile file = example();
  const std::string missing = error_of([&] { get_tensor<float>(file, "nope", {1}, "net.safetensors"); });
  EXPECT_THAT(missing, HasSubstr("net.safetensors: tensor 'nope' (shape [1]) is missing"));
  const std::string shape = error_of([&] { get_tensor<float>(file, "b.floats", {3}, "net.safetensors"); });
  EXPECT_THAT(shape, HasSubstr("net.safetensors: tensor 'b.floats' has shape [3, 1], not [3]"));
  const std::string type = error_of([&] { get_tensor<double>(file, "b.floats", {3, 1}, "net.safetensors"); });
  EXPECT_THAT(type, HasSubstr("'b.floats' is F32, not F64"));
  EXPECT_THAT(error_of([] { make_tensor<float>(std::vector<float>(3), {2}); }), HasSubstr("cannot hold 3"));
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::vector<uint8_t> bytes = serialise_safetensors(example());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::span<const uint8_t> part(bytes.data(), size);
    EXPECT_THROW(parse_safetensors(part, "x"), Error) << size;
  }
}

TEST(Safetensors, HostileHeadersAreRefused) {
  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(parse_safetensors(file_of(good, 8), "x").tensors.size(), 1u);
  EXPECT_THAT(parse_error(good, 9), HasSubstr("last 1 bytes belong to no tensor"));
  EXPECT_THAT(parse_error(good, 7), HasSubstr("tensor 'a' ends at byte 8 of the data, but the file holds 7"));

  const auto with = [](const std::string& entry) { return R"({"a":{)" + entry + "}}"; };
  EXPECT_THAT(parse_error(with(R"("dtype":"Q4","shape":[8],"data_offsets":[0,8])"), 8),
              HasSubstr("dtype 'Q4'"));
  EXPECT_THAT(parse_error(with(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), 8),
              HasSubstr("shape [3]"));
  EXPECT_THAT(parse_error(with(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), 8),
              HasSubstr("'shape'"));
  EXPECT_THAT(parse_error(with(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), 8),
              HasSubstr("data_offsets"));
  EXPECT_THAT(parse_error(with(R"("dtype":"F32","shape":[2])"), 8), HasSubstr("data_offsets"));
  EXPECT_THAT(parse_error(with(R"("shape":[2],"data_offsets":[0,8])"), 8), HasSubstr("'dtype'"));
  // 2^62 * 4 elements of 4 bytes wrap around to 0.
  EXPECT_THAT(parse_error(with(R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0])"), 0),
              HasSubstr("cannot take 0 bytes"));

  const std::string entry = R"({"dtype":"U8","shape":[4],"data_offsets":[)";
  EXPECT_THAT(parse_error(R"({"a":)" + entry + R"(0,4]},"b":)" + entry + "2,6]}}", 6), HasSubstr("overlaps"));
  EXPECT_THAT(parse_error(R"({"a":)" + entry + R"(0,4]},"b":)" + entry + "5,9]}}", 9),
              HasSubstr("bytes 4 to 5"));
  EXPECT_THAT(parse_error(R"({"a":)" + entry + R"(0,4]},"a":)" + entry + "4,8]}}", 8),
              HasSubstr("'a' stands twice"));
  EXPECT_THAT(parse_error(R"({"__metadata__":{"k":1}})", 0), HasSubstr("metadata 'k'"));
  EXPECT_THAT(parse_error("{\"a\"", 0), HasSubstr("not valid JSON"));
  EXPECT_THAT(parse_error("[]", 0), HasSubstr("'{'"));
  EXPECT_THAT(parse_error("{\"a\":" + std::string(1'000'000, '['), 0), HasSubstr("nested too deeply"));
}

TEST(Safetensors, HeaderLengthIsCheckedBeforeUse) {
  std::vector<uint8_t> bytes(16, 0xFF);
  EXPECT_THAT(error_of([&] { parse_safetensors(bytes, "big"); }), HasSubstr("big: the header would take"));
}

}  // namespace
}  // namespace fixynn
