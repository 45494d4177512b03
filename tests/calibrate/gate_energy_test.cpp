// SPDX-License-Identifier: Apache-2.0
#include "calibrate/gate_energy.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "calibrate/small_library.h"
#include "core/error.h"
#include "core/philox.h"

namespace fixynn {
namespace {

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// y = !(a & b), z = !y.
constexpr const char* kTwoGates = R"json({"modules": {"top": {
  "ports": {"a": {"direction": "input", "bits": [2]}, "b": {"direction": "input", "bits": [3]},
            "y": {"direction": "output", "bits": [4]}, "z": {"direction": "output", "bits": [9]}},
  "cells": {"n": {"type": "NAND2", "connections": {"A": [2], "B": [3], "Y": [4]}},
            "i": {"type": "INV", "connections": {"A": [4], "Y": [9]}}}}}})json";

/// d -> flip-flop -> flip-flop, outputs inverted twice: q is d two cycles before.
constexpr const char* kShift = R"json({"modules": {"top": {
  "ports": {"clk": {"direction": "input", "bits": [2]}, "d": {"direction": "input", "bits": [3]},
            "q": {"direction": "output", "bits": [5]}},
  "cells": {"f": {"type": "DFF", "connections": {"CLK": [2], "D": [3], "QN": [4]}},
            "g": {"type": "DFF", "connections": {"CLK": [2], "D": [4], "QN": [5]}}}}}})json";

/// A flip-flop that takes the inverse of its value: q toggles every cycle.
constexpr const char* kToggle = R"json({"modules": {"top": {
  "ports": {"clk": {"direction": "input", "bits": [2]}, "d": {"direction": "input", "bits": [3]},
            "q": {"direction": "output", "bits": [4]}},
  "cells": {"f": {"type": "DFF", "connections": {"CLK": [2], "D": [4], "QN": [4]}}}}}})json";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(GateNetlist, TogglesAndEnergyAreThoseCountedByHand) {
  const LibertyLibrary library = test::small_library();
  const GateNetlist netlist = read_gate_netlist(kTwoGates, "top", library, "n.json");
  EXPECT_DOUBLE_EQ(netlist.area_um2(), 3.5);
  EXPECT_DOUBLE_EQ(netlist.leakage_nw(), 6.5);
  const GateActivity activity = simulate_gates(netlist, {{"a", {0, 1, 1, 0, 1}}, {"b", {0, 0, 1, 1, 1}}});
  EXPECT_EQ(activity.cycles, 5);
  EXPECT_THAT(activity.outputs.at("y"), ElementsAre(1, 1, 0, 1, 0));
  EXPECT_THAT(activity.outputs.at("z"), ElementsAre(0, 0, 1, 0, 1));
  const GateEnergy energy = gate_energy(netlist, activity, library.voltage_v);
  EXPECT_EQ(energy.gate_toggles, 6);
  // a: 3 toggles into 1 fF, b: 1 into 2 fF; y: 3 toggles into the inverter's 3 fF.
  EXPECT_DOUBLE_EQ(energy.input_loads_fj, 0.5 * (3 * 1 + 1 * 2));
  EXPECT_DOUBLE_EQ(energy.loads_fj, 0.5 * 3 * 3);
  // NAND2 3 fJ a toggle, INV without load 2 fJ.
  EXPECT_DOUBLE_EQ(energy.inside_cells_fj, 3 * 3 + 3 * 2);
  EXPECT_DOUBLE_EQ(energy.flip_flops_fj, 0);
  EXPECT_DOUBLE_EQ(energy.total_fj(), 2.5 + 4.5 + 15);
}

TEST(GateNetlist, LongRunsCountAcrossTheWordsOfTheSimulator) {
  const LibertyLibrary library = test::small_library();
  const GateNetlist netlist = read_gate_netlist(kTwoGates, "top", library, "n.json");
  for (const size_t cycles : {size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{128}, size_t{1000}}) {
    RandomSequence random(1, RandomStream::kSynthesise, static_cast<uint32_t>(cycles));
    std::vector<int64_t> a, b, y;
    int64_t toggles = 0;
    for (size_t t = 0; t < cycles; ++t) {
      a.push_back(random.below(2));
      b.push_back(random.below(2));
      y.push_back(1 - a[t] * b[t]);
      if (t > 0) toggles += y[t] != y[t - 1];
    }
    const GateActivity activity = simulate_gates(netlist, {{"a", a}, {"b", b}});
    EXPECT_EQ(activity.outputs.at("y"), y);
    EXPECT_EQ(gate_energy(netlist, activity, 1).gate_toggles, 2 * toggles) << cycles;
  }
}

TEST(GateNetlist, FlipFlopsDelayByACycleAndPayForTheClock) {
  const LibertyLibrary library = test::small_library();
  const GateNetlist netlist = read_gate_netlist(kShift, "top", library, "n.json");
  std::vector<int64_t> d, expected;
  for (int t = 0; t < 150; ++t) d.push_back((t * t / 3) & 1);
  const GateActivity activity = simulate_gates(netlist, {{"d", d}});
  // A stored bit is inverted on its way: the first flip-flop starts at 0, which the second turns into 1.
  expected = {0, 1};
  expected.insert(expected.end(), d.begin(), d.end() - 2);
  EXPECT_EQ(activity.outputs.at("q"), expected);
  const GateEnergy energy = gate_energy(netlist, activity, library.voltage_v);
  int64_t toggles = 0;
  for (size_t t = 1; t < 150; ++t) {
    toggles += expected[t] != expected[t - 1];
    const int64_t before = t == 1 ? 0 : 1 - d[t - 2];
    toggles += (1 - d[t - 1]) != before;
  }
  EXPECT_DOUBLE_EQ(energy.flip_flops_fj, 2 * 150 * 6.0 + static_cast<double>(toggles) * 12);
  EXPECT_EQ(energy.gate_toggles, 0);
  // A clock that the simulation sees is not paid for a second time.
  std::vector<int64_t> clock;
  for (int t = 0; t < 150; ++t) clock.push_back(t & 1);
  const GateActivity clocked = simulate_gates(netlist, {{"clk", clock}, {"d", d}});
  EXPECT_DOUBLE_EQ(gate_energy(netlist, clocked, library.voltage_v).total_fj(), energy.total_fj());
}

TEST(GateNetlist, FeedbackThroughAFlipFlopIsSimulatedCycleByCycle) {
  const LibertyLibrary library = test::small_library();
  const GateNetlist netlist = read_gate_netlist(kToggle, "top", library, "n.json");
  const GateActivity activity = simulate_gates(netlist, {{"d", std::vector<int64_t>(100, 0)}});
  for (size_t t = 0; t < 100; ++t) ASSERT_EQ(activity.outputs.at("q")[t], static_cast<int64_t>(t & 1));
}

TEST(GateNetlist, FaultsAreOneSentence) {
  const LibertyLibrary library = test::small_library();
  const auto fault = [&](const std::string& json) {
    return message_of([&] { read_gate_netlist(json, "top", library, "n.json"); });
  };
  EXPECT_THAT(fault("{"), AllOf(HasSubstr("n.json"), HasSubstr("no JSON as Yosys")));
  EXPECT_THAT(fault(R"({"modules": {}})"), HasSubstr("no module top"));
  EXPECT_THAT(fault(replaced(kTwoGates, "NAND2", "$add")), HasSubstr("the cell n is a $add"));
  EXPECT_THAT(fault(replaced(kTwoGates, "\"B\"", "\"Q\"")), HasSubstr("the cell n has no pin Q"));
  EXPECT_THAT(fault(replaced(kTwoGates, "[3]}", "[\"?\"]}")), HasSubstr("no net"));
  const auto run = [&](const std::string& json, const PortValues& inputs) {
    return message_of([&] { simulate_gates(read_gate_netlist(json, "top", library, "n.json"), inputs); });
  };
  EXPECT_THAT(run(kTwoGates, {{"c", {0}}}), HasSubstr("no input port c"));
  EXPECT_THAT(run(kTwoGates, {{"a", {0}}, {"b", {0, 1}}}), HasSubstr("was given 2 values"));
  // The inverter's output instead of b.
  EXPECT_THAT(run(replaced(kTwoGates, "\"B\": [3]", "\"B\": [9]"), {{"a", {0}}}),
              HasSubstr("combinational loop"));
}

TEST(GateEnergy, AdderBitTogglesLeaveOutBitsThatPassThrough) {
  // 1 * x0 + 2 * x1 of codes 0..3: 4 bits, the lowest one is x0's.
  AdderGraph graph;
  graph.inputs = 2;
  graph.adders = {{{0, 0, false}, {1, 1, false}}};
  graph.outputs = {{2, 0, false}};
  const std::vector<std::vector<int64_t>> inputs = {{0, 1, 1, 3}, {0, 0, 2, 3}};
  // Sums 0, 1, 5, 9: 0000, 0001, 0101, 1001; without bit 0: 0 + 1 + 2 toggles.
  EXPECT_EQ(count_adder_bit_toggles(graph, {0, 3}, inputs), 3);
}

TEST(GateEnergy, SyntheticStreamsStayInTheirInterval) {
  AdderGraphCache cache;
  const std::vector<GoldenBlock> golden = random_golden_blocks(true, cache);
  const std::vector<EnergyBlock> blocks = synthetic_energy_blocks(golden, 100);
  ASSERT_EQ(blocks.size(), golden.size());
  EXPECT_EQ(blocks.front().stimulus, "smooth");
  EXPECT_EQ(blocks.back().stimulus, "random");
  double smooth = 0, random = 0;
  for (const EnergyBlock& block : blocks) {
    ASSERT_EQ(block.inputs.size(), static_cast<size_t>(block.block.graph.inputs));
    for (const auto& stream : block.inputs) {
      for (const int64_t code : stream) {
        ASSERT_GE(code, block.block.input.min);
        ASSERT_LE(code, block.block.input.max);
      }
    }
    const double toggles =
        static_cast<double>(count_adder_bit_toggles(block.block.graph, block.block.input, block.inputs));
    const double activity = toggles / (99.0 * static_cast<double>(block.block.adder_bits));
    (block.stimulus == "smooth" ? smooth : random) = activity;
  }
  EXPECT_LT(smooth, random);
}

TEST(GateEnergy, YosysAndOsu018GiveEnergiesOfGatesThatComputeTheGraph) {
  const std::filesystem::path liberty = "/usr/share/qflow/tech/osu018/osu018_stdcells.lib";
  if (std::system("command -v yosys > /dev/null 2>&1") != 0 || !std::filesystem::exists(liberty)) {
    GTEST_SKIP() << "yosys or " << liberty << " is not there; install yosys and qflow-tech-osu018";
  }
  YosysOptions options;
  options.liberty = liberty;
  options.work = std::filesystem::path(testing::TempDir()) / "fixynn_gate_energy";
  std::filesystem::remove_all(options.work);
  const Synthesizer synthesizer(options);
  AdderGraphCache cache;
  std::vector<GoldenBlock> golden = random_golden_blocks(true, cache);
  const auto smallest = std::min_element(
      golden.begin(), golden.end(), [](const auto& a, const auto& b) { return a.adder_bits < b.adder_bits; });
  const std::vector<EnergyBlock> blocks = synthetic_energy_blocks(std::vector<GoldenBlock>{*smallest}, 200);
  const std::vector<RequantiserStimulus> requantisers = {synthetic_requantisers(40).front(),
                                                         synthetic_requantisers(40).back()};
  ASSERT_EQ(requantisers.front().block.channels, 1);
  ASSERT_GT(requantisers.back().block.channels, 1);
  const EnergyFit fit = calibrate_energy(synthesizer, blocks, requantisers, 2);
  // 0.18 um at 1.8 V: a gate's transition takes some tens of fJ.
  ASSERT_TRUE(fit.gates && fit.full_adders);
  EXPECT_GT(fit.gates->energy_fj, 50);
  EXPECT_LT(fit.gates->energy_fj, 1000);
  EXPECT_GT(fit.gates->gate_toggles, 2);
  EXPECT_LT(fit.gates->gate_toggles, 6);
  EXPECT_LT(fit.full_adders->gate_toggles, fit.gates->gate_toggles);
  EXPECT_NEAR(fit.blocks[0].error_percent, 0, 1e-9);
  for (const char* key : {"adder_bit_toggle_energy_fj", "register_bit_clock_energy_fj",
                          "register_bit_toggle_energy_fj", "requantiser_product_bit_energy_fj",
                          "shared_requantiser_product_bit_energy_fj", "leakage_nw_per_um2"}) {
    ASSERT_TRUE(fit.figures.contains(key)) << key;
    EXPECT_GT(*fit.figures.at(key).value, 0) << key;
  }
  // Each figure is of its own kind of requantiser; one that is shared sees other channels' codes every clock.
  EXPECT_DOUBLE_EQ(*fit.figures.at("requantiser_product_bit_energy_fj").value,
                   fit.requantisers.front().product_bit_energy_fj);
  EXPECT_DOUBLE_EQ(*fit.figures.at("shared_requantiser_product_bit_energy_fj").value,
                   fit.requantisers.back().product_bit_energy_fj);
  EXPECT_GT(fit.requantisers.back().product_bit_energy_fj, fit.requantisers.front().product_bit_energy_fj);
  EXPECT_THAT(energy_fit_text(fit), HasSubstr("full adders"));

  std::vector<EnergyBlock> wrong = blocks;
  wrong[0].inputs[0][100] = 999;  // more bits than the port has
  EXPECT_THAT(message_of([&] { calibrate_energy(synthesizer, wrong, {}, 1); }),
              HasSubstr("differs from the adder graph"));
}

}  // namespace
}  // namespace fixynn
