// SPDX-License-Identifier: Apache-2.0
#include "calibrate/golden_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/philox.h"
#include "hardware/hardware_plan.h"
#include "quant/quant_spec.h"
#include "rtl/adder_graph_verilog.h"

namespace fixynn {
namespace {

constexpr uint64_t kSeed = 4;

struct RandomSpec {
  int inputs, outputs, bits, sparse_percent;
  bool small;
};

constexpr std::array kRandomSpecs = {
    RandomSpec{8, 8, 8, 0, true},     RandomSpec{8, 8, 4, 50, true},    RandomSpec{8, 8, 6, 0, true},
    RandomSpec{8, 16, 8, 0, false},   RandomSpec{8, 16, 6, 50, true},   RandomSpec{8, 16, 4, 75, true},
    RandomSpec{16, 16, 8, 50, false}, RandomSpec{16, 16, 6, 0, false},  RandomSpec{16, 32, 4, 0, false},
    RandomSpec{16, 32, 8, 75, false}, RandomSpec{32, 32, 6, 75, false}, RandomSpec{32, 32, 8, 50, false},
    RandomSpec{32, 64, 4, 50, false}, RandomSpec{32, 64, 6, 75, false},
};

ConstantMatrix random_matrix(const RandomSpec& spec, uint32_t number) {
  RandomSequence random(kSeed, RandomStream::kSynthesise, number);
  ConstantMatrix matrix{.inputs = spec.inputs, .outputs = spec.outputs, .weights = {}};
  const size_t outputs = static_cast<size_t>(spec.outputs);
  std::vector<double> values(static_cast<size_t>(spec.inputs) * outputs);
  for (double& value : values) {
    const double u = random.uniform(-0.4999F, 0.4999F);
    value = (u < 0 ? 1.0 : -1.0) * std::log(1.0 - 2.0 * std::abs(u));
  }
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return std::abs(values[a]) < std::abs(values[b]); });
  for (size_t i = 0; i < values.size() * static_cast<size_t>(spec.sparse_percent) / 100; ++i)
    values[order[i]] = 0;
  matrix.weights.assign(values.size(), 0);
  for (size_t o = 0; o < outputs; ++o) {
    double largest = 0;
    for (size_t i = o; i < values.size(); i += outputs) largest = std::max(largest, std::abs(values[i]));
    for (size_t i = o; largest > 0 && i < values.size(); i += outputs) {
      matrix.weights[i] = static_cast<int32_t>(std::lround(values[i] / largest * weight_code_max(spec.bits)));
    }
  }
  return matrix;
}

GoldenBlock make_block(const std::string& name, const std::string& kind,
                       std::span<const ConstantMatrix> matrices, Interval input, ConvQuant bits,
                       AdderGraphCache& cache) {
  GoldenBlock block;
  block.name = name;
  block.kind = kind;
  block.weight_bits = bits.weight_bits;
  block.activation_bits = bits.activation_bits;
  block.input = input;
  std::vector<AdderGraph> graphs;
  for (const ConstantMatrix& matrix : matrices) {
    graphs.push_back(*cache.get(matrix, input, Sharing::kFull));
    block.weights += static_cast<int64_t>(matrix.weights.size());
    for (const int32_t weight : matrix.weights) block.nonzero_weights += weight != 0;
  }
  block.graph = join_graphs(graphs);
  block.adders = static_cast<int64_t>(block.graph.adders.size());
  block.adder_bits = total_adder_bits(node_facts(block.graph, input));
  return block;
}

/// Convolutions of the first design: conv1, three depthwise and the pointwise layers 8x16, 16x32, 32x32. The
/// next ones give a few of them: widths differ, shapes do not.
constexpr std::array kFirstConvs = {0, 1, 2, 3, 4, 5, 6};
constexpr std::array kOtherConvs = {0, 2, 3, 4, 6};

const char* kind_name(ConvKind kind) {
  return kind == ConvKind::kConv1 ? "conv1" : (kind == ConvKind::kDepthwise ? "depthwise" : "pointwise");
}

AdderTerm moved(AdderTerm term, int inputs, int first_input, int first_adder) {
  term.node = term.node < inputs ? term.node + first_input : term.node - inputs + first_adder;
  return term;
}

}  // namespace

std::vector<GoldenBlock> random_golden_blocks(bool small, AdderGraphCache& cache) {
  std::vector<GoldenBlock> blocks;
  for (size_t i = 0; i < kRandomSpecs.size(); ++i) {
    const RandomSpec& spec = kRandomSpecs[i];
    if (small && !spec.small) continue;
    const ConstantMatrix matrix = random_matrix(spec, static_cast<uint32_t>(i));
    const std::string name =
        fmt::format("{}x{}_{}bit_{}", spec.inputs, spec.outputs, spec.bits, spec.sparse_percent);
    const Interval input{0, activation_code_max(spec.bits)};
    blocks.push_back(make_block(name, "random", {&matrix, 1}, input, {spec.bits, spec.bits}, cache));
  }
  return blocks;
}

std::vector<GoldenBlock> network_golden_blocks(std::span<const HardwareDesign> designs,
                                               AdderGraphCache& cache) {
  std::vector<GoldenBlock> blocks;
  for (size_t d = 0; d < designs.size(); ++d) {
    const HardwareDesign& design = designs[d];
    const std::span<const int> convs =
        d == 0 ? std::span<const int>(kFirstConvs) : std::span<const int>(kOtherConvs);
    for (const int index : convs) {
      const size_t i = static_cast<size_t>(index);
      const Conv& conv = design.network.convs.at(i);
      ConvQuant bits = design.quant.at(i);
      bits.activation_bits = index == 0 ? 8 : design.quant.at(i - 1).activation_bits;
      blocks.push_back(make_block(fmt::format("{}_{}bit", conv.name, bits.weight_bits), kind_name(conv.kind),
                                  conv_matrices(conv, design.weights.at(i)), input_codes(index, design.quant),
                                  bits, cache));
    }
  }
  return blocks;
}

std::string golden_block_verilog(const GoldenBlock& block) {
  const std::vector<NodeFacts> facts = node_facts(block.graph, block.input);
  return print_module(adder_graph_module(block.graph, facts, nullptr, "block", {block.name}));
}

AdderGraph join_graphs(std::span<const AdderGraph> graphs) {
  AdderGraph joined;
  for (const AdderGraph& graph : graphs) joined.inputs += graph.inputs;
  int first_input = 0;
  for (const AdderGraph& graph : graphs) {
    const int first_adder = joined.inputs + static_cast<int>(joined.adders.size());
    const auto move = [&](const AdderTerm& term) {
      return moved(term, graph.inputs, first_input, first_adder);
    };
    for (const AdderNode& adder : graph.adders) joined.adders.push_back({move(adder.a), move(adder.b)});
    for (AdderOutput output : graph.outputs) {
      if (output.node != kNoNode) output.node = move({output.node, 0, false}).node;
      joined.outputs.push_back(output);
    }
    first_input += graph.inputs;
  }
  return joined;
}

}  // namespace fixynn
