// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "streams.h"

namespace fixynn::stress {

/// The far end of an output stream: random tready, marks and stability checked, codes collected by frame.
template <typename Data>
class OutputSink {
 public:
  /// on_frame(codes [pixel][channel]) for every whole frame; on_fault(what).
  OutputSink(const Boundary& boundary, uint64_t seed,
             std::function<void(const std::vector<uint8_t>&)> on_frame,
             std::function<void(const char*)> on_fault)
      : boundary_(boundary), stall_(seed), on_frame_(std::move(on_frame)), on_fault_(std::move(on_fault)) {}

  bool ready() { return ready_ = stall_.go(); }
  bool in_frame() const { return !codes_.empty(); }
  void reset() {
    codes_.clear();
    waiting_ = false;
  }

  bool sample(bool valid, const Data& data, bool user, bool last) {
    if (waiting_ && (!valid || user != user_ || last != last_ || !same(data)))
      on_fault_("a change before tready");
    waiting_ = valid && !ready_;
    data_ = data;
    user_ = user;
    last_ = last;
    if (!valid || !ready_) return false;
    take(data, user, last);
    return true;
  }

 private:
  void take(const Data& data, bool user, bool last) {
    const size_t channels = static_cast<size_t>(boundary_.channels),
                 bits = static_cast<size_t>(boundary_.bits);
    const size_t size = static_cast<size_t>(boundary_.size), pixel = codes_.size() / channels;
    if (user != (pixel == 0)) on_fault_("tuser is wrong");
    if (last != (pixel % size == size - 1)) on_fault_("tlast is wrong");
    for (size_t c = 0; c < channels; ++c) {
      uint32_t code = 0;
      for (size_t b = 0; b < bits; ++b) {
        const size_t at = c * bits + b;
        code |= (port_word(data, at / 32) >> at % 32 & 1u) << b;
      }
      codes_.push_back(static_cast<uint8_t>(code));
    }
    if (codes_.size() < size * size * channels) return;
    on_frame_(codes_);
    codes_.clear();
  }

  bool same(const Data& data) const {
    for (size_t i = 0; i < (sizeof(Data) + 3) / 4; ++i) {
      if (port_word(data, i) != port_word(data_, i)) return false;
    }
    return true;
  }

  Boundary boundary_;
  Stall stall_;
  std::function<void(const std::vector<uint8_t>&)> on_frame_;
  std::function<void(const char*)> on_fault_;
  Data data_{};
  bool ready_ = false, waiting_ = false, user_ = false, last_ = false;
  std::vector<uint8_t> codes_;
};

}  // namespace fixynn::stress
