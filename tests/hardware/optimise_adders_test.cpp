// SPDX-License-Identifier: Apache-2.0
#include "hardware/optimise_adders.h"

#include <cstdlib>

#include "hardware/graph_fixtures.h"
#include "hardware/optimise_adders_digits.h"
#include "hardware/optimise_adders_pairs.h"

namespace fixynn {
namespace {

using namespace graph_test;
using testing::HasSubstr;

// optimise_adders proves its result; this proves it a second time, from outside.
AdderGraph proved(const ConstantMatrix& matrix, Interval input, Sharing sharing) {
  AdderGraph graph = optimise_adders(matrix, input, sharing);
  check_adder_graph(graph, matrix, input, "test");
  return graph;
}

TEST(OptimiseAdders, RandomMatricesOfAllSizesAreProved) {
  Random random(11);
  for (int size = 1; size <= 20; ++size) {
    for (int bits = 2; bits <= 8; ++bits) {
      const int inputs = size, outputs = static_cast<int>(random.between(1, 20));
      const int zero_percent = bits % 4 * 33;  // 0, 33, 66, 99
      const Interval input = size % 2 == 0 ? kBytes : Interval{-128, 127};
      const ConstantMatrix matrix = random_matrix(random, inputs, outputs, bits, zero_percent);
      for (const Sharing sharing : kEverySharing) proved(matrix, input, sharing);
    }
  }
}

TEST(OptimiseAdders, WideWeightsAndInputsAreProved) {
  Random random(12);
  for (int round = 0; round < 10; ++round) {
    const ConstantMatrix matrix = random_matrix(random, 5, 4, 16, 20);
    for (const Sharing sharing : kEverySharing) proved(matrix, {-300, 700}, sharing);
  }
}

TEST(OptimiseAdders, ZerosNeedNothing) {
  for (const Sharing sharing : kEverySharing) {
    const AdderGraph graph = proved({3, 2, {0, 0, 0, 0, 0, 0}}, kBytes, sharing);
    EXPECT_TRUE(graph.adders.empty());
    EXPECT_EQ(graph.outputs[0].node, kNoNode);
    EXPECT_EQ(graph.outputs[1].node, kNoNode);
  }
}

TEST(OptimiseAdders, PowersOfTwoAreWires) {
  const ConstantMatrix matrix = matrix_of_rows({{64, 0, 0}, {0, -1, 0}, {0, 0, -128}, {0, 0, 2}});
  for (const Sharing sharing : kEverySharing) {
    const AdderGraph graph = proved(matrix, kBytes, sharing);
    EXPECT_TRUE(graph.adders.empty());
    EXPECT_EQ(graph.outputs[0], (AdderOutput{0, 6, false}));
    EXPECT_EQ(graph.outputs[1], (AdderOutput{1, 0, true}));
    EXPECT_EQ(graph.outputs[2], (AdderOutput{2, 7, true}));
  }
}

TEST(OptimiseAdders, RowsThatDifferInSignAndShiftAreMadeOnce) {
  const ConstantMatrix one = matrix_of_rows({{3, -5, 7}});
  const ConstantMatrix four = matrix_of_rows({{3, -5, 7}, {-3, 5, -7}, {12, -20, 28}, {-6, 10, -14}});
  for (const Sharing sharing : kEverySharing) {
    const AdderGraph graph = proved(four, kBytes, sharing);
    EXPECT_EQ(graph.adders, proved(one, kBytes, sharing).adders);
    EXPECT_EQ(graph.outputs[0].negated, !graph.outputs[1].negated);
    EXPECT_EQ(graph.outputs[2].shift, graph.outputs[0].shift + 2);
  }
}

TEST(OptimiseAdders, NegativeRowsCostWhatPositiveOnesCost) {
  Random random(13);
  for (int round = 0; round < 20; ++round) {
    ConstantMatrix matrix = random_matrix(random, 6, 4, 8, 20);
    for (int32_t& weight : matrix.weights) weight = std::abs(weight);
    ConstantMatrix negative = matrix;
    for (int32_t& weight : negative.weights) weight = -weight;
    for (const Sharing sharing : kEverySharing) {
      EXPECT_EQ(adder_bits(negative, kBytes, sharing), adder_bits(matrix, kBytes, sharing));
    }
  }
}

TEST(OptimiseAdders, KnownOptimaAreFound) {
  // 7 = 8 - 1: one adder. 45 = 5 * 9: two adders, where its four canonical digits would take three.
  EXPECT_EQ(proved({1, 1, {7}}, kBytes, Sharing::kFull).adders.size(), 1u);
  EXPECT_EQ(proved({1, 1, {45}}, kBytes, Sharing::kFull).adders.size(), 2u);
  // x0 + x1 is in all rows.
  const ConstantMatrix matrix = matrix_of_rows({{1, 1, 1, 0}, {1, 1, 0, 1}, {2, 2, 1, 1}});
  EXPECT_EQ(proved(matrix, kBytes, Sharing::kFull).adders.size(), 5u);
  // 3 = 2 + 1 and 5 = 4 + 1, 11 = 8 + 3: canonical digits alone hide that 11 needs 3 only.
  EXPECT_EQ(proved(matrix_of_rows({{3}, {11}}), kBytes, Sharing::kFull).adders.size(), 2u);
}

TEST(OptimiseAdders, MoreSharingNeedsFewerAdderBits) {
  Random random(14);
  int64_t none = 0, per_input = 0, full = 0;
  for (int round = 0; round < 24; ++round) {
    const int size = 4 + round;
    const ConstantMatrix matrix = random_matrix(random, size, size, 3 + round % 6, 30);
    none += adder_bits(matrix, kBytes, Sharing::kNone);
    per_input += adder_bits(matrix, kBytes, Sharing::kPerInput);
    const int64_t bits = adder_bits(matrix, kBytes, Sharing::kFull);
    full += bits;
    EXPECT_LE(bits, adder_bits(matrix, kBytes, Sharing::kNone)) << size;
  }
  EXPECT_LT(per_input, none);
  EXPECT_LT(full, per_input);
  EXPECT_LT(static_cast<double>(full), 0.72 * static_cast<double>(none));
}

TEST(OptimiseAdders, TheSameArgumentsGiveTheSameGraph) {
  Random random(15);
  const ConstantMatrix matrix = random_matrix(random, 24, 24, 8, 30);
  for (const Sharing sharing : kEverySharing) {
    const AdderGraph first = optimise_adders(matrix, kBytes, sharing);
    const std::vector<char> ballast(12345);  // other addresses must not matter
    EXPECT_EQ(first, optimise_adders(matrix, kBytes, sharing));
  }
}

TEST(OptimiseAdders, BadArgumentsAreNamed) {
  const auto error = [](const ConstantMatrix& matrix, Interval input) {
    return error_of([&] { optimise_adders(matrix, input, Sharing::kFull); });
  };
  EXPECT_THAT(error({0, 1, {}}, kBytes), HasSubstr("0 inputs and 1 outputs"));
  EXPECT_THAT(error({2, 2, {1, 2, 3}}, kBytes), HasSubstr("with 3 weights"));
  EXPECT_THAT(error({2, 2, {1, 2, 3, -32768}}, kBytes), HasSubstr("input 1 and output 1 is -32768"));
  EXPECT_THAT(error({1, 1, {1}}, {1, 5}), HasSubstr("must include 0"));
  EXPECT_THAT(error({2, 1, {32767, 32767}}, {0, 1 << 20}), HasSubstr("over 31 bits"));
}

TEST(GraphBuilder, ValuesThatAreEqualButForSignAndShiftAreMadeOnce) {
  GraphBuilder graph(2, kBytes);
  const AdderTerm sum = graph.add({0, 0, false}, {1, 0, false});
  EXPECT_EQ(sum, (AdderTerm{2, 0, false}));
  EXPECT_EQ(graph.add({1, 3, true}, {0, 3, true}), (AdderTerm{2, 3, true}));
  EXPECT_EQ(graph.add(sum, {1, 0, true}), (AdderTerm{0, 0, false}));
  EXPECT_EQ(graph.add(sum, sum), (AdderTerm{2, 1, false}));
  EXPECT_EQ(graph.add(sum, {2, 0, true}).node, kNoNode);
  EXPECT_EQ(graph.nodes(), 3);
  EXPECT_EQ(graph.adder_bits(), 9);
}

TEST(GraphBuilder, EstimatesAreExactWhereTermsShareNoInputs) {
  Random random(17);
  for (int round = 0; round < 500; ++round) {
    GraphBuilder graph(2, {-random.between(0, 300), random.between(1, 300)});
    const auto term = [&](int32_t node) {
      return AdderTerm{node, static_cast<int>(random.between(0, 3)), random.between(0, 1) == 1};
    };
    const AdderTerm a = term(0), b = term(1);
    const AdderEstimate estimate = estimate_adder(graph.signal(a), graph.signal(b));
    const Signal sum = graph.signal(graph.add(a, b));
    EXPECT_EQ(estimate.bits, graph.adder_bits());
    EXPECT_EQ(estimate.sum.interval, sum.interval);
    EXPECT_EQ(estimate.sum.shift, sum.shift);
    EXPECT_EQ(estimate.sum.negative, sum.negative);
    EXPECT_EQ(estimate.sum.level, sum.level);
  }
}

TEST(EliminatePairs, KeepsTheValuesOfTheRows) {
  Random random(16);
  for (int round = 0; round < 30; ++round) {
    const ConstantMatrix matrix = random_matrix(random, 6, 8, 8, 20);
    std::vector<Row> rows(8);
    for (int o = 0; o < 8; ++o) {
      for (int i = 0; i < 6; ++i) {
        if (matrix.at(i, o) != 0) rows[static_cast<size_t>(o)].push_back({i, matrix.at(i, o)});
      }
    }
    GraphBuilder builder(6, kBytes);
    PairScoring scoring;
    scoring.digits = round % 2 == 0 ? Digits::kMinimal : Digits::kCanonical;
    eliminate_pairs(builder, rows, scoring);
    // Every node as an output, to evaluate the rows with.
    std::vector<AdderOutput> outputs;
    for (int32_t n = 0; n < builder.nodes(); ++n) outputs.push_back({n, 0, false});
    const AdderGraph graph = builder.finish(outputs);
    std::vector<int64_t> input(6), nodes(static_cast<size_t>(builder.nodes()));
    for (int64_t& value : input) value = random.between(0, 255);
    evaluate_nodes(graph, input, nodes);
    for (int o = 0; o < 8; ++o) {
      int64_t wanted = 0, found = 0;
      for (int i = 0; i < 6; ++i) wanted += matrix.at(i, o) * input[static_cast<size_t>(i)];
      for (const Multiple& m : rows[static_cast<size_t>(o)]) {
        found += m.factor * nodes[static_cast<size_t>(m.node)];
      }
      ASSERT_EQ(found, wanted);
    }
  }
}

TEST(DigitTable, MinimalDigitsAreThoseOfAllShortestForms) {
  DigitTable table(Digits::kMinimal);
  // 3 = 4 - 1 = 2 + 1
  EXPECT_EQ(table.of(3), (std::vector<SignedDigit>{{0, false}, {0, true}, {1, false}, {2, false}}));
  EXPECT_EQ(table.of(5), (std::vector<SignedDigit>{{0, false}, {2, false}}));
  EXPECT_EQ(table.of(-8), (std::vector<SignedDigit>{{3, true}}));
  EXPECT_TRUE(table.of(0).empty());
  EXPECT_EQ(table.of(3 << 12).size(), 4u);
}

}  // namespace
}  // namespace fixynn
