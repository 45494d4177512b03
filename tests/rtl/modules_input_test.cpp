// SPDX-License-Identifier: Apache-2.0
// ffe_input against a plain model of its rules: streams with every error of geometry, with random gaps of the
// source and pauses of `go`.
#include <algorithm>

#include "modules_bench.h"

namespace fixynn {
namespace {

struct Word {
  int64_t pixel;
  bool user, last;
};
using Words = std::vector<Word>;

/// What is seen, in the order in which it is seen; a number each, see the bench below.
enum : int64_t { kPixel = 0, kFirstPixel = 1, kEarlyStart = 2, kBadRow = 3, kMissingStart = 4 };
using Seen = std::vector<int64_t>;  ///< kind, pixel (0 for errors)

Words frame(RandomSequence& random, int size) {
  Words words;
  for (int i = 0; i < size * size; ++i) {
    words.push_back({random.below(1U << 24), i == 0, i % size == size - 1});
  }
  return words;
}

/// The rules as the header of ffe_input.v gives them.
class Model {
 public:
  explicit Model(int size) : size_(size) {}

  std::vector<Seen> run(const Words& words) {
    for (const Word& word : words) {
      if (word.user && position_ != 0) {
        error(kEarlyStart);
        fill();
      }
      if (!word.user && position_ == 0) {
        if (!lost_) error(kMissingStart);
        lost_ = true;
        continue;
      }
      const bool should_end = position_ % size_ == size_ - 1;
      lost_ = false;
      push(word.pixel ^ 0x808080);
      if (word.last != should_end) {
        error(kBadRow);
        lost_ = true;
        fill();
      }
    }
    return seen_;
  }
  bool whole() const { return position_ == 0; }

 private:
  void error(int64_t kind) { seen_.push_back({kind, 0}); }
  void push(int64_t code) {
    seen_.push_back({position_ == 0 ? kFirstPixel : kPixel, code});
    position_ = (position_ + 1) % (size_ * size_);
  }
  void fill() {
    while (position_ != 0) push(0);
  }

  int size_;
  int position_ = 0;
  bool lost_ = false;
  std::vector<Seen> seen_;
};

/// Feeds the words; prints what `Seen` holds. `source` and `go`: chance, out of 8, of a clock in which a word
/// is offered or `go` is 1. A commit is asked for at random. Everything that must never be prints a word.
constexpr const char* kBench = R"(
module input_case #(parameter SIZE = 1, parameter WORDS = 1, parameter SOURCE = 8, parameter GO = 8,
    parameter TIMES = 0, parameter FILE = "");
  reg [25:0] words[0:WORDS-1];
  reg clk = 0, rst_n = 0, offered = 0, go = 0, go_before, request = 0, request_before, stop_request = 0;
  reg [25:0] word;
  wire ready, valid, commit, started, bad, early, bad_row, missing;
  wire [23:0] pixel;
  ffe_input #(.SIZE(SIZE)) dut (.clk(clk), .rst_n(rst_n), .s_axis_tdata(offered ? word[23:0] : 24'bx),
    .s_axis_tuser(offered ? word[24] : 1'bx), .s_axis_tlast(offered ? word[25] : 1'bx), .s_axis_tvalid(offered),
    .s_axis_tready(ready), .go(go), .commit_request(request), .valid(valid), .commit(commit), .pixel(pixel),
    .frame_started(started), .frame_bad(bad), .early_start(early), .bad_row(bad_row), .missing_start(missing));
  integer next = 0, t, quiet = 0, seed = SIZE, handed;
  initial begin
    $readmemh(FILE, words);
    #1 clk = 1;
    #1 clk = 0;
    if (ready !== 0) $display("ready_in_reset");
    rst_n = 1;
    t = 0;
    while (quiet < 4 * SIZE * SIZE + 40) begin
      go_before = go;
      request_before = request;
      go = ($random(seed) & 7) < GO;
      if (stop_request) request = 0;
      else if (($random(seed) & 15) == 0) request = 1;
      if (!offered && next < WORDS && ($random(seed) & 7) < SOURCE) begin
        offered = 1;
        word = words[next];
        next = next + 1;
      end
      #1;
      stop_request = commit;
      if (valid && TIMES) $display("%0d", t);
      if (valid && !TIMES) $display("%0d %0d", started, pixel);
      if (!TIMES && early) $display("2 0");
      if (!TIMES && bad_row) $display("3 0");
      if (!TIMES && missing) $display("4 0");
      if (valid !== 0 && !go_before) $display("pixel_without_go");
      if (started && !valid) $display("started_without_pixel");
      if (commit !== (started && request_before)) $display("wrong_commit");
      if (bad !== (early || bad_row)) $display("wrong_frame_bad");
      handed = offered && ready;
      quiet = valid || handed || missing ? 0 : quiet + go;
      clk = 1;
      #1 clk = 0;
      if (handed) offered = 0;
      t = t + 1;
    end
    if (next != WORDS || offered) $display("deadlock");
  end
endmodule
)";

struct Case {
  int size;
  Words words;
  int source = 8, go = 8;
};

/// The numbers that the bench prints: `Seen`, or the clock of every pixel where `times`.
std::vector<int64_t> simulate_case(const Case& c, bool times) {
  std::vector<uint64_t> words;
  for (const Word& word : c.words) {
    words.push_back(static_cast<uint64_t>(word.pixel) | uint64_t{word.user} << 24 |
                    uint64_t{word.last} << 25);
  }
  const StimulusFile file(words);
  return simulate_modules(
      {"ffe_input"},
      kBench + fmt::format("module bench;\n  input_case #(.SIZE({}), .WORDS({}), .SOURCE({}), .GO({}), "
                           ".TIMES({}), .FILE(\"{}\")) only ();\nendmodule\n",
                           c.size, words.size(), c.source, c.go, int{times}, file.path()));
}

void check(Case c) {
  Model model(c.size);
  // A last frame that brings it in step from wherever it is, so that nothing waits for words at the end.
  RandomSequence random = test_random(5, 0);
  const Words good = frame(random, c.size);
  c.words.insert(c.words.end(), good.begin(), good.end());
  const std::vector<Seen> expected = model.run(c.words);
  ASSERT_TRUE(model.whole());
  expect_records(records(simulate_case(c, false), 2), expected,
                 fmt::format("size {} source {} go {}", c.size, c.source, c.go));
}

constexpr int kRates[][2] = {{8, 8}, {5, 8}, {8, 4}, {3, 3}};

/// Every change of one word, in a frame between good ones: tuser, tlast or both inverted, word lost, word
/// twice.
void append_single_errors(RandomSequence& random, int size, Words& words) {
  for (int at = 0; at < size * size; ++at) {
    for (int change = 0; change < 5; ++change) {
      for (int f = 0; f < 3; ++f) {
        Words part = frame(random, size);
        const auto place = part.begin() + at;
        if (f == 1 && (change == 0 || change == 2)) place->user = !place->user;
        if (f == 1 && (change == 1 || change == 2)) place->last = !place->last;
        if (f == 1 && change == 3) {
          part.erase(place);
        } else if (f == 1 && change == 4) {
          part.insert(place, *place);
        }
        words.insert(words.end(), part.begin(), part.end());
      }
    }
  }
}

TEST(InputModule, EverySingleError) {
  FIXYNN_NEEDS_ICARUS();
  for (int size = 1; size <= 5; ++size) {
    for (const auto& rate : kRates) {
      RandomSequence random = test_random(6, static_cast<uint32_t>(size));
      Case c{size, {}, rate[0], rate[1]};
      append_single_errors(random, size, c.words);
      check(c);
    }
  }
}

TEST(InputModule, EveryPairOfErrorsInSmallFrames) {
  FIXYNN_NEEDS_ICARUS();
  for (const int size : {1, 2, 3}) {
    RandomSequence random = test_random(7, static_cast<uint32_t>(size));
    Case c{size, {}, 6, 6};
    const int words = 2 * size * size;
    for (int first = 0; first < 3 * words; ++first) {
      for (int second = 0; second < first; ++second) {
        Words part = frame(random, size), more = frame(random, size);
        part.insert(part.end(), more.begin(), more.end());
        for (const int error : {first, second}) {
          Word& word = part[static_cast<size_t>(error / 3)];
          if (error % 3 != 1) word.user = !word.user;
          if (error % 3 != 0) word.last = !word.last;
        }
        c.words.insert(c.words.end(), part.begin(), part.end());
      }
    }
    check(c);
  }
}

TEST(InputModule, RandomStreams) {
  FIXYNN_NEEDS_ICARUS();
  for (int size = 1; size <= 6; ++size) {
    for (const auto& rate : kRates) {
      RandomSequence random = test_random(8, static_cast<uint32_t>(size));
      Case c{size, {}, rate[0], rate[1]};
      while (c.words.size() < 1500) {
        // From words without any sense to frames with few errors.
        const uint32_t errors = 1 + random.below(60);
        for (int f = 0; f < 4; ++f) {
          for (Word word : frame(random, size)) {
            if (random.below(60) < errors) word.user = random.below(2) == 0;
            if (random.below(60) < errors) word.last = random.below(2) == 0;
            if (random.below(60 * 8) >= errors) c.words.push_back(word);
            if (random.below(60 * 8) < errors) c.words.push_back(word);
          }
        }
      }
      check(c);
    }
  }
}

/// After a bad row, words up to the next tuser are discarded while the frame still waits for `go` to be
/// filled up.
TEST(InputModule, DiscardsWithoutGo) {
  FIXYNN_NEEDS_ICARUS();
  const std::string bench = R"(module bench;
  reg clk = 0, rst_n = 0, offered = 0, user = 0, go = 1;
  wire ready, valid;
  ffe_input #(.SIZE(3)) dut (.clk(clk), .rst_n(rst_n), .s_axis_tdata(24'd0), .s_axis_tuser(user),
    .s_axis_tlast(user), .s_axis_tvalid(offered), .s_axis_tready(ready), .go(go), .commit_request(1'b0),
    .valid(valid), .commit(), .pixel(), .frame_started(), .frame_bad(), .early_start(), .bad_row(),
    .missing_start());
  integer t, accepted = 0, pixels = 0;
  initial begin
    #1 clk = 1; #1 clk = 0; rst_n = 1; #1 clk = 1; #1 clk = 0;
    for (t = 0; t < 60; t = t + 1) begin
      offered = 1;
      user = t == 0 || t >= 40;
      go = t < 3;
      #1;
      accepted = accepted + ready;
      if (t > 4) pixels = pixels + valid;
      clk = 1;
      #1 clk = 0;
    end
    $display("%0d %0d", accepted, pixels);
  end
endmodule
)";
  // 40 words, and two that wait with their tuser.
  EXPECT_EQ(simulate_modules({"ffe_input"}, bench), (std::vector<int64_t>{42, 0}));
}

/// In a clock with rst_n low, the one in which it falls included, no word is accepted.
TEST(InputModule, NothingIsAcceptedInReset) {
  FIXYNN_NEEDS_ICARUS();
  const std::string bench = R"(module bench;
  reg clk = 0, rst_n = 0, offered = 1;
  wire ready, valid;
  ffe_input #(.SIZE(1)) dut (.clk(clk), .rst_n(rst_n), .s_axis_tdata(24'd0), .s_axis_tuser(1'b1),
    .s_axis_tlast(1'b1), .s_axis_tvalid(offered), .s_axis_tready(ready), .go(1'b1), .commit_request(1'b0),
    .valid(valid), .commit(), .pixel(), .frame_started(), .frame_bad(), .early_start(), .bad_row(),
    .missing_start());
  integer t, seed = 2, falls = 0;
  reg before = 0;
  initial begin
    for (t = 0; t < 2000; t = t + 1) begin
      rst_n = t > 1 && $random(seed) % 8 != 0;
      #1;
      if (!rst_n && ready !== 0) $display("ready_in_reset");
      falls = falls + (before && !rst_n);
      before = rst_n && ready;
      clk = 1;
      #1 clk = 0;
    end
    $display("%0d", falls > 50);
  end
endmodule
)";
  EXPECT_EQ(simulate_modules({"ffe_input"}, bench), (std::vector<int64_t>{1}));
}

TEST(InputModule, APixelAClock) {
  FIXYNN_NEEDS_ICARUS();
  for (int size = 1; size <= 6; ++size) {
    RandomSequence random = test_random(9, 0);
    Case c{size, {}};
    for (int f = 0; f < 6; ++f) {
      const Words part = frame(random, size);
      c.words.insert(c.words.end(), part.begin(), part.end());
    }
    const std::vector<int64_t> times = simulate_case(c, true);
    ASSERT_EQ(times.size(), c.words.size());
    for (size_t i = 0; i < times.size(); ++i) {
      const auto frames = static_cast<int64_t>(i) / (size * size);
      EXPECT_EQ(times[i] - times[0], static_cast<int64_t>(i) + (size % 2 == 1 ? frames : 0))
          << size << " " << i;
    }
  }
}

}  // namespace
}  // namespace fixynn
