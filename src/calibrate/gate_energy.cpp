// SPDX-License-Identifier: Apache-2.0
#include "calibrate/gate_energy.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/thread_pool.h"
#include "hardware/hardware_plan.h"
#include "rtl/adder_graph_verilog.h"

namespace fixynn {
namespace {

uint64_t low_bits(int count) {
  return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

GateNetlist mapped_netlist(const Synthesizer& synthesizer, SynthesisJob job) {
  job.keep_netlist = true;
  const SynthesisResult result = synthesizer.run(job);
  return read_gate_netlist(read_text_file(result.netlist), job.top, synthesizer.library(),
                           result.netlist.string());
}

/// Values of all nodes, cycle by cycle.
template <typename Body>
void for_each_cycle(const AdderGraph& graph, std::span<const std::vector<int64_t>> inputs, const Body& body) {
  if (inputs.size() != static_cast<size_t>(graph.inputs) || inputs.empty()) {
    fail("an adder graph of {} inputs was given {} streams", graph.inputs, inputs.size());
  }
  std::vector<int64_t> nodes(inputs.size() + graph.adders.size()), input(inputs.size());
  for (size_t t = 0; t < inputs[0].size(); ++t) {
    for (size_t i = 0; i < inputs.size(); ++i) input[i] = inputs[i].at(t);
    evaluate_nodes(graph, input, nodes);
    body(t, std::span<const int64_t>(nodes));
  }
}

/// Gates and graph must agree, or the toggles of one say nothing about the other.
void check_outputs(const EnergyBlock& energy_block, const GateActivity& activity) {
  const AdderGraph& graph = energy_block.block.graph;
  const std::vector<GraphPort> ports = graph_outputs(graph, node_facts(graph, energy_block.block.input));
  std::vector<const std::vector<int64_t>*> gates;
  for (size_t o = 0; o < graph.outputs.size(); ++o)
    gates.push_back(&activity.outputs.at(fmt::format("y{}", o)));
  for_each_cycle(graph, energy_block.inputs, [&](size_t t, std::span<const int64_t> nodes) {
    for (size_t o = 0; o < graph.outputs.size(); ++o) {
      AdderOutput output = graph.outputs[o];
      output.negated = false;
      const uint64_t expected = static_cast<uint64_t>(output_value(output, nodes)) & low_bits(ports[o].width);
      if (static_cast<uint64_t>((*gates[o])[t]) != expected) {
        fail("{}: output {} of the mapped gates differs from the adder graph at cycle {}; synthesis is wrong",
             energy_block.block.name, o, t);
      }
    }
  });
}

EnergyBlockResult simulate_block(const Synthesizer& synthesizer, const EnergyBlock& energy_block,
                                 AdderMapping mapping) {
  const GoldenBlock& block = energy_block.block;
  SynthesisJob job;
  job.name = "energy_" + block.name;
  job.verilog = golden_block_verilog(block);
  job.top = "block";
  job.mapping = mapping;
  const GateNetlist netlist = mapped_netlist(synthesizer, job);
  PortValues inputs;
  for (size_t i = 0; i < energy_block.inputs.size(); ++i)
    inputs[fmt::format("x{}", i)] = energy_block.inputs[i];
  const GateActivity activity = simulate_gates(netlist, inputs);
  check_outputs(energy_block, activity);
  const GateEnergy energy = gate_energy(netlist, activity, synthesizer.library().voltage_v);
  EnergyBlockResult result;
  result.name = block.name;
  result.stimulus = energy_block.stimulus;
  result.mapping = mapping;
  result.adder_bits = block.adder_bits;
  result.adder_bit_toggles = count_adder_bit_toggles(block.graph, block.input, energy_block.inputs);
  result.gate_toggles = energy.gate_toggles;
  result.transitions = activity.cycles - 1;
  result.area_um2 = netlist.area_um2();
  result.leakage_nw = energy.leakage_nw;
  result.energy_fj = energy.total_fj();
  return result;
}

/// The ports of ffe_requantiser: loading of M and B, then `pixels` pixels, one channel a clock.
class RequantiserRun {
 public:
  explicit RequantiserRun(const RequantiserStimulus& stimulus) : stimulus_(stimulus) {
    for (int c = 0; c < channels(); ++c) {
      const Requantizer& r = stimulus.parameters.at(static_cast<size_t>(c));
      step({{"write", 1}, {"write_channel", c}, {"write_data", r.multiplier}});
      step({{"write", 1}, {"write_bias", 1}, {"write_channel", c}, {"write_data", r.bias}});
    }
    step({{"commit", 1}});
    set_accumulators(0);
    step({});
    loading_ = cycles_;
  }

  void run_pixels() {
    for (size_t pixel = 0; pixel < stimulus_.accumulators[0].size(); ++pixel) {
      set_accumulators(pixel);
      for (int c = 0; c < channels(); ++c) step({{"start", c == 0 ? 1 : 0}});
    }
    step({});
  }

  const PortValues& values() const { return values_; }
  size_t loading() const { return loading_; }

 private:
  int channels() const { return stimulus_.block.channels; }

  void set_accumulators(size_t pixel) {
    accumulators_.clear();
    for (const auto& channel : stimulus_.accumulators) accumulators_.push_back(channel.at(pixel));
  }

  void step(const std::map<std::string, int64_t>& set) {
    for (const char* port : {"start", "commit", "write", "write_bias", "write_channel", "write_data"}) {
      const auto entry = set.find(port);
      values_[port].push_back(entry == set.end() ? 0 : entry->second);
    }
    values_["rst_n"].push_back(1);  // active low
    for (size_t c = 0; c < accumulators_.size() || c < static_cast<size_t>(channels()); ++c) {
      values_[fmt::format("acc{}", c)].push_back(accumulators_.empty() ? 0 : accumulators_[c]);
    }
    ++cycles_;
  }

  const RequantiserStimulus& stimulus_;
  PortValues values_;
  std::vector<int64_t> accumulators_;
  size_t loading_ = 0, cycles_ = 0;
};

/// The accumulators come in one port of many bits; the simulator's ports have 64. Each channel gets its own.
void split_port(GateNetlist& netlist, const std::string& name, const std::string& stem, int width) {
  const auto port = std::find_if(netlist.ports.begin(), netlist.ports.end(),
                                 [&](const GateNetlist::Port& p) { return p.name == name; });
  if (port == netlist.ports.end()) fail("the netlist {} has no port {}", netlist.name, name);
  const GateNetlist::Port whole = *port;
  netlist.ports.erase(port);
  const size_t bits = static_cast<size_t>(width);
  for (size_t c = 0; c * bits < whole.nets.size(); ++c) {
    const auto begin = whole.nets.begin() + static_cast<std::ptrdiff_t>(c * bits);
    netlist.ports.push_back({fmt::format("{}{}", stem, c), whole.is_input,
                             std::vector<int>(begin, begin + static_cast<std::ptrdiff_t>(bits))});
  }
}

void check_codes(const RequantiserStimulus& stimulus, const GateActivity& activity, size_t loading) {
  const size_t channels = static_cast<size_t>(stimulus.block.channels);
  for (size_t pixel = 0; pixel < stimulus.accumulators[0].size(); ++pixel) {
    for (size_t c = 0; c < channels; ++c) {
      const Requantizer& r = stimulus.parameters[c];
      const int expected = Requantizer::apply(static_cast<int32_t>(stimulus.accumulators[c][pixel]),
                                              r.multiplier, r.bias, stimulus.shift, 255);
      const size_t clock = loading + pixel * channels + c + 1;
      if (activity.outputs.at(fmt::format("codes{}", c))[clock] != expected) {
        fail("{}: the mapped requantiser's code of channel {} is wrong at pixel {}", stimulus.name, c, pixel);
      }
    }
  }
}

RequantiserEnergyResult simulate_requantiser(const Synthesizer& synthesizer,
                                             const RequantiserStimulus& stimulus) {
  SynthesisJob job = requantiser_job(stimulus.block, AdderMapping::kGates);
  for (auto& [name, value] : job.parameters) {
    if (name == "SHIFT") value = stimulus.shift;
  }
  GateNetlist netlist = mapped_netlist(synthesizer, job);
  split_port(netlist, "acc", "acc", stimulus.block.accumulator_bits);
  split_port(netlist, "codes", "codes", 8);
  RequantiserRun run(stimulus);
  // The energy of loading the parameters, to be taken off.
  const double voltage_v = synthesizer.library().voltage_v;
  const GateEnergy before = gate_energy(netlist, simulate_gates(netlist, run.values()), voltage_v);
  run.run_pixels();
  const GateActivity activity = simulate_gates(netlist, run.values());
  check_codes(stimulus, activity, run.loading());
  const GateEnergy after = gate_energy(netlist, activity, voltage_v);
  RequantiserEnergyResult result;
  result.name = stimulus.name;
  result.accumulator_bits = stimulus.block.accumulator_bits;
  result.channels = stimulus.block.channels;
  const double energy = (after.total_fj() - after.flip_flops_fj) - (before.total_fj() - before.flip_flops_fj);
  result.energy_fj = energy / (static_cast<double>(stimulus.accumulators[0].size()) * result.channels);
  result.product_bit_energy_fj = result.energy_fj / (result.accumulator_bits * kMultiplierBits);
  return result;
}

EnergyLaw fit_energy(std::vector<EnergyBlockResult>& blocks, AdderMapping mapping) {
  std::vector<LawSample> samples;
  std::vector<EnergyBlockResult*> chosen;
  EnergyLaw law;
  for (EnergyBlockResult& block : blocks) {
    if (block.mapping != mapping) continue;
    chosen.push_back(&block);
    samples.push_back({block.name, {static_cast<double>(block.adder_bit_toggles)}, block.energy_fj});
    law.gate_toggles += block.gate_toggles_per_toggle();
  }
  const LawFit fit = fit_law(samples);
  law.blocks = static_cast<int>(chosen.size());
  law.energy_fj = fit.constants[0];
  law.gate_toggles /= law.blocks;
  law.low_fj = law.high_fj = chosen.front()->energy_per_toggle_fj();
  for (size_t i = 0; i < chosen.size(); ++i) {
    chosen[i]->error_percent = fit.error_percent[i];
    law.low_fj = std::min(law.low_fj, chosen[i]->energy_per_toggle_fj());
    law.high_fj = std::max(law.high_fj, chosen[i]->energy_per_toggle_fj());
  }
  law.mean_error_percent = fit.mean_error_percent;
  law.worst_error_percent = fit.worst_error_percent;
  law.left_out = fit.left_out;
  return law;
}

/// The smallest flip-flop without clear and preset: the one that synthesis takes.
const LibertyCell* smallest_flip_flop(const LibertyLibrary& library) {
  const LibertyCell* smallest = nullptr;
  for (const auto& [name, cell] : library.cells) {
    if (!cell.is_flip_flop || cell.has_asynchronous_inputs) continue;
    if (smallest == nullptr || cell.area_um2 < smallest->area_um2) smallest = &cell;
  }
  return smallest;
}

/// A chain of registers, mapped and fed with toggling bits: what a change of a stored bit costs beside the
/// clock, with the inverter that a flip-flop with an inverted output needs and the next data input.
std::optional<double> register_toggle_energy(const Synthesizer& synthesizer) {
  const RegisterBlock block{16, 3, false};
  const SynthesisJob job = register_job(block);
  const GateNetlist netlist = mapped_netlist(synthesizer, job);
  constexpr int kCycles = 256;
  std::vector<int64_t> stream;
  uint64_t state = 1;
  for (int t = 0; t < kCycles; ++t) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    stream.push_back(static_cast<int64_t>(state >> 48));
  }
  const double voltage_v = synthesizer.library().voltage_v;
  const GateActivity activity = simulate_gates(netlist, {{"d", stream}});
  const GateEnergy energy = gate_energy(netlist, activity, voltage_v);
  double clock_fj = 0, toggles = 0;
  for (const GateNetlist::Cell& cell : netlist.cells) {
    if (!cell.type->is_flip_flop) continue;
    clock_fj += flip_flop_energy(*cell.type, voltage_v)->clock_fj * static_cast<double>(activity.cycles);
    for (size_t p = 0; p < cell.nets.size(); ++p) {
      if (!cell.type->pins[p].is_output || cell.nets[p] < 0) continue;
      toggles += static_cast<double>(activity.toggles[static_cast<size_t>(cell.nets[p])]);
      break;
    }
  }
  if (toggles == 0) return std::nullopt;
  return (energy.total_fj() - clock_fj) / toggles;
}

std::string method(const Synthesizer& synthesizer, const std::string& how) {
  return fmt::format("{} + ABC, Liberty {} at {} V, zero-delay gate simulation without wires: {}",
                     synthesizer.version(), synthesizer.library().name, synthesizer.library().voltage_v, how);
}

Figure adder_energy_figure(const Synthesizer& synthesizer, const EnergyLaw& law, const char* mapping,
                           const std::string& stimulus) {
  Figure figure;
  figure.value = law.energy_fj;
  figure.kind = FigureKind::kFitted;
  figure.low = law.low_fj;
  figure.high = law.high_fj;
  figure.source = method(synthesizer, fmt::format("{} blocks, inputs {}, mapped to {}, {:.1f} gate toggles "
                                                  "by adder-bit toggle, mean error {:.1f} %, worst "
                                                  "{:.1f} %",
                                                  law.blocks, stimulus, mapping, law.gate_toggles,
                                                  law.mean_error_percent, law.worst_error_percent));
  return figure;
}

void add_adder_figures(const Synthesizer& synthesizer, EnergyFit& fit) {
  if (fit.gates) {
    fit.figures["adder_bit_toggle_energy_fj"] =
        adder_energy_figure(synthesizer, *fit.gates, "gates", fit.blocks.front().stimulus);
  }
  if (fit.full_adders) {
    fit.figures["full_adder_bit_toggle_energy_fj"] =
        adder_energy_figure(synthesizer, *fit.full_adders, "full-adder cells", fit.blocks.front().stimulus);
  }
  double activity = 0, toggles = 0, leakage = 0, area = 0;
  for (const EnergyBlockResult& block : fit.blocks) {
    if (block.stimulus != "image") continue;
    toggles += static_cast<double>(block.adder_bit_toggles);
    activity += static_cast<double>(block.adder_bits * block.transitions);
  }
  if (activity > 0) {
    Figure share;
    share.value = toggles / activity;
    share.kind = FigureKind::kMeasured;
    share.source = "adder-bit toggles of the integer network's first layers, successive pixels of an image";
    fit.figures["adder_bit_activity"] = share;
  }
  for (const EnergyBlockResult& block : fit.blocks) {
    leakage += block.leakage_nw;
    area += block.area_um2;
  }
  if (leakage > 0) {
    Figure figure_leakage;
    figure_leakage.value = leakage / area;
    figure_leakage.kind = FigureKind::kMeasured;
    figure_leakage.source = method(synthesizer, "leakage of all cells of the adder blocks by their area");
    fit.figures["leakage_nw_per_um2"] = figure_leakage;
  }
}

void add_register_figures(const Synthesizer& synthesizer, EnergyFit& fit) {
  const LibertyLibrary& library = synthesizer.library();
  const LibertyCell* cell = smallest_flip_flop(library);
  const auto energy = cell == nullptr ? std::nullopt : flip_flop_energy(*cell, library.voltage_v);
  if (!energy) return;
  if (const auto leakage = fit.figures.find("leakage_nw_per_um2");
      leakage != fit.figures.end() && cell->leakage_nw) {
    const double flip_flop = *cell->leakage_nw / cell->area_um2;
    leakage->second.low = std::min(*leakage->second.value, flip_flop);
    leakage->second.high = std::max(*leakage->second.value, flip_flop);
    leakage->second.source += fmt::format("; {}: {:.2f}", cell->name, flip_flop);
  }
  Figure clock;
  clock.value = energy->clock_fj;
  clock.kind = FigureKind::kMeasured;
  clock.source = fmt::format(
      "Liberty {}: internal power of {} over both clock edges while it keeps its value, and "
      "its clock pin at {} V; no clock tree",
      library.name, cell->name, library.voltage_v);
  fit.figures["register_bit_clock_energy_fj"] = clock;
  if (const auto toggle = register_toggle_energy(synthesizer)) {
    Figure change;
    change.value = toggle;
    change.low = energy->toggle_fj;
    change.high = toggle;
    change.kind = FigureKind::kMeasured;
    change.source =
        method(synthesizer, fmt::format("a chain of {}, changes of value beside the clock, the inverter "
                                        "behind an inverted output included (low: without)",
                                        cell->name));
    fit.figures["register_bit_toggle_energy_fj"] = change;
  }
}

/// Of those whose multiplier channels share, or of those with one multiplier a channel: absent without any.
std::optional<Figure> requantiser_figure(const Synthesizer& synthesizer, const EnergyFit& fit, bool shared) {
  Figure figure;
  double sum = 0;
  int count = 0;
  for (const RequantiserEnergyResult& result : fit.requantisers) {
    const double energy = result.product_bit_energy_fj;
    if ((result.channels > 1) != shared) continue;
    sum += energy;
    ++count;
    figure.low = std::min(figure.low.value_or(energy), energy);
    figure.high = std::max(figure.high.value_or(energy), energy);
  }
  if (count == 0) return std::nullopt;
  figure.value = sum / count;
  figure.kind = FigureKind::kFitted;
  figure.source =
      method(synthesizer, fmt::format("mean of {} requantisers {}, flip-flops not included", count,
                                      shared ? "whose multiplier several channels share, selection included"
                                             : "with one multiplier a channel"));
  return figure;
}

void add_requantiser_figures(const Synthesizer& synthesizer, EnergyFit& fit) {
  for (const bool shared : {false, true}) {
    const char* key =
        shared ? "shared_requantiser_product_bit_energy_fj" : "requantiser_product_bit_energy_fj";
    if (const auto figure = requantiser_figure(synthesizer, fit, shared)) fit.figures[key] = *figure;
  }
}

}  // namespace

double EnergyBlockResult::activity() const {
  return static_cast<double>(adder_bit_toggles) / static_cast<double>(adder_bits * transitions);
}
double EnergyBlockResult::gate_toggles_per_toggle() const {
  return static_cast<double>(gate_toggles) / static_cast<double>(adder_bit_toggles);
}
double EnergyBlockResult::energy_per_toggle_fj() const {
  return energy_fj / static_cast<double>(adder_bit_toggles);
}

int64_t count_adder_bit_toggles(const AdderGraph& graph, Interval input,
                                std::span<const std::vector<int64_t>> inputs) {
  const std::vector<NodeFacts> facts = node_facts(graph, input);
  std::vector<int64_t> last;
  int64_t toggles = 0;
  for_each_cycle(graph, inputs, [&](size_t, std::span<const int64_t> nodes) {
    for (size_t n = 0; !last.empty() && n < nodes.size(); ++n) {
      const uint64_t mask = low_bits(facts[n].width) & ~low_bits(facts[n].width - facts[n].adder_bits);
      toggles += std::popcount(static_cast<uint64_t>(nodes[n] ^ last[n]) & mask);
    }
    last.assign(nodes.begin(), nodes.end());
  });
  return toggles;
}

EnergyFit calibrate_energy(const Synthesizer& synthesizer, std::span<const EnergyBlock> blocks,
                           std::span<const RequantiserStimulus> requantisers, int threads) {
  if (!(synthesizer.library().voltage_v > 0)) {
    fail(
        "{}: the library gives no nom_voltage above 0 V, which energies need; add it, or calibrate areas "
        "only",
        synthesizer.liberty().string());
  }
  const size_t mappings = synthesizer.full_adder() ? 2 : 1;
  EnergyFit fit;
  fit.blocks.resize(blocks.size() * mappings);
  fit.requantisers.resize(requantisers.size());
  ThreadPool pool(threads);
  pool.run(static_cast<int>(fit.blocks.size() + fit.requantisers.size()), [&](int task, int) {
    const size_t i = static_cast<size_t>(task);
    if (i < fit.blocks.size()) {
      fit.blocks[i] = simulate_block(synthesizer, blocks[i / mappings],
                                     i % mappings == 0 ? AdderMapping::kGates : AdderMapping::kFullAdders);
    } else {
      const size_t r = i - fit.blocks.size();
      fit.requantisers[r] = simulate_requantiser(synthesizer, requantisers[r]);
    }
  });
  if (!blocks.empty()) fit.gates = fit_energy(fit.blocks, AdderMapping::kGates);
  if (!blocks.empty() && mappings == 2) fit.full_adders = fit_energy(fit.blocks, AdderMapping::kFullAdders);
  add_adder_figures(synthesizer, fit);
  add_register_figures(synthesizer, fit);
  add_requantiser_figures(synthesizer, fit);
  return fit;
}

}  // namespace fixynn
