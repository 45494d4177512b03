// SPDX-License-Identifier: Apache-2.0
#include "rtl/layer_verilog.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>

#include "core/philox.h"
#include "quant/requantizer.h"
#include "simulation.h"

namespace fixynn {
namespace {

constexpr const char* kClock = "#1 clk = 1; #1 clk = 0;";

struct Parameters {
  int32_t multiplier, bias;
};

/// Random M and B whose codes lie on both sides of the clamps.
std::vector<Parameters> random_parameters(int channels, int shift, uint32_t number) {
  RandomSequence random(3, RandomStream::kSynthesise, number);
  std::vector<Parameters> parameters;
  for (int c = 0; c < channels; ++c) {
    const auto m = static_cast<int32_t>(random.below(65536)) - 32768;
    const auto b = static_cast<int32_t>(random.below(256) << shift >> 1) - (32 << shift);
    parameters.push_back({m, b});
  }
  return parameters;
}

std::string write_parameters(const std::vector<Parameters>& parameters) {
  std::string text;
  for (size_t c = 0; c < parameters.size(); ++c) {
    text += fmt::format("    write = 1; write_channel = {}; write_bias = 0; write_data = {}; {}\n", c,
                        parameters[c].multiplier, kClock);
    text +=
        fmt::format("    write_bias = 1; write_data = {}; {}\n    write = 0;\n", parameters[c].bias, kClock);
  }
  return text;
}

constexpr const char* kControls =
    "  reg clk = 0, rst_n = 0, commit = 0, write = 0, write_bias = 0;\n  reg [31:0] write_data = 0;\n";

/// Runs a requantiser over `rounds` sets of accumulators; other parameters are written, not committed, after
/// half of them.
void check_requantiser(int channels, int acc_bits, int out_bits, int shift) {
  const int kRounds = 6;
  const std::vector<Parameters> parameters = random_parameters(channels, shift, 1);
  std::string body = fmt::format("    {} rst_n = 1;\n", kClock) + write_parameters(parameters) +
                     fmt::format("    commit = 1; {} commit = 0;\n", kClock);
  std::vector<int64_t> expected;
  RandomSequence random(4, RandomStream::kSynthesise, static_cast<uint32_t>(channels));
  for (int round = 0; round < kRounds; ++round) {
    if (round == kRounds / 2) body += write_parameters(random_parameters(channels, shift, 2));
    for (int c = 0; c < channels; ++c) {
      const int64_t half = int64_t{1} << (acc_bits - 1);
      const int64_t acc =
          round == 0 ? half - 1 : (round == 1 ? -half : int64_t{random.below(1U << acc_bits)} - half);
      body += fmt::format("    acc[{}+:{}] = {};\n", c * acc_bits, acc_bits, acc);
      expected.push_back(
          Requantizer::apply(static_cast<int32_t>(acc), parameters[static_cast<size_t>(c)].multiplier,
                             parameters[static_cast<size_t>(c)].bias, shift, (1 << out_bits) - 1));
    }
    body += fmt::format("    start = 1; {} start = 0;\n", kClock);
    body += fmt::format("    while (!done) begin {} end\n", kClock);
    for (int c = 0; c < channels; ++c) {
      body += fmt::format("    $display(\"%0d\", codes[{}+:{}]);\n", c * out_bits, out_bits);
    }
  }
  const std::string bench = fmt::format(
      "module bench;\n{}  reg start = 0;\n  reg [{}:0] acc;\n  reg [5:0] write_channel = 0;\n  wire [{}:0] "
      "codes;\n"
      "  wire done;\n  ffe_requantiser #(.CHANNELS({}), .ACC_BITS({}), .OUT_BITS({}), .SHIFT({}), "
      ".ADDRESS_BITS(6)) dut "
      "(.clk(clk), .rst_n(rst_n), .start(start), .acc(acc), .commit(commit), .write(write), "
      ".write_bias(write_bias), "
      ".write_channel(write_channel), .write_data(write_data), .codes(codes), .done(done));\n  initial "
      "begin\n{}"
      "    $finish;\n  end\nendmodule\n",
      kControls, channels * acc_bits - 1, channels * out_bits - 1, channels, acc_bits, out_bits, shift, body);
  EXPECT_EQ(simulate(built_in_rtl("ffe_requantiser") + bench), expected);
}

TEST(RequantiserVerilog, OneChannel) {
  FIXYNN_NEEDS_ICARUS();
  check_requantiser(1, 18, 8, 16);
}

TEST(RequantiserVerilog, SharedByFourAndFive) {
  FIXYNN_NEEDS_ICARUS();
  check_requantiser(4, 20, 8, 14);
  check_requantiser(5, 12, 4, 8);
}

TEST(RequantiserVerilog, EndsOfTheShift) {
  FIXYNN_NEEDS_ICARUS();
  check_requantiser(2, 9, 2, 24);
  check_requantiser(2, 24, 6, 8);
}

/// A small network's plan: window, adders, FIFO and requantisers together against plain arithmetic.
class LayerSimulation {
 public:
  LayerSimulation(size_t conv, Fold fold, int shift) : shift_(shift) {
    const MobileNet network = make_mobilenet(0.25, 32, 2);
    const std::vector<ConvQuant> quant(network.convs.size(), ConvQuant{6, 6});
    design_ = assumed_design(network, quant, 0.3);
    AdderGraphCache cache;
    PlanOptions options;
    options.fold = fold;
    options.levels_per_stage = 2;
    plan_ = plan_hardware(design_, 2, options, cache, 1).convs.at(conv);
    weights_ = conv_matrices(plan_.conv, design_.weights[conv]);
    parameters_ = random_parameters(plan_.conv.out_channels, shift, 3);
  }

  const ConvPlan& plan() const { return plan_; }

  void check() {
    const std::string bench = make_bench();
    EXPECT_EQ(simulate(layer_verilog(plan_, shift_) + bench), expected_);
  }

 private:
  static constexpr int kPixels = 6;
  bool windowed() const { return plan_.conv.kind != ConvKind::kPointwise; }

  int64_t random_code(RandomSequence& random) const {
    return plan_.input.min + random.below(static_cast<uint32_t>(plan_.input.max - plan_.input.min + 1));
  }

  std::string set(const char* net, size_t index, int64_t value) const {
    return fmt::format("    {}[{}+:{}] = {};\n", net, index * static_cast<size_t>(plan_.input_bits),
                       plan_.input_bits, value);
  }

  /// The inputs of the pixel in the graphs' order, [tap][channel]; Verilog to bring them there. Taps outside
  /// of the map are 0 whatever enters the window; bits 1 of row_ok and col_ok mean nothing.
  std::string next_pixel(RandomSequence& random, std::vector<int64_t>& inputs) const {
    const size_t channels = static_cast<size_t>(plan_.conv.in_channels);
    std::string text;
    if (!windowed()) {
      inputs.resize(channels);
      for (size_t c = 0; c < channels; ++c) text += set("x", c, inputs[c] = random_code(random));
      return text;
    }
    inputs.resize(9 * channels);
    const uint32_t row_ok = random.below(8), col_ok = random.below(8);
    for (size_t kx = 0; kx < 3; ++kx) {
      for (size_t ky = 0; ky < 3; ++ky) {
        const bool inside = (ky == 1 || (row_ok >> ky & 1) != 0) && (kx == 1 || (col_ok >> kx & 1) != 0);
        for (size_t c = 0; c < channels; ++c) {
          const int64_t code = random_code(random);
          text += set("column", ky * channels + c, code);
          inputs[(ky * 3 + kx) * channels + c] = inside ? code : 0;
        }
      }
      text += fmt::format("    shift = 1; {} shift = 0;\n", kClock);
    }
    return text + fmt::format("    row_ok = {}; col_ok = {};\n", row_ok, col_ok);
  }

  void expect(const std::vector<int64_t>& inputs, const std::vector<Parameters>& parameters) {
    const size_t channels = static_cast<size_t>(plan_.conv.in_channels);
    for (size_t o = 0; o < static_cast<size_t>(plan_.conv.out_channels); ++o) {
      const bool depthwise = plan_.conv.kind == ConvKind::kDepthwise;
      const ConstantMatrix& matrix = weights_[depthwise ? o : 0];
      int64_t acc = 0;
      for (int i = 0; i < matrix.inputs; ++i) {
        const size_t index = depthwise ? static_cast<size_t>(i) * channels + o : static_cast<size_t>(i);
        acc += inputs[index] * matrix.at(i, depthwise ? 0 : static_cast<int>(o));
      }
      // Rows that the graph gives negated: the programmed M has the other sign.
      const AdderOutput& output = depthwise ? plan_.graphs[o]->outputs[0] : plan_.graphs[0]->outputs[o];
      expected_.push_back(Requantizer::apply(static_cast<int32_t>(output.negated ? -acc : acc),
                                             parameters[o].multiplier, parameters[o].bias, shift_,
                                             (1 << plan_.requantiser.output_bits) - 1));
    }
  }

  /// Pixels one after another; the first and the fourth commit parameters written before.
  std::string make_bench() {
    const int pixel = plan_.conv.in_channels * plan_.input_bits, channels = plan_.conv.out_channels;
    const std::vector<Parameters> later = random_parameters(channels, shift_, 4);
    std::string body = fmt::format("    {} rst_n = 1;\n", kClock);
    RandomSequence random(5, RandomStream::kSynthesise, 0);
    for (int p = 0; p < kPixels; ++p) {
      const bool commits = p == 0 || p == 3;
      if (commits) body += write_parameters(p == 0 ? parameters_ : later);
      std::vector<int64_t> inputs;
      body += next_pixel(random, inputs);
      expect(inputs, p < 3 ? parameters_ : later);
      expected_.push_back(commits ? 1 : 0);
      body +=
          fmt::format("    valid = 1; commit = {1}; {0} valid = 0; commit = 0;\n", kClock, commits ? 1 : 0);
      body += fmt::format("    while (!done) begin {} end\n", kClock);
      for (int c = 0; c < channels; ++c) {
        body += fmt::format("    $display(\"%0d\", codes[{}+:{}]);\n", c * plan_.requantiser.output_bits,
                            plan_.requantiser.output_bits);
      }
      body += "    $display(\"%0d\", commit_out);\n";
    }
    const std::string input =
        windowed() ? fmt::format("  reg shift = 0;\n  reg [{}:0] column;\n  reg [2:0] row_ok, col_ok;\n",
                                 3 * pixel - 1)
                   : fmt::format("  reg [{}:0] x;\n", pixel - 1);
    std::string ports =
        windowed() ? ".shift(shift), .column(column), .row_ok(row_ok), .col_ok(col_ok)" : ".x(x)";
    if (plan_.requantiser.fifo_words > 0) ports += ", .overflow()";
    return fmt::format(
        "module bench;\n{}{}  reg valid = 0;\n  reg [{}:0] write_channel;\n  wire [{}:0] codes;\n  wire "
        "done, "
        "commit_out;\n"
        "  ffe_{} dut (.clk(clk), .rst_n(rst_n), .valid(valid), {}, .commit(commit), .write(write), "
        ".write_bias(write_bias), .write_channel(write_channel), .write_data(write_data), .codes(codes), "
        ".done(done), .commit_out(commit_out));\n  initial begin\n{}    $finish;\n  end\nendmodule\n",
        kControls, input, std::bit_width(static_cast<unsigned>(channels - 1)) - 1,
        channels * plan_.requantiser.output_bits - 1, plan_.conv.name, ports, body);
  }

  int shift_;
  HardwareDesign design_;
  ConvPlan plan_;
  std::vector<ConstantMatrix> weights_;
  std::vector<Parameters> parameters_;
  std::vector<int64_t> expected_;
};

TEST(LayerVerilog, FirstConvolution) {
  FIXYNN_NEEDS_ICARUS();
  LayerSimulation(0, Fold::kBurst, 12).check();
}

TEST(LayerVerilog, Depthwise) {
  FIXYNN_NEEDS_ICARUS();
  LayerSimulation(1, Fold::kBurst, 10).check();
}

TEST(LayerVerilog, PointwiseWithSharedMultipliers) {
  FIXYNN_NEEDS_ICARUS();
  LayerSimulation(2, Fold::kMean, 12).check();
}

TEST(LayerVerilog, FirstConvolutionWithFifo) {
  FIXYNN_NEEDS_ICARUS();
  LayerSimulation layer(0, Fold::kMean, 12);
  ASSERT_GT(layer.plan().requantiser.fifo_words, 0);
  layer.check();
}

}  // namespace
}  // namespace fixynn
