// SPDX-License-Identifier: Apache-2.0
// ffe_registers against a plain model of the register map: address and data of writes in any order, responses
// and reads delayed, refused writes, commits, sticky bits and counters.
#include <algorithm>
#include <array>

#include "modules_bench.h"

namespace fixynn {
namespace {

constexpr int kConvs = 3, kConvBits = 2, kChannelBits = 4;
constexpr int kAddressBits = kConvBits + kChannelBits + 4;
constexpr int64_t kOkay = 0, kSlaveError = 2;
constexpr uint32_t kParameters = 1U << (kAddressBits - 1);
constexpr uint32_t kControl = 0x10, kStatus = 0x14;

uint32_t parameter_address(uint32_t conv, uint32_t channel, bool bias) {
  return kParameters | conv << (kChannelBits + 3) | channel << 3 | (bias ? 4U : 0U);
}

/// Pulses that come from the rest of the FFE.
enum Pulse : uint32_t {
  kCommitTaken = 1U << 6,
  kCommitDone = 1U << 7,
  kFrameIn = 1U << 8,
  kFrameOut = 1U << 9,
  kFrameBad = 1U << 10,
  kFrameTap = 1U << 11,
  kMainWaits = 1U << 12  // a level: until the next pulses
};                       // bits 0..5: events

enum Kind : uint32_t { kWrite = 0, kRead = 1, kPulse = 2 };
struct Operation {
  Kind kind;
  uint32_t address = 0, data = 0, strobes = 15;
};

/// What the bench prints: write of a parameter {1, one-hot, bias, channel, data}, response {2, code, 0, 0,
/// 0}, answer to a read {3, code, data, 0, 0}, levels after a pulse {4, commit_request, main_off, tap_on,
/// commit_pending}.
using Seen = std::vector<int64_t>;

class Model {
 public:
  explicit Model(int tap) : tap_(tap) {}

  void run(const Operation& operation, std::vector<Seen>& seen) {
    if (operation.kind == kWrite) {
      const int64_t response = write(operation, seen);
      seen.push_back({2, response, 0, 0, 0});
    } else if (operation.kind == kRead) {
      const auto [response, data] = read(operation.address);
      seen.push_back({3, response, data, 0, 0});
    } else {
      pulse(operation.data);
      seen.push_back({4, request_, main_off_, tap_on_, pending_});
    }
  }

 private:
  int64_t write(const Operation& w, std::vector<Seen>& seen) {
    if (w.address >= kParameters) {
      const uint32_t conv = w.address >> (kChannelBits + 3) & ((1U << kConvBits) - 1);
      if (w.address % 4 != 0 || conv >= kConvs || w.strobes != 15 || pending_) {
        status_ |= 1U << 6;
        return kSlaveError;
      }
      seen.push_back({1, 1 << conv, w.address >> 2 & 1, w.address >> 3 & ((1U << kChannelBits) - 1), w.data});
      return kOkay;
    }
    if (w.address == kStatus) {
      if ((w.strobes & 1) != 0) status_ &= ~w.data;
    } else if (w.address == kControl) {
      if ((w.strobes & 1) == 0) return kOkay;
      if ((w.data & 1) != 0 && !pending_) pending_ = request_ = true;
      main_off_ = tap_ != 0 && (w.data & 2) != 0;
      tap_on_ = tap_ != 0 && (w.data & 4) != 0;
    } else {
      return kSlaveError;
    }
    return kOkay;
  }

  std::pair<int64_t, int64_t> read(uint32_t address) const {
    const std::array<int64_t, 10> values = {0x4E4E5846,
                                            5,
                                            0xFEDCBA98,
                                            7 << 24 | tap_ << 16 | 224,
                                            int64_t{pending_} | main_off_ << 1 | tap_on_ << 2 | waits_ << 3,
                                            status_,
                                            frames_[0],
                                            frames_[1],
                                            frames_[2],
                                            tap_ != 0 ? frames_[3] : 0};
    if (address % 4 != 0 || address / 4 >= values.size()) return {kSlaveError, 0};
    return {kOkay, values[address / 4]};
  }

  void pulse(uint32_t pulses) {
    status_ |= pulses & 63;
    if ((pulses & kCommitTaken) != 0) request_ = false;
    if ((pulses & kCommitDone) != 0) pending_ = false;
    waits_ = (pulses & kMainWaits) != 0;
    for (uint32_t i = 0; i < 4; ++i) frames_[i] += pulses >> (8 + i) & 1;
  }

  int tap_;
  bool pending_ = false, request_ = false, main_off_ = false, tap_on_ = false, waits_ = false;
  uint32_t status_ = 0;
  std::array<int64_t, 4> frames_{};
};

std::string device(int tap) {
  return fmt::format(
      "  ffe_registers #(.CONVS({}), .CONV_BITS({}), .CHANNEL_BITS({}), .VERSION(5), .WEIGHTS(4275878552), "
      ".LAYERS(7), .TAP({}), .SIZE(224)) dut (.clk(clk), .rst_n(rst_n), .s_axil_awaddr(awvalid ? awaddr : "
      "10'bx), .s_axil_awvalid(awvalid), .s_axil_awready(awready), .s_axil_wdata(wvalid ? wdata : 32'bx), "
      ".s_axil_wstrb(wvalid ? wstrb : 4'bx), .s_axil_wvalid(wvalid), .s_axil_wready(wready), "
      ".s_axil_bresp(bresp), .s_axil_bvalid(bvalid), .s_axil_bready(bready), .s_axil_araddr(arvalid ? araddr "
      ": 10'bx), .s_axil_arvalid(arvalid), .s_axil_arready(arready), .s_axil_rdata(rdata), "
      ".s_axil_rresp(rresp), .s_axil_rvalid(rvalid), .s_axil_rready(rready), .write(write), "
      ".write_bias(write_bias), .write_channel(write_channel), .write_data(write_data), "
      ".commit_request(commit_request), .commit_taken(pulses[6]), .commit_done(pulses[7]), "
      ".commit_pending(commit_pending), .main_off(main_off), .tap_on(tap_on), .main_waits(main_waits), "
      ".events(pulses[5:0]), .frame_in(pulses[8]), "
      ".frame_out(pulses[9]), .frame_bad(pulses[10]), .frame_tap(pulses[11]));\n",
      kConvs, kConvBits, kChannelBits, tap);
}

constexpr const char* kNets = R"(module bench;
  reg clk = 0, rst_n = 0, awvalid = 0, wvalid = 0, bready = 0, arvalid = 0, rready = 0;
  reg [9:0] awaddr, araddr;
  reg [31:0] wdata;
  reg [3:0] wstrb;
  reg [11:0] pulses = 0;
  reg main_waits = 0;
  wire awready, wready, bvalid, arready, rvalid, write_bias, commit_request, commit_pending, main_off, tap_on;
  wire [1:0] bresp, rresp;
  wire [31:0] rdata, write_data;
  wire [2:0] write;
  wire [3:0] write_channel;
)";

/// One operation after the other, each with random delays on all its channels; half of the time the next
/// write is offered while the last response still waits.
constexpr const char* kSequence = R"(
  reg [47:0] operations[0:{0}-1];
  reg [1:0] kind;
  integer i, aw_wait, w_wait, b_wait, ar_wait, r_wait, seed = 3, limit;
  reg aw_done, w_done, b_done, ar_done, r_done, aw_now, w_now, b_now, ar_now, r_now;
  always @(posedge clk)
    if (rst_n && write !== 0) $display("1 %0d %0d %0d %0d", write, write_bias, write_channel, write_data);
  initial begin
    $readmemh("{1}", operations);
    awvalid = 1; wvalid = 1; arvalid = 1;
    repeat (3) begin
      #1 if (awready !== 0 || wready !== 0 || arready !== 0 || i > 0 && (bvalid || rvalid)) $display("ready_in_reset");
      clk = 1;
      #1 clk = 0; i = 1;
    end
    awvalid = 0; wvalid = 0; arvalid = 0; rst_n = 1;
    for (i = 0; i < {0}; i = i + 1) begin
      kind = operations[i][47:46];
      aw_wait = $random(seed) & 3; w_wait = $random(seed) & 3; b_wait = ($random(seed) & 7) - 3;
      ar_wait = $random(seed) & 3; r_wait = ($random(seed) & 7) - 3;
      aw_done = kind != 0; w_done = kind != 0; b_done = kind != 0; ar_done = kind != 1; r_done = kind != 1;
      limit = 0;
      if (kind == 2) {main_waits, pulses} = operations[i][31:0];
      while (!(aw_done && w_done && b_done && ar_done && r_done) || limit == 0) begin
        if (!aw_done && aw_wait <= 0) begin awvalid = 1; awaddr = operations[i][45:36]; end
        if (!w_done && w_wait <= 0) begin wvalid = 1; wdata = operations[i][31:0]; wstrb = operations[i][35:32]; end
        if (!ar_done && ar_wait <= 0) begin arvalid = 1; araddr = operations[i][45:36]; end
        bready = b_wait <= 0 && kind == 0;
        rready = r_wait <= 0 && kind == 1;
        #1;
        aw_now = awvalid && awready; w_now = wvalid && wready; b_now = bvalid && bready;
        ar_now = arvalid && arready; r_now = rvalid && rready;
        if (bvalid && kind != 0 || rvalid && kind != 1) $display("answer_to_nothing");
        if (b_now && !(aw_done && w_done) || r_now && !ar_done) $display("answer_too_soon");
        clk = 1;
        #1 clk = 0;
        pulses = 0;
        if (b_now) $display("2 %0d 0 0 0", bresp);
        if (r_now) $display("3 %0d %0d 0 0", rresp, rdata);
        if (aw_now) begin aw_done = 1; awvalid = 0; end
        if (w_now) begin w_done = 1; wvalid = 0; end
        if (b_now) b_done = 1;
        if (ar_now) begin ar_done = 1; arvalid = 0; end
        if (r_now) r_done = 1;
        aw_wait = aw_wait - 1; w_wait = w_wait - 1; ar_wait = ar_wait - 1;
        if (bvalid) b_wait = b_wait - 1;
        if (rvalid) r_wait = r_wait - 1;
        limit = limit + 1;
        if (limit > 50) begin $display("deadlock"); $finish; end
      end
      if (kind == 2) $display("4 %0d %0d %0d %0d", commit_request, main_off, tap_on, commit_pending);
    end
    $finish;
  end
endmodule
)";

Operation random_operation(RandomSequence& random) {
  const uint32_t any = random.below(1U << kAddressBits), data = random.next_u32();
  const uint32_t strobes = random.below(4) == 0 ? random.below(16) : 15;
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return {kWrite, parameter_address(random.below(4), random.below(16), random.below(2) == 0), data,
              strobes};
    case 4:
      return {kWrite, kControl, data, strobes};
    case 5:
      return {kWrite, kStatus, data, strobes};
    case 6:
      return {kWrite, any, data, strobes};
    case 7:
      return {kRead, any};
    case 8:
    case 9:
      return {kRead, random.below(12) * 4 + (random.below(16) == 0 ? 1 : 0)};
    default:
      return {kPulse, 0, data & random.next_u32() & 0x1FFF};
  }
}

std::vector<Seen> simulate_operations(const std::vector<Operation>& operations, int tap) {
  std::vector<uint64_t> words;
  for (const Operation& o : operations) {
    words.push_back(uint64_t{o.kind} << 46 | uint64_t{o.address} << 36 | uint64_t{o.strobes} << 32 | o.data);
  }
  const StimulusFile file(words);
  std::string sequence = kSequence;
  for (const auto& [mark, text] :
       {std::pair<std::string, std::string>{"{0}", std::to_string(words.size())}, {"{1}", file.path()}}) {
    for (size_t at; (at = sequence.find(mark)) != std::string::npos;) sequence.replace(at, 3, text);
  }
  return records(simulate_modules({"ffe_registers"}, kNets + device(tap) + sequence), 5);
}

/// The pulse of a write comes in the clock of its response, or before it: in the bench's order it is first.
void check(const std::vector<Operation>& operations, int tap) {
  Model model(tap);
  std::vector<Seen> expected;
  for (const Operation& operation : operations) model.run(operation, expected);
  expect_records(simulate_operations(operations, tap), expected, fmt::format("tap {}", tap));
}

TEST(RegistersModule, RandomOperations) {
  FIXYNN_NEEDS_ICARUS();
  for (const int tap : {0, 4}) {
    RandomSequence random = test_random(20, static_cast<uint32_t>(tap));
    std::vector<Operation> operations;
    for (int i = 0; i < 6000; ++i) operations.push_back(random_operation(random));
    check(operations, tap);
  }
}

TEST(RegistersModule, CommitFromRequestToDone) {
  FIXYNN_NEEDS_ICARUS();
  const uint32_t m = parameter_address(2, 5, false), b = parameter_address(0, 15, true);
  check({{kWrite, m, 0x12345678},
         {kWrite, b, 0xFFFFFFFF},
         {kWrite, b, 1, 14},          // refused: strobes
         {kRead, kStatus},            // bit 6
         {kRead, m},                  // refused: write only
         {kWrite, kStatus, 1U << 6},  // cleared
         {kWrite, kControl, 1},       // commit
         {kRead, kControl},           // pending
         {kWrite, m, 2},              // refused
         {kPulse, 0, kCommitTaken},   // no longer asked for
         {kRead, kControl},           // still pending
         {kWrite, kControl, 1},       // nothing new to commit
         {kPulse, 0, 0},              // and not asked for
         {kWrite, m, 3},              // still refused
         {kPulse, 0, kCommitDone},    // done
         {kRead, kControl},           // 0
         {kWrite, m, 4},              // taken
         {kRead, kStatus},            // bit 6
         {kWrite, kControl, 7, 14},   // without its strobe: nothing
         {kRead, kControl}},
        4);
}

/// AW and W run ahead of each other as far as they can and responses wait: every write is done once, in
/// order.
TEST(RegistersModule, StreamsOfWrites) {
  FIXYNN_NEEDS_ICARUS();
  const std::string bench = kNets + device(0) + R"(
  integer aws = 0, ws = 0, bs = 0, done = 0, t, seed = 5;
  always @(posedge clk) if (rst_n && write !== 0) begin
    if (write !== 3'd1 << (done % 3) || write_channel !== done % 16 || write_bias !== done % 2 ||
        write_data !== done * 77) $display("wrong_write");
    done = done + 1;
  end
  initial begin
    #1 clk = 1; #1 clk = 0; #1 clk = 1; #1 clk = 0; rst_n = 1;
    for (t = 0; t < 20000; t = t + 1) begin
      if (!awvalid) awvalid = $random(seed);
      if (!wvalid) wvalid = $random(seed);
      bready = $random(seed);
      awaddr = 10'd512 | (aws % 3) << 7 | (aws % 16) << 3 | (aws % 2) << 2;
      wdata = ws * 77;
      wstrb = 15;
      #1;
      if (bvalid && bresp !== 0) $display("wrong_response");
      if (bvalid && bs >= done + 1) $display("response_too_soon");
      clk = 1;
      if (bvalid && bready) bs = bs + 1;
      if (awvalid && awready) begin aws = aws + 1; #1 awvalid = 0; end else #1;
      clk = 0;
    end
    $display("%0d %0d", done > 3000, done - bs <= 1);
    $finish;
  end
  always @(posedge clk) if (wvalid && wready) begin ws <= ws + 1; wvalid <= 0; end
endmodule
)";
  EXPECT_EQ(simulate_modules({"ffe_registers"}, bench), (std::vector<int64_t>{1, 1}));
}

/// In a clock with rst_n low, the one in which it falls included, nothing is accepted; what is accepted in
/// another one is answered unless reset comes first.
TEST(RegistersModule, NothingIsAcceptedInReset) {
  FIXYNN_NEEDS_ICARUS();
  const std::string bench = kNets + device(0) + R"(
  integer t, seed = 9, falls = 0, rest, writes = 0, addresses = 0, answers = 0, reads = 0, words = 0;
  initial begin
    awaddr = 'h10; araddr = 'h04; wdata = 0; wstrb = 15; bready = 1; rready = 1;
    for (t = 0; t < 20000; t = t + 1) begin
      rest = t >= 19980;  // all that was accepted is answered
      falls = falls + (rst_n && $random(seed) % 16 == 0);
      rst_n = rest || t > 1 && (falls == 0 || $random(seed) % 4 != 0);
      if (rst_n) falls = 0;
      awvalid = !rest && $random(seed) % 4 != 0;
      wvalid = !rest && $random(seed) % 4 != 0;
      arvalid = !rest && $random(seed) % 4 != 0;
      #1;
      if (!rst_n && (awready !== 0 || wready !== 0 || arready !== 0)) $display("ready_in_reset");
      if (rst_n) begin
        addresses = addresses + (awvalid && awready);
        writes = writes + (wvalid && wready);
        reads = reads + (arvalid && arready);
        answers = answers + bvalid;
        words = words + rvalid;
        if (answers > addresses || answers > writes || words > reads) $display("answer_to_nothing");
      end else begin
        addresses = 0; writes = 0; answers = 0; reads = 0; words = 0;
      end
      clk = 1;
      #1 clk = 0;
    end
    $display("%0d %0d", answers == (addresses < writes ? addresses : writes), words == reads);
    $finish;
  end
endmodule
)";
  EXPECT_EQ(simulate_modules({"ffe_registers"}, bench), (std::vector<int64_t>{1, 1}));
}

/// An event in the clock in which its bit is cleared is not forgotten.
TEST(RegistersModule, EventsWinOverClearing) {
  FIXYNN_NEEDS_ICARUS();
  // Prints, for each delay of the event after the start of the write: the clock in which the write was done
  // less that of the event, and the bit.
  const std::string bench = kNets + device(0) + R"(
  integer delay, t, acted;
  initial begin
    #1 clk = 1; #1 clk = 0; #1 clk = 1; #1 clk = 0; rst_n = 1;
    #1 clk = 1; #1 clk = 0;
    for (delay = 0; delay < 8; delay = delay + 1) begin
      awvalid = 1; wvalid = 1; bready = 1; awaddr = 'h14; wdata = 8; wstrb = 1; acted = 0;
      for (t = 0; t < 12; t = t + 1) begin
        pulses = t == delay ? 8 : 0;
        #1 if (bvalid && acted == 0) acted = t - 1;
        clk = 1;
        #1 clk = 0; awvalid = 0; wvalid = 0;
      end
      arvalid = 1; araddr = 'h14; rready = 1;
      #1 clk = 1; #1 clk = 0; arvalid = 0;
      $display("%0d %0d", acted - delay, rdata);
      #1 clk = 1; #1 clk = 0;
    end
    $finish;
  end
endmodule
)";
  const auto found = records(simulate_modules({"ffe_registers"}, bench), 2);
  ASSERT_EQ(found.size(), 8U);
  EXPECT_GT(found.front()[0], 0);
  EXPECT_LT(found.back()[0], 0);
  for (const auto& record : found) EXPECT_EQ(record[1], record[0] <= 0 ? 8 : 0) << record[0];
}

}  // namespace
}  // namespace fixynn
