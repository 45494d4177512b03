// SPDX-License-Identifier: Apache-2.0
#include "calibrate/compare_rtl.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "core/error.h"
#include "core/text.h"
#include "hardware/hardware_plan.h"

namespace fixynn {
namespace {

const std::vector<std::string> kDefaultConvs = {"l00_conv1", "l01_pointwise", "l02_pointwise",
                                                "l03_pointwise"};
constexpr size_t kJobsEach = 4;  // three forms of the adders, the whole layer

constexpr const char* kConstantProducts = R"((* techmap_celltype = "$mul" *)
module fixynn_constant_products (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter [A_WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0;
  parameter [A_WIDTH-1:0] _TECHMAP_CONSTVAL_A_ = 0;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = _TECHMAP_CONSTMSK_A_ != {A_WIDTH{1'b1}} || (A_SIGNED && _TECHMAP_CONSTVAL_A_[A_WIDTH-1]);
  // Digits of the constant C: bits of 3C / 2 that C / 2 lacks are +1, the other way round -1.
  localparam [A_WIDTH+1:0] HALF = {2'b00, _TECHMAP_CONSTVAL_A_} >> 1;
  localparam [A_WIDTH+1:0] SUM = {2'b00, _TECHMAP_CONSTVAL_A_} + HALF;
  localparam [A_WIDTH+1:0] PLUS = SUM & ~HALF;
  localparam [A_WIDTH+1:0] MINUS = HALF & ~SUM;
  wire [Y_WIDTH-1:0] b;
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend (.A(B), .Y(b));
  // From the highest digit, which is +1, downwards.
  wire [Y_WIDTH*(A_WIDTH+3)-1:0] sums;
  assign sums[(A_WIDTH+2)*Y_WIDTH+:Y_WIDTH] = {Y_WIDTH{1'b0}};
  genvar i;
  generate
    for (i = 0; i < A_WIDTH + 2; i = i + 1) begin : digits
      wire [Y_WIDTH-1:0] above = sums[(i+1)*Y_WIDTH+:Y_WIDTH];
      if (PLUS[i] && (PLUS >> (i + 1)) == 0) assign sums[i*Y_WIDTH+:Y_WIDTH] = b << i;
      else if (PLUS[i]) assign sums[i*Y_WIDTH+:Y_WIDTH] = above + (b << i);
      else if (MINUS[i]) assign sums[i*Y_WIDTH+:Y_WIDTH] = above - (b << i);
      else assign sums[i*Y_WIDTH+:Y_WIDTH] = above;
    end
  endgenerate
  assign Y = sums[0+:Y_WIDTH];
endmodule
)";

int unsigned_bits(int64_t value) {
  return std::max(1, static_cast<int>(std::bit_width(static_cast<uint64_t>(value))));
}

/// Bits of a net that holds the interval, without a sign bit where it has no negative value.
int net_bits(int64_t least, int64_t most) {
  return least >= 0 ? unsigned_bits(most) : 1 + std::max(unsigned_bits(most), unsigned_bits(-1 - least));
}

/// One output of a matrix: its expression and its bits.
struct PlainSum {
  std::string expression;
  int bits = 1;
};

PlainSum plain_sum(const ConstantMatrix& matrix, int output, int first_input, Interval input) {
  std::string added, subtracted;
  int64_t least = 0, most = 0;
  for (int i = 0; i < matrix.inputs; ++i) {
    const int64_t weight = matrix.at(i, output);
    if (weight == 0) continue;
    least += std::min(weight * input.min, weight * input.max);
    most += std::max(weight * input.min, weight * input.max);
    const int64_t constant = weight < 0 ? -weight : weight;
    const std::string net = fmt::format("x{}", first_input + i);
    const std::string x = input.min < 0 ? net : "{1'b0, " + net + "}";
    // Not "-127 * x": that would be a constant with its sign in all upper bits.
    (weight < 0 ? subtracted : added) +=
        fmt::format("\n    {} ({}'sd{} * $signed({}))", weight < 0 ? "-" : (added.empty() ? " " : "+"),
                    1 + unsigned_bits(constant), constant, x);
  }
  std::string expression = added + subtracted;
  if (expression.empty()) expression = "\n    1'b0";
  return {std::move(expression), net_bits(least, most)};
}

std::vector<size_t> chosen_convs(const MobileNet& network, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const Conv& conv : network.convs) known.push_back(conv.name);
  std::vector<size_t> chosen;
  for (const std::string& name : names.empty() ? kDefaultConvs : names) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      const std::string near = nearest_name(name, known);
      fail_usage("the network has no convolution '{}'; {}", printable(name),
                 near.empty() ? fmt::format("there are {} to {}", known.front(), known.back())
                              : fmt::format("did you mean '{}'?", near));
    }
    const auto index = static_cast<size_t>(found - known.begin());
    if (std::find(chosen.begin(), chosen.end(), index) == chosen.end()) chosen.push_back(index);
  }
  return chosen;
}

/// The graphs side by side as a module named "block".
std::string graphs_verilog(std::span<const AdderGraph> graphs, Interval input, const std::string& name) {
  GoldenBlock block;
  block.name = name;
  block.graph = join_graphs(graphs);
  block.input = input;
  return golden_block_verilog(block);
}

SynthesisJob adder_job(const ConvPlan& conv, AdderMapping mapping, const char* form, std::string verilog) {
  SynthesisJob job;
  job.name = fmt::format("{}_{}{}", conv.conv.name, form, mapping == AdderMapping::kFullAdders ? "_fa" : "");
  job.verilog = std::move(verilog);
  job.top = "block";
  job.mapping = mapping;
  return job;
}

/// Appends the jobs of a convolution: shared, digits, plain, whole layer.
void queue_conv(const HardwareDesign& design, const ConvPlan& conv, size_t index, AdderMapping mapping,
                AdderGraphCache& cache, std::vector<QueuedJob>& jobs) {
  const std::vector<ConstantMatrix> matrices = conv_matrices(conv.conv, design.weights.at(index));
  std::vector<AdderGraph> shared, digits;
  for (const auto& graph : conv.graphs) shared.push_back(*graph);
  for (const ConstantMatrix& matrix : matrices)
    digits.push_back(*cache.get(matrix, conv.input, Sharing::kNone));
  const double bits = static_cast<double>(conv.adder_bits);
  const double registers = static_cast<double>(conv.pipeline_register_bits + conv.requantiser.parameter_bits);
  const std::string& name = conv.conv.name;
  jobs.push_back(
      {adder_job(conv, mapping, "shared", graphs_verilog(shared, conv.input, name)), synthesis_effort(bits)});
  jobs.push_back({adder_job(conv, mapping, "digits", graphs_verilog(digits, conv.input, name)),
                  synthesis_effort(1.5 * bits)});
  SynthesisJob plain = adder_job(conv, mapping, "plain", plain_sums_verilog(matrices, conv.input));
  if (mapping == AdderMapping::kFullAdders) plain.first_techmap = constant_product_techmap();
  jobs.push_back({std::move(plain), synthesis_effort(2 * bits)});
  jobs.push_back({layer_job(conv, mapping), synthesis_effort(bits + registers)});
}

std::optional<Technology> technology_of(const LibertyLibrary& library) {
  for (const std::string& name : technology_names()) {
    if (name == library.name) return find_technology(name);
  }
  return std::nullopt;
}

std::string adder_table(const Comparison& comparison) {
  std::string text =
      fmt::format("  {:<16}{:>9}{:>8}{:>12}{:>13}{:>13}{:>13}{:>11}{:>11}\n", "adders", "nonzero", "adders",
                  "adder bits", "graph um2", "digits um2", "x*CONST um2", "digits x", "x*CONST x");
  for (const ConvComparison& conv : comparison.convs) {
    const AdderForms& forms = conv.adders;
    text +=
        fmt::format("  {:<16}{:>9}{:>8}{:>12}{:>13.1f}{:>13.1f}{:>13.1f}{:>11.2f}{:>11.2f}\n", conv.name,
                    forms.nonzero_weights, forms.adders, forms.adder_bits, forms.shared.area_um2,
                    forms.digits.area_um2, forms.plain.area_um2, forms.digits_ratio(), forms.plain_ratio());
  }
  return text;
}

std::string layer_table(const Comparison& comparison) {
  std::string text = fmt::format("  {:<16}{:>15}{:>12}{:>12}{:>9}\n", "whole layer", "register bits", "um2",
                                 "model um2", "error %");
  for (const ConvComparison& conv : comparison.convs) {
    text += fmt::format("  {:<16}", conv.name);
    text += conv.model
                ? fmt::format("{:>15}{:>12.1f}{:>12.1f}{:>+9.1f}\n", conv.model->register_bits,
                              conv.layer.area_um2, conv.model->predicted_um2, conv.model->error_percent)
                : fmt::format("{:>15}{:>12.1f}{:>12}{:>9}\n", "n/a", conv.layer.area_um2, "n/a", "n/a");
  }
  return text;
}

}  // namespace

std::string plain_sums_verilog(std::span<const ConstantMatrix> matrices, Interval input) {
  std::string inputs, outputs, sums;
  int first_input = 0, number = 0;
  const int bits = net_bits(input.min, input.max);
  for (const ConstantMatrix& matrix : matrices) {
    for (int i = 0; i < matrix.inputs; ++i)
      inputs += fmt::format("  input [{}:0] x{},\n", bits - 1, first_input + i);
    for (int o = 0; o < matrix.outputs; ++o) {
      const PlainSum sum = plain_sum(matrix, o, first_input, input);
      outputs += fmt::format("{}  output [{}:0] y{}", number == 0 ? "" : ",\n", sum.bits - 1, number);
      sums += fmt::format("  assign y{} ={};\n", number, sum.expression);
      ++number;
    }
    first_input += matrix.inputs;
  }
  return "module block (\n" + inputs + outputs + "\n);\n" + sums + "endmodule\n";
}

std::string constant_product_techmap() {
  return kConstantProducts;
}

Comparison compare_rtl(const HardwareDesign& design, const CompareRequest& request, AdderGraphCache& cache,
                       const SynthesisProgress& progress) {
  const std::vector<size_t> chosen = chosen_convs(design.network, request.convs);
  const Synthesizer yosys(request.yosys);
  Comparison comparison;
  comparison.yosys = yosys.version();
  comparison.library = yosys.library().name;
  comparison.mapping = request.mapping;
  const std::optional<Technology> technology =
      request.technology ? request.technology : technology_of(yosys.library());
  if (technology) comparison.technology = technology->name;

  const int layers = design.network.convs.at(*std::max_element(chosen.begin(), chosen.end())).layer + 1;
  const HardwarePlan plan = plan_hardware(design, layers, {}, cache, request.threads);
  std::vector<QueuedJob> jobs;
  for (const size_t index : chosen)
    queue_conv(design, plan.convs[index], index, request.mapping, cache, jobs);
  std::vector<SynthesisResult> results = run_synthesis(yosys, jobs, request.threads, progress);
  for (size_t i = 0; i < chosen.size(); ++i) {
    const ConvPlan& conv = plan.convs[chosen[i]];
    SynthesisResult* result = &results[i * kJobsEach];
    ConvComparison& entry = comparison.convs.emplace_back();
    entry.name = conv.conv.name;
    entry.adders = {
        conv.weights - conv.zero_weights, conv.adders, conv.adder_bits, result[0], result[1], result[2]};
    entry.layer = result[3];
    if (technology) entry.model = check_layer(plan, chosen[i], *technology, request.mapping, result[3]);
  }
  return comparison;
}

std::string comparison_text(const Comparison& comparison) {
  std::string text = fmt::format(
      "{} + ABC, library {}, adders mapped to {}; sums of cell areas.\n\nThe sums of a convolution as adders "
      "alone: the shared graph that fixynn-rtl writes, signed digits without\nsharing, and one sum of "
      "x*CONST "
      "an output; the last columns are their areas as multiples of the graph's.\n",
      comparison.yosys, comparison.library,
      comparison.mapping == AdderMapping::kGates ? "gates" : "full-adder cells");
  text += adder_table(comparison);
  text +=
      "\nWhole layers (window, adders, pipeline, requantisers, parameters; without line buffers) and the "
      "cost "
      "model's area\n";
  text += comparison.technology.empty() ? "(no technology that comes with the program has this library's "
                                          "name; give one with --technology)\n"
                                        : fmt::format("(technology {})\n", comparison.technology);
  return text + layer_table(comparison);
}

}  // namespace fixynn
