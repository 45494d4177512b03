// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/philox.h"
#include "cuda/device_array.h"
#include "cuda/thrust/selection.h"
#include "cuda/thrust/shuffle.h"
#include "cuda/thrust/weight_statistics.h"
#include "train/evaluate.h"

namespace fixynn {
namespace {

using testing::ElementsAre;
using testing_cuda::DeviceArray;
using testing_cuda::random_values;

/// Non-zero digits by the textbook recoding: an odd number takes the digit 2 - (n mod 4).
int digits_by_recoding(int n) {
  int digits = 0;
  for (; n != 0; n /= 2) {
    if (n % 2 == 0) continue;
    n -= ((n % 4) + 4) % 4 == 1 ? 1 : -1;
    ++digits;
  }
  return digits;
}

TEST(WeightStatistics, CsdDigitsOfEveryCode) {
  for (int code = -128; code < 128; ++code) {
    EXPECT_EQ(cuda::csd_digits(code), digits_by_recoding(code)) << code;
  }
  EXPECT_EQ(cuda::csd_digits(0), 0);
  EXPECT_EQ(cuda::csd_digits(7), 2);
  EXPECT_EQ(cuda::csd_digits(-128), 1);
}

std::vector<int8_t> random_codes(size_t count, uint32_t which, int bound) {
  RandomSequence random(7, RandomStream::kSynthesise, which);
  std::vector<int8_t> codes(count);
  for (int8_t& code : codes) {
    code = static_cast<int8_t>(static_cast<int>(random.below(static_cast<uint32_t>(2 * bound + 1))) - bound);
  }
  return codes;
}

void expect_statistics(const cuda::WeightStatistics& measured, std::span<const int8_t> codes) {
  cuda::WeightStatistics expected;
  for (const int8_t code : codes) {
    ++expected.weights;
    expected.zeros += code == 0;
    expected.csd_digits += digits_by_recoding(code);
    ++expected.histogram[static_cast<size_t>(code + 128)];
  }
  EXPECT_EQ(measured.weights, expected.weights);
  EXPECT_EQ(measured.zeros, expected.zeros);
  EXPECT_EQ(measured.csd_digits, expected.csd_digits);
  EXPECT_EQ(measured.histogram, expected.histogram);
}

TEST(WeightStatistics, EveryMatrixOfOneCall) {
  cuda::Stream stream;
  // 27 x 8, nothing, 9 x 33 with the codes' ends, and one of zeros.
  std::vector<std::vector<int8_t>> codes = {
      random_codes(216, 1, 7), {}, random_codes(297, 2, 127), std::vector<int8_t>(64, 0)};
  codes[2][0] = -128;
  codes[2][1] = 127;
  std::vector<DeviceArray<int8_t>> arrays;
  std::vector<cuda::CodeMatrix> matrices;
  for (const std::vector<int8_t>& one : codes) {
    arrays.emplace_back(one);
    matrices.push_back({arrays.back().data(), static_cast<int>(one.size()), 1});
  }
  const std::vector<cuda::WeightStatistics> statistics = cuda::weight_statistics(matrices, stream);
  ASSERT_EQ(statistics.size(), codes.size());
  for (size_t i = 0; i < codes.size(); ++i) expect_statistics(statistics[i], codes[i]);
  EXPECT_EQ(statistics[3].sparsity(), 1.0);
  EXPECT_EQ(statistics[1].sparsity(), 0.0);

  std::vector<QuantisedWeights> weights(codes.size());
  for (size_t i = 0; i < codes.size(); ++i) weights[i].codes = codes[i];
  const std::vector<cuda::WeightStatistics> uploaded = cuda::device_weight_statistics(weights, stream);
  ASSERT_EQ(uploaded.size(), codes.size());
  for (size_t i = 0; i < codes.size(); ++i) expect_statistics(uploaded[i], codes[i]);
  EXPECT_TRUE(cuda::weight_statistics(std::span<const cuda::CodeMatrix>(), stream).empty());
}

TEST(WeightStatistics, FloatWeights) {
  cuda::Stream stream;
  const DeviceArray<float> values(std::vector<float>{0.0f, -0.5f, 2.0f, -0.0f, 1e-30f, 0.25f});
  const cuda::FloatMatrix matrix{values.data(), 2, 3};
  const auto statistics = cuda::weight_statistics(std::span(&matrix, 1), stream);
  ASSERT_EQ(statistics.size(), 1u);
  EXPECT_EQ(statistics[0].weights, 6);
  EXPECT_EQ(statistics[0].zeros, 2);
  EXPECT_EQ(statistics[0].smallest, -0.5f);
  EXPECT_EQ(statistics[0].largest, 2.0f);
}

TEST(Percentiles, NearestRankOfMagnitudes) {
  cuda::Stream stream;
  std::vector<float> values(1000);
  std::iota(values.begin(), values.end(), 1.0f);
  for (size_t i = 0; i < values.size(); i += 3) values[i] = -values[i];
  std::reverse(values.begin(), values.end());
  const DeviceArray<float> array(values);
  const std::vector<double> percents = {0.0, 0.1, 50.0, 99.9, 99.91, 99.99, 100.0};
  EXPECT_THAT(cuda::magnitude_percentiles(array.data(), 1000, percents, stream),
              ElementsAre(1.0f, 1.0f, 500.0f, 999.0f, 1000.0f, 1000.0f, 1000.0f));
  EXPECT_EQ(array.read(), values) << "the values are only read";
}

TEST(Percentiles, OneValueInfinityAndNan) {
  cuda::Stream stream;
  const DeviceArray<float> one(std::vector<float>{-3.5f});
  EXPECT_THAT(cuda::magnitude_percentiles(one.data(), 1, std::vector<double>{0.0, 99.9, 100.0}, stream),
              ElementsAre(3.5f, 3.5f, 3.5f));
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  const DeviceArray<float> bad(std::vector<float>{-nan, 1.0f, -infinity, 0.0f});
  const auto found =
      cuda::magnitude_percentiles(bad.data(), 4, std::vector<double>{50.0, 75.0, 100.0}, stream);
  EXPECT_EQ(found[0], 1.0f);
  EXPECT_EQ(found[1], infinity);
  EXPECT_TRUE(std::isnan(found[2]));
}

TEST(Percentiles, RefusesWhatHasNoAnswer) {
  cuda::Stream stream;
  const DeviceArray<float> one(std::vector<float>{1.0f});
  EXPECT_THROW(cuda::magnitude_percentiles(one.data(), 0, std::vector<double>{50.0}, stream), Error);
  EXPECT_THROW(cuda::magnitude_percentiles(one.data(), 1, std::vector<double>{100.5}, stream), Error);
}

/// Logits with many ties, both zeros and both infinities.
std::vector<float> tied_logits(int images, int classes) {
  std::vector<float> logits(static_cast<size_t>(images) * static_cast<size_t>(classes));
  RandomSequence random(3, RandomStream::kSynthesise, 9);
  for (float& logit : logits) logit = static_cast<float>(static_cast<int>(random.below(7)) - 3);
  for (size_t i = 0; i < logits.size(); i += 11) logits[i] = -0.0f;
  for (size_t i = 5; i < logits.size(); i += 97) logits[i] = std::numeric_limits<float>::infinity();
  for (size_t i = 8; i < logits.size(); i += 89) logits[i] = -std::numeric_limits<float>::infinity();
  return logits;
}

TEST(TopK, OrderIsLargestFirstTiesToTheLowerClass) {
  cuda::Stream stream;
  const int images = 37, classes = 43;
  const std::vector<float> logits = tied_logits(images, classes);
  const DeviceArray<float> device(logits);
  for (const int k : {1, 5, classes}) {
    const DeviceArray<int32_t> best(static_cast<size_t>(images) * static_cast<size_t>(k));
    cuda::top_k(device.data(), images, classes, k, best.data(), stream);
    const std::vector<int32_t> found = best.read();
    for (int image = 0; image < images; ++image) {
      const float* row = logits.data() + static_cast<size_t>(image * classes);
      std::vector<int32_t> order(static_cast<size_t>(classes));
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [row](int32_t a, int32_t b) { return row[a] > row[b]; });
      for (int i = 0; i < k; ++i) {
        ASSERT_EQ(found[static_cast<size_t>(image * k + i)], order[static_cast<size_t>(i)])
            << "image " << image << ", place " << i << " of " << k;
      }
    }
  }
}

TEST(TopK, NanComesLast) {
  cuda::Stream stream;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const DeviceArray<float> logits(
      std::vector<float>{nan, -std::numeric_limits<float>::infinity(), 2.0f, -nan});
  const DeviceArray<int32_t> best(4);
  cuda::top_k(logits.data(), 1, 4, 4, best.data(), stream);
  EXPECT_THAT(best.read(), ElementsAre(2, 1, 0, 3));
  EXPECT_THROW(cuda::top_k(logits.data(), 1, 4, 5, best.data(), stream), Error);
}

TEST(TopK, CountsAndPredictionsEqualTheEvaluation) {
  cuda::Stream stream;
  const int count = 600, classes = 11;  // more than one chunk of the evaluation
  std::vector<float> logits = tied_logits(count, classes);
  ImageSet images;
  images.labels.resize(count);
  std::vector<uint32_t> samples(count);
  std::iota(samples.begin(), samples.end(), 0u);
  for (int i = 0; i < count; ++i) {
    images.labels[static_cast<size_t>(i)] = (i * 7) % classes;
  }
  // The label's own logit is not a number in a few rows.
  for (const int i : {3, 250, 599}) {
    logits[static_cast<size_t>(i * classes + (i * 7) % classes)] = std::numeric_limits<float>::quiet_NaN();
  }
  const LogitSource source = [&](std::span<const uint32_t> chunk, std::vector<float>& out) {
    out.assign(logits.begin() + chunk.front() * classes, logits.begin() + (chunk.back() + 1) * classes);
  };
  const EvaluationResult expected = evaluate_images(images, samples, classes, source);
  const DeviceArray<float> device(logits);
  const DeviceArray<int32_t> labels(images.labels);
  EXPECT_EQ(cuda::count_top_k(device.data(), labels.data(), count, classes, 1, stream), expected.top1);
  EXPECT_EQ(cuda::count_top_k(device.data(), labels.data(), count, classes, 5, stream), expected.top5);
  EXPECT_GT(expected.top1, 0);
  EXPECT_LT(expected.top5, count);

  const DeviceArray<int32_t> best(static_cast<size_t>(count));
  cuda::top_k(device.data(), count, classes, 1, best.data(), stream);
  const std::vector<int32_t> predicted = best.read();
  for (int i = 0; i < count; ++i) {
    const size_t row = static_cast<size_t>(i);
    // std::max_element keeps a NaN that comes first; everywhere else the two agree.
    if (std::isnan(logits[row * classes])) continue;
    ASSERT_EQ(predicted[row], expected.predicted[row]) << i;
  }
}

TEST(Shuffle, EqualsTheHostAndIsAPermutation) {
  cuda::Stream stream;
  std::vector<uint32_t> indices(5003);
  std::iota(indices.begin(), indices.end(), 100u);
  const DeviceArray<uint32_t> device(indices);
  std::vector<std::vector<uint32_t>> orders;
  for (const auto& [seed, epoch] : {std::pair<uint64_t, uint32_t>{1, 0}, {1, 1}, {uint64_t{1} << 40, 0}}) {
    const DeviceArray<uint32_t> order(indices.size());
    cuda::shuffle(device.data(), order.data(), static_cast<int64_t>(indices.size()), seed, epoch, stream);
    orders.push_back(order.read());
    EXPECT_EQ(orders.back(), cuda::shuffle_on_host(indices, seed, epoch));
    std::vector<uint32_t> sorted = orders.back();
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, indices);
    EXPECT_NE(orders.back(), indices);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[0], orders[2]);
}

TEST(Shuffle, IsSpreadEvenly) {
  // Where entry 0 of 16 goes in 3200 epochs: 200 times to each place; five standard deviations are 69.
  std::vector<uint32_t> indices(16);
  std::iota(indices.begin(), indices.end(), 0u);
  std::vector<int> counts(16);
  for (uint32_t epoch = 0; epoch < 3200; ++epoch) {
    const std::vector<uint32_t> order = cuda::shuffle_on_host(indices, 5, epoch);
    ++counts[static_cast<size_t>(std::find(order.begin(), order.end(), 0u) - order.begin())];
  }
  for (const int count : counts) EXPECT_NEAR(count, 200, 69);
}

TEST(Shuffle, FixedDefinition) {
  // A change of the definition would change every seeded training that uses it.
  const PhiloxBlock block = philox(9, RandomStream::kShuffle, 4, 1, 2);
  EXPECT_EQ(cuda::shuffle_key(9, 4, 2), static_cast<uint64_t>(block.word[0]) << 32 | block.word[1]);
  EXPECT_THAT(cuda::shuffle_on_host(std::vector<uint32_t>{10, 11, 12, 13, 14}, 9, 4),
              ElementsAre(14, 11, 10, 12, 13));
}

}  // namespace
}  // namespace fixynn
