// SPDX-License-Identifier: Apache-2.0
#include "rtl/package.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "core/error.h"
#include "random_network.h"

namespace fixynn {
namespace {

using test::random_ffe;
using test::RandomFfe;
using testing::HasSubstr;

FfeRtl build(const RandomFfe& random) {
  return build_ffe(random.network, random.plan, {random.tap_layer});
}

/// What tools say to the files of seeds `first` .. `last`; empty: nothing.
class Lint {
 public:
  explicit Lint(const char* program) : program_(program) {}
  bool available() const {
    return std::system((program_ + " -V > /dev/null 2>&1").c_str()) == 0;  // NOLINT: the test's own names
  }

  std::string run(uint64_t seed, const std::string& arguments) const {
    const std::filesystem::path folder =
        std::filesystem::path(testing::TempDir()) / fmt::format("fixynn_package_{}_{}", program_, seed);
    std::filesystem::create_directories(folder / "rtl");
    for (const RtlFile& file : verilog_files(build(random_ffe(seed)))) {
      std::ofstream(folder / file.path) << file.text;
    }
    const std::string command =
        fmt::format("cd '{}' && {} {} > log.txt 2>&1", folder.string(), program_, arguments);
    const int status = std::system(command.c_str());  // NOLINT: the test's own names
    std::ifstream log(folder / "log.txt");
    std::ostringstream text;
    text << log.rdbuf();
    if (status != 0) text << "\nstatus " << status;
    std::filesystem::remove_all(folder);
    return text.str();
  }

 private:
  std::string program_;
};

constexpr uint64_t kSeeds = 24;

TEST(RtlPackage, VerilatorHasNoObjections) {
  const Lint lint("verilator");
  if (!lint.available()) GTEST_SKIP() << "Verilator is not installed (Debian: apt install verilator)";
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    ASSERT_EQ(lint.run(seed, "--lint-only -Wall --top-module ffe_top rtl/*.v"), "") << "seed " << seed;
  }
}

TEST(RtlPackage, IcarusHasNoObjections) {
  const Lint lint("iverilog");
  if (!lint.available()) GTEST_SKIP() << "Icarus Verilog is not installed (Debian: apt install iverilog)";
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    ASSERT_EQ(lint.run(seed, "-g2005 -Wall -Wno-timescale -t null -s ffe_top rtl/*.v"), "")
        << "seed " << seed;
  }
}

TEST(RtlPackage, YosysHasNoObjections) {
  const Lint lint("yosys");
  if (!lint.available()) GTEST_SKIP() << "Yosys is not installed (Debian: apt install yosys)";
  for (uint64_t seed = 1; seed <= kSeeds; seed += 3) {
    const std::string script = "read_verilog rtl/*.v; hierarchy -check -top ffe_top; proc; check -assert";
    ASSERT_EQ(lint.run(seed, "-q -e . -p '" + script + "'"), "") << "seed " << seed;
  }
}

TEST(RtlPackage, HoldsWhatThePlanSays) {
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    const RandomFfe random = random_ffe(seed);
    FfeRtl ffe;
    ASSERT_NO_THROW(ffe = build(random)) << "seed " << seed;
    EXPECT_EQ(ffe.counts, hardware_counts(random.plan, random.tap_layer)) << "seed " << seed;
    EXPECT_EQ(ffe.counts, netlist_counts(ffe.generated)) << "seed " << seed;
    int64_t adders = 0;
    for (const ConvPlan& conv : random.plan.convs) adders += conv.adders;
    EXPECT_EQ(ffe.counts.adders, adders);
  }
}

TEST(RtlPackage, APlanThatDiffersIsAFault) {
  RandomFfe random = random_ffe(2);
  ++random.plan.convs[0].pipeline_register_bits;
  EXPECT_THROW((void)build(random), std::logic_error);
}

TEST(RtlPackage, OneModuleAFileAndReadableLines) {
  const FfeRtl ffe = build(random_ffe(13));
  std::set<std::string> paths;
  for (const RtlFile& file : verilog_files(ffe)) {
    EXPECT_TRUE(paths.insert(file.path).second) << file.path;
    const std::string name = std::filesystem::path(file.path).stem().string();
    EXPECT_THAT(file.text, HasSubstr("\nmodule " + name + " "));
    EXPECT_EQ(file.text.find("\nmodule "), file.text.rfind("\nmodule ")) << file.path;
    std::istringstream lines(file.text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), kVerilogColumns + 4) << line;
  }
  EXPECT_EQ(ffe.generated.back().name, "ffe_top");
}

TEST(RtlPackage, GeneratedModulesSayWhereTheyComeFrom) {
  const FfeRtl ffe = build(random_ffe(13));
  for (const RtlModule& module : ffe.generated) {
    const std::string text = print_module(module);
    EXPECT_THAT(text, HasSubstr("Network random network 13, 4 of its layers"));
    EXPECT_THAT(text, HasSubstr(ffe.weights_sha256.substr(0, 16)));
    EXPECT_THAT(text, HasSubstr("fixynn-rtl"));
  }
}

TEST(RtlPackage, EqualInputsGiveEqualBytes) {
  const std::vector<RtlFile> one = verilog_files(build(random_ffe(17))),
                             two = verilog_files(build(random_ffe(17)));
  ASSERT_EQ(one.size(), two.size());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].path, two[i].path);
    EXPECT_EQ(one[i].text, two[i].text);
  }
}

TEST(RtlPackage, FewerLayersThanTheNetworkHas) {
  RandomFfe random = random_ffe(13);
  const HardwareDesign design{random.network.network, random.network.quant, random.network.frozen, "part",
                              false};
  AdderGraphCache cache;
  random.plan = plan_hardware(design, 2, {}, cache, 1);
  random.tap_layer = 1;
  const FfeRtl ffe = build(random);
  EXPECT_EQ(ffe.plan.convs.size(), 3u);
  EXPECT_NE(ffe.weights_sha256, random.network.frozen_weights_sha256);
  EXPECT_FALSE(parameter_writes(ffe, random.network).empty());
}

template <typename Body>
std::string error_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(RtlPackage, RefusesTapsThatAreNone) {
  const RandomFfe random = random_ffe(13);
  for (const int tap : {-1, 4, 9}) {
    EXPECT_THAT(error_of([&] { (void)build_ffe(random.network, random.plan, {tap}); }),
                HasSubstr("give 1..3"));
  }
}

TEST(RtlPackage, RefusesWeightsThatAreNotThePlans) {
  RandomFfe random = random_ffe(13);
  int8_t& code = random.network.convs[2].weights.codes[1];
  code = static_cast<int8_t>(code == 1 ? 0 : 1);
  EXPECT_THAT(error_of([&] { (void)build(random); }), HasSubstr("l01_pointwise"));
}

TEST(ParameterWrites, EveryChannelInAddressOrderWithItsSign) {
  const RandomFfe random = random_ffe(13);
  const FfeRtl ffe = build(random);
  const std::vector<ParameterWrite> writes = parameter_writes(ffe, random.network);
  size_t at = 0;
  bool some_negated = false;
  for (size_t i = 0; i < random.plan.convs.size(); ++i) {
    int channel = 0;
    for (const auto& graph : random.plan.convs[i].graphs) {
      for (const AdderOutput& output : graph->outputs) {
        const Requantizer& r = random.network.convs[i].requantizers[static_cast<size_t>(channel)];
        const uint32_t address = (1U << (ffe.conv_bits + ffe.channel_bits + 3)) |
                                 static_cast<uint32_t>(i) << (ffe.channel_bits + 3) |
                                 static_cast<uint32_t>(channel) << 3;
        ASSERT_LT(at + 1, writes.size());
        EXPECT_EQ(writes[at].address, address);
        EXPECT_EQ(static_cast<int32_t>(writes[at].data), output.negated ? -r.multiplier : r.multiplier);
        EXPECT_EQ(writes[at + 1].address, address + 4);
        EXPECT_EQ(static_cast<int32_t>(writes[at + 1].data), r.bias);
        some_negated = some_negated || output.negated;
        at += 2;
        ++channel;
      }
    }
  }
  EXPECT_EQ(at, writes.size());
  EXPECT_TRUE(some_negated);
  EXPECT_LT(writes.back().address, 1U << ffe.address_bits);
}

TEST(ParameterWrites, RefuseOtherHardwareAndMWithoutNegative) {
  const RandomFfe random = random_ffe(13);
  const FfeRtl ffe = build(random);
  EXPECT_THAT(error_of([&] { (void)parameter_writes(ffe, random_ffe(14).network); }),
              HasSubstr("frozen weights"));
  IntegerNetwork shifted = random.network;
  ++shifted.convs[1].shift;
  EXPECT_THAT(error_of([&] { (void)parameter_writes(ffe, shifted); }), HasSubstr("l01_depthwise"));
  IntegerNetwork smallest = random.network;
  for (IntegerConv& conv : smallest.convs) {
    for (Requantizer& channel : conv.requantizers) channel.multiplier = -32768;
  }
  EXPECT_THAT(error_of([&] { (void)parameter_writes(ffe, smallest); }), HasSubstr("no negative in 16 bits"));
}

}  // namespace
}  // namespace fixynn
