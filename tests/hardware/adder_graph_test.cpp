// SPDX-License-Identifier: Apache-2.0
#include "hardware/adder_graph.h"

#include <algorithm>
#include <functional>

#include "hardware/adder_graph_coefficients.h"
#include "hardware/adder_graph_json.h"
#include "hardware/graph_fixtures.h"

namespace fixynn {
namespace {

using namespace graph_test;
using testing::HasSubstr;

// Calls use(nodes) with the values of all nodes for every input vector.
void for_all_inputs(const AdderGraph& graph, Interval input,
                    const std::function<void(const std::vector<int64_t>&)>& use) {
  std::vector<int64_t> values(static_cast<size_t>(graph.inputs), input.min);
  std::vector<int64_t> nodes(values.size() + graph.adders.size());
  while (true) {
    evaluate_nodes(graph, values, nodes);
    use(nodes);
    size_t i = 0;
    while (i < values.size() && values[i] == input.max) values[i++] = input.min;
    if (i == values.size()) return;
    ++values[i];
  }
}

int bits_for(int64_t low, int64_t high) {
  for (int bits = 1;; ++bits) {
    const int64_t range = int64_t{1} << bits;
    if (low >= 0 ? high < range : low >= -range / 2 && high < range / 2) return bits;
  }
}

AdderGraph example_graph() {
  // 5 x0 - 2 x1 and x0 + 4 x1: y = x0 + 4 x0; z = y - 2 x1; u = x0 + 4 x1.
  return {2,
          {{{0, 0, false}, {0, 2, false}}, {{2, 0, false}, {1, 1, true}}, {{0, 0, false}, {1, 2, false}}},
          {{3, 0, false}, {4, 0, false}}};
}

TEST(AdderGraph, FactsOfAnExampleByHand) {
  const std::vector<NodeFacts> facts = node_facts(example_graph(), kBytes);
  ASSERT_EQ(facts.size(), 5u);
  EXPECT_EQ(facts[0].interval, kBytes);
  EXPECT_EQ(facts[0].width, 8);
  EXPECT_EQ(facts[0].adder_bits, 0);
  EXPECT_EQ(facts[0].level, 0);
  EXPECT_EQ(facts[2].interval, (Interval{0, 1275}));
  EXPECT_EQ(facts[2].width, 11);
  EXPECT_EQ(facts[2].adder_bits, 9);  // two low bits are wires
  EXPECT_EQ(facts[3].interval, (Interval{-510, 1275}));
  EXPECT_EQ(facts[3].width, 12);
  EXPECT_EQ(facts[3].adder_bits, 11);
  EXPECT_EQ(facts[3].level, 2);
  EXPECT_EQ(facts[4].adder_bits, 9);
  EXPECT_EQ(total_adder_bits(facts), 29);
  EXPECT_EQ(graph_depth(facts), 2);
}

TEST(AdderGraph, IntervalsAreOfTheWholeFunctionAndNotOfTheTerms) {
  // (x0 + x1) - x1 is x0: 0..255, where the terms alone would give -255..510.
  const AdderGraph graph{2, {{{0, 0, false}, {1, 0, false}}, {{2, 0, false}, {1, 0, true}}}, {{3, 0, false}}};
  EXPECT_EQ(node_facts(graph, kBytes)[3].interval, kBytes);
}

TEST(AdderGraph, WidthsAndIntervalsAreThoseOfAllInputs) {
  Random random(1);
  for (int round = 0; round < 40; ++round) {
    const Interval input = round % 2 == 0 ? Interval{0, 7} : Interval{-4, 3};
    const ConstantMatrix matrix = random_matrix(random, 3, 4, 2 + round % 7, 20);
    for (const Sharing sharing : kEverySharing) {
      const AdderGraph graph = optimise_adders(matrix, input, sharing);
      const std::vector<NodeFacts> facts = node_facts(graph, input);
      std::vector<Interval> seen(facts.size(), {0, 0});
      for_all_inputs(graph, input, [&](const std::vector<int64_t>& nodes) {
        for (size_t n = 0; n < nodes.size(); ++n) {
          seen[n] = {std::min(seen[n].min, nodes[n]), std::max(seen[n].max, nodes[n])};
        }
      });
      for (size_t n = 0; n < facts.size(); ++n) {
        ASSERT_EQ(facts[n].interval, seen[n]) << "node " << n;
        ASSERT_EQ(facts[n].width, bits_for(seen[n].min, seen[n].max)) << "node " << n;
      }
    }
  }
}

TEST(AdderGraph, LowBitsThatPassThroughAreThoseOfOneTerm) {
  Random random(2);
  int passing = 0;
  for (int round = 0; round < 40; ++round) {
    const Interval input = round % 2 == 0 ? Interval{0, 7} : Interval{-4, 3};
    const ConstantMatrix matrix = random_matrix(random, 3, 4, 8, 20);
    const AdderGraph graph = optimise_adders(matrix, input, Sharing::kFull);
    const std::vector<NodeFacts> facts = node_facts(graph, input);
    for_all_inputs(graph, input, [&](const std::vector<int64_t>& nodes) {
      for (size_t i = 0; i < graph.adders.size(); ++i) {
        const AdderNode& adder = graph.adders[i];
        const NodeFacts& node = facts[i + 3];
        const int64_t mask = (int64_t{1} << (node.width - node.adder_bits)) - 1;
        const int32_t source = adder.a.shift == 0 && !adder.a.negative ? adder.a.node : adder.b.node;
        ASSERT_EQ(nodes[i + 3] & mask, nodes[static_cast<size_t>(source)] & mask);
        passing += mask != 0;
      }
    });
  }
  EXPECT_GT(passing, 1000);
}

TEST(AdderGraph, NoBitPassesThroughANegativeTerm) {
  // 4 x1 - x0: bit 1 is not that of x0 (x0 = 1: ...11), so the adder makes all bits.
  const AdderGraph graph{2, {{{1, 2, false}, {0, 0, true}}}, {{2, 0, false}}};
  const std::vector<NodeFacts> facts = node_facts(graph, kBytes);
  EXPECT_EQ(facts[2].adder_bits, facts[2].width);
  EXPECT_EQ(pass_through_bits({1, 2, false}, {0, 0, true}), 0);
  EXPECT_EQ(pass_through_bits({0, 0, true}, {1, 2, false}), 0);
  EXPECT_EQ(pass_through_bits({1, 2, true}, {0, 0, false}), 2);
  EXPECT_EQ(pass_through_bits({0, 0, false}, {1, 3, true}), 3);
  EXPECT_EQ(pass_through_bits({0, 0, false}, {1, 0, true}), 0);
}

TEST(AdderGraph, OutputsAreTheMatrixTimesTheInputs) {
  Random random(3);
  const ConstantMatrix matrix = random_matrix(random, 9, 7, 8, 30);
  const AdderGraph graph = optimise_adders(matrix, {-128, 127}, Sharing::kFull);
  std::vector<int64_t> nodes(9 + graph.adders.size());
  for (int round = 0; round < 100; ++round) {
    std::vector<int64_t> input(9);
    for (int64_t& value : input) value = random.between(-128, 127);
    evaluate_nodes(graph, input, nodes);
    for (int o = 0; o < 7; ++o) {
      int64_t sum = 0;
      for (int i = 0; i < 9; ++i) sum += matrix.at(i, o) * input[static_cast<size_t>(i)];
      ASSERT_EQ(output_value(graph.outputs[static_cast<size_t>(o)], nodes), sum);
    }
  }
}

TEST(AdderGraph, EveryFaultIsFound) {
  Random random(4);
  const ConstantMatrix matrix = random_matrix(random, 6, 5, 8, 20);
  const AdderGraph good = optimise_adders(matrix, kBytes, Sharing::kFull);
  const auto check = [&](const AdderGraph& graph) {
    return error_of([&] { check_adder_graph(graph, matrix, kBytes, "layer l01"); });
  };
  ASSERT_EQ(check(good), "");
  for (size_t i = 0; i < good.adders.size(); ++i) {
    AdderGraph bad = good;
    bad.adders[i].b.negative = !bad.adders[i].b.negative;
    EXPECT_THAT(check(bad), HasSubstr("layer l01: ")) << "sign of adder " << i;
    bad = good;
    (good.adders[i].a.shift != 0 ? bad.adders[i].a : bad.adders[i].b).shift += 1;
    EXPECT_THAT(check(bad), HasSubstr("layer l01: ")) << "shift of adder " << i;
    bad = good;
    bad.adders[i].a.node = (bad.adders[i].a.node + 1) % (6 + static_cast<int32_t>(i));
    EXPECT_THAT(check(bad), HasSubstr("layer l01: ")) << "operand of adder " << i;
  }
  for (size_t o = 0; o < good.outputs.size(); ++o) {
    AdderGraph bad = good;
    bad.outputs[o].negated = !bad.outputs[o].negated;
    EXPECT_THAT(check(bad), HasSubstr("output " + std::to_string(o) + " has"));
    bad = good;
    bad.outputs[o].shift += 1;
    EXPECT_THAT(check(bad), HasSubstr("output " + std::to_string(o) + " has"));
    bad = good;
    std::swap(bad.outputs[o], bad.outputs[(o + 1) % bad.outputs.size()]);
    EXPECT_THAT(check(bad), HasSubstr(" times input "));
    bad = good;
    bad.outputs[o] = {};
    EXPECT_THAT(check(bad), HasSubstr("output " + std::to_string(o) + " has 0 times"));
  }
}

TEST(AdderGraph, StructureIsChecked) {
  const ConstantMatrix matrix = matrix_of_rows({{5, -2}, {1, 4}});
  const auto check = [&](const std::function<void(AdderGraph&)>& damage) {
    AdderGraph graph = example_graph();
    damage(graph);
    return error_of([&] { check_adder_graph(graph, matrix, kBytes, "x"); });
  };
  EXPECT_EQ(check([](AdderGraph&) {}), "");
  EXPECT_THAT(check([](AdderGraph& g) { g.adders[1].a.node = 3; }), HasSubstr("adder 1 reads node 3"));
  EXPECT_THAT(check([](AdderGraph& g) { g.adders[1].a.node = -1; }), HasSubstr("adder 1 reads node -1"));
  EXPECT_THAT(check([](AdderGraph& g) { g.adders[0].b.shift = 60; }), HasSubstr("adder 0 shifts by 60"));
  EXPECT_THAT(check([](AdderGraph& g) { g.adders[0].b.shift = -1; }), HasSubstr("adder 0 shifts by -1"));
  EXPECT_THAT(check([](AdderGraph& g) { g.adders[1].a.negative = true; }),
              HasSubstr("both terms of adder 1"));
  EXPECT_THAT(check([](AdderGraph& g) { g.adders[0].a.shift = 1; }), HasSubstr("adder 0 are shifted"));
  EXPECT_THAT(check([](AdderGraph& g) { g.outputs[1].node = 5; }), HasSubstr("output 1 reads node 5"));
  EXPECT_THAT(check([](AdderGraph& g) { g.outputs[1].shift = 31; }), HasSubstr("shifted by 31"));
  EXPECT_THAT(check([](AdderGraph& g) { g.outputs.pop_back(); }), HasSubstr("1 outputs"));
  EXPECT_THAT(check([](AdderGraph& g) { g.inputs = 3; }), HasSubstr("3 inputs"));
  EXPECT_THAT(check([](AdderGraph& g) { g.adders[0].b.shift = 25; }), HasSubstr("over 31 bits"));
}

TEST(AdderGraph, AGrowingChainStopsBeforeItOverflows) {
  AdderGraph graph{1, {}, {{9, 0, false}}};
  for (int32_t i = 0; i < 9; ++i) graph.adders.push_back({{i, 0, false}, {i, 30, false}});
  const ConstantMatrix matrix{1, 1, {1}};
  for (const Interval input : {kBytes, Interval{0, 0}}) {
    EXPECT_THAT(error_of([&] { check_adder_graph(graph, matrix, input, "x"); }), HasSubstr("over 31 bits"));
    EXPECT_THAT(error_of([&] { node_facts(graph, input); }), HasSubstr("over 31 bits"));
  }
}

TEST(AdderGraph, JsonHoldsMatrixAndGraph) {
  const std::string json = graph_to_json(matrix_of_rows({{5, -2}, {1, 4}}), kBytes, example_graph());
  EXPECT_THAT(json, HasSubstr(R"("weights":[[5,1],[-2,4]])"));
  EXPECT_THAT(json, HasSubstr(R"("adders":[[0,0,0,0,2,0],[2,0,0,1,1,1],[0,0,0,1,2,0]])"));
  EXPECT_THAT(json, HasSubstr(R"("graph_outputs":[[3,0,0],[4,0,0]])"));
  EXPECT_THAT(json, HasSubstr(R"("adder_bits":29)"));
}

}  // namespace
}  // namespace fixynn
