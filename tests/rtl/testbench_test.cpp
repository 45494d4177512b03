// SPDX-License-Identifier: Apache-2.0
#include "rtl/testbench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <thread>

#include "core/child_process.h"
#include "core/error.h"
#include "core/files.h"
#include "integer/executor.h"
#include "package_fixture.h"

namespace fixynn {
namespace {

using testing::HasSubstr;

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(BenchOutput, LastLineAndFirstFault) {
  const auto result = parse_bench_output(
      "MISMATCH a frame 0\nERROR b\nRESULT fail frames=4 values=12 mismatches=2 cycles=90 first_output=7 "
      "interval=16\n");
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->pass);
  EXPECT_EQ(result->frames, 4);
  EXPECT_EQ(result->values, 12);
  EXPECT_EQ(result->mismatches, 2);
  EXPECT_EQ(result->cycles, 90);
  EXPECT_EQ(result->first_output, 7);
  EXPECT_EQ(result->interval, 16);
  EXPECT_EQ(result->first_fault, "MISMATCH a frame 0");
  EXPECT_TRUE(parse_bench_output("RESULT pass frames=1\n")->pass);
  EXPECT_FALSE(parse_bench_output("Segmentation fault\n"));
  EXPECT_FALSE(parse_bench_output("RESULT perhaps\n"));
}

TEST(OtherBatchNorm, EveryParameterDiffersAndCodesSpread) {
  const test::RandomFfe random = test::random_ffe(7);
  const IntegerNetwork other = with_other_batch_norm(random.network);
  const IntegerResult result = IntegerExecutor(other).run(random.images[0]);
  for (size_t i = 0; i < other.convs.size(); ++i) {
    for (size_t c = 0; c < other.convs[i].requantizers.size(); ++c) {
      EXPECT_NE(other.convs[i].requantizers[c].multiplier,
                random.network.convs[i].requantizers[c].multiplier);
      EXPECT_NE(other.convs[i].requantizers[c].bias, random.network.convs[i].requantizers[c].bias);
    }
    const std::set<uint8_t> codes(result.codes[i].begin(), result.codes[i].end());
    EXPECT_GT(codes.size(), 1u) << other.convs[i].conv.name;
  }
}

/// Pixels of a vector file: one a line, channel 0 in the lowest bits.
TEST(Vectors, HoldTheExecutorsCodes) {
  const test::RandomFfe random = test::random_ffe(11, {.layers = 2});
  const FfeRtl ffe = build_ffe(random.network, random.plan, {});
  const IntegerResult result = IntegerExecutor(random.network).run(random.images[1]);
  for (const RtlFile& file : vector_files(ffe, random.network, random.images)) {
    const IntegerConv& conv = random.network.convs[1];
    if (file.path != "vectors/" + conv.conv.name + ".hex") continue;
    std::istringstream lines(file.text);
    std::vector<std::string> pixels;
    for (std::string line; std::getline(lines, line);) pixels.push_back(line);
    const size_t frame = static_cast<size_t>(conv.conv.out_size * conv.conv.out_size);
    ASSERT_EQ(pixels.size(), frame * (random.images.size() + 1));
    const size_t channels = static_cast<size_t>(conv.conv.out_channels);
    const auto bits = static_cast<size_t>(conv.quant.activation_bits);
    for (size_t i = 0; i < result.codes[1].size(); ++i) {
      const std::string& line = pixels[frame + i / channels];
      ASSERT_EQ(line.size(), (channels * bits + 3) / 4);
      uint32_t code = 0;
      for (size_t b = 0; b < bits; ++b) {
        const size_t at = i % channels * bits + b;
        const uint32_t digit =
            static_cast<uint32_t>(std::stoi(std::string(1, line[line.size() - 1 - at / 4]), nullptr, 16));
        code |= (digit >> at % 4 & 1u) << b;
      }
      ASSERT_EQ(code, result.codes[1][i]);
    }
    return;
  }
  FAIL() << "no vectors of the second convolution";
}

TEST(RunSimulation, SaysWhatIsNotInstalled) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  const std::filesystem::path folder = test::test_folder();
  const std::string verilator = message_of([&] { run_simulation(folder, Simulator::kVerilator); });
  const std::string icarus = message_of([&] { run_simulation(folder, Simulator::kIcarus); });
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(verilator,
            "verilator is not installed (Debian: apt install verilator); or use --simulator icarus");
  EXPECT_EQ(icarus, "iverilog is not installed (Debian: apt install iverilog); or use --simulator verilator");
}

/// A simulator alone is not enough.
TEST(RunSimulation, SaysWhatTheSimulatorNeeds) {
  const std::string path = std::getenv("PATH");
  const std::filesystem::path folder = test::test_folder();
  const auto add = [&](const char* name) {
    std::ofstream(folder / name) << "#!/bin/sh\n";
    std::filesystem::permissions(folder / name, std::filesystem::perms::owner_all);
  };
  setenv("PATH", folder.c_str(), 1);
  add("iverilog");
  add("verilator");
  const std::string vvp = what_simulator_lacks(Simulator::kIcarus);
  const std::string make = what_simulator_lacks(Simulator::kVerilator);
  add("vvp");
  add("make");
  const std::string icarus = what_simulator_lacks(Simulator::kIcarus);
  const std::string compiler = what_simulator_lacks(Simulator::kVerilator);
  add("clang++");
  const std::string verilator = what_simulator_lacks(Simulator::kVerilator);
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(vvp,
            "vvp, which Icarus Verilog needs, is not installed (Debian: apt install iverilog); or use "
            "--simulator verilator");
  EXPECT_THAT(make, HasSubstr("make, which Verilator needs, is not installed (Debian: apt install make)"));
  EXPECT_THAT(compiler, HasSubstr("g++, which Verilator needs, is not installed (Debian: apt install g++)"));
  EXPECT_EQ(icarus + verilator, "");
}

/// Programs with the simulators' names that do what a test wants.
class FakeSimulator : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test::test_folder();
    path_ = std::getenv("PATH");
    setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
    tool("iverilog", "echo 'Icarus 99'");
  }
  void TearDown() override { setenv("PATH", path_.c_str(), 1); }

  void tool(const std::string& name, const std::string& script) {
    std::ofstream(folder_ / name) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
  }
  std::string message(const SimulationOptions& options = {}) {
    return message_of([&] { run_simulation(folder_, Simulator::kIcarus, options); });
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(FakeSimulator, ReportIsThatOfBothPasses) {
  tool("vvp", "echo RESULT pass frames=3 values=10 mismatches=0 cycles=$# first_output=5 interval=6");
  const VerifyReport report = run_simulation(folder_, Simulator::kIcarus);
  EXPECT_EQ(report.simulator_version, "Icarus 99");
  EXPECT_EQ(report.images, 2);
  EXPECT_EQ(report.frames, 3);
  EXPECT_EQ(report.values_compared, 20);
  EXPECT_EQ(report.mismatches, 0);
  EXPECT_EQ(report.cycles, 2) << "two arguments: the pass without gaps";
  EXPECT_EQ(report.first_output_cycles, 5);
  EXPECT_EQ(report.frame_interval_cycles, 6);
}

TEST_F(FakeSimulator, ADesignThatHangsHasAMismatch) {
  tool("vvp", "echo ERROR no progress; echo RESULT fail frames=3 values=0 mismatches=0");
  const VerifyReport report = run_simulation(folder_, Simulator::kIcarus);
  EXPECT_EQ(report.mismatches, 2);
  EXPECT_FALSE(report.frame_interval_cycles);
  EXPECT_EQ(report.first_mismatch, "ERROR no progress");
}

TEST_F(FakeSimulator, FailuresAreNamed) {
  tool("iverilog", "echo syntax error; test \"$1\" = -V");
  EXPECT_THAT(message(), HasSubstr("Icarus Verilog failed with status 1; its log"));
  EXPECT_THAT(message(), HasSubstr("ends with: syntax error"));
  tool("iverilog", "true");
  tool("vvp", "echo bad; kill -9 $$");
  EXPECT_THAT(message(), HasSubstr("the simulation ended with signal 9 and without a result"));
}

TEST_F(FakeSimulator, TimeLimitAndStopEndEverything) {
  tool("vvp", "sleep 1000 & echo $! > child; wait");
  EXPECT_THAT(message({.time_limit_s = 0.3}), HasSubstr("the simulation took longer than 0.3s"));
  int asked = 0;
  EXPECT_EQ(message({.stop = [&] { return ++asked > 20; }}), "the simulation was stopped");
  std::string child = read_text_file(folder_ / "child");
  child.pop_back();
  // One that nobody has asked about yet has no command line any more.
  std::string words;
  for (int i = 0; i < 100; ++i) {
    words.clear();
    std::getline(std::ifstream("/proc/" + child + "/cmdline"), words);
    if (words.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(words, "") << "the simulator's child lives on";
}

}  // namespace
}  // namespace fixynn
