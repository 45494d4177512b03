// SPDX-License-Identifier: Apache-2.0
#include "hardware/hardware_plan.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "core/error.h"
#include "core/thread_pool.h"
#include "hardware/csd.h"
#include "hardware/plan_rules.h"

namespace fixynn {
namespace {

/// One adder graph to be made: the task of a worker.
struct GraphTask {
  size_t conv, graph;
  ConstantMatrix matrix;
};

std::vector<GraphTask> graph_tasks(const HardwareDesign& design, size_t convs) {
  std::vector<GraphTask> tasks;
  for (size_t i = 0; i < convs; ++i) {
    std::vector<ConstantMatrix> matrices = conv_matrices(design.network.convs[i], design.weights[i]);
    for (size_t g = 0; g < matrices.size(); ++g) tasks.push_back({i, g, std::move(matrices[g])});
  }
  // The largest first, so that no worker is left with it at the end.
  std::stable_sort(tasks.begin(), tasks.end(), [](const GraphTask& a, const GraphTask& b) {
    return a.matrix.weights.size() > b.matrix.weights.size();
  });
  return tasks;
}

/// Makes all graphs of the plan; `plan.convs[i].input` is set.
void make_graphs(const HardwareDesign& design, HardwarePlan& plan, AdderGraphCache& cache, int threads,
                 const PlanProgress& progress) {
  const std::vector<GraphTask> tasks = graph_tasks(design, plan.convs.size());
  std::vector<int> open(plan.convs.size(), 0);
  for (const GraphTask& task : tasks) ++open[task.conv];
  for (size_t i = 0; i < open.size(); ++i) plan.convs[i].graphs.resize(static_cast<size_t>(open[i]));
  std::mutex mutex;
  int done = 0;
  bool stopped = false;
  ThreadPool pool(threads);
  pool.run(static_cast<int>(tasks.size()), [&](int number, int) {
    {
      const std::lock_guard lock(mutex);
      if (stopped) return;
    }
    const GraphTask& task = tasks[static_cast<size_t>(number)];
    ConvPlan& conv = plan.convs[task.conv];
    try {
      conv.graphs[task.graph] = cache.get(task.matrix, conv.input, plan.options.sharing);
    } catch (const Error& error) {
      throw Error(conv.conv.name + ": " + error.what(), error.code());
    }
    const std::lock_guard lock(mutex);
    if (--open[task.conv] > 0) return;
    ++done;
    if (progress && !progress(done, static_cast<int>(open.size()))) stopped = true;
  });
  if (stopped) fail("planning was stopped after {} of {} convolutions", done, open.size());
}

/// Adders, widths and pipeline registers, from the graphs.
void plan_graphs(ConvPlan& conv, int levels_per_stage) {
  std::vector<std::vector<NodeFacts>> facts;
  int stages = 0;
  for (const auto& graph : conv.graphs) {
    facts.push_back(node_facts(*graph, conv.input));
    conv.adders += static_cast<int64_t>(graph->adders.size());
    conv.adder_bits += total_adder_bits(facts.back());
    conv.adder_levels = std::max(conv.adder_levels, graph_depth(facts.back()));
    conv.pipelines.push_back(plan_pipeline(*graph, facts.back(), levels_per_stage));
    stages = std::max(stages, conv.pipelines.back().stages);
  }
  for (size_t g = 0; g < conv.graphs.size(); ++g) {
    PipelinePlan& pipeline = conv.pipelines[g];
    if (pipeline.stages < stages)
      pipeline = plan_pipeline(*conv.graphs[g], facts[g], levels_per_stage, stages);
    conv.pipeline_register_bits += pipeline.register_bits;
    conv.pipeline_register_words += pipeline.register_words;
  }
}

/// Of the widest sum as the graphs give it, signs not applied: -128 needs a bit more when it is negated.
int graph_accumulator_bits(const ConvPlan& conv) {
  int bits = 1;
  for (const auto& graph : conv.graphs) {
    const std::vector<NodeFacts> facts = node_facts(*graph, conv.input);
    for (const AdderOutput& output : graph->outputs) {
      if (output.node == kNoNode) continue;
      const Interval node = facts[static_cast<size_t>(output.node)].interval;
      bits = std::max(bits, signed_bits(node) + output.shift);
    }
  }
  return bits;
}

}  // namespace

std::vector<ConstantMatrix> conv_matrices(const Conv& conv, const QuantisedWeights& weights) {
  const size_t count = static_cast<size_t>(conv.weight_count());
  if (weights.codes.size() != count) {
    fail("{}: {} weight codes where {} are expected", conv.name, weights.codes.size(), count);
  }
  std::vector<ConstantMatrix> matrices;
  if (conv.kind != ConvKind::kDepthwise) {
    ConstantMatrix& matrix = matrices.emplace_back(
        ConstantMatrix{.inputs = conv.taps(), .outputs = conv.out_channels, .weights = {}});
    matrix.weights.assign(weights.codes.begin(), weights.codes.end());
    return matrices;
  }
  for (size_t c = 0; c < static_cast<size_t>(conv.out_channels); ++c) {
    ConstantMatrix& matrix =
        matrices.emplace_back(ConstantMatrix{.inputs = conv.taps(), .outputs = 1, .weights = {}});
    for (size_t i = c; i < count; i += static_cast<size_t>(conv.out_channels)) {
      matrix.weights.push_back(weights.codes[i]);
    }
  }
  return matrices;
}

HardwarePlan plan_hardware(const HardwareDesign& design, int fixed_layers, const PlanOptions& options,
                           AdderGraphCache& cache, int threads, const PlanProgress& progress) {
  std::vector<WeightFacts> facts;
  for (size_t i = 0; i < checked_conv_count(fixed_layers); ++i) {
    facts.push_back(weight_facts(design.network.convs.at(i), design.weights.at(i),
                                 input_codes(static_cast<int>(i), design.quant)));
  }
  HardwarePlan plan = plan_without_graphs(design.network, design.quant, fixed_layers, options, facts);
  plan.source = design.source;
  plan.assumed_weights = design.assumed_weights;
  make_graphs(design, plan, cache, threads, progress);
  for (ConvPlan& conv : plan.convs) {
    plan_graphs(conv, options.levels_per_stage);
    set_accumulator_bits(conv.requantiser, graph_accumulator_bits(conv));
  }
  finish_plan(plan);
  return plan;
}

}  // namespace fixynn
