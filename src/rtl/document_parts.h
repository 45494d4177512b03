// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rtl/package.h"

// The documents of a package, one by one, and what they share.

namespace fixynn {

std::string readme_text(const FfeRtl& ffe);
std::string register_map_text(const FfeRtl& ffe);
std::string block_diagram_svg(const FfeRtl& ffe);
std::string makefile_text(const FfeRtl& ffe);
std::string fusesoc_core_text(const FfeRtl& ffe, bool with_vectors);
std::string yosys_script_text(const FfeRtl& ffe);
std::string constraints_text(const FfeRtl& ffe);

/// A stream of pixels: `size` x `size` a frame, `channels` codes of `bits` each, at least `clocks` apart.
struct StreamFacts {
  int size = 0, channels = 0, bits = 0;
  int64_t clocks = 1;
};
/// What enters convolution `index` of the plan; index = plan.convs.size(): what leaves the last one.
StreamFacts stream_before(const HardwarePlan& plan, size_t index);

/// tdata of an AXI4-Stream that carries the stream's pixels: whole bytes.
int stream_data_bits(const StreamFacts& stream);

/// Index of the last convolution of the first `layers` (>= 1) layers.
size_t last_conv(int layers);

/// "rtl/ffe_top.v", ...: every module before its users.
std::vector<std::string> rtl_paths(const FfeRtl& ffe);

/// "4 layers of mobilenet.safetensors at 224 x 224": safe in one line of any of the files.
std::string package_title(const FfeRtl& ffe);

/// Sum over the convolutions of the plan.
template <typename Count>
int64_t plan_sum(const HardwarePlan& plan, Count&& count) {
  int64_t sum = 0;
  for (const ConvPlan& conv : plan.convs) sum += count(conv);
  return sum;
}

}  // namespace fixynn
