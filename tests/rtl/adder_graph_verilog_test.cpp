// SPDX-License-Identifier: Apache-2.0
#include "rtl/adder_graph_verilog.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/philox.h"
#include "hardware/optimise_adders.h"
#include "simulation.h"

namespace fixynn {
namespace {

ConstantMatrix random_matrix(int inputs, int outputs, int largest, uint32_t number) {
  RandomSequence random(1, RandomStream::kSynthesise, number);
  ConstantMatrix matrix{.inputs = inputs, .outputs = outputs, .weights = {}};
  for (int i = 0; i < inputs * outputs; ++i) {
    const int weight = static_cast<int>(random.below(static_cast<uint32_t>(2 * largest + 1))) - largest;
    matrix.weights.push_back(random.below(4) == 0 ? 0 : weight);
  }
  return matrix;
}

/// Ends of the interval first, then random codes.
std::vector<int64_t> stimulus(int inputs, Interval interval, uint32_t vector) {
  RandomSequence random(2, RandomStream::kSynthesise, vector);
  std::vector<int64_t> values;
  for (int i = 0; i < inputs; ++i) {
    const auto span = static_cast<uint32_t>(interval.max - interval.min + 1);
    values.push_back(vector == 0 ? interval.max
                                 : (vector == 1 ? interval.min : interval.min + random.below(span)));
  }
  return values;
}

struct GraphCase {
  AdderGraph graph;
  Interval interval;
  std::vector<NodeFacts> facts;
};

/// Prints all outputs of a module "graph" after each of `vectors` inputs; with `stages`, after its registers.
std::string bench(const GraphCase& c, uint32_t vectors, int stages) {
  std::string declarations, ports, display, arguments, body;
  for (int i = 0; i < c.graph.inputs; ++i) {
    declarations += fmt::format("  reg [{}:0] x{};\n", c.facts[static_cast<size_t>(i)].width - 1, i);
    ports += fmt::format(", .x{0}(x{0})", i);
  }
  const std::vector<GraphPort> outputs = graph_outputs(c.graph, c.facts);
  for (size_t o = 0; o < outputs.size(); ++o) {
    declarations +=
        fmt::format("  wire {}[{}:0] y{};\n", outputs[o].is_signed ? "signed " : "", outputs[o].width - 1, o);
    ports += fmt::format(", .y{0}(y{0})", o);
    display += "%0d ";
    arguments += fmt::format(", y{}", o);
  }
  if (stages > 0) {
    declarations += fmt::format("  reg clk = 0;\n  reg [{}:0] enable = 0;\n", stages - 1);
    ports += ", .clk(clk), .enable(enable)";
  }
  for (uint32_t v = 0; v < vectors; ++v) {
    const std::vector<int64_t> values = stimulus(c.graph.inputs, c.interval, v);
    for (size_t i = 0; i < values.size(); ++i) body += fmt::format("    x{} = {};\n", i, values[i]);
    // One stage after the other, so that a register without its enable shows.
    for (int s = 0; s < stages; ++s)
      body += fmt::format("    enable = 1 << {}; #1 clk = 1; #1 clk = 0;\n", s);
    body += fmt::format("    #1 $display(\"{}\"{});\n", display, arguments);
  }
  return "module bench;\n" + declarations + "  graph dut (" + ports.substr(2) + ");\n  initial begin\n" +
         body + "    $finish;\n  end\nendmodule\n";
}

void expect_same(const GraphCase& c, const PipelinePlan* pipeline) {
  constexpr uint32_t kVectors = 12;
  const std::string verilog =
      print_module(adder_graph_module(c.graph, c.facts, pipeline, "graph", {"test"})) +
      bench(c, kVectors, pipeline == nullptr ? 0 : pipeline->stages);
  const std::vector<int64_t> printed = simulate(verilog);
  std::vector<int64_t> expected, nodes(c.facts.size());
  for (uint32_t v = 0; v < kVectors; ++v) {
    evaluate_nodes(c.graph, stimulus(c.graph.inputs, c.interval, v), nodes);
    for (AdderOutput output : c.graph.outputs) {
      output.negated = false;  // M takes the sign
      expected.push_back(output_value(output, nodes));
    }
  }
  EXPECT_EQ(printed, expected);
}

GraphCase optimised(int inputs, int outputs, int largest, Interval interval, uint32_t number) {
  GraphCase c{optimise_adders(random_matrix(inputs, outputs, largest, number), interval, Sharing::kFull),
              interval,
              {}};
  c.facts = node_facts(c.graph, interval);
  return c;
}

TEST(AdderGraphVerilog, ComputesWhatTheGraphComputes) {
  FIXYNN_NEEDS_ICARUS();
  expect_same(optimised(5, 4, 127, {0, 255}, 1), nullptr);
}

TEST(AdderGraphVerilog, SignedInputs) {
  FIXYNN_NEEDS_ICARUS();
  expect_same(optimised(6, 3, 127, {-128, 127}, 2), nullptr);
}

TEST(AdderGraphVerilog, FewBits) {
  FIXYNN_NEEDS_ICARUS();
  expect_same(optimised(9, 8, 1, {0, 3}, 3), nullptr);
}

TEST(AdderGraphVerilog, WithPipelineRegisters) {
  FIXYNN_NEEDS_ICARUS();
  const GraphCase c = optimised(8, 6, 31, {0, 63}, 4);
  for (const int levels : {1, 3}) {
    const PipelinePlan pipeline = plan_pipeline(c.graph, c.facts, levels);
    expect_same(c, &pipeline);
  }
}

TEST(AdderGraphVerilog, LongerPipelineThanTheGraphNeeds) {
  FIXYNN_NEEDS_ICARUS();
  const GraphCase c = optimised(3, 1, 7, {0, 15}, 5);
  const PipelinePlan pipeline = plan_pipeline(c.graph, c.facts, 2, 5);
  EXPECT_EQ(pipeline.stages, 5);
  expect_same(c, &pipeline);
}

/// Every form of a two-term sum: which is shifted, which is subtracted, signed or not.
TEST(AdderGraphVerilog, EveryFormOfASum) {
  FIXYNN_NEEDS_ICARUS();
  for (const Interval interval : {Interval{0, 15}, Interval{-8, 7}}) {
    GraphCase c{{.inputs = 2, .adders = {}, .outputs = {}}, interval, {}};
    for (const int shift : {0, 1, 3, 6}) {
      for (const int negative : {0, 1, 2}) {
        for (const bool first : {false, true}) {
          c.graph.adders.push_back(
              {{0, first ? shift : 0, negative == 1}, {1, first ? 0 : shift, negative == 2}});
          c.graph.outputs.push_back({2 + static_cast<int32_t>(c.graph.adders.size()) - 1, shift, false});
        }
      }
    }
    c.graph.outputs.push_back({});
    c.graph.outputs.push_back({1, 2, true});
    c.facts = node_facts(c.graph, interval);
    expect_same(c, nullptr);
  }
}

/// Two graphs side by side in one module, which read every other input.
TEST(AdderGraphVerilog, MergedWithPackedPorts) {
  FIXYNN_NEEDS_ICARUS();
  const GraphCase cases[] = {optimised(3, 2, 31, {0, 15}, 8), optimised(3, 3, 31, {0, 15}, 9)};
  PipelinePlan pipelines[2];
  std::vector<GraphPart> parts;
  for (int g = 0; g < 2; ++g) {
    pipelines[g] = plan_pipeline(cases[g].graph, cases[g].facts, 1, 6);
    ASSERT_EQ(pipelines[g].stages, 6);
    parts.push_back({&cases[g].graph, cases[g].facts, &pipelines[g], {g, 2 + g, 4 + g}});
  }
  const MergedGraph merged = merge_graphs(6, parts);
  constexpr int kSumBits = 14, kInputs = 6, kSums = 5;
  std::string body;
  std::vector<int64_t> expected, nodes(16);
  for (uint32_t v = 0; v < 6; ++v) {
    const std::vector<int64_t> values = stimulus(kInputs, {0, 15}, v);
    for (size_t i = 0; i < values.size(); ++i) body += fmt::format("    x[{}+:4] = {};\n", 4 * i, values[i]);
    for (int s = 0; s < 6; ++s) body += fmt::format("    enable = 1 << {}; #1 clk = 1; #1 clk = 0;\n", s);
    for (int o = 0; o < kSums; ++o) {
      body += fmt::format("    $display(\"%0d\", $signed(sums[{}+:{}]));\n", o * kSumBits, kSumBits);
    }
    for (size_t g = 0; g < 2; ++g) {
      const std::vector<int64_t> own = {values[g], values[2 + g], values[4 + g]};
      nodes.resize(cases[g].facts.size());
      evaluate_nodes(cases[g].graph, own, nodes);
      for (AdderOutput output : cases[g].graph.outputs) {
        output.negated = false;
        expected.push_back(output_value(output, nodes));
      }
    }
  }
  const std::string bench = fmt::format(
      "module bench;\n  reg clk = 0;\n  reg [5:0] enable = 0;\n  reg [23:0] x;\n  wire [{}:0] sums;\n"
      "  graph dut (.clk(clk), .enable(enable), .x(x), .sums(sums));\n  initial begin\n{}    $finish;\n"
      "  end\nendmodule\n",
      kSums * kSumBits - 1, body);
  EXPECT_EQ(simulate(print_module(packed_graph_module(merged.graph, merged.facts, merged.pipeline, kSumBits,
                                                      "graph", {"test"})) +
                     bench),
            expected);
}

TEST(AdderGraphVerilog, AddersAreAsWideAsTheFactsSay) {
  const GraphCase c = optimised(8, 8, 127, {0, 255}, 6);
  const RtlModule module = adder_graph_module(c.graph, c.facts, nullptr, "graph", {});
  int64_t bits = 0;
  for (const auto& statement : module.statements) {
    if (const auto* sum = std::get_if<RtlSum>(&statement)) bits += bits_width(sum->a);
  }
  EXPECT_EQ(bits, total_adder_bits(c.facts));
}

TEST(AdderGraphVerilog, RegistersAreAsManyAsThePlanSays) {
  const GraphCase c = optimised(8, 8, 127, {0, 255}, 7);
  const PipelinePlan pipeline = plan_pipeline(c.graph, c.facts, 2);
  const RtlModule module = adder_graph_module(c.graph, c.facts, &pipeline, "graph", {});
  int64_t bits = 0, words = 0;
  for (const auto& statement : module.statements) {
    if (const auto* reg = std::get_if<RtlRegister>(&statement)) {
      bits += bits_width(reg->d);
      ++words;
    }
  }
  EXPECT_EQ(bits, pipeline.register_bits);
  EXPECT_EQ(words, pipeline.register_words);
}

}  // namespace
}  // namespace fixynn
