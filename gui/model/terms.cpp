// SPDX-License-Identifier: Apache-2.0
#include "gui/model/terms.h"

#include <array>

namespace fixynn::gui {
namespace {

// Name, unit and definition are joined at compile time, so that a tooltip is a view of a constant.
#define FIXYNN_TERM(name, unit, definition) \
  { {name, unit, definition}, name "\n" unit "\n" definition }
#define FIXYNN_PLAIN_TERM(name, definition) \
  { {name, "", definition}, name "\n" definition }

struct Entry {
  Term term;
  std::string_view text;
};

constexpr std::array kEntries = {
    Entry FIXYNN_PLAIN_TERM(
        "FFE",
        "Fixed-weight feature extractor: the first layers of the network as hardware of their own, with the "
        "weights built in as constants (FixyNN, section 3)."),
    Entry FIXYNN_TERM(
        "Fixed layers", "layers, 0 to 14",
        "How many layers, counted from conv1, are built into the fixed extractor. A layer is conv1 "
        "or a block of a depthwise and a 1x1 convolution. Their weights are frozen in training."),
    Entry FIXYNN_TERM(
        "Early tap", "layers",
        "A network that uses fewer layers than are built takes the output of an earlier one, as "
        "GTSRB and Aircraft do in section 3.3 of the paper. Area and energy stay those of all built "
        "layers."),
    Entry FIXYNN_TERM(
        "Area budget", "mm²",
        "Silicon area of the fixed extractor and the NVDLA together. What the fixed extractor does "
        "not take is the NVDLA's. The paper's Table 1 is at 3 mm²."),
    Entry FIXYNN_PLAIN_TERM(
        "Cost model",
        "Where area and energy come from: the paper's two fitted constants, or the calibrated model, which "
        "counts adders, registers and memories and takes a technology's figures for each."),
    Entry FIXYNN_PLAIN_TERM("Technology",
                            "Area and energy of an adder bit, a register, a memory bit and the like in one "
                            "process. Each figure has "
                            "a source; docs/cost.md lists them."),
    Entry FIXYNN_TERM(
        "Efficiency", "TOPS/W",
        "Operations of an inference divided by its energy, fixed extractor and NVDLA together. DRAM "
        "is not in it, as in the paper."),
    Entry FIXYNN_TERM(
        "Throughput", "TOPS",
        "Operations a second, in 10^12. Two a multiply-accumulate of the whole network, wherever it "
        "is computed."),
    Entry FIXYNN_TERM("Inferences a second", "1/s", "Images that the platform classifies in a second."),
    Entry FIXYNN_TERM(
        "Fixed ops", "%",
        "Share of the network's operations that the fixed layers do. 44.3 % with 7 layers at 224 "
        "pixels (Table 1)."),
    Entry FIXYNN_TERM(
        "FFE area", "mm²",
        "Area of the fixed extractor, all copies of it. Sums of cells: no placement and no routing."),
    Entry FIXYNN_TERM(
        "Energy per inference", "µJ",
        "Energy of one image through fixed extractor and NVDLA, leakage and clocks included. DRAM "
        "is shown beside it, not in it."),
    Entry FIXYNN_TERM(
        "Latency", "µs",
        "From the first pixel in to the last result: the extractor's pipeline, one frame through "
        "it, and the NVDLA's work at full speed. Waiting is not in it."),
    Entry FIXYNN_TERM(
        "W bits", "bits, 2 to 8",
        "Width of a weight's code, symmetric around 0, with a scale for each output channel. Fewer "
        "bits mean fewer digits and fewer adders."),
    Entry FIXYNN_TERM(
        "A bits", "bits, 2 to 8",
        "Width of an activation's code after ReLU6, from 0 to 6. It sets the width of line buffers, "
        "windows and adders of the layer behind."),
    Entry FIXYNN_PLAIN_TERM(
        "Layer",
        "conv1 or a block of a depthwise 3x3 and a 1x1 convolution: 14 of them, as the paper "
        "counts."),
    Entry FIXYNN_TERM(
        "Area", "mm²",
        "Cell area of the layer in the fixed extractor; of a layer that is not fixed, what fixing "
        "it would take."),
    Entry FIXYNN_TERM(
        "Energy", "µJ an inference",
        "Of a fixed layer its own; of one that is not fixed its share of the NVDLA's energy, by "
        "operations."),
    Entry FIXYNN_TERM("MACs", "multiply-accumulates", "Products summed for one image."),
    Entry FIXYNN_TERM("Weights", "weights",
                      "Weights of the layer's convolutions. In fixed layers those that are not zero become "
                      "adders."),
    Entry FIXYNN_TERM("Zeros", "%", "Share of weights whose code is 0. In a fixed layer they cost nothing."),
    Entry FIXYNN_TERM("CSD digits", "digits",
                      "Digits that are not zero when weights are written with -1, 0 and 1 (canonical signed "
                      "digits). 7 = 8 - 1 has two. A weight with d digits needs at most d - 1 additions."),
    Entry FIXYNN_TERM(
        "Adders", "adders",
        "Adders and subtractors that compute all products and sums of the layer, after common parts "
        "are shared."),
    Entry FIXYNN_TERM("Adder bits", "bits", "Widths of all adders, summed: what their area goes by."),
    Entry FIXYNN_TERM("Register bits", "bits",
                      "Flip-flops: pipeline stages, windows, requantisers' parameters and control."),
    Entry FIXYNN_TERM("Memory bits", "bits", "SRAM of the layer: line buffers and FIFOs."),
    Entry FIXYNN_TERM(
        "Line buffer", "bits",
        "Memory for the last rows of a feature map, so that a 3x3 window can be taken while pixels "
        "stream in."),
    Entry FIXYNN_PLAIN_TERM(
        "Window", "Registers that hold the 3x3 pixels of all channels that a convolution looks at."),
    Entry FIXYNN_PLAIN_TERM("Requantiser",
                            "Batch norm and ReLU6 in integers: clamp((sum x M + B) >> S). M and B of each "
                            "channel are programmable, "
                            "so that one extractor serves several data sets."),
    Entry FIXYNN_PLAIN_TERM(
        "NVDLA",
        "The programmable accelerator that computes what is not fixed. Its throughput and efficiency by area "
        "are the published ones."),
    Entry FIXYNN_TERM(
        "DRAM energy", "µJ",
        "Reading the weights of the layers that are not fixed once an inference, at the pJ a byte of "
        "the technology."),
    Entry FIXYNN_TERM("Accuracy", "%",
                      "Test images whose class is found (top-1), by the integer network, mean over seeds."),
    Entry FIXYNN_TERM("Drop", "percentage points",
                      "Accuracy lost against the same training with no fixed layers. Below 0: gained."),
    Entry FIXYNN_PLAIN_TERM(
        "Pareto front",
        "Points that no other one beats: less energy costs accuracy, more accuracy costs energy."),
    Entry FIXYNN_PLAIN_TERM("Stale",
                            "The accuracy was measured with other bits than the design has now. Evaluate "
                            "trains and tests this one."),
    Entry FIXYNN_PLAIN_TERM("Estimate",
                            "Adders are estimated from the weights' digits at once; the exact ones of "
                            "optimised adder graphs follow "
                            "in the background."),
    Entry FIXYNN_PLAIN_TERM("Exact",
                            "Adders were counted in the optimised adder graphs that the Verilog is made of."),
    Entry FIXYNN_PLAIN_TERM(
        "Assumed weights",
        "There is no network yet, so weights are drawn at random with half of them zero. Costs show the "
        "order of size only."),
    Entry FIXYNN_PLAIN_TERM(
        "Extrapolated",
        "The NVDLA would be larger than any published one; its figures are carried on from the largest."),
    Entry FIXYNN_PLAIN_TERM("Published", "Printed in the FixyNN paper (Whatmough et al., arXiv 1812.01672)."),
    Entry FIXYNN_PLAIN_TERM(
        "Seed",
        "Start of the random numbers of a training. Several show how far accuracies differ by chance."),
    Entry FIXYNN_PLAIN_TERM(
        "Smoothing", "Each value is mixed with those before it; the raw line stays behind, faint. 0 is off."),
    Entry FIXYNN_TERM("Data age", "s",
                      "Time since something new was seen in the run's folder, by this machine's clock."),
    Entry FIXYNN_PLAIN_TERM("Heartbeat",
                            "A live run writes the time about once a second. A run whose heartbeat stands "
                            "still is shown as lost."),
};

#undef FIXYNN_TERM
#undef FIXYNN_PLAIN_TERM

constexpr auto kTerms = [] {
  std::array<Term, kEntries.size()> terms{};
  for (size_t i = 0; i < terms.size(); ++i) terms[i] = kEntries[i].term;
  return terms;
}();

/// Without regard to case of ASCII letters: "Stale" and "stale" are one word.
bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

std::span<const Term> terms() {
  return kTerms;
}

std::string_view term_definition(std::string_view name) {
  for (const Entry& entry : kEntries) {
    if (same_word(entry.term.name, name)) return entry.text;
  }
  return "";
}

}  // namespace fixynn::gui
