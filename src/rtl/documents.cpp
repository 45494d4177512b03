// SPDX-License-Identifier: Apache-2.0
#include "rtl/documents.h"

#include <fmt/format.h>

#include "core/text.h"
#include "rtl/document_parts.h"

namespace fixynn {

StreamFacts stream_before(const HardwarePlan& plan, size_t index) {
  if (index < plan.convs.size()) {
    const ConvPlan& conv = plan.convs[index];
    return {conv.conv.in_size, conv.conv.in_channels, conv.input_bits, conv.input_clocks_per_pixel_in_row};
  }
  const ConvPlan& conv = plan.convs.back();
  return {conv.conv.out_size, conv.conv.out_channels, conv.quant.activation_bits,
          conv.output_clocks_per_pixel_in_row};
}

int stream_data_bits(const StreamFacts& stream) {
  return (stream.channels * stream.bits + 7) / 8 * 8;
}

size_t last_conv(int layers) {
  return static_cast<size_t>(MobileNet::convs_in_layers(layers)) - 1;
}

std::vector<std::string> rtl_paths(const FfeRtl& ffe) {
  std::vector<std::string> paths;
  for (const std::string& name : ffe.handwritten) paths.push_back("rtl/" + name + ".v");
  for (const RtlModule& module : ffe.generated) paths.push_back("rtl/" + module.name + ".v");
  return paths;
}

std::string package_title(const FfeRtl& ffe) {
  const int size = ffe.plan.network.input_size;
  return fmt::format("{} of {} at {} x {}", format_plural(ffe.plan.fixed_layers, "layer"),
                     printable(ffe.network_name), size, size);
}

std::vector<RtlFile> document_files(const FfeRtl& ffe, bool with_vectors) {
  return {{"README.md", readme_text(ffe)},
          {"register_map.md", register_map_text(ffe)},
          {"block_diagram.svg", block_diagram_svg(ffe)},
          {"Makefile", makefile_text(ffe)},
          {"fixynn_ffe.core", fusesoc_core_text(ffe, with_vectors)},
          {"synth.ys", yosys_script_text(ffe)},
          {"ffe_top.sdc", constraints_text(ffe)}};
}

}  // namespace fixynn
