// SPDX-License-Identifier: Apache-2.0
// Codes and scales of prepare_weights are those of quantise_weights bit for bit; an SGD step is the CPU
// engine's, with the same roundings where the order of the partial sums is the same.
#include "cuda/batch_norm_arrays.h"
#include "quant/fake_quant.h"

namespace fixynn {
namespace {

using testing_cuda::DeviceArray;
using testing_cuda::DeviceTensor;
using testing_cuda::random_values;
using testing_cuda::TestQueue;

struct WeightCase {
  int rows, columns, bits;
  bool one_scale, transpose, bf16;
  bool frozen;   ///< from codes
  bool forward;  ///< forward operand wanted
};

const WeightCase kWeightCases[] = {
    {9, 8, 4, false, false, false, false, true},    // depthwise
    {27, 24, 8, false, false, false, false, true},  // conv1
    {40, 64, 4, false, true, false, false, true},   // pointwise
    {130, 40, 8, false, true, true, false, true},   // several tiles of rows, one and a part of columns
    {130, 72, 2, false, true, false, true, true},   // frozen
    {33, 16, 8, false, true, true, true, true},     // frozen, rows not a multiple of 4
    {16, 24, kFloatBits, false, true, false, false, true},
    {16, 136, kFloatBits, false, true, true, false, true},
    {24, 10, 8, true, false, false, false, false},  // heads: any number of classes
    {40, 101, 4, true, false, false, false, false},
    {8, 3, kFloatBits, true, false, false, false, false},
};

struct DeviceWeights {
  DeviceWeights(const WeightCase& c, const std::vector<float>& weights, const QuantisedWeights& quantised)
      : precision(c.bf16 ? Precision::kBf16 : Precision::kFp32),
        values(weights),
        codes(quantised.codes),
        code_scales(quantised.scales),
        scale(static_cast<size_t>(c.columns)),
        forward(precision, weights.size()),
        backward(precision, weights.size()) {
    task = {c.frozen ? nullptr : values.data(),
            c.frozen ? codes.data() : nullptr,
            c.frozen ? code_scales.data() : nullptr,
            c.rows,
            c.columns,
            c.bits,
            c.one_scale ? 1 : 0,
            0.37f,
            c.forward ? forward.data() : nullptr,
            scale.data(),
            backward.data(),
            c.transpose ? 1 : 0,
            c.bf16 ? 1 : 0};
  }
  Precision precision;
  DeviceArray<float> values;
  DeviceArray<int8_t> codes;
  DeviceArray<float> code_scales, scale;
  DeviceTensor forward, backward;
  cuda::WeightTask task{};
};

std::vector<float> as_stored(Precision precision, const std::vector<float>& values) {
  return DeviceTensor(precision, values).values();
}

QuantisedWeights expected_codes(const WeightCase& c, const std::vector<float>& weights) {
  QuantisedWeights quantised;
  if (c.bits == kFloatBits) {
    quantised.codes.assign(weights.size(), 0);
    quantised.scales.assign(static_cast<size_t>(c.columns), 1.0f);
    return quantised;
  }
  quantised = quantise_weights(weights, c.one_scale ? 1 : c.columns, c.bits);
  if (c.one_scale) quantised.scales.assign(static_cast<size_t>(c.columns), quantised.scales[0]);
  return quantised;
}

TEST(PrepareWeights, EqualsTheHostBitForBit) {
  std::vector<std::vector<float>> weights;
  std::vector<QuantisedWeights> quantised;
  std::vector<std::unique_ptr<DeviceWeights>> devices;
  std::vector<cuda::WeightTask> tasks;
  int most_columns = 0;
  for (const WeightCase& c : kWeightCases) {
    std::vector<float> values = random_values(static_cast<size_t>(c.rows * c.columns), weights.size() + 1);
    for (size_t i = 1; i < values.size(); i += static_cast<size_t>(c.columns)) values[i] = 0;  // scale 1
    weights.push_back(values);
    quantised.push_back(expected_codes(c, values));
    devices.push_back(std::make_unique<DeviceWeights>(c, values, quantised.back()));
    tasks.push_back(devices.back()->task);
    most_columns = std::max(most_columns, c.columns);
  }
  const DeviceArray<cuda::WeightTask> device_tasks(tasks);
  TestQueue queue(4, 8);
  cuda::prepare_weights(device_tasks.data(), static_cast<int>(tasks.size()), most_columns, queue.queue());
  queue.wait();

  for (size_t t = 0; t < tasks.size(); ++t) {
    const WeightCase& c = kWeightCases[t];
    const size_t rows = static_cast<size_t>(c.rows), columns = static_cast<size_t>(c.columns);
    std::vector<float> forward = weights[t], effective = weights[t], scale(columns, 0.37f);
    if (c.bits != kFloatBits) {
      forward.assign(quantised[t].codes.begin(), quantised[t].codes.end());
      effective = dequantise_weights(quantised[t]);
      for (size_t k = 0; k < columns; ++k) scale[k] = quantised[t].scales[k] * 0.37f;
    }
    std::vector<float> backward = effective;
    for (size_t i = 0; c.transpose && i < effective.size(); ++i) {
      backward[i % columns * rows + i / columns] = effective[i];
    }
    const DeviceWeights& device = *devices[t];
    if (!c.forward) forward.assign(forward.size(), 0.0f);  // untouched
    EXPECT_EQ(device.forward.values(), as_stored(device.precision, forward)) << "case " << t;
    EXPECT_EQ(device.backward.values(), as_stored(device.precision, backward)) << "case " << t;
    EXPECT_EQ(device.scale.read(), scale) << "case " << t;
  }
}

struct SegmentCase {
  int count, rows, stride;
};
const SegmentCase kSegmentCases[] = {
    {10, 1, 10},      // a bias of ten classes
    {1030, 1, 1030},  // two blocks, a tail
    {7, 3, 11},       // rows that are not aligned
    {520, 5, 520},   {1096, 9, 1100}, {72, 130, 80}, {24, 1056, 24}, {35, 40, 35}, {3, 600, 3},
};
constexpr float kRate = 0.05f, kMomentum = 0.9f, kDecay = 0.01f, kGradientScale = 0.3f;

/// Segments in one array each, as the flat parameters are.
struct SegmentArrays {
  explicit SegmentArrays(const SegmentCase& c, uint64_t seed)
      : start(random_values(static_cast<size_t>(c.count), seed)),
        start_momentum(random_values(start.size(), seed + 100)),
        sums(random_values(static_cast<size_t>(c.stride * (c.rows - 1) + c.count), seed + 200)),
        values(start),
        momentum(start_momentum),
        partial(sums) {}
  cuda::SgdSegment segment(const SegmentCase& c, unsigned fault_code) const {
    return {values.data(), momentum.data(), partial.data(), c.rows,    c.count,
            c.stride,      kGradientScale,  kDecay,         fault_code};
  }
  std::vector<float> start, start_momentum, sums;
  DeviceArray<float> values, momentum, partial;
};

/// The step in float, rounded like the CPU engine's, and in double.
template <class Real>
void expected_step(const SegmentCase& c, const SegmentArrays& arrays, bool nesterov,
                   std::vector<Real>& values, std::vector<Real>& momentum) {
  for (size_t i = 0; i < static_cast<size_t>(c.count); ++i) {
    Real g = 0;
    for (int row = 0; row < c.rows; ++row) {
      g += static_cast<Real>(arrays.sums[static_cast<size_t>(row * c.stride) + i]);
    }
    const Real w = static_cast<Real>(arrays.start[i]), mu = static_cast<Real>(kMomentum);
    g = std::fma(static_cast<Real>(kDecay), w, g * static_cast<Real>(kGradientScale));
    const Real v = std::fma(mu, static_cast<Real>(arrays.start_momentum[i]), g);
    const Real direction = nesterov ? std::fma(mu, v, g) : v;
    values.push_back(std::fma(-static_cast<Real>(kRate), direction, w));
    momentum.push_back(v);
  }
}

void check_step(bool nesterov) {
  std::vector<std::unique_ptr<SegmentArrays>> arrays;
  std::vector<cuda::SgdSegment> segments;
  int most_values = 0;
  for (const SegmentCase& c : kSegmentCases) {
    arrays.push_back(std::make_unique<SegmentArrays>(c, arrays.size()));
    segments.push_back(arrays.back()->segment(c, 0));
    most_values = std::max(most_values, c.count);
  }
  const DeviceArray<cuda::SgdSegment> device_segments(segments);
  const DeviceArray<float> rate(std::vector<float>{kRate});
  const DeviceArray<unsigned> fault(std::vector<unsigned>{testing_cuda::kNoFaultYet});
  TestQueue queue(4, 8);
  cuda::sgd_update({device_segments.data(), static_cast<int>(segments.size()), most_values, rate.data(),
                    kMomentum, nesterov, fault.data()},
                   queue.queue());
  queue.wait();
  EXPECT_EQ(fault.read()[0], testing_cuda::kNoFaultYet);
  for (size_t i = 0; i < segments.size(); ++i) {
    const SegmentCase& c = kSegmentCases[i];
    std::vector<float> values, momentum;
    expected_step<float>(c, *arrays[i], nesterov, values, momentum);
    if (c.rows < 8) {  // added in order
      EXPECT_EQ(arrays[i]->values.read(), values) << "segment " << i;
      EXPECT_EQ(arrays[i]->momentum.read(), momentum) << "segment " << i;
    }
    std::vector<double> real_values, real_momentum;
    expected_step<double>(c, *arrays[i], nesterov, real_values, real_momentum);
    EXPECT_LT(testing_cuda::difference(arrays[i]->values.read(), real_values).largest, 2e-6) << i;
    EXPECT_LT(testing_cuda::difference(arrays[i]->momentum.read(), real_momentum).largest, 2e-6) << i;
  }
}

TEST(SgdUpdate, StepsAsTheCpuDoes) {
  check_step(false);
  check_step(true);
}

TEST(SgdUpdate, NamesTheFirstSegmentThatIsNotFinite) {
  const SegmentCase c{70, 2, 72};
  SegmentArrays good(c, 1), bad(c, 2), worse(c, 3);
  std::vector<float> spoilt = bad.sums;
  spoilt[72 + 69] = INFINITY;  // the last value of the last row
  bad.partial = DeviceArray<float>(spoilt);
  spoilt[3] = NAN;
  worse.partial = DeviceArray<float>(spoilt);
  const DeviceArray<cuda::SgdSegment> segments(
      std::vector<cuda::SgdSegment>{good.segment(c, 3), worse.segment(c, 9), bad.segment(c, 7)});
  const DeviceArray<float> rate(std::vector<float>{kRate});
  const DeviceArray<unsigned> fault(std::vector<unsigned>{testing_cuda::kNoFaultYet});
  TestQueue queue(4, 8);
  cuda::sgd_update({segments.data(), 3, c.count, rate.data(), kMomentum, true, fault.data()}, queue.queue());
  queue.wait();
  EXPECT_EQ(fault.read()[0], 7u);
}

TEST(NormaliseWithRunning, EqualsTheDefinition) {
  std::vector<std::unique_ptr<testing_cuda::BatchNormArrays>> arrays;
  std::vector<cuda::NormaliseTask> tasks;
  for (int channels : {8, 24, 520}) {
    arrays.push_back(std::make_unique<testing_cuda::BatchNormArrays>(channels, arrays.size() + 1));
    const auto& n = *arrays.back();
    tasks.push_back({n.device_gamma.data(), n.device_beta.data(), n.running_mean.data(),
                     n.running_variance.data(), n.gamma_gradient.data(), n.beta_gradient.data(), n.a.data(),
                     n.b.data(), 42.5f, channels});
  }
  const DeviceArray<cuda::NormaliseTask> device_tasks(tasks);
  TestQueue queue(4, 8);
  cuda::normalise_with_running(device_tasks.data(), static_cast<int>(tasks.size()), queue.queue());
  queue.wait();
  for (const auto& n : arrays) {
    const std::vector<float> a = n->a.read(), b = n->b.read();
    EXPECT_EQ(n->gamma_gradient.read(), n->start_mean);
    EXPECT_EQ(n->beta_gradient.read(), n->start_variance);
    for (size_t c = 0; c < n->size; ++c) {
      const double slope = n->gamma[c] / std::sqrt(n->start_variance[c] + kBatchNormEpsilon);
      EXPECT_FLOAT_EQ(a[c], static_cast<float>(slope * 42.5));
      EXPECT_NEAR(b[c], (n->beta[c] - n->start_mean[c] * slope) * 42.5, 1e-5);
    }
  }
}

}  // namespace
}  // namespace fixynn
