// SPDX-License-Identifier: Apache-2.0
// Self-checking bench of ffe_top for Verilator; run it in the folder that holds vectors/.
//   Vffe_tb [+gaps=SEED] [+trace=FILE]
// Writes the parameters over AXI4-Lite and commits them, streams all frames back to back, writes other
// parameters meanwhile and commits them for the last frame, and compares every value that leaves a
// convolution, and both output streams, with what the integer model says (vectors/*.hex). +gaps makes valid
// and ready of all streams random; SEED is 1 or more. The last line says it all:
//   RESULT pass|fail frames=.. values=.. mismatches=.. cycles=.. first_output=.. interval=..
// and the exit status is 0 only for "pass".
#include <verilated.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "Vffe_tb.h"
#include "ffe_tb_config.h"
#include "registers.h"
#include "streams.h"
#include "vectors.h"
#if VM_TRACE
#include <verilated_vcd_c.h>
#endif

namespace {

/// Clocks without a pixel anywhere after which a design has stopped for good: more than a frame's last rows
/// take through the deepest layer, and more than a random stall.
constexpr uint64_t kQuietClocks = 64 * kSize + 4096;

class Bench {
 public:
  Bench(VerilatedContext& context, uint64_t seed, const std::string& trace)
      : context_(context),
        full_rate_(seed == 0),
        top_(&context),
        source_(seed),
        registers_(seed),
        output_(kOutput, "m_axis", seed == 0 ? 0 : seed + 1)
#if FFE_TAP
        ,
        tap_(kTapOutput, "tap_axis", seed == 0 ? 0 : seed + 2)
#endif
  {
    for (const Boundary& boundary : kBoundaries) checks_.emplace_back(boundary, boundary.name);
    open_trace(trace);
    write_script();
  }

  int run() {
    for (int i = 0; i < 4; ++i) clock(false);
    while (!done() && cycle_ - last_progress_ < kQuietClocks) clock(true);
    if (!done()) {
      std::printf("ERROR no progress for %llu clocks: the design hangs\n",
                  static_cast<unsigned long long>(kQuietClocks));
    }
    for (uint64_t i = 0; done() && i < 16 * kSize + 64; ++i) clock(true);  // nothing more may come
    return report();
  }

 private:
  /// What the processor does.
  void write_script() {
    const auto read = [&](uint32_t address, uint32_t data, uint32_t mask = ~0u) {
      registers_.add({Access::kRead, address, data, mask});
    };
    const auto write = [&](uint32_t address, uint32_t data, uint32_t response = kOkay) {
      registers_.add({Access::kWrite, address, data, ~0u, response});
    };
    const uint32_t frames = static_cast<uint32_t>(source_.frames());
    const HexFile first("vectors/parameters.hex", 2), second("vectors/parameters_2.hex", 2);
    read(kId, 0x4e4e5846);
    read(kVersion, kVersionWord);
    read(kWeights, kWeightsWord);
    read(kShape, kShapeWord);
    read(kStatus, 0);
    // What must be refused: parameters cannot be read, and there is nothing behind the last register.
    registers_.add({Access::kRead, first.number(0)[1], 0, 0, kSlaveError});
    registers_.add({Access::kRead, kFirstUnused, 0, 0, kSlaveError});
    write(kFirstUnused, 0, kSlaveError);
    for (size_t i = 0; i < first.size(); ++i) write(first.number(i)[1], first.number(i)[0]);
    write(kControl, kCommit | (FFE_TAP ? kTapOn : 0));
    read(kControl, kCommit | (FFE_TAP ? kTapOn : 0));
    write(first.number(0)[1], ~first.number(0)[0], kSlaveError);  // not before the commit is taken
    read(kStatus, kWriteRefused);
    write(kStatus, kWriteRefused);
    read(kStatus, 0);
    registers_.add({Access::kRelease, 0, frames - 1});
    // While frames pass: the parameters of the last one.
    registers_.add({Access::kPoll, kControl, 0, kCommit});
    for (size_t i = 0; i < second.size(); ++i) write(second.number(i)[1], second.number(i)[0]);
    registers_.add({Access::kPoll, kFramesIn, frames - 1});  // a commit is for the next frame to begin
    write(kControl, kCommit | (FFE_TAP ? kTapOn : 0));
    registers_.add({Access::kRelease, 0, frames});
    registers_.add({Access::kDrain});
    read(kStatus, 0);
    read(kFramesIn, frames);
    read(kFramesOut, frames);
    read(kFramesBad, 0);
    read(kFramesTap, FFE_TAP ? frames : 0);
  }

  void pauses() {
    const Access* pause = registers_.pause();
    if (pause == nullptr) return;
    if (pause->kind == Access::kRelease) source_.release(pause->data);
    if (pause->kind == Access::kDrain && !streams_complete()) return;
    registers_.resume();
  }

  /// A clock: inputs change while clk is low, everything is sampled as it is just before the rising edge.
  void clock(bool running) {
    top_.rst_n = running;
    if (running) {
      pauses();
      source_.drive(top_);
      registers_.drive(top_);
      top_.m_axis_tready = output_.ready(top_.m_axis_tvalid);
#if FFE_TAP
      top_.tap_axis_tready = tap_.ready(top_.tap_axis_tvalid);
#endif
    }
    top_.clk = 0;
    evaluate();
    if (running) sample();
    top_.clk = 1;
    evaluate();
    ++cycle_;
  }

  void sample() {
    bool progress = source_.sample(top_, cycle_);
    registers_.sample(top_);
    visit_boundaries(top_, [&](size_t index, bool valid, const auto& codes) {
      if (!valid) return;
      checks_[index].compare(codes);
      progress = true;
    });
    progress |=
        output_.sample(top_.m_axis_tvalid, top_.m_axis_tdata, top_.m_axis_tuser, top_.m_axis_tlast, cycle_);
#if FFE_TAP
    progress |= tap_.sample(top_.tap_axis_tvalid, top_.tap_axis_tdata, top_.tap_axis_tuser,
                            top_.tap_axis_tlast, cycle_);
#endif
    // Writing parameters takes its time too; a poll that never ends does not.
    if (progress || (registers_.accesses() != last_accesses_)) last_progress_ = cycle_;
    last_accesses_ = registers_.accesses();
  }

  std::vector<StreamCheck*> all_checks() {
    std::vector<StreamCheck*> all;
    for (StreamCheck& check : checks_) all.push_back(&check);
    all.push_back(&output_.check());
#if FFE_TAP
    all.push_back(&tap_.check());
#endif
    return all;
  }

  bool streams_complete() {
    bool complete = source_.done();
    for (const StreamCheck* check : all_checks()) complete &= check->complete();
    return complete;
  }

  bool done() {
    return registers_.done() && streams_complete();
  }

  int report() {
    uint64_t values = 0, mismatches = registers_.faults();
    for (StreamCheck* check : all_checks()) {
      check->finish();
      values += check->values();
      mismatches += check->mismatches();
    }
    const uint64_t first_output = source_.frames_started() > 0 ? output_.first_offer() - source_.start(0) : 0;
    // The last frame waits for its parameters; the first finds everything empty.
    const size_t frames = source_.frames();
    const uint64_t interval = frames > 2 && source_.frames_started() == frames
                                  ? source_.start(frames - 2) - source_.start(frames - 3)
                                  : 0;
    if (full_rate_) {
      mismatches += wrong_time("first output", first_output, kFirstOutput);
      if (interval > 0) mismatches += wrong_time("interval of frames", interval, kFrameInterval);
    }
    const bool pass = done() && mismatches == 0;
    std::printf(
        "RESULT %s frames=%zu values=%llu mismatches=%llu cycles=%llu first_output=%llu interval=%llu\n",
        pass ? "pass" : "fail", frames, static_cast<unsigned long long>(values),
        static_cast<unsigned long long>(mismatches), static_cast<unsigned long long>(cycle_),
        static_cast<unsigned long long>(first_output), static_cast<unsigned long long>(interval));
#if VM_TRACE
    if (trace_) trace_->close();
#endif
    return pass ? 0 : 1;
  }

  static uint64_t wrong_time(const char* what, uint64_t is, uint64_t should) {
    if (is == should) return 0;
    std::printf("ERROR %s: %llu clocks instead of %llu\n", what, static_cast<unsigned long long>(is),
                static_cast<unsigned long long>(should));
    return 1;
  }

  void open_trace(const std::string& file) {
#if VM_TRACE
    if (file.empty()) return;
    context_.traceEverOn(true);
    trace_ = std::make_unique<VerilatedVcdC>();
    top_.trace(trace_.get(), 99);
    trace_->open(file.c_str());
#else
    if (!file.empty()) std::printf("ERROR built without --trace\n");
#endif
  }

  void evaluate() {
    top_.eval();
#if VM_TRACE
    if (trace_) trace_->dump(context_.time());
#endif
    context_.timeInc(1);
  }

  VerilatedContext& context_;
  bool full_rate_;
  Vffe_tb top_;
  FrameSource source_;
  RegisterDriver registers_;
  std::vector<StreamCheck> checks_;
  StreamSink<OutputData> output_;
#if FFE_TAP
  StreamSink<TapData> tap_;
#endif
#if VM_TRACE
  std::unique_ptr<VerilatedVcdC> trace_;
#endif
  uint64_t cycle_ = 0, last_progress_ = 0, last_accesses_ = 0;
};

std::string plus_argument(VerilatedContext& context, const std::string& name) {
  const std::string found = context.commandArgsPlusMatch((name + "=").c_str());
  return found.empty() ? "" : found.substr(name.size() + 2);
}

}  // namespace

int main(int argc, char** argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  context.randReset(2);  // registers that nobody has set yet hold anything
  const std::string gaps = plus_argument(context, "gaps");
  const uint64_t seed = gaps.empty() ? 0 : std::strtoull(gaps.c_str(), nullptr, 10);
  Bench bench(context, seed, plus_argument(context, "trace"));
  return bench.run();
}
