// SPDX-License-Identifier: Apache-2.0
// The integer passes without VNNI: plain loops over output channels, which the compiler vectorises for each
// instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/cpu/kernels/int8_portable.cc"
#include "hwy/foreach_target.h"
//
#include <algorithm>
#include <cstring>

#include "engine/cpu/kernels/int8.h"
#include "hwy/highway.h"
#include "quant/quant_spec.h"
#include "quant/requantizer.h"

HWY_BEFORE_NAMESPACE();
namespace fixynn::cpu::HWY_NAMESPACE {
namespace {

void requantise(const Int8Layer& layer, const int32_t* acc, uint8_t* out) {
  for (int c = 0; c < layer.shape.channels; ++c) {
    out[c] = static_cast<uint8_t>(Requantizer::apply(
        acc[c], layer.multiplier[c], static_cast<int32_t>(layer.bias[c]), layer.shift, layer.code_max));
  }
}

void add_products(const int8_t* weights, int32_t x, int channels, int32_t* acc) {
  for (int c = 0; c < channels; ++c) acc[c] += x * static_cast<int32_t>(weights[c]);
}

void pointwise_pixel(const Int8Layer& layer, const uint8_t* in, int32_t* acc, uint8_t* out) {
  const int channels = layer.shape.channels;
  std::memset(acc, 0, static_cast<size_t>(channels) * sizeof(int32_t));
  for (int k = 0; k < layer.in_channels; ++k) {
    if (in[k] != 0) add_products(layer.weights.data() + k * channels, in[k], channels, acc);
  }
  requantise(layer, acc, out);
}

void window_pixel(const Int8Layer& layer, const uint8_t* image, int oy, int ox, int32_t* acc, uint8_t* out) {
  const ImageShape& s = layer.shape;
  std::memset(acc, 0, static_cast<size_t>(s.channels) * sizeof(int32_t));
  for (int t = 0; t < 9; ++t) {
    const int iy = oy * s.stride - s.pad + t / 3, ix = ox * s.stride - s.pad + t % 3;
    if (iy < 0 || iy >= s.in_size || ix < 0 || ix >= s.in_size) continue;
    const uint8_t* in = image + (int64_t{iy} * s.in_size + ix) * layer.in_channels;
    if (layer.kind == Int8Kind::kDepthwise) {
      const int8_t* w = layer.weights.data() + t * s.channels;
      for (int c = 0; c < s.channels; ++c) acc[c] += static_cast<int32_t>(in[c]) * static_cast<int32_t>(w[c]);
    } else {
      for (int c = 0; c < 3; ++c) {
        add_products(layer.weights.data() + (t * 3 + c) * s.channels, in[c] - kInputZero, s.channels, acc);
      }
    }
  }
  requantise(layer, acc, out);
}

}  // namespace

void run_int8_portable(const Int8Layer& layer, const uint8_t* in, int images, uint8_t* out,
                       uint8_t* scratch) {
  int32_t* acc = reinterpret_cast<int32_t*>(scratch);
  const ImageShape& s = layer.shape;
  for (int i = 0; i < images; ++i) {
    const uint8_t* image = in + static_cast<size_t>(i) * layer.in_bytes();
    for (int oy = 0; oy < s.out_size; ++oy) {
      for (int ox = 0; ox < s.out_size; ++ox, out += s.channels) {
        if (layer.kind == Int8Kind::kPointwise) {
          pointwise_pixel(layer, image + (int64_t{oy} * s.in_size + ox) * layer.in_channels, acc, out);
        } else {
          window_pixel(layer, image, oy, ox, acc, out);
        }
      }
    }
  }
}

}  // namespace fixynn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fixynn::cpu {

HWY_EXPORT(run_int8_portable);

namespace {

Int8Layer prepare(const Int8Source& source) {
  const size_t channels = static_cast<size_t>(source.shape.channels);
  const size_t rows = source.kind == Int8Kind::kConv1       ? 27
                      : source.kind == Int8Kind::kDepthwise ? 9
                                                            : static_cast<size_t>(source.in_channels);
  Int8Layer layer{source.kind, source.shape, source.in_channels, 0, {}, {}, {},
                  {},          source.shift, source.code_max};
  layer.weights.assign(source.weights, source.weights + rows * channels);
  layer.multiplier = source.multiplier;
  layer.bias.assign(source.bias.begin(), source.bias.end());
  return layer;
}

size_t scratch_bytes(const Int8Layer& layer) {
  return static_cast<size_t>(layer.shape.channels) * sizeof(int32_t) + kInt8Slack;
}

void run(const Int8Layer& layer, const uint8_t* in, int images, uint8_t* out, uint8_t* scratch) {
  HWY_DYNAMIC_DISPATCH(run_int8_portable)(layer, in, images, out, scratch);
}

constexpr Int8Kernels kPortable = {"portable integers", &prepare, &scratch_bytes, &run};

bool machine_has_vnni() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni");
#else
  return false;
#endif
}

}  // namespace

const Int8Kernels& int8_kernels(bool allow_vnni) {
  const Int8Kernels* vnni = int8_vnni_kernels();
  return allow_vnni && vnni != nullptr && machine_has_vnni() ? *vnni : kPortable;
}

}  // namespace fixynn::cpu
#endif
