// SPDX-License-Identifier: Apache-2.0
// The fast integer engine gives the executor's integers, bit for bit, in both of its implementations.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/cpu/cpu_integer_engine.h"
#include "engine/integer_cases.h"
#include "integer/executor.h"

namespace fixynn {
namespace {

using testing_engine::IntegerCase;
using testing_engine::make_network;
using testing_engine::random_pixels;

TEST(IntegerKernels, UseVnniWhereTheMachineHasIt) {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  if (!__builtin_cpu_supports("avx512vnni")) GTEST_SKIP() << "this machine has no AVX-512 VNNI";
  EXPECT_STREQ(cpu::int8_kernels(true).name, "AVX-512 VNNI");
#else
  GTEST_SKIP() << "not compiled for AVX-512 VNNI";
#endif
  EXPECT_STREQ(cpu::int8_kernels(false).name, "portable integers");
}

/// Logits of the float fake-quantised path of the same network.
std::vector<float> float_path_logits(const IntegerNetwork& network, const std::vector<uint8_t>& pixels,
                                     int images) {
  TrainPlan plan;
  plan.network = network.network;
  plan.fixed_layers = network.fixed_layers;
  plan.quant = network.quant;
  plan.head_weight_bits = network.head_weight_bits;
  plan.frozen = network.frozen;
  plan.batch_size = images;
  auto engine = make_train_engine(plan, {.device = DeviceChoice::kCpu, .threads = 1});
  engine->set_state({network.parameters, std::vector<float>(network.parameters.values.size(), 0.0f)});
  ImageSet set;
  set.width = set.height = network.network.input_size;
  set.pixels = pixels;
  set.labels.assign(static_cast<size_t>(images), 0);
  std::vector<uint32_t> samples;
  for (int i = 0; i < images; ++i) samples.push_back(static_cast<uint32_t>(i));
  std::vector<float> logits;
  engine->evaluate(set, samples, true, logits);
  return logits;
}

class IntegerEngineTest : public ::testing::TestWithParam<IntegerCase> {};

TEST_P(IntegerEngineTest, EqualsTheExecutor) {
  const IntegerCase c = GetParam();
  const int images = 5;
  const auto pixels = random_pixels(c.size, images);
  const IntegerNetwork network = make_network(c, pixels, images);
  ASSERT_FALSE(network.convs.empty());
  const IntegerExecutor executor(network);
  const size_t image_bytes = static_cast<size_t>(c.size) * static_cast<size_t>(c.size) * 3;
  std::vector<IntegerResult> expected;
  for (size_t i = 0; i < images; ++i)
    expected.push_back(executor.run(std::span(pixels).subspan(i * image_bytes, image_bytes)));
  for (const bool vnni : {true, false}) {
    for (const int threads : {1, 3}) {
      cpu::CpuIntegerEngine engine(network, threads, vnni);
      SCOPED_TRACE(engine.describe());
      for (size_t conv = 0; conv < network.convs.size(); ++conv) {
        std::vector<uint8_t> codes;
        engine.codes(pixels, images, static_cast<int>(conv), codes);
        const size_t per_image = expected[0].codes[conv].size();
        ASSERT_EQ(codes.size(), per_image * images);
        size_t different = 0, varied = 0;
        for (size_t i = 0; i < codes.size(); ++i) {
          different += codes[i] != expected[i / per_image].codes[conv][i % per_image];
          varied += codes[i] != 0 && codes[i] != activation_code_max(c.activation_bits);
        }
        EXPECT_EQ(different, 0u) << network.convs[conv].conv.name;
        EXPECT_GT(varied, codes.size() / 20) << "codes say little: " << network.convs[conv].conv.name;
      }
      std::vector<float> logits;
      engine.run(pixels, images, logits);
      ASSERT_EQ(logits.size(), static_cast<size_t>(images * c.classes));
      if (network.has_head) {
        for (size_t i = 0; i < logits.size(); ++i) {
          const int64_t logit =
              expected[i / static_cast<size_t>(c.classes)].logits[i % static_cast<size_t>(c.classes)];
          EXPECT_EQ(logits[i], static_cast<float>(static_cast<double>(logit) * network.head.logit_scale));
        }
      } else {
        // Codes may differ where rounding does, so the paths agree nearly; a wrong scale of the codes would
        // not.
        const std::vector<float> expected_logits = float_path_logits(network, pixels, images);
        double difference = 0, norm = 0;
        for (size_t i = 0; i < logits.size(); ++i) {
          difference += std::pow(static_cast<double>(logits[i]) - expected_logits[i], 2);
          norm += std::pow(static_cast<double>(expected_logits[i]), 2);
        }
        EXPECT_LT(std::sqrt(difference / norm), 0.2);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, IntegerEngineTest, ::testing::ValuesIn(testing_engine::kIntegerCases));

}  // namespace
}  // namespace fixynn
