// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "rtl/package.h"

namespace fixynn {
namespace {

constexpr const char* kHeader = R"(/* SPDX-License-Identifier: Apache-2.0
 * Registers of the fixed-weight feature extractor with {title}, and the trained batch norms of one
 * network, for firmware. register_map.md says what they mean. To program them, with `base` the address of s_axil:
 *
 *   for (i = 0; i < FFE_PARAMETER_WRITES; i++)
 *     *(volatile uint32_t *)(base + ffe_parameters[i].address) = ffe_parameters[i].data;
 *   *(volatile uint32_t *)(base + FFE_CONTROL) = FFE_COMMIT;
 *
 * Another task's header may be included instead if FFE_WEIGHTS_WORD is what the register WEIGHTS reads. */
#ifndef FIXYNN_FFE_PARAMETERS_H
#define FIXYNN_FFE_PARAMETERS_H
#include <stdint.h>

#define FFE_ID 0x00u
#define FFE_VERSION 0x04u
#define FFE_WEIGHTS 0x08u
#define FFE_SHAPE 0x0cu
#define FFE_CONTROL 0x10u
#define FFE_STATUS 0x14u
#define FFE_FRAMES_IN 0x18u
#define FFE_FRAMES_OUT 0x1cu
#define FFE_FRAMES_BAD 0x20u
#define FFE_FRAMES_TAP 0x24u

/* CONTROL */
#define FFE_COMMIT 0x1u
#define FFE_MAIN_OFF 0x2u
#define FFE_TAP_ON 0x4u
#define FFE_MAIN_WAITS 0x8u

/* What ID and WEIGHTS must read. */
#define FFE_ID_WORD 0x4e4e5846u
#define FFE_WEIGHTS_WORD 0x{weights}u

#define FFE_PARAMETER_WRITES {writes}
static const struct {{
  uint32_t address, data;
}} ffe_parameters[FFE_PARAMETER_WRITES] = {{
{lines}}};

#endif
)";

}  // namespace

std::string parameter_hex(const std::vector<ParameterWrite>& writes, const std::string& what) {
  std::string text = fmt::format("// Writes to s_axil for {}: address and data, 8 digits each\n", what);
  for (const ParameterWrite& write : writes) text += fmt::format("{:08x}{:08x}\n", write.address, write.data);
  return text;
}

std::vector<RtlFile> parameter_files(const ParameterMap& map, const IntegerNetwork& network) {
  const std::vector<ParameterWrite> writes = parameter_writes(map, network);
  std::string lines;
  size_t next = 0;
  for (const ParameterMap::Layer& layer : map.layers) {
    int largest = 0;  // what it leaves of 16 bits is another task's room
    for (size_t i = next; i < next + 2 * layer.negated.size(); i += 2)
      largest = std::max(largest, std::abs(static_cast<int>(writes.at(i).data)));
    lines += fmt::format("    /* {}: M and B of each channel; the largest M is {} of 32767 */\n", layer.conv,
                         largest);
    for (size_t c = 0; c < layer.negated.size(); ++c, next += 2) {
      lines +=
          fmt::format("    {{0x{:05x}u, 0x{:08x}u}}, {{0x{:05x}u, 0x{:08x}u}},\n", writes.at(next).address,
                      writes[next].data, writes.at(next + 1).address, writes[next + 1].data);
    }
  }
  // A title may hold anything, a comment's end too.
  std::string title = map.title;
  for (size_t at; (at = title.find("*/")) != std::string::npos;) title.replace(at, 2, "* /");
  return {
      {"parameters.hex", parameter_hex(writes, "the trained batch norms")},
      {"parameters.h", fmt::format(fmt::runtime(kHeader), fmt::arg("title", title),
                                   fmt::arg("weights", map.layers.back().weights_to_here_sha256.substr(0, 8)),
                                   fmt::arg("writes", writes.size()), fmt::arg("lines", lines))}};
}

}  // namespace fixynn
