// SPDX-License-Identifier: Apache-2.0
// The convolutions through cuDNN against the double-precision definition. On the host, fake_cudnn.cpp takes
// cuDNN's place: what is tested then is everything around it (layouts, borders, scratch memory, choice of
// algorithms, messages).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.h"
#include "cuda/batch_norm_arrays.h"
#include "cuda/cudnn/cudnn_passes.h"
#include "cuda/cudnn/filter_layout.h"
#include "cuda/cudnn/find_cudnn.h"
#include "cuda/device_array.h"
#include "engine/reference/reference_ops.h"

#if defined(FIXYNN_FAKE_CUDNN)
constexpr const char* kLibrary = FIXYNN_FAKE_CUDNN;
#elif defined(FIXYNN_HOST_CUDA)
constexpr const char* kLibrary = "no cuDNN, whose memory is a card's";
#else
constexpr const char* kLibrary = fixynn::cuda::kCudnnLibrary;
#endif

#define SKIP_WITHOUT_CUDNN()                                      \
  const cuda::CudnnFacts facts_here = cuda::find_cudnn(kLibrary); \
  if (!facts_here.in_build || !facts_here.problem.empty()) GTEST_SKIP() << "no cuDNN: " << facts_here.problem

namespace fixynn {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing_cuda::BatchNormArrays;
using testing_cuda::DeviceArray;
using testing_cuda::DeviceTensor;
using testing_cuda::difference;
using testing_cuda::random_values;
using testing_cuda::TestActivation;
using testing_cuda::TestQueue;
using testing_cuda::widen;

constexpr Precision kPrecisions[] = {Precision::kFp32, Precision::kTf32, Precision::kBf16};

/// Norm of the difference: order of sums in float; operands of 11 bits; operands and results of 8 bits.
double tolerance(Precision precision) {
  return precision == Precision::kFp32 ? 2e-6 : precision == Precision::kTf32 ? 1e-3 : 1e-2;
}

Conv make_conv(ConvKind kind, int in, int out, int size, int stride) {
  Conv conv{kind, 0, "l00_test", in, out, stride, size, size, 0};
  if (kind != ConvKind::kPointwise) {
    const SamePadding padding = same_padding_3(size, stride);
    conv.out_size = padding.output;
    conv.pad_before = padding.before;
  }
  return conv;
}

cuda::ImageShape shape_of(const Conv& conv, int images) {
  return {images,        conv.in_channels, conv.out_channels, conv.in_size,
          conv.out_size, conv.stride,      conv.pad_before};
}

size_t values_of(int images, int size, int channels) {
  return static_cast<size_t>(images) * static_cast<size_t>(size) * static_cast<size_t>(size) *
         static_cast<size_t>(channels);
}

/// The passes for one convolution, planned for more images than most tests give them.
struct Planned {
  Planned(const Conv& conv, Precision precision, int most_images, const cuda::Queue& queue)
      : passes(cuda::make_cudnn_passes(kLibrary)) {
    TrainPlan plan;
    plan.network.convs = {conv, conv};  // twice the same shape
    plan.batch_size = most_images;
    passes->plan(plan, precision, queue);
    scratch.emplace_back(passes->scratch_bytes());
    passes->set_scratch(scratch[0].data());
  }
  std::unique_ptr<cuda::ConvolutionPasses> passes;
  std::vector<DeviceArray<std::byte>> scratch;
};

/// What a convolution's passes start from, on the device and as the definition takes it.
struct Problem {
  Problem(const Conv& conv_, int images_, Precision precision_, bool quantise)
      : conv(conv_),
        images(images_),
        precision(precision_),
        activation(conv.in_channels, quantise, 3),
        z_in(precision, random_values(values_of(images, conv.in_size, conv.in_channels), 1, -2.0f, 2.0f)),
        z_out(precision, random_values(values_of(images, conv.out_size, conv.out_channels), 5)),
        du_out(precision, random_values(values_of(images, conv.out_size, conv.out_channels), 6)),
        weights(random_values(static_cast<size_t>(conv.weight_count()), 2)),
        scale(random_values(static_cast<size_t>(conv.out_channels), 7, 0.5f, 1.5f)),
        ca(random_values(static_cast<size_t>(conv.out_channels), 8)),
        cp(random_values(static_cast<size_t>(conv.out_channels), 9)),
        cq(random_values(static_cast<size_t>(conv.out_channels), 10)),
        device_scale(scale),
        device_ca(ca),
        device_cp(cp),
        device_cq(cq) {}

  cuda::GradientLoad gradient() const {
    return {du_out.data(), z_out.data(), device_ca.data(), device_cp.data(), device_cq.data()};
  }
  int64_t output_pixels() const { return int64_t{images} * conv.out_size * conv.out_size; }

  ReferenceTensor input() const {
    ReferenceTensor y(images, conv.in_size, conv.in_channels);
    const std::vector<float> z = z_in.values();
    for (size_t i = 0; i < z.size(); ++i) {
      y.values[i] = activation.y(z[i], i % static_cast<size_t>(conv.in_channels));
    }
    return y;
  }
  ReferenceTensor output_gradient() const {
    ReferenceTensor dz(images, conv.out_size, conv.out_channels);
    const std::vector<float> du = du_out.values(), z = z_out.values();
    for (size_t i = 0; i < z.size(); ++i) {
      const size_t c = i % static_cast<size_t>(conv.out_channels);
      dz.values[i] = static_cast<double>(ca[c]) * du[i] + static_cast<double>(cp[c]) * z[i] + cq[c];
    }
    return dz;
  }
  /// scale * convolution of `input`.
  std::vector<double> expected_output(const ReferenceTensor& input) const {
    ReferenceTensor z = reference_conv(conv, input, widen(weights));
    for (size_t i = 0; i < z.values.size(); ++i) z.values[i] *= scale[i % scale.size()];
    return z.values;
  }
  /// The gradient of the convolution's input where the activation passes.
  std::vector<double> expected_input_gradient() const {
    ReferenceTensor dx = reference_conv_input_gradient(conv, output_gradient(), widen(weights));
    const std::vector<float> z = z_in.values();
    for (size_t i = 0; i < z.size(); ++i) {
      if (!activation.passes(z[i], i % static_cast<size_t>(conv.in_channels))) dx.values[i] = 0;
    }
    return dx.values;
  }

  Conv conv;
  int images;
  Precision precision;
  TestActivation activation;
  DeviceTensor z_in, z_out, du_out;
  std::vector<float> weights, scale, ca, cp, cq;
  DeviceArray<float> device_scale, device_ca, device_cp, device_cq;
};

std::vector<double> channel_means(const std::vector<float>& values, int channels) {
  std::vector<double> means(static_cast<size_t>(channels));
  for (size_t i = 0; i < values.size(); ++i) means[i % means.size()] += static_cast<double>(values[i]);
  for (double& mean : means) mean /= static_cast<double>(values.size() / means.size());
  return means;
}

struct Case {
  Conv conv;
  int images;
  bool quantise;
  std::string name(Precision precision) const {
    return std::string(testing_cuda::precision_name(precision)) + ", " + std::to_string(conv.in_channels) +
           " to " + std::to_string(conv.out_channels) + " channels at " + std::to_string(conv.in_size) +
           ", stride " + std::to_string(conv.stride);
  }
};

// Stride 2: even sizes have a border on one side only, odd ones on both.
const Case kDepthwise[] = {{make_conv(ConvKind::kDepthwise, 8, 8, 5, 1), 2, true},
                           {make_conv(ConvKind::kDepthwise, 16, 16, 6, 2), 3, false},
                           {make_conv(ConvKind::kDepthwise, 48, 48, 7, 2), 1, true}};
const Case kPointwise[] = {{make_conv(ConvKind::kPointwise, 8, 16, 5, 1), 2, true},
                           {make_conv(ConvKind::kPointwise, 48, 24, 3, 1), 3, false},
                           {make_conv(ConvKind::kPointwise, 64, 64, 1, 1), 1, true}};

TEST(CudnnPasses, Depthwise) {
  SKIP_WITHOUT_CUDNN();
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kDepthwise) {
      SCOPED_TRACE(c.name(precision));
      TestQueue queue;
      const Problem problem(c.conv, c.images, precision, c.quantise);
      const Planned planned(c.conv, precision, 3, queue.queue());
      const DeviceArray<float> weights(problem.weights);
      const BatchNormArrays out(c.conv.out_channels), in(c.conv.in_channels);
      const DeviceTensor z(precision, values_of(c.images, c.conv.out_size, c.conv.out_channels));
      planned.passes->forward(
          cuda::DepthwiseForward{precision, problem.z_in.data(), problem.activation.pass, weights.data(),
                                 problem.device_scale.data(), z.data(), shape_of(c.conv, c.images),
                                 queue.sums(out.device_center.data()),
                                 out.statistics(static_cast<double>(problem.output_pixels()))},
          queue.queue());
      queue.wait();
      EXPECT_LT(difference(z.values(), problem.expected_output(problem.input())).norm, tolerance(precision));
      EXPECT_LT(difference(out.mean.read(), channel_means(z.values(), c.conv.out_channels)).norm, 1e-5);

      const DeviceTensor du(precision, values_of(c.images, c.conv.in_size, c.conv.in_channels));
      const DeviceArray<float> partial(problem.weights.size());
      ASSERT_EQ(planned.passes->gradient_rows(c.conv, c.images, precision, queue.queue()), 1);
      cuda::DepthwiseBackward backward{precision,
                                       problem.z_in.data(),
                                       problem.activation.pass,
                                       problem.gradient(),
                                       weights.data(),
                                       du.data(),
                                       partial.data(),
                                       shape_of(c.conv, c.images),
                                       queue.sums(in.device_center.data()),
                                       in.gradient(static_cast<double>(c.images))};
      planned.passes->backward(backward, queue.queue());
      queue.wait();
      EXPECT_LT(difference(du.values(), problem.expected_input_gradient()).norm, tolerance(precision));
      const auto weight_gradient =
          reference_conv_weight_gradient(c.conv, problem.input(), problem.output_gradient());
      EXPECT_LT(difference(partial.read(), weight_gradient).norm, tolerance(precision));
      std::vector<double> beta = channel_means(du.values(), c.conv.in_channels);
      for (double& sum : beta) sum *= c.images * c.conv.in_size * c.conv.in_size;
      EXPECT_LT(difference(in.beta_gradient.read(), beta).norm, 1e-4);

      // Frozen weights: the same input gradient, and nothing of the weights'.
      backward.partial = nullptr;
      const std::vector<float> before = du.values();
      const DeviceTensor again(precision, before.size());
      backward.du_in = again.data();
      planned.passes->backward(backward, queue.queue());
      queue.wait();
      EXPECT_EQ(again.values(), before);
    }
  }
}

std::vector<float> transposed(const std::vector<float>& matrix, int rows, int columns) {
  std::vector<float> result(matrix.size());
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      result[static_cast<size_t>(c * rows + r)] = matrix[static_cast<size_t>(r * columns + c)];
    }
  }
  return result;
}

TEST(CudnnPasses, Pointwise) {
  SKIP_WITHOUT_CUDNN();
  for (const Precision precision : kPrecisions) {
    for (const Case& c : kPointwise) {
      SCOPED_TRACE(c.name(precision));
      TestQueue queue;
      const int in_channels = c.conv.in_channels, out_channels = c.conv.out_channels;
      const Problem problem(c.conv, c.images, precision, c.quantise);
      const Planned planned(c.conv, precision, 3, queue.queue());
      const DeviceTensor weights(precision, problem.weights);
      const DeviceTensor turned(precision, transposed(problem.weights, in_channels, out_channels));
      const BatchNormArrays out(out_channels), in(in_channels);
      const DeviceTensor z(precision, values_of(c.images, c.conv.out_size, out_channels));
      planned.passes->forward(
          cuda::PointwiseForward{precision, problem.z_in.data(), problem.activation.pass, weights.data(),
                                 problem.device_scale.data(), z.data(), problem.output_pixels(), in_channels,
                                 out_channels, queue.sums(out.device_center.data()),
                                 out.statistics(static_cast<double>(problem.output_pixels()))},
          queue.queue());
      queue.wait();
      EXPECT_LT(difference(z.values(), problem.expected_output(problem.input())).norm, tolerance(precision));
      EXPECT_LT(difference(out.mean.read(), channel_means(z.values(), out_channels)).norm, 1e-5);

      const DeviceTensor du(precision, values_of(c.images, c.conv.in_size, in_channels));
      const DeviceArray<float> partial(problem.weights.size());
      planned.passes->backward(
          cuda::PointwiseInputGradient{precision, problem.gradient(), turned.data(), problem.z_in.data(),
                                       problem.activation.pass, du.data(), problem.output_pixels(),
                                       in_channels, out_channels, queue.sums(in.device_center.data()),
                                       in.gradient(1.0)},
          cuda::PointwiseWeightGradient{precision, problem.gradient(), problem.z_in.data(),
                                        problem.activation.pass, partial.data(), problem.output_pixels(),
                                        in_channels, out_channels},
          queue.queue());
      queue.wait();
      EXPECT_LT(difference(du.values(), problem.expected_input_gradient()).norm, tolerance(precision));
      const auto weight_gradient =
          reference_conv_weight_gradient(c.conv, problem.input(), problem.output_gradient());
      EXPECT_LT(difference(partial.read(), weight_gradient).norm, tolerance(precision));
    }
  }
}

TEST(CudnnPasses, Conv1) {
  SKIP_WITHOUT_CUDNN();
  for (const Precision precision : kPrecisions) {
    for (const int size : {8, 9}) {
      SCOPED_TRACE(std::string(testing_cuda::precision_name(precision)) + ", " + std::to_string(size));
      TestQueue queue;
      const Conv conv = make_conv(ConvKind::kConv1, 3, 8, size, 2);
      const int images = 2;
      const Problem problem(conv, images, precision, false);
      const Planned planned(conv, precision, 5, queue.queue());
      std::vector<uint8_t> pixels(values_of(images, size, 3));
      ReferenceTensor input(images, size, 3);
      RandomSequence random(1, RandomStream::kSynthesise, 1);
      for (size_t i = 0; i < pixels.size(); ++i) {
        pixels[i] = static_cast<uint8_t>(random.below(256));
        input.values[i] = pixels[i] - 128.0;
      }
      const DeviceArray<uint8_t> device_pixels(pixels);
      const DeviceArray<float> weights(problem.weights);
      const BatchNormArrays out(conv.out_channels);
      const DeviceTensor z(precision, values_of(images, conv.out_size, conv.out_channels));
      planned.passes->forward(
          cuda::Conv1Forward{precision, device_pixels.data(), weights.data(), problem.device_scale.data(),
                             z.data(), shape_of(conv, images), queue.sums(out.device_center.data()),
                             out.statistics(static_cast<double>(problem.output_pixels()))},
          queue.queue());
      queue.wait();
      EXPECT_LT(difference(z.values(), problem.expected_output(input)).norm, tolerance(precision));

      const DeviceArray<float> partial(problem.weights.size());
      planned.passes->backward(cuda::Conv1WeightGradient{precision, device_pixels.data(), problem.gradient(),
                                                         shape_of(conv, images), partial.data()},
                               queue.queue());
      queue.wait();
      const auto expected = reference_conv_weight_gradient(conv, input, problem.output_gradient());
      EXPECT_LT(difference(partial.read(), expected).norm, tolerance(precision));
    }
  }
}

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return (error.code() == ExitCode::kUsage ? "usage: " : "failure: ") + std::string(error.what());
  }
  return "no error";
}

TEST(CudnnPasses, RefusesWhatWasNotPlanned) {
  SKIP_WITHOUT_CUDNN();
  TestQueue queue;
  const Conv conv = make_conv(ConvKind::kDepthwise, 8, 8, 4, 1);
  const Planned planned(conv, Precision::kFp32, 2, queue.queue());
  EXPECT_GT(planned.passes->scratch_bytes(), 0u);
  cuda::DepthwiseForward pass{};
  pass.shape = shape_of(conv, 3);
  EXPECT_THAT(message_of([&] { planned.passes->forward(pass, queue.queue()); }),
              HasSubstr("l00_test: 3 images were given to cuDNN, which was planned with 2"));
  pass.shape = shape_of(make_conv(ConvKind::kDepthwise, 8, 8, 4, 2), 2);
  EXPECT_THAT(message_of([&] { planned.passes->forward(pass, queue.queue()); }),
              HasSubstr("not planned with a convolution of 8 to 8 channels at 4 pixels"));
}

TEST(FilterLayout, BothWaysWithTailsAndChannelsOfZeros) {
  TestQueue queue;
  const cuda::FilterShape shapes[] = {{9, 3, 4, 8},    {9, 3, 8, 40}, {9, 1, 1, 33},
                                      {1, 40, 40, 72}, {1, 1, 1, 1},  {1, 64, 64, 32}};
  for (const Precision precision : kPrecisions) {
    for (const cuda::FilterShape& s : shapes) {
      SCOPED_TRACE(std::to_string(s.in_channels) + " to " + std::to_string(s.out_channels));
      const size_t taps = static_cast<size_t>(s.taps), in = static_cast<size_t>(s.in_channels);
      const size_t padded = static_cast<size_t>(s.padded_in_channels),
                   out = static_cast<size_t>(s.out_channels);
      for (const bool weights_bf16 : {false, true}) {
        const DeviceTensor weights(weights_bf16 ? Precision::kBf16 : Precision::kFp32,
                                   random_values(taps * in * out, 4));
        const std::vector<float> stored = weights.values();
        const DeviceTensor filter(precision, std::vector<float>(taps * padded * out, 9.0f));
        cuda::to_filter({precision, weights.data(), weights_bf16, filter.data(), s}, queue.queue());
        queue.wait();
        std::vector<float> expected(taps * padded * out, 0.0f);
        for (size_t o = 0; o < out; ++o) {
          for (size_t t = 0; t < taps; ++t) {
            for (size_t i = 0; i < in; ++i) {
              expected[(o * taps + t) * padded + i] = stored[(t * in + i) * out + o];
            }
          }
        }
        const std::vector<float> rounded = DeviceTensor(precision, expected).values();
        EXPECT_EQ(filter.values(), rounded);

        const DeviceArray<float> back(taps * in * out);
        cuda::from_filter({precision, filter.data(), back.data(), s}, queue.queue());
        queue.wait();
        EXPECT_EQ(back.read(), DeviceTensor(precision, stored).values());
      }
    }
  }
}

TEST(FindCudnn, SaysWhatIsWrong) {
  EXPECT_EQ(cuda::cudnn_version_text(91900), "9.19.0");
  EXPECT_EQ(cuda::cudnn_version_text(8907), "8.9.7");
  const cuda::CudnnFacts missing = cuda::find_cudnn("libno_such_cudnn.so.9");
  EXPECT_EQ(missing.version, "");
  EXPECT_EQ(missing.problem, "libno_such_cudnn.so.9 was not found");
  const cuda::CudnnFacts other = cuda::find_cudnn("libm.so.6");
  EXPECT_EQ(other.version, "");
  EXPECT_EQ(other.problem, "libm.so.6 is not cuDNN");
}

TEST(CudnnLibrary, MissingOrNotCudnn) {
  if (!cuda::find_cudnn(kLibrary).in_build) GTEST_SKIP() << "built without cudnn.h";
  EXPECT_THAT(message_of([] { cuda::make_cudnn_passes("libno_such_cudnn.so.9"); }),
              AllOf(HasSubstr("usage: engine.convolutions: cuDNN cannot be loaded (libno_such_cudnn.so.9"),
                    HasSubstr("; install cuDNN 9 for CUDA 13, or set engine.convolutions: custom")));
  EXPECT_THAT(message_of([] { cuda::make_cudnn_passes("libm.so.6"); }),
              HasSubstr("libm.so.6 has no function cudnnGetVersion"));
}

#if defined(FIXYNN_FAKE_CUDNN)
/// An environment variable for the life of this object.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(CudnnLibrary, TooOldOrWithoutADriver) {
  {
    const Variable version("FAKE_CUDNN_VERSION", "8907");
    EXPECT_THAT(message_of([] { cuda::make_cudnn_passes(kLibrary); }),
                HasSubstr("usage: engine.convolutions: cuDNN 8.9.7 is too old; install cuDNN 9"));
    EXPECT_EQ(cuda::find_cudnn(kLibrary).problem, "cuDNN 8.9.7 is too old");
  }
  {
    const Variable driver("FAKE_CUDNN_NO_DRIVER", "1");
    EXPECT_THAT(message_of([] { cuda::make_cudnn_passes(kLibrary); }),
                AllOf(HasSubstr("cuDNN 9.19.0 does not start (CUDNN_STATUS_NOT_INITIALIZED)"),
                      HasSubstr("nvidia-smi"), HasSubstr("engine.convolutions: custom")));
  }
  EXPECT_EQ(std::string(cuda::make_cudnn_passes(kLibrary)->name()), "cuDNN 9.19.0");
}
#endif

}  // namespace
}  // namespace fixynn
