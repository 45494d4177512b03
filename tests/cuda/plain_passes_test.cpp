// SPDX-License-Identifier: Apache-2.0
// The elementwise passes give exactly what the formula gives in float; their sums are in batch_norm_test.
#include "cuda/kernels/plain_passes.h"

#include "core/error.h"
#include "cuda/batch_norm_arrays.h"

namespace fixynn {
namespace {

using testing_cuda::BatchNormArrays;
using testing_cuda::DeviceArray;
using testing_cuda::DeviceTensor;
using testing_cuda::random_values;
using testing_cuda::TestActivation;
using testing_cuda::TestQueue;

struct PlainCase {
  Precision precision;
  cuda::ImageTensor shape;
  cuda::Border border;
  bool quantise;
};

const PlainCase kCases[] = {
    {Precision::kFp32, {2, 5, 8}, {0, 1}, false},    {Precision::kFp32, {3, 4, 24}, {1, 1}, true},
    {Precision::kTf32, {1, 7, 64}, {0, 0}, true},    {Precision::kFp32, {1, 1, 768}, {1, 1}, false},
    {Precision::kFp32, {3, 1, 1024}, {2, 0}, false}, {Precision::kBf16, {2, 5, 8}, {0, 1}, true},
    {Precision::kBf16, {3, 3, 24}, {1, 1}, false},   {Precision::kBf16, {5, 9, 16}, {0, 0}, true},
    {Precision::kBf16, {1, 2, 1024}, {0, 1}, false},
};

std::string name_of(const PlainCase& c) {
  return std::string(testing_cuda::precision_name(c.precision)) + ", channels " +
         std::to_string(c.shape.channels) + ", size " + std::to_string(c.shape.size);
}

size_t values_of(const cuda::ImageTensor& shape, const cuda::Border& border = {}) {
  const int side = shape.size + border.before + border.after;
  return static_cast<size_t>(shape.images * side * side * shape.channels);
}

/// Index in the tensor with borders of value `i` of the one without.
size_t in_border(const cuda::ImageTensor& s, const cuda::Border& border, size_t i) {
  const size_t size = static_cast<size_t>(s.size), channels = static_cast<size_t>(s.channels);
  const size_t pixel = i / channels, before = static_cast<size_t>(border.before);
  const size_t outer = size + before + static_cast<size_t>(border.after);
  const size_t image = pixel / (size * size), y = pixel / size % size, x = pixel % size;
  return ((image * outer + y + before) * outer + x + before) * channels + i % channels;
}

std::vector<float> as_stored(Precision precision, const std::vector<float>& values) {
  return DeviceTensor(precision, values).values();
}

TEST(ApplyActivation, FillsTheBorderWithZeros) {
  for (const PlainCase& c : kCases) {
    const TestActivation activation(c.shape.channels, c.quantise, 3);
    const DeviceTensor z(c.precision, random_values(values_of(c.shape), 1, -2.5f, 2.5f));
    const size_t outer = values_of(c.shape, c.border);
    const DeviceTensor y(c.precision, std::vector<float>(outer, 9.0f));
    TestQueue queue(1, 8);
    cuda::apply_activation({c.precision, z.data(), activation.pass, y.data(), c.shape, c.border},
                           queue.queue());
    queue.wait();
    const std::vector<float> values = z.values();
    std::vector<float> expected(outer, 0.0f);
    for (size_t i = 0; i < values.size(); ++i) {
      expected[in_border(c.shape, c.border, i)] =
          activation.y(values[i], i % static_cast<size_t>(c.shape.channels));
    }
    EXPECT_EQ(y.values(), as_stored(c.precision, expected)) << name_of(c);
  }
}

TEST(ConvertPixels, WidensThemWithZeros) {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    for (const int channels : {4, 8}) {
      const cuda::ImageTensor shape{3, 11, channels};
      const cuda::Border border{0, 1};
      const cuda::ImageTensor three{3, 11, 3};
      std::vector<uint8_t> bytes(values_of(three));
      for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 37 + i / 256);
      std::vector<float> expected(values_of(shape, border), 0.0f);
      for (size_t i = 0; i < bytes.size(); ++i) {
        const size_t pixel_in_four = in_border(shape, border, i / 3 * static_cast<size_t>(channels));
        expected[pixel_in_four + i % 3] = static_cast<float>(bytes[i]) - 128.0f;
      }
      const DeviceArray<uint8_t> pixels(bytes);
      const DeviceTensor y(precision, std::vector<float>(expected.size(), 9.0f));
      TestQueue queue(1, 8);
      cuda::convert_pixels({precision, pixels.data(), y.data(), shape, border}, queue.queue());
      queue.wait();
      EXPECT_EQ(y.values(), expected) << channels;
    }
  }
}

TEST(ScaleAndSum, ScalesInPlaceWithAndWithoutSums) {
  for (const PlainCase& c : kCases) {
    const size_t channels = static_cast<size_t>(c.shape.channels);
    const DeviceTensor z(c.precision, random_values(values_of(c.shape), 1));
    const DeviceArray<float> scale(random_values(channels, 2, 0.1f, 2.0f));
    std::vector<float> expected = z.values();
    const std::vector<float> factors = scale.read();
    for (size_t i = 0; i < expected.size(); ++i) expected[i] *= factors[i % channels];
    TestQueue queue(1, 8);
    cuda::ScaleAndSum pass{};
    pass.precision = c.precision;
    pass.z = z.data();
    pass.scale = scale.data();
    pass.pixels = static_cast<int64_t>(expected.size() / channels);
    pass.channels = c.shape.channels;
    cuda::scale_and_sum(pass, queue.queue());
    queue.wait();
    EXPECT_EQ(z.values(), as_stored(c.precision, expected)) << name_of(c);
  }
}

TEST(FormGradient, EqualsTheFormula) {
  for (const PlainCase& c : kCases) {
    const size_t channels = static_cast<size_t>(c.shape.channels);
    const std::vector<float> ca = random_values(channels, 1), cp = random_values(channels, 2);
    const std::vector<float> cq = random_values(channels, 3);
    const DeviceArray<float> device_ca(ca), device_cp(cp), device_cq(cq);
    const DeviceTensor z(c.precision, random_values(values_of(c.shape), 4));
    const DeviceTensor du(c.precision, random_values(values_of(c.shape), 5));
    const std::vector<float> z_values = z.values(), du_values = du.values();
    std::vector<float> expected(z_values.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const size_t k = i % channels;
      expected[i] = std::fma(ca[k], du_values[i], std::fma(cp[k], z_values[i], cq[k]));
    }
    TestQueue queue(1, 8);
    cuda::form_gradient({c.precision,
                         {du.data(), z.data(), device_ca.data(), device_cp.data(), device_cq.data()},
                         du.data(),
                         static_cast<int64_t>(expected.size() / channels),
                         c.shape.channels},
                        queue.queue());
    queue.wait();
    EXPECT_EQ(du.values(), as_stored(c.precision, expected)) << name_of(c);
  }
}

TEST(MaskGradient, PassesWhereTheActivationIsNotClamped) {
  for (const PlainCase& c : kCases) {
    const size_t channels = static_cast<size_t>(c.shape.channels);
    const TestActivation activation(c.shape.channels, c.quantise, 3);
    const DeviceTensor z(c.precision, random_values(values_of(c.shape), 1, -2.5f, 2.5f));
    const DeviceTensor gradient(c.precision, random_values(values_of(c.shape, c.border), 2));
    const bool in_place = c.border.before + c.border.after == 0;
    const DeviceTensor other(c.precision, values_of(c.shape));
    const DeviceTensor& du = in_place ? gradient : other;
    const std::vector<float> z_values = z.values(), gradient_values = gradient.values();
    std::vector<float> expected(z_values.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const bool pass = activation.passes(z_values[i], i % channels);
      expected[i] = pass ? gradient_values[in_border(c.shape, c.border, i)] : 0.0f;
    }
    TestQueue queue(1, 8);
    cuda::mask_gradient({c.precision, gradient.data(), z.data(), activation.pass, du.data(), c.shape,
                         c.border, cuda::ChannelSums{}, cuda::BatchNormFinish{}},
                        queue.queue());
    queue.wait();
    EXPECT_EQ(du.values(), expected) << name_of(c);
  }
}

TEST(PlainPasses, RefuseChannelsThatCannotBeDivided) {
  TestQueue queue(1, 8);
  const DeviceTensor z(Precision::kFp32, size_t{40});
  cuda::ScaleAndSum pass{};
  pass.precision = Precision::kFp32;
  pass.z = z.data();
  pass.pixels = 1;
  pass.channels = 40;
  EXPECT_THROW(cuda::scale_and_sum(pass, queue.queue()), Error);
}

}  // namespace
}  // namespace fixynn
