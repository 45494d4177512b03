// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "device_array.h"

// One 1x1 convolution for the tests of its passes, and what they should compute, in double precision from the
// very values that the tensors hold.
namespace fixynn::testing_cuda {

struct PointwiseCase {
  int in, out;
  int64_t pixels;
  int multiprocessors;
  std::string name() const {
    return std::to_string(in) + " -> " + std::to_string(out) + ", " + std::to_string(pixels) + " pixels, " +
           std::to_string(multiprocessors) + " multiprocessors";
  }
};

inline size_t count(int64_t rows, int columns) {
  return static_cast<size_t>(rows) * static_cast<size_t>(columns);
}

inline float round_to_bf16(float value) {
  return __bfloat162float(__float2bfloat16_rn(value));
}
/// A value as the products of `precision` take it.
inline double operand(Precision precision, float value) {
  if (precision == Precision::kBf16) return static_cast<double>(round_to_bf16(value));
  if (precision == Precision::kFp32) return static_cast<double>(value);
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  bits = (bits + 0x1000u) & ~0x1fffu;  // to nearest, ties away from zero
  std::memcpy(&value, &bits, 4);
  return static_cast<double>(value);
}
inline std::vector<float> random_integers(size_t size, uint64_t seed, int low, int high) {
  std::vector<float> values =
      random_values(size, seed, static_cast<float>(low) - 0.49f, static_cast<float>(high) + 0.49f);
  for (float& value : values) value = std::nearbyint(value);
  return values;
}

/// What all passes of one convolution start from.
struct PointwiseLayer {
  Precision precision;
  int in, out;
  int64_t pixels;
  float max;
  bool quantise;
  std::vector<float> a, b, ca, cp, cq, scale;
  DeviceTensor z_in, du, z, weights, transposed;
  DeviceArray<float> a_device, b_device, ca_device, cp_device, cq_device, scale_device;
  /// As the products take them: y [pixels][in], dz [pixels][out], w [in][out].
  std::vector<double> y, dz, w;

  struct Values {
    float max;
    bool quantise;
    std::vector<float> a, b, ca, cp, cq, scale, z_in, du, z, weights;
  };
  PointwiseLayer(Precision p, const PointwiseCase& c, const Values& v)
      : precision(p),
        in(c.in),
        out(c.out),
        pixels(c.pixels),
        max(v.max),
        quantise(v.quantise),
        a(v.a),
        b(v.b),
        ca(v.ca),
        cp(v.cp),
        cq(v.cq),
        scale(v.scale),
        z_in(p, v.z_in),
        du(p, v.du),
        z(p, v.z),
        weights(p, v.weights),
        transposed(p, transpose(v.weights, c.in, c.out)),
        a_device(a),
        b_device(b),
        ca_device(ca),
        cp_device(cp),
        cq_device(cq),
        scale_device(scale),
        y(count(pixels, in)),
        dz(count(pixels, out)),
        w(count(in, out)) {
    const std::vector<float> z_in_values = z_in.values(), du_values = du.values(), z_values = z.values(),
                             weight_values = weights.values();
    for (size_t i = 0; i < y.size(); ++i) {
      const size_t k = i % static_cast<size_t>(in);
      const float value = std::min(std::max(std::fma(a[k], z_in_values[i], b[k]), 0.0f), max);
      y[i] = operand(p, quantise ? std::nearbyint(value) : value);
    }
    for (size_t i = 0; i < dz.size(); ++i) {
      const size_t n = i % static_cast<size_t>(out);
      dz[i] = operand(p, std::fma(ca[n], du_values[i], std::fma(cp[n], z_values[i], cq[n])));
    }
    for (size_t i = 0; i < w.size(); ++i) w[i] = operand(p, weight_values[i]);
  }
  static std::vector<float> transpose(const std::vector<float>& values, int rows, int columns) {
    std::vector<float> result(values.size());
    for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
      for (size_t c = 0; c < static_cast<size_t>(columns); ++c) {
        result[c * static_cast<size_t>(rows) + r] = values[r * static_cast<size_t>(columns) + c];
      }
    }
    return result;
  }
  cuda::Activation activation() const { return {a_device.data(), b_device.data(), max, quantise}; }
  cuda::GradientLoad gradient() const {
    return {du.data(), z.data(), ca_device.data(), cp_device.data(), cq_device.data()};
  }
  bool passes(float value, size_t k) const {
    const float u = std::fma(a[k], value, b[k]);
    return u > 0.0f && u < max;
  }
};

/// Anything at all: activations on both sides of both clamps.
inline PointwiseLayer float_layer(Precision precision, const PointwiseCase& c, bool quantise) {
  const size_t in = static_cast<size_t>(c.in), out = static_cast<size_t>(c.out);
  const float max = quantise ? 15.0f : 6.0f;
  const float gain = quantise ? 2.5f : 1.0f;  // codes a unit
  PointwiseLayer::Values v{.max = max,
                           .quantise = quantise,
                           .a = random_values(in, 1, gain, 4 * gain),
                           .b = random_values(in, 2, -gain, 4 * gain),
                           .ca = random_values(out, 3, 0.5f, 2.0f),
                           .cp = random_values(out, 4, -0.2f, 0.2f),
                           .cq = random_values(out, 5, -0.1f, 0.1f),
                           .scale = random_values(out, 6, 0.1f, 0.3f),
                           .z_in = random_values(count(c.pixels, c.in), 7, -2.0f, 2.0f),
                           .du = random_values(count(c.pixels, c.out), 8),
                           .z = random_values(count(c.pixels, c.out), 9, -2.0f, 2.0f),
                           .weights = random_values(in * out, 10)};
  return PointwiseLayer(precision, c, v);
}

/// Codes 0 .. 255, integer weights and gradients: every product and sum is exact.
inline PointwiseLayer integer_layer(Precision precision, const PointwiseCase& c) {
  const size_t in = static_cast<size_t>(c.in), out = static_cast<size_t>(c.out);
  PointwiseLayer::Values v{.max = 255.0f,
                           .quantise = true,
                           .a = std::vector<float>(in, 1.0f),
                           .b = random_integers(in, 21, -60, 100),
                           .ca = std::vector<float>(out, 1.0f),
                           .cp = std::vector<float>(out, -1.0f),
                           .cq = random_integers(out, 22, -3, 3),
                           .scale = std::vector<float>(out, 1.0f),
                           .z_in = random_integers(count(c.pixels, c.in), 23, -250, 250),
                           .du = random_integers(count(c.pixels, c.out), 24, -20, 20),
                           .z = random_integers(count(c.pixels, c.out), 25, -20, 20),
                           .weights = random_integers(in * out, 26, -127, 127)};
  return PointwiseLayer(precision, c, v);
}

/// [pixels][out] before scale and rounding.
inline std::vector<double> product_of(const PointwiseLayer& layer) {
  const size_t in = static_cast<size_t>(layer.in), out = static_cast<size_t>(layer.out);
  std::vector<double> result(layer.dz.size());
  for (size_t i = 0; i < layer.y.size(); ++i) {
    double* to = result.data() + i / in * out;
    const double* row = layer.w.data() + i % in * out;
    for (size_t n = 0; n < out; ++n) to[n] += layer.y[i] * row[n];
  }
  return result;
}
/// [pixels][in], masked.
inline std::vector<double> input_gradient_of(const PointwiseLayer& layer) {
  const size_t in = static_cast<size_t>(layer.in), out = static_cast<size_t>(layer.out);
  const std::vector<float> z_in = layer.z_in.values();
  std::vector<double> result(layer.y.size());
  for (size_t i = 0; i < result.size(); ++i) {
    if (!layer.passes(z_in[i], i % in)) continue;
    const double* from = layer.dz.data() + i / in * out;
    const double* row = layer.w.data() + i % in * out;
    for (size_t n = 0; n < out; ++n) result[i] += from[n] * row[n];
  }
  return result;
}
/// [in][out].
inline std::vector<double> weight_gradient_of(const PointwiseLayer& layer) {
  const size_t in = static_cast<size_t>(layer.in), out = static_cast<size_t>(layer.out);
  std::vector<double> result(in * out);
  for (size_t i = 0; i < layer.y.size(); ++i) {
    const double* from = layer.dz.data() + i / in * out;
    double* to = result.data() + i % in * out;
    for (size_t n = 0; n < out; ++n) to[n] += layer.y[i] * from[n];
  }
  return result;
}

}  // namespace fixynn::testing_cuda
