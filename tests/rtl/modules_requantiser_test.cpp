// SPDX-License-Identifier: Apache-2.0
// ffe_requantiser at its full rate: pixels follow each other without a clock between them, parameters are
// written at any time, and a commit falls together with the last channel of the pixel before.
#include <algorithm>

#include "modules_bench.h"

namespace fixynn {
namespace {

constexpr int kAccBits = 12, kOutBits = 5, kShift = 9, kClocks = 4000;

struct Parameters {
  int64_t multiplier = 0, bias = 0;
};

int64_t code(int64_t acc, const Parameters& p) {
  return std::clamp<int64_t>((acc * p.multiplier + p.bias) >> kShift, 0, (1 << kOutBits) - 1);
}

struct Stimulus {
  std::vector<uint64_t> pixels;   ///< commit, start, accumulators of a clock
  std::vector<uint64_t> writes;   ///< write, bias, channel, data
  std::vector<int64_t> expected;  ///< codes of every pixel
};

Stimulus make_stimulus(int channels) {
  RandomSequence random = test_random(30, static_cast<uint32_t>(channels));
  Stimulus run;
  std::vector<Parameters> shadow(static_cast<size_t>(channels)), active;
  const uint64_t mask = (uint64_t{1} << kAccBits) - 1;
  int wait = 20 * channels;  // until every parameter is likely to be written
  bool idle = false, ever = false;
  uint64_t accs = 0;
  for (int t = 0; t < kClocks; ++t) {
    const bool start = wait == 0, before_start = wait == 1;
    if (start) {
      accs = 0;
      for (int c = 0; c < channels; ++c) {
        const int64_t acc = static_cast<int64_t>(random.below(1U << kAccBits)) - (1 << (kAccBits - 1));
        accs |= (static_cast<uint64_t>(acc) & mask) << (c * kAccBits);
        run.expected.push_back(code(acc, active[static_cast<size_t>(c)]));
      }
      if (random.below(20) == 0) idle = !idle;
      wait = channels + (idle ? static_cast<int>(random.below(3)) : 0);
    }
    --wait;
    // With one channel every clock starts, and the clock before a start is one, too.
    const bool commit = (before_start || (wait == 0 && channels == 1)) && (!ever || random.below(3) == 0);
    ever = ever || commit;
    run.pixels.push_back(accs | uint64_t{start} << 48 | uint64_t{commit} << 49);
    if (commit) active = shadow;
    const uint32_t channel = random.below(static_cast<uint32_t>(channels) + 1);  // the last one is not there
    const bool write = random.below(2) == 0, bias = random.below(2) == 0;
    const uint32_t data = bias ? random.below(1U << 15) - (1U << 14) : random.next_u32() & 0xFFFF00FF;
    run.writes.push_back(uint64_t{write} << 36 | uint64_t{bias} << 35 | uint64_t{channel} << 32 | data);
    if (!write || channel == static_cast<uint32_t>(channels)) continue;
    if (bias) {
      shadow[channel].bias = static_cast<int32_t>(data);
    } else {
      shadow[channel].multiplier = static_cast<int16_t>(data & 0xFFFF);
    }
  }
  run.expected.resize(run.expected.size() - static_cast<size_t>(channels));  // the end cuts the last pixel
  return run;
}

TEST(RequantiserModule, CommitsBetweenPixelsAtFullRate) {
  FIXYNN_NEEDS_ICARUS();
  for (int channels = 1; channels <= 4; ++channels) {
    const Stimulus run = make_stimulus(channels);
    const StimulusFile pixels(run.pixels), writes(run.writes);
    std::string shown;
    for (int c = 0; c < channels; ++c)
      shown += fmt::format(" $display(\"%0d\", codes[{}+:5]);", c * kOutBits);
    const std::string bench = fmt::format(R"(
module bench;
  reg [49:0] pixels[0:{0}-1];
  reg [36:0] writes[0:{0}-1];
  reg clk = 0, rst_n = 0, start = 0, commit = 0, write = 0, bias = 0;
  reg [47:0] acc;
  reg [2:0] channel;
  reg [31:0] data;
  wire [5*{1}-1:0] codes;
  wire done;
  ffe_requantiser #(.CHANNELS({1}), .ACC_BITS(12), .OUT_BITS(5), .SHIFT(9), .FIRST_CHANNEL(0), .ADDRESS_BITS(3))
    dut (.clk(clk), .rst_n(rst_n), .start(start), .acc(acc[12*{1}-1:0]), .commit(commit), .write(write),
    .write_bias(bias), .write_channel(channel), .write_data(data), .codes(codes), .done(done));
  integer t, left = 0;
  initial begin
    $readmemh("{2}", pixels);
    $readmemh("{3}", writes);
    #1 clk = 1; #1 clk = 0; rst_n = 1;
    for (t = 0; t < {0} && left < {4}; t = t + 1) begin
      {{commit, start, acc}} = pixels[t];
      {{write, bias, channel, data}} = writes[t];
      #1;
      if (done) begin{5} left = left + 1; end
      clk = 1;
      #1 clk = 0;
    end
    $finish;
  end
endmodule
)",
                                          kClocks, channels, pixels.path(), writes.path(),
                                          run.expected.size() / static_cast<size_t>(channels), shown);
    EXPECT_EQ(simulate_modules({"ffe_requantiser"}, bench), run.expected) << channels << " channels";
  }
}

}  // namespace
}  // namespace fixynn
