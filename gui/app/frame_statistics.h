// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace fixynn::gui {

/// The last so many durations, and their percentiles.
class Durations {
 public:
  void add(double milliseconds) {
    if (values_.size() < kMost)
      values_.push_back(milliseconds);
    else
      values_[next_++ % kMost] = milliseconds;
  }
  /// `share` 0..1; 0 without any.
  double percentile(double share) const {
    if (values_.empty()) return 0;
    std::vector<double> sorted = values_;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(sorted.size() - 1) + 0.5);
    std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
    return sorted[static_cast<size_t>(at)];
  }

 private:
  static constexpr size_t kMost = 20000;
  std::vector<double> values_;
  size_t next_ = 0;
};

/// A number that says whether two frames look the same: of all vertices, indices and commands.
class FrameHash {
 public:
  uint64_t of(const ImDrawData& data) {
    value_ = 0x9e3779b97f4a7c15u;
    add(&data.DisplaySize, sizeof(data.DisplaySize));
    for (int i = 0; i < data.CmdListsCount; ++i) {
      const ImDrawList& list = *data.CmdLists[i];
      add(list.VtxBuffer.Data, static_cast<size_t>(list.VtxBuffer.size_in_bytes()));
      add(list.IdxBuffer.Data, static_cast<size_t>(list.IdxBuffer.size_in_bytes()));
      for (const ImDrawCmd& command : list.CmdBuffer) {
        add(&command.ClipRect, sizeof(command.ClipRect));
        add(&command.ElemCount, sizeof(command.ElemCount));
      }
    }
    return value_;
  }

 private:
  void add(const void* data, size_t bytes) {
    const char* at = static_cast<const char*>(data);
    for (; bytes > 0;) {
      uint64_t word = 0;
      const size_t taken = std::min(bytes, sizeof(word));
      std::memcpy(&word, at, taken);
      value_ = (value_ ^ word) * 0xff51afd7ed558ccdu;
      value_ ^= value_ >> 32;
      at += taken;
      bytes -= taken;
    }
  }
  uint64_t value_ = 0;
};

}  // namespace fixynn::gui
