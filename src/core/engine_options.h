// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace fixynn {

enum class DeviceChoice { kAuto, kCpu, kCuda };
/// Arithmetic of training and float evaluation on a CUDA device; sums are fp32 in all of them. The CPU engine
/// always computes in fp32, and integer evaluation in integers.
///   kFp32  fp32 tensors, fp32 products;  kTf32  fp32 tensors, products on tensor cores with operands rounded
///   to tf32 (codes are exact);  kBf16  activations and gradients stored as bf16, products of bf16;
///   parameters stay fp32
enum class Precision { kFp32, kTf32, kBf16 };
/// Who computes the convolutions of training on a CUDA device.
enum class Convolutions { kCustom, kCudnn };

/// What computes, as the user asks for it. Here and not beside the engines, because the configuration and the
/// command lines read it too.
struct EngineOptions {
  DeviceChoice device = DeviceChoice::kAuto;
  int threads = 0;  ///< of the CPU; 0 = all processors
  Precision precision = Precision::kTf32;
  Convolutions convolutions = Convolutions::kCustom;
};

// The one spelling of each choice, on command lines, in configurations and in records.
template <typename Enum, size_t kCount>
using ChoiceNames = std::array<std::pair<std::string_view, Enum>, kCount>;

inline constexpr ChoiceNames<DeviceChoice, 3> kDeviceNames = {
    {{"auto", DeviceChoice::kAuto}, {"cpu", DeviceChoice::kCpu}, {"cuda", DeviceChoice::kCuda}}};
inline constexpr ChoiceNames<Precision, 3> kPrecisionNames = {
    {{"fp32", Precision::kFp32}, {"tf32", Precision::kTf32}, {"bf16", Precision::kBf16}}};
inline constexpr ChoiceNames<Convolutions, 2> kConvolutionsNames = {
    {{"custom", Convolutions::kCustom}, {"cudnn", Convolutions::kCudnn}}};

template <typename Enum, size_t kCount>
constexpr std::string_view choice_name(const ChoiceNames<Enum, kCount>& names, Enum value) {
  for (const auto& [name, named] : names) {
    if (named == value) return name;
  }
  return "unknown";
}

}  // namespace fixynn
