// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hardware/hardware_plan.h"
#include "rtl/netlist.h"

namespace fixynn {

/// One file of what fixynn-rtl writes.
struct RtlFile {
  std::string path;  ///< below the output folder: "rtl/ffe_top.v"
  std::string text;
};

struct RtlOptions {
  int tap_layer = 0;  ///< layers 1..tap_layer can also be read after layer tap_layer (paper 3.3); 0: no tap
};

/// What the netlist holds, counted in the modules themselves: the plan must say the same.
using RtlCounts = HardwareCounts;

/// Sums and registers of generated modules and what instances of handwritten ones hold by their parameters
/// (hardware/register_bits.h), in the last module of `modules` and all below it.
RtlCounts netlist_counts(const std::vector<RtlModule>& modules);

/// A fixed-weight feature extractor as Verilog, before it is printed.
struct FfeRtl {
  HardwarePlan plan;
  std::vector<int> shifts;  ///< S of each convolution
  RtlOptions options;
  std::vector<RtlModule> generated;      ///< every module before its users; the last is ffe_top
  std::vector<std::string> handwritten;  ///< names of the modules of data/rtl that they use
  RtlCounts counts;
  int channel_bits = 1;  ///< of a channel's number in a parameter address
  int conv_bits = 1;     ///< of a convolution's number there
  int address_bits = 1;  ///< of s_axil_awaddr and s_axil_araddr
  std::string weights_sha256;
  std::vector<std::string>
      weights_to_here_sha256;  ///< of each convolution and those before it; the last is the above
  std::string network_name;    ///< file name without its folder
};

/// A write to the control registers. Addresses and data as docs/rtl.md and register_map.md describe.
struct ParameterWrite {
  uint32_t address = 0, data = 0;
};

/// Builds the netlist of `plan`, which plan_hardware made of `network`. Throws Error(kUsage) for a tap that
/// is no layer before the last, logic_error where netlist and plan would differ.
FfeRtl build_ffe(const IntegerNetwork& network, const HardwarePlan& plan, const RtlOptions& options);

/// rtl/*.v: one module a file, each with a header that says what it is, of which network, at which bits.
/// Byte-identical for equal inputs.
std::vector<RtlFile> verilog_files(const FfeRtl& ffe);

/// Byte address of M (or B) of a channel, as ffe_registers.v has it.
uint32_t parameter_address(const FfeRtl& ffe, size_t conv, int channel, bool bias);

/// Where a feature extractor wants the parameters of a network, and of which networks; its manifest has it
/// too.
struct ParameterMap {
  struct Layer {
    std::string conv;
    std::string weights_to_here_sha256;
    int shift = 0;
    uint32_t address = 0;  ///< of M of channel 0; B is 4 behind, the next channel 8
    std::vector<bool>
        negated;  ///< of each channel: the adder graph gives the negated sum, M has the other sign
  };
  std::string title;  ///< package_title
  std::vector<Layer> layers;
};
ParameterMap parameter_map(const FfeRtl& ffe);

/// M and B of every channel of every convolution, in address order. Throws Error, one sentence that names the
/// convolution, when the network's frozen weights or shifts are not those of the hardware.
std::vector<ParameterWrite> parameter_writes(const ParameterMap& map, const IntegerNetwork& network);
std::vector<ParameterWrite> parameter_writes(const FfeRtl& ffe, const IntegerNetwork& network);

/// The writes as text, a line each: 8 digits of address and 8 of data, below a comment that says for what.
std::string parameter_hex(const std::vector<ParameterWrite>& writes, const std::string& what);

/// Whose parameters they are, for people and for C.
struct ParameterSource {
  std::string network;  ///< name of its file
  std::string prefix;   ///< of names in the header that are the network's own; is_c_prefix
};

/// A name that can begin an identifier of C: letters, digits and _, the first a letter.
bool is_c_prefix(std::string_view name);

/// The stem of a file name, made such a name: "fixed_07".
std::string c_prefix(const std::string& network_name);

struct ParameterFiles {
  RtlFile hex, header;  ///< parameters.hex and parameters.h
  size_t writes = 0;
  std::string digest;  ///< first 8 digits of the SHA-256 of the lines of writes
};

/// M and B of `network` as lines to write and as a C header for firmware, which also names the registers.
/// Several headers can be included together if their prefixes differ. Throws as parameter_writes.
ParameterFiles parameter_files(const ParameterMap& map, const IntegerNetwork& network,
                               const ParameterSource& source);

/// Whether a file's text begins as parameter_files writes it.
bool is_parameter_file(std::string_view text);

}  // namespace fixynn
