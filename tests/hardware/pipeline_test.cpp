// SPDX-License-Identifier: Apache-2.0
#include "hardware/pipeline.h"

#include <algorithm>

#include "hardware/graph_fixtures.h"

namespace fixynn {
namespace {

using namespace graph_test;

// Everything that PipelinePlan promises, found anew from the stages alone.
void check_plan(const AdderGraph& graph, std::span<const NodeFacts> facts, const PipelinePlan& plan,
                int levels_per_stage) {
  const size_t inputs = static_cast<size_t>(graph.inputs);
  ASSERT_EQ(plan.stage.size(), facts.size());
  ASSERT_EQ(plan.registers.size(), facts.size());
  ASSERT_GE(plan.stages, 1);
  std::vector<int> last(plan.stage), depth(facts.size(), 0);
  for (size_t i = 0; i < inputs; ++i) ASSERT_EQ(plan.stage[i], 0);
  for (size_t n = inputs; n < facts.size(); ++n) {
    const AdderNode& adder = graph.adders[n - inputs];
    ASSERT_LT(plan.stage[n], plan.stages);
    for (const AdderTerm& term : {adder.a, adder.b}) {
      const size_t operand = static_cast<size_t>(term.node);
      ASSERT_LE(plan.stage[operand], plan.stage[n]);
      if (plan.stage[operand] == plan.stage[n]) depth[n] = std::max(depth[n], depth[operand]);
      last[operand] = std::max(last[operand], plan.stage[n]);
    }
    ++depth[n];
    ASSERT_TRUE(levels_per_stage == 0 || depth[n] <= levels_per_stage) << "node " << n;
  }
  for (const AdderOutput& output : graph.outputs) {
    if (output.node != kNoNode) last[static_cast<size_t>(output.node)] = plan.stages;
  }
  int64_t bits = 0, words = 0;
  for (size_t n = 0; n < facts.size(); ++n) {
    ASSERT_EQ(plan.registers[n], last[n] - plan.stage[n]) << "node " << n;
    words += plan.registers[n];
    bits += int64_t{1} * plan.registers[n] * facts[n].width;
  }
  ASSERT_EQ(plan.register_bits, bits);
  ASSERT_EQ(plan.register_words, words);
}

struct Case {
  AdderGraph graph;
  std::vector<NodeFacts> facts;
};

std::vector<Case> random_cases() {
  std::vector<Case> cases;
  Random random(21);
  for (int round = 0; round < 24; ++round) {
    const int inputs = static_cast<int>(random.between(1, 20)),
              outputs = static_cast<int>(random.between(1, 20));
    const ConstantMatrix matrix = random_matrix(random, inputs, outputs, 2 + round % 7, 30);
    Case& made = cases.emplace_back();
    made.graph = optimise_adders(matrix, kBytes, round % 3 == 0 ? Sharing::kNone : Sharing::kPerInput);
    made.facts = node_facts(made.graph, kBytes);
  }
  return cases;
}

TEST(Pipeline, PlansAreLegalAndAsShortAsPossible) {
  for (const Case& c : random_cases()) {
    for (int levels = 1; levels <= 6; ++levels) {
      const PipelinePlan plan = plan_pipeline(c.graph, c.facts, levels);
      check_plan(c.graph, c.facts, plan, levels);
      const int depth = graph_depth(c.facts);
      EXPECT_EQ(plan.stages, std::max(1, (depth + levels - 1) / levels));
    }
  }
}

TEST(Pipeline, MoreLevelsAStageNeedFewerRegisters) {
  for (const Case& c : random_cases()) {
    int64_t before = plan_pipeline(c.graph, c.facts, 1).register_bits;
    for (int levels = 2; levels <= 6; ++levels) {
      const int64_t bits = plan_pipeline(c.graph, c.facts, levels).register_bits;
      EXPECT_LE(bits, before) << levels;
      before = bits;
    }
    EXPECT_LE(plan_pipeline(c.graph, c.facts, 0).register_bits, before);
  }
}

TEST(Pipeline, ZeroLevelsRegistersOutputsOnly) {
  for (const Case& c : random_cases()) {
    const PipelinePlan plan = plan_pipeline(c.graph, c.facts, 0);
    check_plan(c.graph, c.facts, plan, 0);
    EXPECT_EQ(plan.stages, 1);
    std::vector<int32_t> outputs;
    for (const AdderOutput& output : c.graph.outputs) {
      if (output.node != kNoNode) outputs.push_back(output.node);
    }
    std::sort(outputs.begin(), outputs.end());
    outputs.erase(std::unique(outputs.begin(), outputs.end()), outputs.end());
    EXPECT_EQ(plan.register_words, static_cast<int64_t>(outputs.size()));
  }
}

TEST(Pipeline, MoreStagesThanNeededPad) {
  for (const Case& c : random_cases()) {
    for (const int levels : {0, 1, 3}) {
      const int needed = plan_pipeline(c.graph, c.facts, levels).stages;
      for (const int stages : {needed, needed + 1, needed + 4}) {
        const PipelinePlan plan = plan_pipeline(c.graph, c.facts, levels, stages);
        EXPECT_EQ(plan.stages, stages);
        check_plan(c.graph, c.facts, plan, levels);
      }
      EXPECT_EQ(plan_pipeline(c.graph, c.facts, levels, 1).stages, needed);
    }
  }
}

TEST(Pipeline, RegistersGoWhereTheGraphIsNarrow) {
  // Eight inputs added in a tree of 3 levels, 2 stages: the cut after two levels passes two sums of 10 bits,
  // after one level four of 9.
  const ConstantMatrix matrix = matrix_of_rows({{1, 1, 1, 1, 1, 1, 1, 1}});
  const AdderGraph graph = optimise_adders(matrix, kBytes, Sharing::kNone);
  const std::vector<NodeFacts> facts = node_facts(graph, kBytes);
  ASSERT_EQ(graph_depth(facts), 3);
  EXPECT_EQ(plan_pipeline(graph, facts, 2).register_bits, 2 * 10 + 11);
  EXPECT_EQ(plan_pipeline(graph, facts, 1).register_bits, 4 * 9 + 2 * 10 + 11);
  // A stage more than needed: its cut is where fewest bits pass, at the output.
  EXPECT_EQ(plan_pipeline(graph, facts, 2, 3).register_bits, 2 * 10 + 2 * 11);
}

TEST(Pipeline, EachAdderIsMadeWhenThatIsCheapest) {
  // s = x0 + x1 and e = x3 + x4 are read at the end. x0 and x1 are carried until then anyway, so s is made
  // late; x3 and x4 are not, so e is made early: one register word a clock instead of two.
  const AdderGraph graph{5,
                         {{{0, 0, false}, {1, 0, false}},     // 5: s
                          {{3, 0, false}, {4, 0, false}},     // 6: e
                          {{0, 0, false}, {2, 0, false}},     // 7
                          {{7, 0, false}, {1, 0, false}},     // 8
                          {{8, 0, false}, {0, 0, false}},     // 9
                          {{9, 0, false}, {1, 0, false}},     // 10
                          {{5, 2, false}, {6, 0, false}},     // 11
                          {{10, 0, false}, {11, 2, false}}},  // 12
                         {{12, 0, false}}};
  const std::vector<NodeFacts> facts = node_facts(graph, kBytes);
  const PipelinePlan plan = plan_pipeline(graph, facts, 1);
  check_plan(graph, facts, plan, 1);
  EXPECT_EQ(plan.stages, 5);
  EXPECT_GE(plan.stage[5], 2);
  EXPECT_EQ(plan.stage[6], 0);
}

TEST(Pipeline, OutputsThatAreInputsOrNothing) {
  const ConstantMatrix matrix = matrix_of_rows({{0, 0}, {4, 0}, {-4, 0}, {3, 0}});
  const AdderGraph graph = optimise_adders(matrix, kBytes, Sharing::kFull);
  const std::vector<NodeFacts> facts = node_facts(graph, kBytes);
  const PipelinePlan plan = plan_pipeline(graph, facts, 1, 3);
  check_plan(graph, facts, plan, 1);
  EXPECT_EQ(plan.registers[0], 3);  // one chain for both outputs
  EXPECT_EQ(plan.registers[1], 0);  // not used
}

TEST(Pipeline, NegativeArgumentsAreNamed) {
  const AdderGraph graph{1, {}, {{0, 0, false}}};
  const std::vector<NodeFacts> facts = node_facts(graph, kBytes);
  EXPECT_THAT(error_of([&] { plan_pipeline(graph, facts, -1); }), testing::HasSubstr("-1 adder levels"));
  EXPECT_THAT(error_of([&] { plan_pipeline(graph, facts, 1, -2); }), testing::HasSubstr("-2 stages"));
}

}  // namespace
}  // namespace fixynn
