// SPDX-License-Identifier: Apache-2.0
// Both ends of the AXI4-Streams, and the comparison of what passes with what the integer model says.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "ffe_tb_config.h"
#include "vectors.h"

/// Numbers that only look random: Marsaglia's xorshift64*.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  uint32_t below(uint32_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<uint32_t>(((state_ * 0x2545F4914F6CDD1Du) >> 32) * bound >> 32);
  }

 private:
  uint64_t state_;
};

/// Decides clock by clock whether one side of a stream goes on: always, or, with a seed, at random, at a rate
/// that itself changes every 1 to 512 clocks from "never" to "always".
class Stall {
 public:
  explicit Stall(uint64_t seed) : active_(seed != 0), random_(seed) {}
  bool go() {
    if (!active_) return true;
    if (left_ == 0) {
      static constexpr uint32_t kRates[] = {0, 32, 128, 224, 256, 256};
      rate_ = kRates[random_.below(6)];
      left_ = 1 + random_.below(512);
    }
    --left_;
    return random_.below(256) < rate_;
  }

 private:
  bool active_;
  Random random_;
  uint32_t rate_ = 0, left_ = 0;
};

/// 32 bits of a port of any width.
inline uint32_t port_word(uint64_t port, size_t index) {
  return static_cast<uint32_t>(port >> (32 * index));
}
template <size_t kWords>
uint32_t port_word(const VlWide<kWords>& port, size_t index) {
  return port[index];
}

/// Compares a stream of pixels with vectors/NAME.hex.
class StreamCheck {
 public:
  StreamCheck(const Boundary& boundary, const char* label)
      : boundary_(boundary),
        label_(label),
        words_((static_cast<size_t>(boundary.channels * boundary.bits) + 31) / 32),
        expected_(std::string("vectors/") + boundary.name + ".hex", words_) {}

  template <typename Port>
  void compare(const Port& codes) {
    if (pixels_ < expected_.size()) {
      const uint32_t* expected = expected_.number(pixels_);
      bool equal = true;
      for (size_t i = 0; i < words_; ++i) equal &= expected[i] == port_word(codes, i);
      if (!equal) report(codes, expected);
    } else if (pixels_ == expected_.size()) {
      std::printf("ERROR %s: more pixels than %zu\n", label_, expected_.size());
      ++mismatches_;
    }
    ++pixels_;
  }

  /// Sides of a map are equal: the pixel is the first of a frame, the last of a row.
  bool at_frame_start() const { return pixels_ % (side() * side()) == 0; }
  bool at_row_end() const { return (pixels_ + 1) % static_cast<size_t>(boundary_.size) == 0; }

  void check_mark(bool is, bool should, const char* what) {
    if (is == should) return;
    if (mismatches_++ < 10) std::printf("ERROR %s: %s is %d at pixel %zu\n", label_, what, is, pixels_);
  }

  /// After the end: nothing may be missing.
  void finish() {
    if (pixels_ >= expected_.size()) return;
    std::printf("ERROR %s: %zu of %zu pixels came\n", label_, pixels_, expected_.size());
    ++mismatches_;
  }

  bool complete() const { return pixels_ >= expected_.size(); }
  uint64_t pixels() const { return pixels_; }
  uint64_t values() const { return pixels_ * static_cast<uint64_t>(boundary_.channels); }
  uint64_t mismatches() const { return mismatches_; }

 private:
  size_t side() const { return static_cast<size_t>(boundary_.size); }

  template <typename Port>
  void report(const Port& codes, const uint32_t* expected) {
    const size_t bits = static_cast<size_t>(boundary_.bits);
    const auto code = [bits](size_t channel, auto word) {
      uint32_t value = 0;
      for (size_t b = 0; b < bits; ++b) {
        const size_t at = channel * bits + b;
        value |= (word(at / 32) >> at % 32 & 1u) << b;
      }
      return value;
    };
    for (size_t c = 0; c < static_cast<size_t>(boundary_.channels); ++c) {
      const uint32_t should = code(c, [&](size_t i) { return expected[i]; });
      const uint32_t is = code(c, [&](size_t i) { return port_word(codes, i); });
      if (should == is || mismatches_++ >= 10) continue;
      const size_t in_frame = pixels_ % (side() * side());
      std::printf("MISMATCH %s frame %zu row %zu column %zu channel %zu expected %u found %u\n", label_,
                  pixels_ / (side() * side()), in_frame / side(), in_frame % side(), c, should, is);
    }
  }

  Boundary boundary_;
  const char* label_;
  size_t words_;
  HexFile expected_;
  size_t pixels_ = 0;
  uint64_t mismatches_ = 0;
};

/// Puts the frames on s_axis, as far as they are released.
class FrameSource {
 public:
  explicit FrameSource(uint64_t seed) : frames_("vectors/frames.hex", 1), stall_(seed) {}

  size_t frames() const { return frames_.size() / kPixels; }
  size_t frames_started() const { return starts_.size(); }
  void release(size_t frames) { released_ = frames * kPixels; }

  void drive(Vffe_tb& top) {
    if (!valid_ && next_ < released_) valid_ = stall_.go();
    top.s_axis_tvalid = valid_;
    top.s_axis_tdata = next_ < frames_.size() ? frames_.number(next_)[0] : 0;
    top.s_axis_tuser = next_ % kPixels == 0;
    top.s_axis_tlast = next_ % kSize == kSize - 1;
  }

  /// Returns true if a pixel was accepted.
  bool sample(const Vffe_tb& top, uint64_t cycle) {
    if (!valid_ || !top.s_axis_tready) return false;
    if (next_ % kPixels == 0) starts_.push_back(cycle);
    ++next_;
    valid_ = false;
    return true;
  }

  uint64_t start(size_t frame) const { return starts_.at(frame); }
  bool done() const { return next_ == frames_.size(); }

 private:
  static constexpr size_t kPixels = size_t{kSize} * kSize;
  HexFile frames_;
  Stall stall_;
  size_t next_ = 0, released_ = 0;
  bool valid_ = false;
  std::vector<uint64_t> starts_;
};

/// Takes the pixels of m_axis or tap_axis and checks data, marks and the rules that a word that is offered
/// stays until it is taken, and that it is offered without regard to tready.
template <typename Data>
class StreamSink {
 public:
  StreamSink(const Boundary& boundary, const char* label, uint64_t seed)
      : check_(boundary, label), stall_(seed) {}

  /// `valid` is there before tready changes; in the same clock it must not follow it.
  bool ready(bool valid) {
    valid_before_ready_ = valid;
    return ready_ = stall_.go();
  }

  /// Returns true if a pixel was taken.
  bool sample(bool valid, const Data& data, bool user, bool last, uint64_t cycle) {
    check_.check_mark(valid, valid_before_ready_, "tvalid, which depends on tready,");
    if (waiting_) {
      check_.check_mark(!valid, false, "not tvalid before tready");
      check_.check_mark(user != held_user_ || last != held_last_ || !same(data), false,
                        "a change before tready");
    }
    waiting_ = valid && !ready_;
    if (valid && first_offer_ == 0) first_offer_ = cycle;
    held_ = data;
    held_user_ = user;
    held_last_ = last;
    if (!valid || !ready_) return false;
    check_.check_mark(user, check_.at_frame_start(), "tuser");
    check_.check_mark(last, check_.at_row_end(), "tlast");
    check_.compare(data);
    return true;
  }

  StreamCheck& check() { return check_; }
  uint64_t first_offer() const { return first_offer_; }

 private:
  bool same(const Data& data) const {
    for (size_t i = 0; i < (sizeof(Data) + 3) / 4; ++i) {
      if (port_word(data, i) != port_word(held_, i)) return false;
    }
    return true;
  }

  StreamCheck check_;
  Stall stall_;
  Data held_{};
  bool valid_before_ready_ = false, ready_ = false, waiting_ = false, held_user_ = false, held_last_ = false;
  uint64_t first_offer_ = 0;
};
