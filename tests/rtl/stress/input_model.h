// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// What the words of an AXI4-Stream mean, as docs/rtl.md says it and without any timing: which frames they
// make, with which pixels, and which faults they have.

namespace fixynn::stress {

constexpr uint32_t kEarlyStart = 1, kBadRow = 2, kMissingStart = 4;

struct Word {
  uint32_t data = 0;
  bool user = false, last = false;
};

/// A frame as the convolutions see it. Pixels that never came have code 0, which is the value 128.
struct InputFrame {
  std::vector<uint8_t> image;  ///< [size][size][3]
  bool closed = false;         ///< nothing can change any more
};

class InputModel {
 public:
  explicit InputModel(size_t size) : size_(size) {}

  /// Returns true if the word begins a frame.
  bool take(const Word& word) {
    const bool open = !frames_.empty() && !frames_.back().closed;
    if (!word.user && !open) {
      if (!lost_) events_ |= kMissingStart;
      lost_ = true;
      return false;
    }
    if (word.user) begin(open);
    add_pixel(word);
    return word.user;
  }

  const InputFrame& frame(size_t number) const { return frames_.at(number); }
  size_t frames() const { return frames_.size(); }
  bool open() const { return !frames_.empty() && !frames_.back().closed; }
  uint32_t bad_frames() const { return bad_frames_; }
  uint32_t events() const { return events_; }
  void clear_events() { events_ = 0; }

 private:
  void begin(bool open) {
    if (open) {
      events_ |= kEarlyStart;
      ++bad_frames_;
      frames_.back().closed = true;
    }
    lost_ = false;
    position_ = 0;
    frames_.push_back({std::vector<uint8_t>(size_ * size_ * 3, 128), false});
  }

  void add_pixel(const Word& word) {
    InputFrame& frame = frames_.back();
    for (size_t c = 0; c < 3; ++c) frame.image[position_ * 3 + c] = static_cast<uint8_t>(word.data >> 8 * c);
    ++position_;
    if (position_ == size_ * size_) frame.closed = true;
    if (word.last == (position_ % size_ == 0)) return;
    events_ |= kBadRow;
    ++bad_frames_;
    frame.closed = true;
    lost_ = true;
  }

  size_t size_, position_ = 0;
  std::vector<InputFrame> frames_;
  bool lost_ = false;
  uint32_t events_ = 0, bad_frames_ = 0;
};

}  // namespace fixynn::stress
