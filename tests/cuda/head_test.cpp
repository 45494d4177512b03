// SPDX-License-Identifier: Apache-2.0
// Pool, linear layer, loss and their gradients against the definitions in double.
#include "cuda/batch_norm_arrays.h"

namespace fixynn {
namespace {

using testing_cuda::BatchNormArrays;
using testing_cuda::DeviceArray;
using testing_cuda::DeviceTensor;
using testing_cuda::difference;
using testing_cuda::random_values;
using testing_cuda::TestQueue;
using testing_cuda::widen;

struct HeadCase {
  Precision precision;
  int images, size, channels, classes;
  bool quantise;
  int multiprocessors;
};

// With one multiprocessor and eight images a block takes four images at a time.
const HeadCase kCases[] = {
    {Precision::kFp32, 1, 1, 8, 2, false, 4},    {Precision::kFp32, 3, 2, 8, 3, true, 4},
    {Precision::kFp32, 9, 3, 24, 10, true, 1},    // tiles of 4, 4 and 1 images
    {Precision::kFp32, 21, 2, 16, 33, false, 1},  // more tiles than blocks
    {Precision::kFp32, 2, 7, 256, 101, true, 4}, {Precision::kTf32, 2, 1, 1024, 259, false, 4},
    {Precision::kFp32, 8, 1, 768, 5, false, 1},  {Precision::kBf16, 1, 2, 8, 2, false, 4},
    {Precision::kBf16, 5, 1, 64, 37, true, 4},   {Precision::kBf16, 17, 2, 24, 16, true, 1},
    {Precision::kBf16, 3, 3, 512, 20, false, 4}, {Precision::kBf16, 11, 1, 768, 130, false, 1},
};
constexpr float kCodeScale = 0.4f;  // 6 / 15

std::string name_of(const HeadCase& c) {
  return std::string(testing_cuda::precision_name(c.precision)) + ", images " + std::to_string(c.images) +
         ", channels " + std::to_string(c.channels) + ", classes " + std::to_string(c.classes);
}

/// A case's inputs on the device, its outputs, and what they should be.
struct HeadFixture {
  explicit HeadFixture(const HeadCase& head_case, float smoothing = 0.1f, bool same_logits = false)
      : c(head_case),
        images(static_cast<size_t>(c.images)),
        channels(static_cast<size_t>(c.channels)),
        classes(static_cast<size_t>(c.classes)),
        activation(c.channels, c.quantise, 5),
        z(c.precision,
          random_values(images * static_cast<size_t>(c.size * c.size) * channels, 7, -2.5f, 2.5f)),
        weights(same_logits ? std::vector<float>(channels * classes)
                            : random_values(channels * classes, 8, -0.3f, 0.3f)),
        bias(same_logits ? std::vector<float>(classes) : random_values(classes, 9)),
        labels(images),
        norm(c.channels),
        device_weights(weights),
        device_bias(bias),
        pooled(images * channels),
        logits(images * classes),
        logit_gradient(images * classes),
        image_loss(images),
        image_correct(images),
        du(c.precision, z.values().size()),
        queue(c.multiprocessors, c.channels) {
    RandomSequence random(10, RandomStream::kSynthesise, 0);
    for (int32_t& label : labels)
      label = static_cast<int32_t>(random.below(static_cast<uint32_t>(c.classes)));
    device_labels = DeviceArray<int32_t>(labels);
    forward = {c.precision,
               z.data(),
               activation.pass,
               (c.quantise ? kCodeScale : 1.0f) / static_cast<float>(c.size * c.size),
               c.images,
               c.size * c.size,
               c.channels,
               c.classes,
               device_weights.data(),
               device_bias.data(),
               pooled.data(),
               logits.data()};
    training = {forward,
                device_labels.data(),
                smoothing,
                logit_gradient.data(),
                du.data(),
                image_loss.data(),
                image_correct.data(),
                queue.sums(norm.device_center.data()),
                norm.gradient(static_cast<double>(c.images * c.size * c.size))};
    // The gradient's sums are about the batch's mean.
    training.sums.center = norm.mean.data();
    make_expected(smoothing);
  }

  void make_expected(float smoothing) {
    const std::vector<float> values = z.values();
    ReferenceTensor y(c.images, c.size, c.channels);
    for (size_t i = 0; i < values.size(); ++i) {
      y.values[i] = static_cast<double>(activation.y(values[i], i % channels)) *
                    (c.quantise ? static_cast<double>(kCodeScale) : 1.0);
    }
    expected_pooled = reference_pool(y);
    expected_logits = reference_head(expected_pooled, c.channels, c.classes, widen(weights), widen(bias));
    loss = reference_loss(expected_logits, c.classes, labels, static_cast<double>(smoothing));
    head_gradient =
        reference_head_gradient(expected_pooled, c.channels, c.classes, widen(weights), loss.logit_gradient);
    const ReferenceTensor spread =
        reference_pool_gradient(head_gradient.pooled, c.images, c.size, c.channels);
    for (size_t i = 0; i < values.size(); ++i) {
      expected_du.push_back(activation.passes(values[i], i % channels) ? spread.values[i] : 0.0);
    }
  }

  HeadCase c;
  size_t images, channels, classes;
  testing_cuda::TestActivation activation;
  DeviceTensor z;
  std::vector<float> weights, bias;
  std::vector<int32_t> labels;
  BatchNormArrays norm;
  DeviceArray<float> device_weights, device_bias, pooled, logits, logit_gradient, image_loss;
  DeviceArray<int32_t> image_correct, device_labels{1};
  DeviceTensor du;
  TestQueue queue;
  cuda::HeadPass forward{};
  cuda::HeadTraining training{};
  std::vector<double> expected_pooled, expected_logits, expected_du;
  LossResult loss;
  HeadGradient head_gradient;
};

TEST(HeadForward, EqualsTheDefinition) {
  for (const HeadCase& c : kCases) {
    HeadFixture f(c);
    cuda::head_forward(f.forward, f.queue.queue());
    f.queue.wait();
    EXPECT_LT(difference(f.pooled.read(), f.expected_pooled).largest, 2e-6) << name_of(c);
    EXPECT_LT(difference(f.logits.read(), f.expected_logits).largest, 1e-5) << name_of(c);
  }
}

/// Gradients of gamma and beta from the du that was stored.
void check_sums(const HeadFixture& f) {
  const std::vector<float> du = f.du.values(), z = f.z.values();
  std::vector<double> beta(f.channels), gamma(f.channels);
  for (size_t i = 0; i < du.size(); ++i) {
    const size_t channel = i % f.channels;
    const double mean = static_cast<double>(f.norm.start_mean[channel]);
    beta[channel] += static_cast<double>(du[i]);
    gamma[channel] += static_cast<double>(du[i]) * (static_cast<double>(z[i]) - mean) /
                      std::sqrt(static_cast<double>(f.norm.start_variance[channel]) + kBatchNormEpsilon);
  }
  EXPECT_LT(difference(f.norm.beta_gradient.read(), beta).largest, 1e-5) << name_of(f.c);
  EXPECT_LT(difference(f.norm.gamma_gradient.read(), gamma).largest, 1e-5) << name_of(f.c);
}

TEST(HeadTraining, EqualsTheDefinition) {
  for (const HeadCase& c : kCases) {
    HeadFixture f(c);
    cuda::head_training(f.training, f.queue.queue());
    f.queue.wait();
    EXPECT_LT(difference(f.pooled.read(), f.expected_pooled).largest, 2e-6) << name_of(c);
    EXPECT_LT(difference(f.logits.read(), f.expected_logits).largest, 1e-5) << name_of(c);
    // Logits of hundreds of products are large, and so are the exponentials of their roundings.
    EXPECT_LT(difference(f.logit_gradient.read(), f.loss.logit_gradient).largest, 2e-4) << name_of(c);
    const double rounding = c.precision == Precision::kBf16 ? 0.004 : 1e-5;
    EXPECT_LT(difference(f.du.values(), f.expected_du).norm, rounding) << name_of(c);
    double loss = 0;
    int64_t correct = 0;
    for (float one : f.image_loss.read()) loss += static_cast<double>(one);
    for (int32_t one : f.image_correct.read()) correct += one;
    EXPECT_NEAR(loss, f.loss.loss_sum, 2e-6 * f.loss.loss_sum) << name_of(c);
    EXPECT_EQ(correct, f.loss.correct) << name_of(c);
    check_sums(f);
  }
}

TEST(HeadTraining, TheFirstLargestLogitCounts) {
  HeadFixture f({Precision::kFp32, 9, 1, 8, 70, false, 1}, 0.0f, true);
  f.labels = {0, 1, 33, 0, 69, 32, 0, 2, 0};
  f.device_labels = DeviceArray<int32_t>(f.labels);
  f.training.labels = f.device_labels.data();
  cuda::head_training(f.training, f.queue.queue());
  f.queue.wait();
  EXPECT_EQ(f.image_correct.read(), (std::vector<int32_t>{1, 0, 0, 1, 0, 0, 1, 0, 1}));
  for (float loss : f.image_loss.read()) EXPECT_FLOAT_EQ(loss, std::log(70.0f));
}

TEST(HeadTraining, GivesTheSameBitsAgain) {
  HeadFixture f({Precision::kFp32, 21, 2, 24, 10, true, 1});
  cuda::head_training(f.training, f.queue.queue());
  f.queue.wait();
  const std::vector<float> du = f.du.values(), gamma = f.norm.gamma_gradient.read(), cq = f.norm.cq.read();
  cuda::head_training(f.training, f.queue.queue());
  f.queue.wait();
  EXPECT_EQ(f.du.values(), du);
  EXPECT_EQ(f.norm.gamma_gradient.read(), gamma);
  EXPECT_EQ(f.norm.cq.read(), cq);
}

TEST(HeadTraining, LossOfLogitsThatAreNotFiniteIsNotFinite) {
  for (float spoilt : {INFINITY, -INFINITY, NAN}) {
    HeadFixture f({Precision::kFp32, 2, 1, 8, 40, false, 4});
    f.bias.assign(40, spoilt);
    f.device_bias = DeviceArray<float>(f.bias);
    f.training.forward.bias = f.device_bias.data();
    cuda::head_training(f.training, f.queue.queue());
    f.queue.wait();
    for (float loss : f.image_loss.read()) EXPECT_FALSE(std::isfinite(loss)) << spoilt;
  }
}

struct WeightGradientCase {
  int images, channels, classes;
};
const WeightGradientCase kWeightGradientCases[] = {{1, 8, 2},    {70, 24, 10}, {5, 40, 37},
                                                   {300, 16, 3}, {33, 48, 16}, {40, 8, 130}};

TEST(HeadWeightGradient, EqualsTheDefinition) {
  for (const WeightGradientCase& c : kWeightGradientCases) {
    const size_t images = static_cast<size_t>(c.images), channels = static_cast<size_t>(c.channels);
    const size_t classes = static_cast<size_t>(c.classes);
    const std::vector<float> pooled = random_values(images * channels, 1, 0.0f, 6.0f);
    const std::vector<float> gradient = random_values(images * classes, 2);
    std::vector<float> losses = random_values(images, 3, 0.0f, 4.0f);
    std::vector<int32_t> hits(images);
    for (size_t i = 0; i < images; ++i) hits[i] = i % 3 == 0 ? 1 : 0;
    const DeviceArray<float> device_pooled(pooled), device_gradient(gradient), device_losses(losses);
    const DeviceArray<float> weight_gradient(channels * classes), bias_gradient(classes);
    const DeviceArray<int32_t> device_hits(hits), correct(1);
    const DeviceArray<double> loss_sum(1);
    const DeviceArray<unsigned> fault(std::vector<unsigned>{testing_cuda::kNoFaultYet});
    cuda::HeadWeightGradient pass{device_pooled.data(),
                                  device_gradient.data(),
                                  c.images,
                                  c.channels,
                                  c.classes,
                                  weight_gradient.data(),
                                  bias_gradient.data(),
                                  device_losses.data(),
                                  device_hits.data(),
                                  loss_sum.data(),
                                  correct.data(),
                                  fault.data(),
                                  4};
    TestQueue queue(4, 8);
    cuda::head_weight_gradient(pass, queue.queue());
    queue.wait();
    const HeadGradient expected = reference_head_gradient(
        widen(pooled), c.channels, c.classes, std::vector<double>(channels * classes), widen(gradient));
    EXPECT_LT(difference(weight_gradient.read(), expected.weight).largest, 5e-6) << c.images;
    EXPECT_LT(difference(bias_gradient.read(), expected.bias).largest, 5e-6) << c.images;
    double sum = 0;
    for (float loss : losses) sum += static_cast<double>(loss);
    EXPECT_EQ(loss_sum.read()[0], sum);
    EXPECT_EQ(correct.read()[0], (c.images + 2) / 3);
    EXPECT_EQ(fault.read()[0], testing_cuda::kNoFaultYet);

    losses.back() = NAN;
    const DeviceArray<float> spoilt(losses);
    pass.image_loss = spoilt.data();
    cuda::head_weight_gradient(pass, queue.queue());
    queue.wait();
    EXPECT_EQ(fault.read()[0], 4u);
  }
}

}  // namespace
}  // namespace fixynn
