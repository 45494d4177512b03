// SPDX-License-Identifier: Apache-2.0
// The integer engine on the card gives the codes of the executor and of the CPU engine, bit for bit, for
// every convolution; the same logits for an integer back end; the right codes to a float one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "cuda/device_array.h"
#include "cuda/engine/cuda_integer_engine.h"
#include "engine/cpu/cpu_integer_engine.h"
#include "engine/integer_cases.h"
#include "integer/executor.h"

namespace fixynn {
namespace {

using cuda::CudaIntegerEngine;
using testing_cuda::DeviceTest;
using testing_engine::IntegerCase;
using testing_engine::make_network;
using testing_engine::random_pixels;

constexpr int kImages = 3;

size_t size_of(int value) {
  return static_cast<size_t>(value);
}

/// Notes what it is asked for; its logits are class number + 10 * sum of the image's first 100 codes, so that
/// a wrong order of images shows.
class FakeBackEnd : public cuda::FloatBackEnd {
 public:
  explicit FakeBackEnd(const IntegerNetwork& network) : network_(network.network) {}

  void run_codes(size_t conv, const uint8_t* device_codes, float code_scale, int images,
                 std::vector<float>& logits) override {
    conv_ = conv;
    code_scale_ = code_scale;
    const Conv& shape = network_.convs[conv];
    const size_t per_image = size_of(shape.out_size * shape.out_size) * size_of(shape.out_channels);
    std::vector<uint8_t> codes(per_image * size_of(images));
    cuda::Stream stream;
    cuda::copy_to_host(codes.data(), device_codes, codes.size(), stream);
    stream.synchronize();
    append(codes, images, logits);
  }
  void run_pixels(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) override {
    append(pixels, images, logits);
  }
  void append(std::span<const uint8_t> bytes, int images, std::vector<float>& logits) {
    seen_.insert(seen_.end(), bytes.begin(), bytes.end());
    const size_t per_image = bytes.size() / size_of(images);
    for (size_t image = 0; image < size_of(images); ++image) {
      int sum = 0;
      for (size_t i = 0; i < 100; ++i) sum += bytes[image * per_image + i];
      for (int k = 0; k < network_.classes; ++k) logits.push_back(static_cast<float>(k + 10 * sum));
    }
  }

  MobileNet network_;
  size_t conv_ = 1000;
  float code_scale_ = 0;
  std::vector<uint8_t> seen_;
};

/// A network, pixels, and what the executor makes of them.
struct CaseSetup {
  explicit CaseSetup(const IntegerCase& c)
      : pixels(random_pixels(c.size, kImages)), network(make_network(c, pixels, kImages)) {
    const IntegerExecutor executor(network);
    const size_t per_image = pixels.size() / kImages;
    codes.resize(network.convs.size());
    for (size_t image = 0; image < kImages; ++image) {
      const IntegerResult result = executor.run(std::span(pixels).subspan(image * per_image, per_image));
      for (size_t i = 0; i < codes.size(); ++i) {
        codes[i].insert(codes[i].end(), result.codes[i].begin(), result.codes[i].end());
      }
      for (const int64_t logit : result.logits) {
        logits.push_back(static_cast<float>(static_cast<double>(logit) * network.head.logit_scale));
      }
    }
  }
  std::unique_ptr<FakeBackEnd> back_end() const {
    return network.has_head ? nullptr : std::make_unique<FakeBackEnd>(network);
  }

  std::vector<uint8_t> pixels;
  IntegerNetwork network;
  std::vector<std::vector<uint8_t>> codes;  ///< of each convolution
  std::vector<float> logits;
};

template <class T>
size_t count_different(const std::vector<T>& a, const std::vector<T>& b) {
  size_t different = a.size() == b.size() ? 0 : std::max(a.size(), b.size());
  for (size_t i = 0; different < a.size() && i < std::min(a.size(), b.size()); ++i) different += a[i] != b[i];
  return different;
}

class CudaIntegerEngineTest : public DeviceTest, public testing::WithParamInterface<IntegerCase> {};

TEST_P(CudaIntegerEngineTest, CodesEqualTheExecutorAndTheCpu) {
  const CaseSetup setup(GetParam());
  ASSERT_FALSE(setup.network.convs.empty());
  CudaIntegerEngine engine(setup.network, setup.back_end());
  cpu::CpuIntegerEngine cpu(setup.network, 1);
  size_t compared = 0;
  for (size_t i = 0; i < setup.network.convs.size(); ++i) {
    const IntegerConv& conv = setup.network.convs[i];
    std::vector<uint8_t> codes, cpu_codes;
    engine.codes(setup.pixels, kImages, static_cast<int>(i), codes);
    cpu.codes(setup.pixels, kImages, static_cast<int>(i), cpu_codes);
    EXPECT_EQ(count_different(codes, setup.codes[i]), 0u)
        << "of " << codes.size() << " codes of " << conv.conv.name << ", executor";
    EXPECT_EQ(count_different(codes, cpu_codes), 0u)
        << "of " << codes.size() << " codes of " << conv.conv.name << ", " << cpu.describe();
    const int code_max = activation_code_max(conv.quant.activation_bits);
    const auto varied =
        std::count_if(codes.begin(), codes.end(), [&](int code) { return code != 0 && code != code_max; });
    EXPECT_GT(varied, static_cast<int64_t>(codes.size() / 20)) << "codes say little: " << conv.conv.name;
    compared += codes.size();
  }
  RecordProperty("codes", std::to_string(compared));
}

TEST_P(CudaIntegerEngineTest, LogitsEqualTheCpuInGroupsOfAnySize) {
  const CaseSetup setup(GetParam());
  for (const int group : {1, 2, 1024}) {
    SCOPED_TRACE(testing::Message() << "groups of " << group);
    auto owned = setup.back_end();
    FakeBackEnd* const back_end = owned.get();
    CudaIntegerEngine engine(setup.network, std::move(owned), {group});
    EXPECT_EQ(engine.group(), group);
    std::vector<float> logits{1.0f};  // what was there goes
    engine.run(setup.pixels, kImages, logits);
    ASSERT_EQ(logits.size(), size_of(kImages * setup.network.network.classes));
    if (setup.network.has_head) {
      cpu::CpuIntegerEngine cpu(setup.network, 1);
      std::vector<float> cpu_logits;
      cpu.run(setup.pixels, kImages, cpu_logits);
      EXPECT_EQ(count_different(logits, cpu_logits), 0u) << "of " << logits.size() << " logits, CPU";
      EXPECT_EQ(count_different(logits, setup.logits), 0u) << "of " << logits.size() << " logits, executor";
    } else {
      EXPECT_EQ(back_end->conv_, setup.network.convs.size() - 1);
      EXPECT_EQ(back_end->code_scale_, activation_scale(setup.network.convs.back().quant.activation_bits));
      EXPECT_EQ(count_different(back_end->seen_, setup.codes.back()), 0u);
      std::vector<float> expected;
      FakeBackEnd(setup.network).append(setup.codes.back(), kImages, expected);
      EXPECT_EQ(logits, expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Networks, CudaIntegerEngineTest,
    testing::Values(IntegerCase{0.25, 32, 10, 14, 8, 8, false}, IntegerCase{0.25, 33, 43, 4, 4, 4, false},
                    IntegerCase{0.5, 33, 7, 14, 8, 3, false, true}, IntegerCase{0.25, 47, 7, 7, 4, 5, true},
                    IntegerCase{0.5, 32, 10, 1, 2, 2, true}, IntegerCase{0.25, 32, 5, 3, 2, 7, true, true},
                    IntegerCase{0.75, 40, 10, 7, 6, 4, true}));

class CudaIntegerEngineUse : public DeviceTest {
 protected:
  const IntegerCase kSmall{0.25, 32, 10, 2, 8, 8, false};
};

TEST_F(CudaIntegerEngineUse, MemoryBoundsTheGroup) {
  const CaseSetup setup(kSmall);
  // An image: 3072 pixels, 16 * 16 * 16 codes of the widest convolution, as many of the next, 40 of logits.
  CudaIntegerEngine engine(setup.network, nullptr, {1024, 40000});
  EXPECT_GE(engine.group(), 2);
  EXPECT_LE(engine.group(), 6);
  std::vector<float> logits;
  engine.run(setup.pixels, kImages, logits);
  EXPECT_EQ(logits, setup.logits);
  CudaIntegerEngine tiny(setup.network, nullptr, {1024, 1});
  EXPECT_EQ(tiny.group(), 1);
}

TEST_F(CudaIntegerEngineUse, OneEngineServesManyRequests) {
  const CaseSetup setup(kSmall);
  CudaIntegerEngine engine(setup.network, nullptr, {2});
  const size_t per_image = setup.pixels.size() / kImages;
  for (const int images : {3, 0, 1, 2, 3}) {
    std::vector<float> logits;
    engine.run(std::span(setup.pixels).first(size_of(images) * per_image), images, logits);
    const std::vector<float> expected(setup.logits.begin(), setup.logits.begin() + images * 10);
    EXPECT_EQ(logits, expected) << images << " images";
  }
}

TEST_F(CudaIntegerEngineUse, WithoutIntegerLayersPixelsGoToTheBackEnd) {
  const IntegerCase none{0.25, 32, 10, 0, 8, 8, true};
  const CaseSetup setup(none);
  ASSERT_TRUE(setup.network.convs.empty());
  CudaIntegerEngine engine(setup.network, setup.back_end());
  std::vector<float> logits, expected;
  engine.run(setup.pixels, kImages, logits);
  FakeBackEnd(setup.network).append(setup.pixels, kImages, expected);
  EXPECT_EQ(logits, expected);
  EXPECT_THAT(engine.describe(), testing::AllOf(testing::StartsWith("cuda, "), testing::HasSubstr("float")));
}

TEST_F(CudaIntegerEngineUse, WrongSizesAreErrors) {
  const CaseSetup setup(kSmall);
  CudaIntegerEngine engine(setup.network, nullptr);
  EXPECT_THAT(engine.describe(), testing::MatchesRegex("cuda, .+, integer"));
  std::vector<float> logits;
  std::vector<uint8_t> codes;
  EXPECT_THROW(engine.run(setup.pixels, kImages - 1, logits), Error);
  EXPECT_THROW(engine.run(setup.pixels, -1, logits), Error);
  EXPECT_THROW(engine.codes(setup.pixels, kImages, 27, codes), Error);
  EXPECT_THROW(engine.codes(setup.pixels, kImages, -1, codes), Error);
  IntegerNetwork damaged = setup.network;
  damaged.head.bias.pop_back();
  EXPECT_THROW(CudaIntegerEngine(damaged, nullptr), Error);
  damaged = setup.network;
  damaged.convs[3].requantizers.pop_back();
  EXPECT_THROW(CudaIntegerEngine(damaged, nullptr), Error);
  damaged = setup.network;
  damaged.has_head = false;  // and no float back end
  EXPECT_THROW(CudaIntegerEngine(damaged, nullptr), Error);
}

}  // namespace
}  // namespace fixynn
