// SPDX-License-Identifier: Apache-2.0
#pragma once

// Exact integer passes on codes, for evaluation: u8 codes in, u8 codes out, NHWC, several images a call. Two
// implementations of the same functions: AVX-512 VNNI, and portable code. Both give the integers that
// integer_network.h defines.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/cpu/kernels/kernels.h"

namespace fixynn::cpu {

enum class Int8Kind { kConv1, kDepthwise, kPointwise };

/// One convolution with its requantiser, as codes; what `prepare` gets.
struct Int8Source {
  Int8Kind kind;
  ImageShape shape;  ///< channels = output channels
  int in_channels;
  const int8_t* weights;                  ///< layout of Conv
  std::vector<int32_t> multiplier, bias;  ///< [out channels]
  int shift;
  int code_max;
};

/// The same in the layout of one implementation. `weights` and the tables are padded to whole vectors.
struct Int8Layer {
  Int8Kind kind;
  ImageShape shape;
  int in_channels;
  int depth;  ///< bytes of input a product reads, padded to 4: 28 for conv1
  std::vector<int8_t> weights;
  std::vector<int32_t> initial;     ///< accumulator start: -kInputZero * sum of weights for conv1, else 0
  std::vector<int32_t> multiplier;  ///< [padded channels]
  std::vector<int64_t> bias;        ///< [padded channels]
  int shift;
  int code_max;

  size_t in_bytes() const {
    return static_cast<size_t>(shape.in_size) * static_cast<size_t>(shape.in_size) *
           static_cast<size_t>(in_channels);
  }
  size_t out_bytes() const {
    return static_cast<size_t>(shape.out_size) * static_cast<size_t>(shape.out_size) *
           static_cast<size_t>(shape.channels);
  }
};

/// Bytes that callers leave readable and writable behind every code buffer and scratch buffer.
constexpr size_t kInt8Slack = 128;

struct Int8Kernels {
  const char* name;
  Int8Layer (*prepare)(const Int8Source& source);
  size_t (*scratch_bytes)(const Int8Layer& layer);
  void (*run)(const Int8Layer& layer, const uint8_t* in, int images, uint8_t* out, uint8_t* scratch);
};

/// The best implementation this machine has; `allow_vnni = false` gives the portable one, for tests.
const Int8Kernels& int8_kernels(bool allow_vnni = true);
/// Null where it was not compiled in.
const Int8Kernels* int8_vnni_kernels();

}  // namespace fixynn::cpu
