// SPDX-License-Identifier: Apache-2.0
// ffe_line_buffer with ffe_window against a plain model: every window of every frame, its padding, its commit
// and the very clock in which it comes, for all kinds of gaps, pauses, idle times and resets.
#include <algorithm>
#include <array>
#include <limits>

#include "model/mobilenet.h"
#include "modules_bench.h"

namespace fixynn {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int kPixelBits = 10;  // two channels of five bits

struct Shape {
  int size, stride, pace, flush_delay;
  SamePadding padding() const { return same_padding_3(size, stride); }
  int64_t pixels() const { return int64_t{size} * size; }
  /// A frame's last centre and the next one's first are both outputs: the flush has to be a step ahead.
  bool ahead() const { return stride == 2 && size % 2 == 1 && size > 1; }
  int64_t first_wait() const { return std::max(flush_delay, pace); }
};

struct Frame {
  std::vector<int64_t> values, arrivals;
  bool commit = false;
};

/// Frames between two resets.
struct Segment {
  std::vector<Frame> frames;
  int64_t end = kNever;  ///< clock of the reset
};

/// What goes in, clock by clock, and what was meant by it.
class Stimulus {
 public:
  Stimulus(const Shape& shape, uint32_t number) : shape_(shape), random_(test_random(1, number)) {
    idle(1, true);
    const int frames = shape.size <= 4 ? 60 : (shape.size <= 9 ? 24 : 10);
    for (int segment = 0; segment < 3; ++segment) {
      segments_.emplace_back();
      for (int f = 0; f < frames / 3; ++f) add_frame();
      // The reset comes within a frame, while the flush of the one before may be under way.
      const auto cut = static_cast<int64_t>(random_.below(static_cast<uint32_t>(shape.pixels())));
      if (segment < 2) {
        add_frame(cut);
        segments_.back().end = static_cast<int64_t>(words_.size());
        idle(1, true);
      }
    }
    idle(int64_t{3} * (shape.size + 2) * shape.pace + shape.first_wait(), false);
    go_.resize(words_.size() + 1, true);
  }

  StimulusFile file() const {
    std::vector<uint64_t> words = words_;
    for (size_t t = 0; t < words.size(); ++t) words[t] |= uint64_t{go_[t]} << (kPixelBits + 2);
    return StimulusFile(words);
  }
  size_t clocks() const { return words_.size(); }
  const std::vector<Segment>& segments() const { return segments_; }
  bool go(int64_t clock) const { return go_.at(static_cast<size_t>(clock)); }

 private:
  void word(uint64_t inputs, bool reset) {
    words_.push_back(inputs | uint64_t{!reset} << (kPixelBits + 3));
    if (pause_left_ == 0) {
      // 0: always, 1: at random, 2: long pauses; for a while.
      go_mode_ = static_cast<int>(random_.below(3));
      pause_left_ = 1 + random_.below(static_cast<uint32_t>(4 * shape_.size * shape_.pace));
      long_pause_ = random_.below(2) == 0;
    }
    --pause_left_;
    go_.push_back(go_mode_ == 0 || (go_mode_ == 1 ? random_.below(2) == 0 : !long_pause_));
  }
  void idle(int64_t clocks, bool reset) {
    for (int64_t i = 0; i < clocks; ++i) word(0, reset);
  }

  /// `cut`: so many pixels only.
  void add_frame(int64_t cut = kNever) {
    Frame frame;
    frame.commit = random_.below(3) == 0;
    const bool gaps = random_.below(2) == 0;
    for (int64_t p = 0; p < shape_.pixels(); ++p) {
      frame.values.push_back(random_.below(1U << kPixelBits));
      if (p >= cut) continue;
      frame.arrivals.push_back(static_cast<int64_t>(words_.size()));
      word(static_cast<uint64_t>(frame.values.back()) | uint64_t{1} << kPixelBits |
               uint64_t{frame.commit && p == 0} << (kPixelBits + 1),
           false);
      idle(shape_.pace - 1, false);
      if (gaps && random_.below(4) == 0) idle(random_.below(static_cast<uint32_t>(3 * shape_.pace)), false);
    }
    segments_.back().frames.push_back(std::move(frame));
    if (cut == kNever) pause_between_frames();
  }

  void pause_between_frames() {
    if (shape_.ahead() && shape_.pace == 1) idle(1, false);
    const auto flush =
        static_cast<uint32_t>((shape_.size + 2) * shape_.pace + static_cast<int>(shape_.first_wait()));
    switch (random_.below(4)) {
      case 0:
      case 1:
        break;
      case 2:  // the next frame comes while the flush is anywhere
        idle(random_.below(flush + 1), false);
        break;
      default:
        idle(2 * flush, false);
    }
  }

  Shape shape_;
  RandomSequence random_;
  std::vector<uint64_t> words_;
  std::vector<bool> go_;
  std::vector<Segment> segments_;
  int go_mode_ = 0;
  uint32_t pause_left_ = 0;
  bool long_pause_ = false;
};

/// clock, commit, nine taps [row][column].
using Output = std::vector<int64_t>;

class Model {
 public:
  Model(const Shape& shape, const Stimulus& stimulus) : shape_(shape), stimulus_(stimulus) {}

  std::vector<Output> outputs() const {
    std::vector<Output> all;
    for (const Segment& segment : stimulus_.segments()) {
      const int64_t end = std::min(segment.end, static_cast<int64_t>(stimulus_.clocks()) - 1);
      for (size_t f = 0; f < segment.frames.size(); ++f) {
        const Frame* next = f + 1 < segment.frames.size() ? &segment.frames[f + 1] : nullptr;
        for (const Output& output : frame_outputs(segment.frames[f], next)) {
          if (output[0] <= end) all.push_back(output);
        }
      }
    }
    return all;
  }

 private:
  std::vector<Output> frame_outputs(const Frame& frame, const Frame* next) const {
    const std::vector<int64_t> steps = flush_steps(frame, next);
    const SamePadding padding = shape_.padding();
    std::vector<Output> outputs;
    for (int oy = 0; oy < padding.output; ++oy) {
      for (int ox = 0; ox < padding.output; ++ox) {
        const int y = shape_.stride * oy - padding.before, x = shape_.stride * ox - padding.before;
        Output output{window_clock(frame, steps, y + 1, x + 1), frame.commit && oy == 0 && ox == 0};
        if (output[0] == kNever) return outputs;
        for (int ky = 0; ky < 3; ++ky) {
          for (int kx = 0; kx < 3; ++kx) output.push_back(value(frame, y + ky, x + kx));
        }
        outputs.push_back(std::move(output));
      }
    }
    return outputs;
  }

  int64_t value(const Frame& frame, int y, int x) const {
    const bool inside = y >= 0 && x >= 0 && y < shape_.size && x < shape_.size;
    return inside ? frame.values[static_cast<size_t>(y * shape_.size + x)] : 0;
  }

  static int64_t arrival(const Frame* frame, int64_t position) {
    const bool known = frame != nullptr && position < static_cast<int64_t>(frame->arrivals.size());
    return known ? frame->arrivals[static_cast<size_t>(position)] : kNever;
  }

  int64_t window_clock(const Frame& frame, const std::vector<int64_t>& steps, int y, int x) const {
    if (shape_.size == 1) return arrival(&frame, 0) == kNever ? kNever : arrival(&frame, 0) + 3;
    const int64_t bringer = int64_t{y} * shape_.size + x + shape_.size + 1;
    const int64_t moved = bringer < shape_.pixels() ? arrival(&frame, bringer)
                                                    : steps[static_cast<size_t>(bringer - shape_.pixels())];
    return moved == kNever ? kNever : moved + 2;
  }

  int64_t first_go(int64_t clock) const {
    while (clock < static_cast<int64_t>(stimulus_.clocks()) && !stimulus_.go(clock)) ++clock;
    return clock < static_cast<int64_t>(stimulus_.clocks()) ? clock : kNever;
  }

  /// The clock of each step 0..size, as the header of ffe_line_buffer.v says.
  std::vector<int64_t> flush_steps(const Frame& frame, const Frame* next) const {
    std::vector<int64_t> steps(static_cast<size_t>(shape_.size) + 1, kNever);
    const int64_t last = arrival(&frame, shape_.pixels() - 1);
    if (last == kNever) return steps;
    if (shape_.ahead()) steps[0] = last + 1;
    for (int64_t k = shape_.ahead() ? 1 : 0; k <= shape_.size; ++k) {
      int64_t& step = steps[static_cast<size_t>(k)];
      const int64_t before = k == 0 ? last : steps[static_cast<size_t>(k - 1)];
      // The step that needs no timer does not start it again.
      const bool first = k == 0 || (k == 1 && shape_.ahead());
      const int64_t earliest =
          first ? std::max(last + shape_.first_wait(), before + 1) : before + shape_.pace;
      step = std::min(first_go(earliest), arrival(next, shape_.ahead() ? k - 1 : k));
      if (step == kNever) break;
    }
    return steps;
  }

  const Shape& shape_;
  const Stimulus& stimulus_;
};

constexpr const char* kCase = R"(
module line_buffer_case #(parameter ID = 0, parameter SIZE = 1, parameter STRIDE = 1, parameter PAD_BEFORE = 1,
    parameter PACE = 1, parameter FLUSH_DELAY = 1, parameter CLOCKS = 1, parameter FILE = "");
  reg [13:0] stimulus[0:CLOCKS-1];
  reg clk, rst_n, go, commit, valid;
  reg [9:0] pixel;
  wire [29:0] column;
  wire shift, out_valid, out_commit, overrun;
  wire [2:0] row_ok, col_ok;
  wire [89:0] w;
  ffe_line_buffer #(.SIZE(SIZE), .CHANNELS(2), .BITS(5), .STRIDE(STRIDE), .PAD_BEFORE(PAD_BEFORE), .PACE(PACE),
    .FLUSH_DELAY(FLUSH_DELAY)) dut (.clk(clk), .rst_n(rst_n), .go(go), .in_valid(valid),
    .in_commit(valid ? commit : 1'bx), .in_pixel(valid ? pixel : 10'bx), .column(column), .shift(shift),
    .valid(out_valid), .commit(out_commit), .row_ok(row_ok), .col_ok(col_ok), .overrun(overrun));
  ffe_window #(.CHANNELS(2), .BITS(5)) window (.clk(clk), .shift(shift), .column(column), .row_ok(row_ok),
    .col_ok(col_ok), .window(w));
  integer t;
  initial begin
    $readmemh(FILE, stimulus);
    clk = 0;
    for (t = 0; t < CLOCKS; t = t + 1) begin
      {rst_n, go, commit, valid, pixel} = stimulus[t];
      #1;
      if (t > 0 && overrun !== 1'b0) $display("overrun");
      if (t > 0 && (out_commit & ~out_valid) !== 1'b0) $display("commit_without_pixel");
      if (t > 0 && out_valid !== 1'b0)
        $display("%0d %0d %0d %0d %0d %0d %0d %0d %0d %0d %0d %0d", ID, t, out_commit, w[0+:10], w[10+:10],
          w[20+:10], w[30+:10], w[40+:10], w[50+:10], w[60+:10], w[70+:10], w[80+:10]);
      clk = 1;
      #1 clk = 0;
    end
  end
endmodule
)";

/// Runs all shapes in one bench.
void check(const std::vector<Shape>& shapes) {
  std::vector<Stimulus> stimuli;
  std::vector<StimulusFile> files;
  std::string bench = "module bench;\n";
  for (size_t i = 0; i < shapes.size(); ++i) {
    const Shape& shape = shapes[i];
    stimuli.emplace_back(shape, static_cast<uint32_t>(shape.size * 100 + shape.stride * 10 + shape.pace));
    files.push_back(stimuli.back().file());
    bench += fmt::format(
        "  line_buffer_case #(.ID({}), .SIZE({}), .STRIDE({}), .PAD_BEFORE({}), .PACE({}), .FLUSH_DELAY({}), "
        ".CLOCKS({}), .FILE(\"{}\")) case{} ();\n",
        i, shape.size, shape.stride, shape.padding().before, shape.pace, shape.flush_delay,
        stimuli.back().clocks(), files.back().path(), i);
  }
  std::vector<std::vector<Output>> found(shapes.size());
  const auto numbers = simulate_modules({"ffe_line_buffer", "ffe_window"}, kCase + bench + "endmodule\n");
  for (const auto& record : records(numbers, 12)) {
    found.at(static_cast<size_t>(record[0])).emplace_back(record.begin() + 1, record.end());
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    const Shape& shape = shapes[i];
    const std::string what = fmt::format("size {} stride {} pace {} flush delay {}", shape.size, shape.stride,
                                         shape.pace, shape.flush_delay);
    expect_records(found[i], Model(shape, stimuli[i]).outputs(), what);
    // Requantisers behind rely on this. A frame of one pixel is as far from the next as it was before.
    const int64_t apart = shape.size == 1 ? shape.pace : shape.stride * shape.pace;
    for (size_t o = 1; o < found[i].size(); ++o) {
      ASSERT_GE(found[i][o][0] - found[i][o - 1][0], apart) << what << ", output " << o;
    }
  }
}

std::vector<Shape> shapes(std::initializer_list<int> sizes, int stride) {
  std::vector<Shape> all;
  for (const int size : sizes) {
    for (int pace = 1; pace <= 4; ++pace) {
      // Shorter than the pace (which counts then), equal, longer.
      all.push_back(
          {size, stride, pace, std::array{1, pace, pace + 3}[static_cast<size_t>(size + pace) % 3]});
    }
  }
  return all;
}

TEST(LineBufferModule, SmallestMaps) {
  FIXYNN_NEEDS_ICARUS();
  check(shapes({1, 2}, 1));
  check(shapes({1, 2}, 2));
}

TEST(LineBufferModule, StrideOne) {
  FIXYNN_NEEDS_ICARUS();
  check(shapes({3, 4, 5, 6, 7, 8, 9}, 1));
}

TEST(LineBufferModule, StrideTwo) {
  FIXYNN_NEEDS_ICARUS();
  check(shapes({3, 4, 5, 6, 7, 8, 9}, 2));
}

TEST(LineBufferModule, LargerMaps) {
  FIXYNN_NEEDS_ICARUS();
  check(shapes({16, 17}, 1));
  check(shapes({16, 17}, 2));
}

/// `overrun` in the clock after a pixel came too soon, and in no other.
void check_overrun(int size, int stride, int pace, const std::vector<int64_t>& arrivals, int64_t too_soon) {
  std::string bench = fmt::format(
      "module bench;\n  reg clk = 0, rst_n = 0, valid = 0;\n  wire overrun;\n  ffe_line_buffer #(.SIZE({}), "
      ".CHANNELS(1), .BITS(2), .STRIDE({}), .PAD_BEFORE(1), .PACE({}), .FLUSH_DELAY({})) dut (.clk(clk), "
      ".rst_n(rst_n), .go(1'b1), .in_valid(valid), .in_commit(1'b0), .in_pixel(2'b01), .column(), .shift(), "
      ".valid(), .commit(), .row_ok(), .col_ok(), .overrun(overrun));\n  integer t = 0;\n  always @(posedge "
      "clk) begin\n    if (overrun) $display(\"%0d\", t);\n    t <= t + 1;\n  end\n  initial begin\n    #1 "
      "clk = 1; #1 clk = 0; rst_n = 1; t = 0;\n",
      size, stride, pace, pace);
  int64_t now = 0;
  for (const int64_t arrival : arrivals) {
    bench += fmt::format("    repeat ({}) begin #1 clk = 1; #1 clk = 0; end\n", arrival - now);
    bench += "    valid = 1; #1 clk = 1; #1 clk = 0; valid = 0;\n";
    now = arrival + 1;
  }
  bench += "    repeat (9) begin #1 clk = 1; #1 clk = 0; end\n  end\nendmodule\n";
  const std::vector<int64_t> expected =
      too_soon < 0 ? std::vector<int64_t>{} : std::vector<int64_t>{too_soon + 1};
  EXPECT_EQ(simulate_modules({"ffe_line_buffer"}, bench), expected)
      << size << " " << stride << " " << pace << " " << too_soon;
}

TEST(LineBufferModule, TellsPixelsThatComeTooSoon) {
  FIXYNN_NEEDS_ICARUS();
  check_overrun(4, 1, 3, {0, 3, 5, 8, 11}, 5);
  check_overrun(4, 1, 3, {0, 3, 6, 9, 12}, -1);
  check_overrun(4, 1, 3, {0, 1, 4, 7, 10}, 1);
  check_overrun(1, 1, 4, {0, 4, 7, 11}, 7);
  check_overrun(4, 1, 1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}, -1);
  // An odd map read in steps of two needs a clock between frames, or a pace of two.
  check_overrun(3, 2, 1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 9);
  check_overrun(3, 2, 1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12}, -1);
  check_overrun(3, 2, 2, {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20}, -1);
}

}  // namespace
}  // namespace fixynn
