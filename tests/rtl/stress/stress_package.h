// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "core/files.h"
#include "rtl/testbench.h"
#include "stress_network.h"

namespace fixynn::stress {

inline void replace_once(std::string& text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error("the test bench has no " + what);
  text.replace(at, what.size(), with);
}

/// Beside the pixels of every convolution: when frames begin and with which parameters, and CONTROL, as the
/// design itself sees them.
inline std::string add_ports(std::string wrapper) {
  replace_once(wrapper, "\n);\n  ffe_top dut",
               ",\n  output wire frame_started,\n  output wire frame_commits,\n  output wire main_off,\n"
               "  output wire tap_on,\n  output wire commit_pending\n);\n  ffe_top dut");
  replace_once(wrapper, "endmodule",
               "  assign frame_started = dut.input_stage.frame_started;\n"
               "  assign frame_commits = dut.input_stage.commit;\n"
               "  assign main_off = dut.registers.main_off;\n"
               "  assign tap_on = dut.registers.tap_on;\n"
               "  assign commit_pending = dut.registers.commit_pending;\nendmodule");
  return wrapper;
}

/// Verilator's arguments with the stress bench in place of the usual one, and the program's libraries.
inline std::string stress_arguments(std::string arguments) {
  const std::string source = FIXYNN_SOURCE_DIR, binary = FIXYNN_BINARY_DIR;
  std::string libraries;
  for (const char* name : {"rtl", "hardware", "integer", "model", "quant", "core"})
    libraries += " " + binary + "/libfixynn_" + name + ".a";
  const std::string tests = source + "/tests/rtl";
  replace_once(arguments, "tb/main.cpp\n",
               tests + "/stress/main.cpp\n-CFLAGS \"-I" + source + "/src -I" + tests + " -I" + tests +
                   "/stress -I../tb\"\n-LDFLAGS \"" + libraries + " -lfmt -lcrypto -lpthread\"\n");
  return arguments;
}

/// The Verilog of make_stress_network(seed) with its bench.
inline void write_stress_package(const std::filesystem::path& folder, uint64_t seed) {
  const test::RandomFfe random = make_stress_network(seed);
  const FfeRtl ffe = build_ffe(random.network, random.plan, {.tap_layer = random.tap_layer});
  std::vector<RtlFile> files = verilog_files(ffe);
  for (RtlFile& file : testbench_files(ffe)) {
    if (file.path == "tb/ffe_tb.v") file.text = add_ports(file.text);
    if (file.path == "tb/verilator.f") file.text = stress_arguments(file.text);
    files.push_back(std::move(file));
  }
  for (const RtlFile& file : files) {
    std::filesystem::create_directories((folder / file.path).parent_path());
    write_file_atomic(folder / file.path, file.text, false);
  }
}

/// Builds build/Vffe_tb in a folder of write_stress_package.
constexpr const char* kBuildStress =
    "verilator -f tb/verilator.f && make -C build -f Vffe_tb.mk OPT_FAST=-O1 OPT_SLOW=-O0 Vffe_tb";

}  // namespace fixynn::stress
