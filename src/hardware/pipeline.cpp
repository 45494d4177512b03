// SPDX-License-Identifier: Apache-2.0
#include "hardware/pipeline.h"

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace fixynn {

namespace {

// Every node has a position on a line of `levels` adder levels: inputs 0, an adder after its operands. Cuts
// between positions are the pipeline registers; a cut at c is passed by what is made at c or before and read
// after c. Outputs are read after the last level.
class Placement {
 public:
  Placement(const AdderGraph& graph, std::span<const NodeFacts> facts, bool late);

  int levels() const { return levels_; }
  const std::vector<int>& positions() const { return position_; }

  /// Bits that pass a cut after each position 0 .. levels.
  std::vector<int64_t> cut_bits() const;

  /// Moves adders, one at a time, to where the registers are fewest with these cuts, until none gains.
  void improve(std::span<const int> stage_of_position);

  /// How many cuts each node passes.
  std::vector<int> registers(std::span<const int> stage_of_position) const;

 private:
  int last_use(size_t node) const;
  int last_use_without(size_t node, size_t user) const;
  bool move(size_t node, std::span<const int> stage_of_position);

  const AdderGraph& graph_;
  std::span<const NodeFacts> facts_;
  size_t inputs_;
  int levels_ = 0;
  std::vector<int> position_;
  std::vector<std::vector<int32_t>> users_;
  std::vector<bool> is_output_;
};

const AdderNode& adder_of(const AdderGraph& graph, size_t node) {
  return graph.adders[node - static_cast<size_t>(graph.inputs)];
}

Placement::Placement(const AdderGraph& graph, std::span<const NodeFacts> facts, bool late)
    : graph_(graph), facts_(facts), inputs_(static_cast<size_t>(graph.inputs)) {
  position_.resize(facts.size());
  users_.resize(facts.size());
  is_output_.resize(facts.size(), false);
  for (size_t n = 0; n < facts.size(); ++n) {
    position_[n] = facts[n].level;
    levels_ = std::max(levels_, facts[n].level);
    if (n < inputs_) continue;
    const AdderNode& adder = adder_of(graph, n);
    users_[static_cast<size_t>(adder.a.node)].push_back(static_cast<int32_t>(n));
    if (adder.a.node != adder.b.node) {
      users_[static_cast<size_t>(adder.b.node)].push_back(static_cast<int32_t>(n));
    }
  }
  for (const AdderOutput& output : graph.outputs) {
    if (output.node != kNoNode) is_output_[static_cast<size_t>(output.node)] = true;
  }
  if (!late) return;
  for (size_t n = facts.size(); n-- > inputs_;) {
    position_[n] = levels_;
    for (const int32_t user : users_[n]) {
      position_[n] = std::min(position_[n], position_[static_cast<size_t>(user)] - 1);
    }
  }
}

int Placement::last_use(size_t node) const {
  return last_use_without(node, facts_.size());
}

// levels + 1 for outputs; the node's own position where nothing reads it.
int Placement::last_use_without(size_t node, size_t without) const {
  if (is_output_[node]) return levels_ + 1;
  int last = position_[node];
  for (const int32_t user : users_[node]) {
    if (static_cast<size_t>(user) != without) last = std::max(last, position_[static_cast<size_t>(user)]);
  }
  return last;
}

std::vector<int64_t> Placement::cut_bits() const {
  std::vector<int64_t> bits(static_cast<size_t>(levels_) + 3, 0);
  for (size_t n = 0; n < facts_.size(); ++n) {
    bits[static_cast<size_t>(position_[n])] += facts_[n].width;
    bits[static_cast<size_t>(last_use(n))] -= facts_[n].width;
  }
  for (size_t c = 1; c < bits.size(); ++c) bits[c] += bits[c - 1];
  bits.resize(static_cast<size_t>(levels_) + 1);
  return bits;
}

bool Placement::move(size_t node, std::span<const int> stage_of_position) {
  const auto stage = [&](int position) { return stage_of_position[static_cast<size_t>(position)]; };
  const AdderNode& adder = adder_of(graph_, node);
  const size_t a = static_cast<size_t>(adder.a.node), b = static_cast<size_t>(adder.b.node);
  const int earliest = 1 + std::max(position_[a], position_[b]);
  int latest = levels_;
  for (const int32_t user : users_[node]) {
    latest = std::min(latest, position_[static_cast<size_t>(user)] - 1);
  }
  if (stage(earliest) == stage(latest)) return false;
  const int own_end = stage(last_use(node));
  const int end_a = stage(last_use_without(a, node)), end_b = stage(last_use_without(b, node));
  const auto cost = [&](int position) {
    const int at = stage(position);
    int64_t bits = static_cast<int64_t>(facts_[node].width) * (own_end - at);
    bits += static_cast<int64_t>(facts_[a].width) * std::max(at, end_a);
    if (a != b) bits += static_cast<int64_t>(facts_[b].width) * std::max(at, end_b);
    return bits;
  };
  const int old = position_[node];
  int best = old;
  int64_t least = cost(old);
  for (int position = earliest; position <= latest; ++position) {
    const int64_t bits = cost(position);
    if (bits < least) {
      least = bits;
      best = position;
    }
  }
  position_[node] = best;
  return best != old;
}

void Placement::improve(std::span<const int> stage_of_position) {
  constexpr int kMostPasses = 12;
  bool moved = true;
  for (int pass = 0; pass < kMostPasses && moved; ++pass) {
    moved = false;
    for (size_t n = facts_.size(); n-- > inputs_;) moved = move(n, stage_of_position) || moved;
    for (size_t n = inputs_; n < facts_.size(); ++n) moved = move(n, stage_of_position) || moved;
  }
}

std::vector<int> Placement::registers(std::span<const int> stage_of_position) const {
  std::vector<int> registers(facts_.size());
  for (size_t n = 0; n < facts_.size(); ++n) {
    registers[n] = stage_of_position[static_cast<size_t>(last_use(n))] -
                   stage_of_position[static_cast<size_t>(position_[n])];
  }
  return registers;
}

// The cheapest `cuts` places 0 .. levels, rising, at most `most_levels` levels from one to the next and from
// the ends; one place may take several cuts. Dynamic programming over (cuts so far, place of the last).
std::vector<int> best_cuts(std::span<const int64_t> cut_bits, int cuts, int most_levels) {
  const int levels = static_cast<int>(cut_bits.size()) - 1;
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max() / 2;
  const size_t places = cut_bits.size();
  std::vector<std::vector<int64_t>> cost(static_cast<size_t>(cuts) + 1, std::vector<int64_t>(places, kNever));
  std::vector<std::vector<int>> from(static_cast<size_t>(cuts) + 1, std::vector<int>(places, 0));
  cost[0][0] = 0;
  for (size_t k = 1; k <= static_cast<size_t>(cuts); ++k) {
    for (int c = 0; c <= levels; ++c) {
      for (int before = std::max(0, c - most_levels); before <= c; ++before) {
        const int64_t bits = cost[k - 1][static_cast<size_t>(before)] + cut_bits[static_cast<size_t>(c)];
        if (bits >= cost[k][static_cast<size_t>(c)]) continue;
        cost[k][static_cast<size_t>(c)] = bits;
        from[k][static_cast<size_t>(c)] = before;
      }
    }
  }
  int last = levels;
  for (int c = std::max(0, levels - most_levels); c <= levels; ++c) {
    if (cost[static_cast<size_t>(cuts)][static_cast<size_t>(c)] <
        cost[static_cast<size_t>(cuts)][static_cast<size_t>(last)]) {
      last = c;
    }
  }
  std::vector<int> chosen(static_cast<size_t>(cuts));
  for (size_t k = chosen.size(); k-- > 0;) {
    chosen[k] = last;
    last = from[k + 1][static_cast<size_t>(last)];
  }
  return chosen;
}

// The stage of positions 0 .. levels, and at levels + 1 the number of stages: where outputs are read.
std::vector<int> stages_of_positions(std::span<const int> cuts, int levels) {
  std::vector<int> stage(static_cast<size_t>(levels) + 2, 0);
  for (int position = 1; position <= levels; ++position) {
    stage[static_cast<size_t>(position)] =
        static_cast<int>(std::count_if(cuts.begin(), cuts.end(), [&](int cut) { return cut < position; }));
  }
  stage.back() = static_cast<int>(cuts.size()) + 1;
  return stage;
}

PipelinePlan make_plan(const Placement& placement, std::span<const NodeFacts> facts,
                       std::span<const int> stage_of_position) {
  PipelinePlan plan;
  plan.stages = stage_of_position.back();
  plan.registers = placement.registers(stage_of_position);
  for (const int position : placement.positions()) {
    plan.stage.push_back(stage_of_position[static_cast<size_t>(position)]);
  }
  for (size_t n = 0; n < facts.size(); ++n) {
    plan.register_words += plan.registers[n];
    plan.register_bits += static_cast<int64_t>(plan.registers[n]) * facts[n].width;
  }
  return plan;
}

// Cuts for the positions, positions for the cuts, until that gains nothing.
PipelinePlan plan_from(Placement placement, std::span<const NodeFacts> facts, int cuts, int most_levels) {
  constexpr int kMostRounds = 4;
  PipelinePlan best;
  for (int round = 0; round < kMostRounds; ++round) {
    const std::vector<int> chosen = best_cuts(placement.cut_bits(), cuts, most_levels);
    const std::vector<int> stage_of_position = stages_of_positions(chosen, placement.levels());
    placement.improve(stage_of_position);
    PipelinePlan plan = make_plan(placement, facts, stage_of_position);
    if (round > 0 && plan.register_bits >= best.register_bits) break;
    best = std::move(plan);
  }
  return best;
}

}  // namespace

PipelinePlan plan_pipeline(const AdderGraph& graph, std::span<const NodeFacts> facts, int levels_per_stage,
                           int stages) {
  if (levels_per_stage < 0 || stages < 0) {
    fail("a pipeline of {} adder levels a stage and {} stages cannot be; give 0 or more", levels_per_stage,
         stages);
  }
  const int levels = graph_depth(facts);
  // More than the depth is the same as the depth, and adds up without overflow.
  const int most_levels = std::max(1, levels_per_stage == 0 ? levels : std::min(levels_per_stage, levels));
  const int needed = std::max(1, (levels + most_levels - 1) / most_levels);
  const int cuts = std::max(needed, stages) - 1;
  PipelinePlan early = plan_from(Placement(graph, facts, false), facts, cuts, most_levels);
  if (cuts == 0) return early;
  PipelinePlan late = plan_from(Placement(graph, facts, true), facts, cuts, most_levels);
  return late.register_bits < early.register_bits ? late : early;
}

}  // namespace fixynn
