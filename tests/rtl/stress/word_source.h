// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>

#include "input_model.h"
#include "streams.h"

namespace fixynn::stress {

/// Words of random frames, most of them right, some of every wrong geometry.
class WordSource {
 public:
  WordSource(size_t size, uint64_t seed) : size_(size), random_(seed) {}

  bool empty() const { return words_.empty(); }
  const Word& front() const { return words_.front(); }
  void pop() { words_.pop_front(); }
  void clear() { words_.clear(); }
  const std::map<std::string, uint64_t>& counts() const { return counts_; }

  void add_frame() {
    switch (random_.below(20)) {
      case 0:
        return add_early_start();
      case 1:
        return add_bad_row(true);
      case 2:
        return add_bad_row(false);
      case 3:
        return add_missing_start();
      case 4:
        return add_stray_words();
      case 5:
        return add_anything();
      default:
        return add_right_frame();
    }
  }

  void add_right_frame() {
    ++counts_["right"];
    add_words(size_ * size_);
  }

 private:
  size_t pixels() const { return size_ * size_; }
  size_t below(size_t bound) { return random_.below(static_cast<uint32_t>(bound)); }

  /// The first `count` words of a frame; images are noise, slopes or one colour.
  void add_words(size_t count) {
    const uint32_t kind = random_.below(3), colour = random_.below(1u << 24), step = random_.below(1u << 24);
    for (size_t i = 0; i < count; ++i) {
      const uint32_t data = kind == 0   ? random_.below(1u << 24)
                            : kind == 1 ? (colour + static_cast<uint32_t>(i) * step) & 0xffffff
                                        : colour;
      words_.push_back({data, i == 0, (i + 1) % size_ == 0});
    }
  }

  void add_early_start() {
    ++counts_["cut by the next start"];
    add_words(1 + below(pixels() - 1));
  }

  /// tlast where it does not belong, or not where it does; the words behind are those of the frame or some.
  void add_bad_row(bool early) {
    ++counts_[early ? "short row" : "long row"];
    const size_t first = words_.size();
    add_words(pixels());
    size_t at = below(pixels());
    if (early == ((at + 1) % size_ == 0)) at = early ? at - 1 : at / size_ * size_ + size_ - 1;
    words_[first + at].last = early;
    if (random_.below(2) == 0) words_.resize(words_.size() - below(pixels() - at));
  }

  void add_missing_start() {
    ++counts_["without a start"];
    const size_t first = words_.size();
    add_words(pixels());
    words_[first].user = false;
  }

  void add_stray_words() {
    ++counts_["words between frames"];
    add_right_frame();
    --counts_["right"];
    for (size_t i = 1 + below(5); i > 0; --i)
      words_.push_back({random_.below(1u << 24), false, random_.below(2) == 0});
  }

  void add_anything() {
    ++counts_["random marks"];
    for (size_t i = 1 + below(2 * pixels()); i > 0; --i)
      words_.push_back({random_.below(1u << 24), random_.below(8) == 0, random_.below(4) == 0});
  }

  size_t size_;
  Random random_;
  std::deque<Word> words_;
  std::map<std::string, uint64_t> counts_;
};

}  // namespace fixynn::stress
