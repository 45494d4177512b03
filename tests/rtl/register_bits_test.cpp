// SPDX-License-Identifier: Apache-2.0
#include "hardware/register_bits.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "rtl/layer_verilog.h"

namespace fixynn {
namespace {

bool has_yosys() {
  return std::system("yosys -V > /dev/null 2>&1") == 0;  // NOLINT: no user input
}

struct FoundBits {
  int64_t registers = 0, memory = 0;
};

/// Flip-flops and memory bits of the module with these parameters as Yosys elaborates it, nothing optimised.
FoundBits found_bits(const std::string& module, const std::string& parameters) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) /
      (std::string("fixynn_bits_") + testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::create_directories(folder);
  std::ofstream source(folder / "all.v");
  for (const char* name : {"ffe_row_memory", "ffe_line_buffer", "ffe_window", "ffe_accumulator_fifo",
                           "ffe_requantiser", "ffe_output", "ffe_input", "ffe_gate", "ffe_registers"}) {
    source << built_in_rtl(name);
  }
  source.close();
  std::istringstream words(parameters);
  std::string chparam, name, value;
  while (words >> name >> value) chparam += fmt::format(" -chparam {} {}", name, value);
  const std::string command = fmt::format(
      "cd '{}' && yosys -q -p 'read_verilog all.v; hierarchy -top {}{}; proc; flatten; opt_clean; tee -o "
      "stat.txt stat "
      "-width' > yosys.log 2>&1",
      folder.string(), module, chparam);
  EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT: the test's own names
  std::ifstream stat(folder / "stat.txt");
  FoundBits found;
  for (std::string line; std::getline(stat, line);) {
    std::istringstream fields(line);
    std::string first;
    fields >> first;
    if (first.starts_with("$dff_")) {
      int64_t count = 0;
      fields >> count;
      found.registers += count * std::stoll(first.substr(5));
    }
    const std::string kMemory = "Number of memory bits:";
    const size_t at = line.find(kMemory);
    if (at != std::string::npos) found.memory += std::stoll(line.substr(at + kMemory.size()));
  }
  std::filesystem::remove_all(folder);
  return found;
}

#define FIXYNN_NEEDS_YOSYS() \
  if (!has_yosys()) GTEST_SKIP() << "Yosys is not installed (Debian: apt install yosys)"

TEST(RegisterBits, LineBuffer) {
  FIXYNN_NEEDS_YOSYS();
  struct Case {
    int size, channels, bits, stride, pad;
    int64_t pace, delay;
  };
  for (const Case& c : {Case{8, 3, 8, 2, 0, 1, 1}, Case{9, 2, 5, 2, 1, 3, 20}, Case{2, 4, 3, 1, 1, 4, 4},
                        Case{1, 3, 2, 2, 1, 5, 5}, Case{17, 1, 8, 1, 1, 2, 33}}) {
    const FoundBits found =
        found_bits("ffe_line_buffer",
                   fmt::format("SIZE {} CHANNELS {} BITS {} STRIDE {} PAD_BEFORE {} PACE {} FLUSH_DELAY {}",
                               c.size, c.channels, c.bits, c.stride, c.pad, c.pace, c.delay));
    const int64_t pixel = int64_t{1} * c.channels * c.bits;
    const int64_t read_registers = c.size == 1 ? 0 : 2 * pixel;
    EXPECT_EQ(found.registers - read_registers, pixel + line_buffer_control_bits(c.size, c.pace, c.delay))
        << c.size;
    EXPECT_EQ(found.memory, c.size == 1 ? 0 : 2 * c.size * pixel) << c.size;
  }
}

TEST(RegisterBits, Window) {
  FIXYNN_NEEDS_YOSYS();
  EXPECT_EQ(found_bits("ffe_window", "CHANNELS 5 BITS 7").registers, 9 * 5 * 7);
}

TEST(RegisterBits, AccumulatorFifo) {
  FIXYNN_NEEDS_YOSYS();
  for (const auto& [depth, interval] : {std::pair{2, 2}, {7, 4}, {8, 32}, {57, 5}}) {
    const FoundBits found =
        found_bits("ffe_accumulator_fifo", fmt::format("WIDTH 21 DEPTH {} INTERVAL {}", depth, interval));
    EXPECT_EQ(found.registers - 21, accumulator_fifo_bits(depth, interval)) << depth;
    EXPECT_EQ(found.memory, depth * 21) << depth;
  }
}

TEST(RegisterBits, Requantiser) {
  FIXYNN_NEEDS_YOSYS();
  for (const int channels : {1, 2, 7}) {
    const RequantiserBits bits = requantiser_bits(channels, 5);
    EXPECT_EQ(found_bits("ffe_requantiser", fmt::format("CHANNELS {} OUT_BITS 5", channels)).registers,
              bits.parameters + bits.codes + bits.control)
        << channels;
  }
}

TEST(RegisterBits, Output) {
  FIXYNN_NEEDS_YOSYS();
  for (const auto& [size, depth] : {std::pair{1, 6}, {2, 16}, {13, 22}}) {
    const FoundBits found =
        found_bits("ffe_output", fmt::format("SIZE {} WIDTH 30 DEPTH {} MARGIN {}", size, depth, depth / 2));
    EXPECT_EQ(found.registers - 30, output_bits(size, depth)) << size;
    EXPECT_EQ(found.memory, 30 * depth) << size;
  }
}

TEST(RegisterBits, Input) {
  FIXYNN_NEEDS_YOSYS();
  for (const int size : {1, 2, 7, 224}) {
    EXPECT_EQ(found_bits("ffe_input", fmt::format("SIZE {}", size)).registers, input_bits(size)) << size;
  }
}

TEST(RegisterBits, Gate) {
  FIXYNN_NEEDS_YOSYS();
  for (const int pixels : {1, 4, 100}) {
    EXPECT_EQ(found_bits("ffe_gate", fmt::format("PIXELS {}", pixels)).registers, gate_bits(pixels))
        << pixels;
  }
}

TEST(RegisterBits, ControlRegisters) {
  FIXYNN_NEEDS_YOSYS();
  for (const bool tap : {false, true}) {
    EXPECT_EQ(
        found_bits("ffe_registers", fmt::format("CONVS 5 CONV_BITS 3 CHANNEL_BITS 4 TAP {}", tap ? 2 : 0))
            .registers,
        control_register_bits(5, 3, 4, tap));
  }
}

}  // namespace
}  // namespace fixynn
