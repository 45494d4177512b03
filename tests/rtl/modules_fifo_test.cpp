// SPDX-License-Identifier: Apache-2.0
// ffe_accumulator_fifo, ffe_output and ffe_gate, clock by clock against plain queues.
#include <algorithm>
#include <deque>

#include "modules_bench.h"

namespace fixynn {
namespace {

constexpr uint64_t kResetBit = uint64_t{1} << 24;  ///< of a stimulus: rst_n

/// A share of the clocks, changing from time to time: the chance, out of 8, that something happens.
class Mood {
 public:
  explicit Mood(RandomSequence& random) : random_(random) {}
  bool now() {
    if (left_ == 0) {
      left_ = 1 + random_.below(60);
      chance_ = random_.below(9);
    }
    --left_;
    return random_.below(8) < chance_;
  }

 private:
  RandomSequence& random_;
  uint32_t left_ = 0, chance_ = 0;
};

struct FifoShape {
  int depth, interval;
};

/// start, commit, acc (-1 before the first), overflow of every clock; fills `words`.
std::vector<std::vector<int64_t>> accumulator_model(const FifoShape& shape, int clocks,
                                                    std::vector<uint64_t>& words) {
  RandomSequence random =
      test_random(2, static_cast<uint32_t>(shape.depth) * 100 + static_cast<uint32_t>(shape.interval));
  Mood pushes(random);
  struct Entry {
    int64_t sums;
    bool commit;
  };
  std::deque<Entry> waiting;
  bool start = false, overflow = false, commit_waits = false;
  int64_t acc = -1;
  int pause = 0;
  std::vector<std::vector<int64_t>> expected;
  for (int t = 0; t < clocks; ++t) {
    const bool reset = t % 1000 == 0;
    const bool push = !reset && pushes.now();
    const Entry entry{random.below(256), push && !commit_waits && random.below(6) == 0};
    words.push_back(static_cast<uint64_t>(entry.sums) | uint64_t{push} << 8 | uint64_t{entry.commit} << 9 |
                    (reset ? 0 : kResetBit));
    const bool full = static_cast<int>(waiting.size()) == shape.depth;
    const bool pop = !waiting.empty() && pause == 0;
    const bool commit = pop && waiting.front().commit;
    if (t > 0) expected.push_back({start, commit, acc, overflow});
    pause = pop ? shape.interval - 1 : std::max(0, pause - 1);
    start = pop;
    if (pop) {
      acc = waiting.front().sums;
      waiting.pop_front();
    }
    if (commit) commit_waits = false;
    overflow = push && full;
    if (push && !full) {
      waiting.push_back(entry);
      commit_waits = commit_waits || entry.commit;
    }
    if (reset) {
      waiting.clear();
      start = overflow = commit_waits = false;
      pause = 0;
    }
  }
  return expected;
}

TEST(AccumulatorFifoModule, LikeAQueue) {
  FIXYNN_NEEDS_ICARUS();
  constexpr int kClocks = 6000;
  for (const int depth : {1, 2, 3, 4, 7, 8}) {
    std::string instances;
    std::vector<StimulusFile> files;
    std::vector<std::vector<std::vector<int64_t>>> expected;
    for (int interval = 1; interval <= 5; ++interval) {
      std::vector<uint64_t> words;
      expected.push_back(accumulator_model({depth, interval}, kClocks, words));
      files.emplace_back(words);
      instances +=
          fmt::format("  fifo_case #(.ID({}), .DEPTH({}), .INTERVAL({}), .FILE(\"{}\")) case{} ();\n",
                      interval - 1, depth, interval, files.back().path(), interval);
    }
    const std::string bench = fmt::format(R"(
module fifo_case #(parameter ID = 0, parameter DEPTH = 1, parameter INTERVAL = 1, parameter FILE = "");
  reg [24:0] stimulus[0:{0}-1];
  reg clk, rst_n, commit, push, known;
  reg [7:0] sums;
  wire [7:0] acc;
  wire start, commit_out, overflow;
  ffe_accumulator_fifo #(.WIDTH(8), .DEPTH(DEPTH), .INTERVAL(INTERVAL)) dut (.clk(clk), .rst_n(rst_n),
    .push(push), .push_commit(push ? commit : 1'bx), .sums(push ? sums : 8'bx), .start(start),
    .commit(commit_out), .acc(acc), .overflow(overflow));
  reg [13:0] unused;
  integer t;
  initial begin
    $readmemh(FILE, stimulus);
    clk = 0;
    known = 0;
    for (t = 0; t < {0}; t = t + 1) begin
      {{rst_n, unused, commit, push, sums}} = stimulus[t];
      #1;
      known = known || start === 1'b1;
      if (t > 0 && known) $display("%0d %0d %0d %0d %0d", ID, start, commit_out, acc, overflow);
      if (t > 0 && !known) $display("%0d %0d %0d -1 %0d", ID, start, commit_out, overflow);
      clk = 1;
      #1 clk = 0;
    end
  end
endmodule
module bench;
{1}endmodule
)",
                                          kClocks, instances);
    std::vector<std::vector<std::vector<int64_t>>> found(expected.size());
    for (const auto& record : records(simulate_modules({"ffe_accumulator_fifo"}, bench), 5)) {
      found.at(static_cast<size_t>(record[0])).emplace_back(record.begin() + 1, record.end());
    }
    for (size_t i = 0; i < expected.size(); ++i) {
      expect_records(found[i], expected[i], fmt::format("depth {} interval {}", depth, i + 1));
    }
  }
}

struct OutputShape {
  int size, depth, margin;
};

/// room, tvalid, then tdata, tuser, tlast (0 without tvalid), overflow, frame_done of every clock.
std::vector<std::vector<int64_t>> output_model(const OutputShape& shape, int clocks,
                                               std::vector<uint64_t>& words) {
  RandomSequence random = test_random(3, static_cast<uint32_t>(shape.size * 100 + shape.depth));
  Mood pushes(random), readies(random);
  std::deque<int64_t> memory;
  bool offered = false, room = false, overflow = false, done = false;
  int64_t data = 0;
  int position = 0;
  std::vector<std::vector<int64_t>> expected;
  for (int t = 0; t < clocks; ++t) {
    const bool reset = t % 1000 == 0;
    const bool push = !reset && pushes.now(), ready = readies.now();
    const int64_t pixel = random.below(256);
    words.push_back(static_cast<uint64_t>(pixel) | uint64_t{push} << 8 | uint64_t{ready} << 9 |
                    (reset ? 0 : kResetBit));
    const bool first = position == 0, last = position % shape.size == shape.size - 1;
    if (t > 0) {
      expected.push_back(
          {room, offered, offered ? data : 0, offered && first, offered && last, overflow, done});
    }
    const bool full = static_cast<int>(memory.size()) == shape.depth;
    done = offered && ready && position == shape.size * shape.size - 1;
    if (offered && ready) position = done ? 0 : position + 1;
    if (!offered || ready) {
      offered = !memory.empty();
      if (offered) {
        data = memory.front();
        memory.pop_front();
      }
    }
    overflow = push && full;
    if (push && !full) memory.push_back(pixel);
    if (reset) {
      memory.clear();
      offered = overflow = done = false;
      position = 0;
    }
    room = !reset && shape.depth - static_cast<int>(memory.size()) >= shape.margin;
  }
  return expected;
}

TEST(OutputModule, LikeAQueue) {
  FIXYNN_NEEDS_ICARUS();
  constexpr int kClocks = 6000;
  const std::vector<OutputShape> shapes = {{1, 2, 1}, {1, 1, 1}, {2, 3, 3}, {2, 5, 2},
                                           {3, 8, 4}, {3, 7, 1}, {4, 9, 8}, {7, 16, 8}};
  std::string instances;
  std::vector<StimulusFile> files;
  std::vector<std::vector<std::vector<int64_t>>> expected, found(shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    std::vector<uint64_t> words;
    expected.push_back(output_model(shapes[i], kClocks, words));
    files.emplace_back(words);
    instances += fmt::format(
        "  output_case #(.ID({}), .SIZE({}), .DEPTH({}), .MARGIN({}), .FILE(\"{}\")) case{} ();\n", i,
        shapes[i].size, shapes[i].depth, shapes[i].margin, files.back().path(), i);
  }
  const std::string bench = fmt::format(R"(
module output_case #(parameter ID = 0, parameter SIZE = 1, parameter DEPTH = 1, parameter MARGIN = 1,
    parameter FILE = "");
  reg [24:0] stimulus[0:{0}-1];
  reg clk, rst_n, ready, push;
  reg [7:0] pixel;
  wire [7:0] data;
  wire room, valid, user, last, overflow, done;
  ffe_output #(.SIZE(SIZE), .WIDTH(8), .DEPTH(DEPTH), .MARGIN(MARGIN)) dut (.clk(clk), .rst_n(rst_n),
    .in_valid(push), .in_pixel(push ? pixel : 8'bx), .room(room), .m_tdata(data), .m_tvalid(valid),
    .m_tready(ready), .m_tuser(user), .m_tlast(last), .overflow(overflow), .frame_done(done));
  reg [13:0] unused;
  integer t;
  initial begin
    $readmemh(FILE, stimulus);
    clk = 0;
    for (t = 0; t < {0}; t = t + 1) begin
      {{rst_n, unused, ready, push, pixel}} = stimulus[t];
      #1;
      if (t > 0 && valid)
        $display("%0d %0d %0d %0d %0d %0d %0d %0d", ID, room, valid, data, user, last, overflow, done);
      if (t > 0 && !valid) $display("%0d %0d %0d 0 0 0 %0d %0d", ID, room, valid, overflow, done);
      clk = 1;
      #1 clk = 0;
    end
  end
endmodule
module bench;
{1}endmodule
)",
                                        kClocks, instances);
  for (const auto& record : records(simulate_modules({"ffe_output"}, bench), 8)) {
    found.at(static_cast<size_t>(record[0])).emplace_back(record.begin() + 1, record.end());
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    expect_records(found[i], expected[i], fmt::format("size {} depth {}", shapes[i].size, shapes[i].depth));
  }
}

/// A source that begins a pixel in every clock with room, each of which comes out MARGIN - 1 clocks later: as
/// many are on their way as `room` promises places for. Prints the number of pixels lost and handed over, and
/// of those that were not the next number.
TEST(OutputModule, MarginIsWhatIsOnItsWay) {
  FIXYNN_NEEDS_ICARUS();
  for (const int margin : {2, 3, 8}) {
    for (const int depth : {margin, margin + 1, 2 * margin}) {
      const std::string bench = fmt::format(R"(
module bench;
  reg clk = 0, rst_n = 0, ready = 0, pushed;
  reg [{0}-2:0] on_the_way = 0;
  wire room, valid, overflow;
  wire [15:0] data;
  reg [15:0] next_in = 0, next_out = 0;
  ffe_output #(.SIZE(3), .WIDTH(16), .DEPTH({1}), .MARGIN({0})) dut (.clk(clk), .rst_n(rst_n),
    .in_valid(on_the_way[{0}-2]), .in_pixel(next_in), .room(room), .m_tdata(data), .m_tvalid(valid),
    .m_tready(ready), .m_tuser(), .m_tlast(), .overflow(overflow), .frame_done());
  integer t, lost = 0, wrong = 0, seed = 1, mode = 0;
  initial begin
    #1 clk = 1; #1 clk = 0; rst_n = 1;
    for (t = 0; t < 20000; t = t + 1) begin
      if (t % 50 == 0) mode = $random(seed);
      ready = mode[1:0] == 0 ? 1'b0 : mode[1:0] == 1 ? 1'b1 : $random(seed);
      #1;
      if (overflow) lost = lost + 1;
      if (valid && ready) begin
        if (data !== next_out) wrong = wrong + 1;
        next_out = next_out + 1;
      end
      pushed = on_the_way[{0}-2];
      clk = 1;
      #1 clk = 0;
      next_in = next_in + pushed;
    end
    $display("%0d %0d %0d", lost, wrong, next_out > 16'd2000);
    $finish;
  end
  always @(posedge clk) on_the_way <= rst_n ? {{on_the_way, room}} : 0;
endmodule
)",
                                            margin, depth);
      EXPECT_EQ(simulate_modules({"ffe_output"}, bench), (std::vector<int64_t>{0, 0, 1}))
          << "margin " << margin << " depth " << depth;
    }
  }
}

struct Switches {
  bool tap_on = false, main_off = false;
};

/// A processor that turns switches at any time and asks for a commit when the one before is done; frames of
/// `pixels` pixels, one of which brings the commit.
class GateModel {
 public:
  explicit GateModel(int pixels)
      : pixels_(pixels), random_(test_random(4, static_cast<uint32_t>(pixels))), come_(random_) {}

  /// A clock: what goes in, and {tap_valid, main_valid, main_commit, commit_kept, main_waits}.
  std::pair<uint64_t, std::vector<int64_t>> clock(bool reset) {
    if (reset) {
      const std::vector<int64_t> seen = {0, 0, 0, 0, waits_};
      pending_ = was_pending_ = waits_ = false;
      position_ = 0;
      written_ = {};
      return {0, seen};
    }
    turn_switches();
    const bool valid = come_.now(), begins = valid && position_ == 0;
    const bool commit = begins && pending_ && !arrived_ && random_.below(3) == 0;
    const uint64_t word = uint64_t{valid} | uint64_t{commit} << 1 | uint64_t{written_.tap_on} << 2 |
                          uint64_t{written_.main_off} << 3 | uint64_t{pending_} << 4 | kResetBit;
    const bool waited = waits_;
    if (begins) begin_frame(commit);
    const bool kept = commit && !to_main_;
    if (kept || (arrived_ && random_.below(10) == 0)) pending_ = false;
    if (valid) position_ = (position_ + 1) % pixels_;
    return {word, {valid && to_tap_, valid && to_main_, commit && to_main_, kept, waited}};
  }

 private:
  void turn_switches() {
    const Switches before = written_;
    if (random_.below(6) == 0) written_ = {random_.below(2) == 0, random_.below(2) == 0};
    if (!pending_ && !was_pending_ && random_.below(8) == 0) {
      pending_ = true;
      arrived_ = false;
      old_ = before;
      was_pending_ = true;
      return;
    }
    was_pending_ = pending_;
  }

  void begin_frame(bool commit) {
    const Switches& now = pending_ && !arrived_ && !commit ? old_ : written_;
    to_tap_ = now.tap_on;
    to_main_ = !now.main_off && (!waits_ || commit);
    if (!commit) return;
    arrived_ = true;
    waits_ = !to_main_;
  }

  int pixels_, position_ = 0;
  RandomSequence random_;
  Mood come_;
  bool pending_ = false, was_pending_ = false, arrived_ = false, waits_ = false;
  bool to_tap_ = false, to_main_ = false;
  Switches written_, old_;  ///< old_: those before the pending commit was asked for
};

TEST(GateModule, WholeFramesSwitchesAndCommits) {
  FIXYNN_NEEDS_ICARUS();
  constexpr int kClocks = 6000;
  for (const int pixels : {1, 2, 3, 4, 9}) {
    GateModel model(pixels);
    std::vector<uint64_t> words;
    std::vector<std::vector<int64_t>> expected;
    for (int t = 0; t < kClocks; ++t) {
      const auto [word, seen] = model.clock(t % 500 == 0);
      words.push_back(word);
      if (t > 0) expected.push_back(seen);
    }
    const StimulusFile file(words);
    const std::string bench = fmt::format(R"(
module bench;
  reg [24:0] stimulus[0:{0}-1];
  reg clk, rst_n, pending, main_off, tap_on, commit, valid;
  wire tap_valid, main_valid, main_commit, commit_kept, main_waits;
  ffe_gate #(.PIXELS({1})) dut (.clk(clk), .rst_n(rst_n), .tap_on(tap_on), .main_off(main_off),
    .commit_pending(pending), .in_valid(valid), .in_commit(valid ? commit : 1'bx), .tap_valid(tap_valid),
    .main_valid(main_valid), .main_commit(main_commit), .commit_kept(commit_kept), .main_waits(main_waits));
  reg [18:0] unused;
  integer t;
  initial begin
    $readmemh("{2}", stimulus);
    clk = 0;
    for (t = 0; t < {0}; t = t + 1) begin
      {{rst_n, unused, pending, main_off, tap_on, commit, valid}} = stimulus[t];
      #1;
      if (t > 0) $display("%0d %0d %0d %0d %0d", tap_valid, main_valid, main_commit, commit_kept, main_waits);
      clk = 1;
      #1 clk = 0;
    end
  end
endmodule
)",
                                          kClocks, pixels, file.path());
    expect_records(records(simulate_modules({"ffe_gate"}, bench), 5), expected,
                   fmt::format("{} pixels", pixels));
  }
}

}  // namespace
}  // namespace fixynn
