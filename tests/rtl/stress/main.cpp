// SPDX-License-Identifier: Apache-2.0
// Stress bench of a small feature extractor for Verilator: random frames with random valid and ready on all
// streams, frames of every wrong geometry, parameters rewritten and committed and switches turned at any
// time, resets in mid-frame. Every frame that comes out must be what the integer executor says for the words
// that went in and for the parameters that the frame was begun with; status and counters must be right
// whenever the pipeline is empty; and it must never stop. usage: Vffe_tb +seed=N +frames=N (stress_test.cpp
// builds it) The last line: RESULT pass|fail frames=.. compared=.. values=.. mismatches=.. and so on.
#include <verilated.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "Vffe_tb.h"
#include "ffe_tb_config.h"
#include "input_model.h"
#include "integer/executor.h"
#include "output_sink.h"
#include "parameter_sets.h"
#include "register_master.h"
#include "registers.h"
#include "stress_network.h"
#include "word_source.h"

namespace fixynn::stress {
namespace {

constexpr uint64_t kQuietClocks = 64 * kSize + 8192;
constexpr uint64_t kEmptyClocks = 16 * kSize + 256;  ///< without a pixel: nothing is under way
constexpr uint32_t kFramesToCheckpoint = 25;

struct Switches {
  bool tap_on = false, main_off = false;
  bool operator==(const Switches&) const = default;
};

class Stress {
 public:
  Stress(VerilatedContext& context, uint64_t seed, uint64_t frames)
      : top_(&context),
        frames_wanted_(frames),
        random_(seed),
        stress_network_(make_stress_network(seed)),
        ffe_(build_ffe(stress_network_.network, stress_network_.plan,
                       {.tap_layer = stress_network_.tap_layer})),
        sets_(ffe_, stress_network_.network, seed + 1),
        source_(kSize, seed + 2),
        input_stall_(seed + 3),
        master_(seed + 4),
        output_(
            kOutput, seed + 5, [this](const auto& codes) { compare(main_frames_, codes, "m_axis"); },
            [this](const char* what) { fault("m_axis", what); })
#if FFE_TAP
        ,
        tap_(
            kTapOutput, seed + 6, [this](const auto& codes) { compare(tap_frames_, codes, "tap_axis"); },
            [this](const char* what) { fault("tap_axis", what); })
#endif
  {
    for (const Boundary& boundary : kBoundaries) {
      if (tap_boundary().name == std::string(boundary.name)) break;
      ++gate_boundary_;
    }
  }

  int run() {
    reset();
    while (faults_ < 20) {
      if (offered_ >= frames_wanted_ && !checkpoint_ && source_.empty()) break;
      if (clocks_since_reset_ > 200 && random_.below(kSize * kSize * 150) == 0) reset();
      clock(true);
      if (released_ && quiet_ > kQuietClocks) {
        fault("design", "no progress: it hangs");
        break;
      }
    }
    return report();
  }

 private:
  static Boundary tap_boundary() {
#if FFE_TAP
    return kTapOutput;
#else
    return kOutput;
#endif
  }

  void fault(const char* where, const std::string& what) {
    if (++faults_ <= 20) {
      std::printf("ERROR %s: %s (cycle %llu, frame %zu since reset)\n", where, what.c_str(),
                  static_cast<unsigned long long>(cycle_), model_.frames());
    }
  }

  /// What of a frame is known once it has begun: its parameters, and the codes when asked for.
  struct Begun {
    ParameterSets::Set set;  ///< null: nothing was committed since the reset
    std::unique_ptr<IntegerResult> result;
  };

  void reset() {
    ++counts_["resets"];
    for (uint32_t i = 1 + random_.below(4); i > 0; --i) clock(false);
    model_ = InputModel(kSize);
    begun_.clear();
    main_frames_.clear();
    tap_frames_.clear();
    source_.clear();
    master_.reset();
    output_.reset();
#if FFE_TAP
    tap_.reset();
#endif
    offering_ = checkpoint_ = commit_answered_ = released_ = false;
    must_commit_ = SIZE_MAX;
    active_.reset();
    requested_.reset();
    gate_pixels_ = frames_out_ = frames_tap_ = refused_ = 0;
    control_ = 0;
    before_ = old_ = {};
    was_pending_ = main_waits_ = false;
    commit_frame_ = SIZE_MAX;
    frames_to_checkpoint_ = kFramesToCheckpoint;
    clocks_since_reset_ = quiet_ = 0;
    processor_ = run_processor();
  }

  // ---- One clock: inputs change while clk is low, all is sampled as it is just before the rising edge
  // ------
  void clock(bool running) {
    top_.rst_n = running;
    if (running) {
      processor_.resume();
      master_.drive(top_);
      drive_input();
      top_.m_axis_tready = output_.ready();
#if FFE_TAP
      top_.tap_axis_tready = tap_.ready();
#endif
    } else {
      top_.s_axis_tvalid = top_.s_axil_awvalid = top_.s_axil_wvalid = top_.s_axil_arvalid = 0;
    }
    top_.clk = 0;
    top_.eval();
    if (running) sample();
    top_.clk = 1;
    top_.eval();
    ++cycle_;
    ++clocks_since_reset_;
  }

  void drive_input() {
    if (source_.empty() && released_ && !checkpoint_) refill();
    if (!offering_ && !source_.empty() && input_stall_.go()) {
      offering_ = true;
      offered_after_commit_ = commit_answered_;
    }
    top_.s_axis_tvalid = offering_;
    if (!offering_) return;
    top_.s_axis_tdata = source_.front().data;
    top_.s_axis_tuser = source_.front().user;
    top_.s_axis_tlast = source_.front().last;
  }

  /// Before the pipeline runs empty for a check, a right frame: it closes one that may be open.
  void refill() {
    if (frames_to_checkpoint_-- > 0 && offered_ < frames_wanted_) {
      source_.add_frame();
    } else {
      source_.add_right_frame();
      checkpoint_ = true;
      frames_to_checkpoint_ = random_.below(2 * kFramesToCheckpoint);
    }
    ++offered_;
  }

  void sample() {
    bool progress = false;
    if (top_.commit_pending && !was_pending_) {
      old_ = before_;
      commit_frame_ = SIZE_MAX;
    }
    if (offering_ && top_.s_axis_tready) {
      const size_t number = model_.frames();
      if (model_.take(source_.front()) && offered_after_commit_ && commit_answered_ &&
          must_commit_ == SIZE_MAX)
        must_commit_ = number;
      source_.pop();
      offering_ = false;
      progress = true;
    }
    if (top_.frame_started) begin_frame();
    master_.sample(top_);
    visit_boundaries(top_, [&](size_t index, bool valid, const auto&) {
      progress |= valid;
      if (valid && index == gate_boundary_) pass_gate();
    });
    progress |= output_.sample(top_.m_axis_tvalid, top_.m_axis_tdata, top_.m_axis_tuser, top_.m_axis_tlast);
#if FFE_TAP
    progress |=
        tap_.sample(top_.tap_axis_tvalid, top_.tap_axis_tdata, top_.tap_axis_tuser, top_.tap_axis_tlast);
#endif
    quiet_ = progress ? 0 : quiet_ + 1;
    before_ = {bool(top_.tap_on), bool(top_.main_off)};
    was_pending_ = top_.commit_pending;
  }

  /// A frame leaves the input stage; it says itself whether the frame takes the parameters asked for.
  void begin_frame() {
    const size_t number = begun_.size();
    if (number >= model_.frames()) return fault("input", "a frame that nobody began");
    if (top_.frame_commits) {
      if (!requested_) fault("input", "a commit that nobody asked for");
      active_ = requested_;
      commit_frame_ = number;
      commit_answered_ = false;
      must_commit_ = SIZE_MAX;
      ++counts_["commits"];
    } else if (number >= must_commit_) {
      fault("input", "the frame begins without the commit that was asked for before it");
      must_commit_ = SIZE_MAX;
    }
    begun_.push_back({active_, nullptr});
  }

  /// A pixel where the tap branches off: its frame's first one decides where the frame goes.
  void pass_gate() {
    const size_t side = static_cast<size_t>(tap_boundary().size), number = gate_pixels_ / (side * side);
    if (gate_pixels_++ % (side * side) != 0) return;
#if FFE_TAP
    // Frames ahead of a pending commit go where they went before it was asked for.
    const bool ahead = top_.commit_pending && number < commit_frame_, commits = number == commit_frame_;
    const Switches now = ahead ? old_ : Switches{bool(top_.tap_on), bool(top_.main_off)};
    const bool to_main = !now.main_off && (!main_waits_ || commits);
    if (now.tap_on) tap_frames_.push_back(number);
    if (to_main) main_frames_.push_back(number);
    if (ahead && now != Switches{bool(top_.tap_on), bool(top_.main_off)})
      ++counts_["frames with old switches"];
    if (!to_main) ++counts_[now.main_off ? "frames kept from m_axis" : "frames that wait for a commit"];
    if (commits) {
      if (!to_main) ++counts_[main_waits_ ? "commits kept, one after another" : "commits kept from m_axis"];
      main_waits_ = !to_main;
    }
#else
    main_frames_.push_back(number);
#endif
  }

  void compare(std::deque<size_t>& expected_frames, const std::vector<uint8_t>& codes, const char* where) {
    const bool main = &expected_frames == &main_frames_;
    ++(main ? frames_out_ : frames_tap_);
    if (expected_frames.empty()) return fault(where, "a frame that should not come");
    const size_t number = expected_frames.front();
    expected_frames.pop_front();
    if (number >= begun_.size() || !model_.frame(number).closed)
      return fault(where, "a frame before its input");
    Begun& begun = begun_[number];
    if (!begun.set) {
      ++counts_["frames with undefined parameters"];
      return;
    }
    if (!begun.result) {
      begun.result =
          std::make_unique<IntegerResult>(IntegerExecutor(*begun.set).run(model_.frame(number).image));
    }
    const std::vector<uint8_t>& expected =
        begun.result->codes[main ? std::size(kBoundaries) - 1 : gate_boundary_];
    ++counts_["frames compared"];
    values_ += codes.size();
    uint64_t different = 0;
    for (size_t i = 0; i < codes.size(); ++i) different += codes[i] != expected[i];
    mismatches_ += different;
    if (different > 0) {
      fault(where, std::to_string(different) + " of " + std::to_string(codes.size()) + " values of frame " +
                       std::to_string(number) + " differ");
    }
  }

  // ---- The processor: one long story, a clock at every co_await
  // --------------------------------------------
#define FIXYNN_ACCESS(access) \
  do {                        \
    access;                   \
    do co_await kNextClock;   \
    while (!master_.done());  \
  } while (false)

  Process run_processor() {
    if (random_.below(2) == 0) released_ = true;  // frames before there are parameters
    for (const ParameterWrite& w : sets_.all()) {
      FIXYNN_ACCESS(master_.write(w.address, w.data));
      expect_response(kOkay, "write of a parameter");
    }
    control_ = random_.below(4) << 1;
    requested_ = sets_.newest();
    FIXYNN_ACCESS(master_.write(kControl, kCommit | control_));
    commit_answered_ = requested_ != active_;
    released_ = true;
    for (;;) {
      const bool hurry = random_.below(3) == 0;
      for (uint32_t i = hurry ? 0 : random_.below(4 * kSize * kSize); i > 0; --i) co_await kNextClock;
      if (checkpoint_) {
        if (empty()) {
          for (const uint32_t address : {kControl, kStatus, kFramesIn, kFramesOut, kFramesBad, kFramesTap}) {
            FIXYNN_ACCESS(master_.read(address));
            check_register(address);
          }
          FIXYNN_ACCESS(master_.write(kStatus, 127));
          model_.clear_events();
          refused_ = 0;
          FIXYNN_ACCESS(master_.read(kStatus));
          check_register(kStatus);
          ++counts_["checks with empty pipeline"];
          checkpoint_ = false;
        }
        continue;
      }
      const uint32_t choice = random_.below(8);
      if (choice == 0) {
        control_ = random_.below(4) << 1;
        FIXYNN_ACCESS(master_.write(kControl, control_));
      } else if (choice == 1) {
        FIXYNN_ACCESS(master_.read(kId));
        if (master_.data() != 0x4e4e5846) fault("registers", "ID is wrong");
      } else if (choice == 2) {
        // While a commit may be pending: refused, or else to be written again.
        const ParameterWrite w = sets_.all().front();
        FIXYNN_ACCESS(master_.write(w.address, ~w.data));
        if (master_.response() == kOkay)
          sets_.disturb(w.address);
        else
          refused_ = kWriteRefused;
        counts_["refused writes"] += master_.response() != kOkay;
      } else {
        // As a driver does it: wait until the last commit is through, write, commit.
        do FIXYNN_ACCESS(master_.read(kControl));
        while ((master_.data() & kCommit) != 0 && !checkpoint_);
        if ((master_.data() & kCommit) != 0) continue;
        for (const ParameterWrite& w : sets_.step()) {
          FIXYNN_ACCESS(master_.write(w.address, w.data));
          expect_response(kOkay, "write of a parameter");
        }
        if (random_.below(4) == 0) control_ = random_.below(4) << 1;
        requested_ = sets_.newest();
        FIXYNN_ACCESS(master_.write(kControl, kCommit | control_));
        commit_answered_ = requested_ != active_;
      }
    }
  }
#undef FIXYNN_ACCESS

  void expect_response(uint32_t response, const char* what) {
    if (master_.response() != response) fault("registers", std::string("wrong response to a ") + what);
  }

  bool empty() {
    return source_.empty() && quiet_ > kEmptyClocks && !output_.in_frame() && main_frames_.empty() &&
           tap_frames_.empty();
  }

  /// With nothing under way. COMMIT is 1 only if no frame has come since, whether or not that frame was kept.
  uint32_t expected_control() const {
    return uint32_t{commit_answered_} | control_ | uint32_t{main_waits_} << 3;
  }

  void check_register(uint32_t address) {
    const uint32_t expected = address == kControl     ? expected_control()
                              : address == kStatus    ? model_.events() | refused_
                              : address == kFramesIn  ? static_cast<uint32_t>(model_.frames())
                              : address == kFramesBad ? model_.bad_frames()
                              : address == kFramesOut ? frames_out_
                                                      : frames_tap_;
    if (master_.response() == kOkay && master_.data() == expected) return;
    char text[96];
    std::snprintf(text, sizeof text, "register 0x%02x is 0x%x where 0x%x is right", address, master_.data(),
                  expected);
    fault("registers", text);
  }

  int report() {
    for (const auto& [name, count] : source_.counts())
      std::printf("  %-34s %llu\n", ("frames: " + name).c_str(), static_cast<unsigned long long>(count));
    for (const auto& [name, count] : counts_)
      std::printf("  %-34s %llu\n", name.c_str(), static_cast<unsigned long long>(count));
    std::printf("RESULT %s frames=%llu compared=%llu values=%llu mismatches=%llu faults=%llu cycles=%llu\n",
                faults_ == 0 ? "pass" : "fail", static_cast<unsigned long long>(offered_),
                static_cast<unsigned long long>(counts_["frames compared"]),
                static_cast<unsigned long long>(values_), static_cast<unsigned long long>(mismatches_),
                static_cast<unsigned long long>(faults_), static_cast<unsigned long long>(cycle_));
    return faults_ == 0 ? 0 : 1;
  }

  Vffe_tb top_;
  uint64_t frames_wanted_, offered_ = 0;
  Random random_;
  test::RandomFfe stress_network_;
  FfeRtl ffe_;
  ParameterSets sets_;
  WordSource source_;
  Stall input_stall_;
  RegisterMaster master_;
  OutputSink<OutputData> output_;
#if FFE_TAP
  OutputSink<TapData> tap_;
#endif
  InputModel model_{kSize};
  std::deque<Begun> begun_;
  std::deque<size_t> main_frames_, tap_frames_;  ///< frames that must come out, in order
  ParameterSets::Set active_, requested_;
  Process processor_;
  bool offering_ = false, offered_after_commit_ = false;
  bool commit_answered_ = false;   ///< a commit is asked for, and no frame has taken it
  size_t must_commit_ = SIZE_MAX;  ///< the frame that has to take it
  bool checkpoint_ = false, released_ = false;
  Switches before_, old_;  ///< CONTROL's, in the clock before, and before the pending commit was asked for
  bool was_pending_ = false, main_waits_ = false;
  size_t commit_frame_ = SIZE_MAX;  ///< the one that carries the pending commit
  uint32_t frames_to_checkpoint_ = 0, control_ = 0, refused_ = 0, frames_out_ = 0, frames_tap_ = 0;
  size_t gate_boundary_ = 0, gate_pixels_ = 0;
  std::map<std::string, uint64_t> counts_;
  uint64_t values_ = 0, mismatches_ = 0, faults_ = 0, cycle_ = 0, quiet_ = 0, clocks_since_reset_ = 0;
};

uint64_t number_argument(VerilatedContext& context, const std::string& name, uint64_t otherwise) {
  const std::string found = context.commandArgsPlusMatch((name + "=").c_str());
  return found.empty() ? otherwise : std::strtoull(found.c_str() + name.size() + 2, nullptr, 10);
}

}  // namespace
}  // namespace fixynn::stress

int main(int argc, char** argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  context.randReset(2);
  const uint64_t seed = fixynn::stress::number_argument(context, "seed", 1);
  fixynn::stress::Stress stress(context, seed, fixynn::stress::number_argument(context, "frames", 300));
  return stress.run();
}
