// SPDX-License-Identifier: Apache-2.0
#include "hardware/pixel_times.h"

#include <algorithm>
#include <limits>

namespace fixynn {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max() / 2;

/// Moves of a window, as ffe_line_buffer makes them: the clock in which each centre is brought, by a pixel or
/// by a step of the flush.
class WindowMoves {
 public:
  WindowMoves(const ConvPlan& conv, const PixelTimes& input)
      : size_(conv.conv.in_size),
        pixels_(size_ * size_),
        pace_(conv.line_buffer.pace),
        delay_(std::max(conv.line_buffer.flush_delay, conv.line_buffer.pace)),
        ahead_(conv.conv.stride == 2 && size_ % 2 == 1 ? 1 : 0),
        input_(input) {}

  /// Of centre `centre` of frame `frame`; kNever: the input ends before. To be asked in raster order.
  int64_t at(int64_t frame, int64_t centre) {
    const int64_t position = centre + size_ + 1;
    if (position < pixels_) return arrival(frame, position);
    if (arrival(frame, pixels_ - 1) == kNever) return kNever;
    return step(frame, position - pixels_);
  }

 private:
  int64_t arrival(int64_t frame, int64_t position) const {
    const auto index = static_cast<size_t>(frame * pixels_ + position);
    return index < input_.size() ? input_[index] : kNever;
  }

  /// Step k of the flush: by the timer, or along with the next frame's pixel k, k - 1 where it is ahead.
  int64_t step(int64_t frame, int64_t number) {
    const int64_t last = arrival(frame, pixels_ - 1);
    if (ahead_ == 1 && number == 0) return last + 1;
    const int64_t timer = number == ahead_ ? last + delay_ : last_step_ + pace_;
    last_step_ = std::min(timer, arrival(frame + 1, number - ahead_));
    return last_step_;
  }

  int64_t size_, pixels_, pace_, delay_, ahead_;
  const PixelTimes& input_;
  int64_t last_step_ = 0;
};

/// When windows, or pixels of a pointwise convolution, are `valid` at the first register of the adders.
PixelTimes valid_times(const ConvPlan& plan, const PixelTimes& input) {
  const Conv& conv = plan.conv;
  const int64_t to_registers = (plan.hold_register_bits > 0 ? 1 : 0);
  PixelTimes valid;
  if (conv.kind == ConvKind::kPointwise || conv.in_size == 1) {
    // A map of one pixel has no flush: two shifts bring it to the window's centre.
    const int64_t delay = conv.kind == ConvKind::kPointwise ? to_registers : 3;
    for (const int64_t time : input) valid.push_back(time + delay);
    return valid;
  }
  const int64_t size = conv.in_size, pixels = size * size;
  WindowMoves moves(plan, input);
  for (int64_t frame = 0;; ++frame) {
    for (int64_t centre = 0; centre < pixels; ++centre) {
      const int64_t time = moves.at(frame, centre);
      if (time == kNever) return valid;
      const int64_t row = centre / size - 1 + conv.pad_before, col = centre % size - 1 + conv.pad_before;
      if (row % conv.stride == 0 && col % conv.stride == 0 && row >= 0 && col >= 0) valid.push_back(time + 2);
    }
  }
}

/// Pixels of the input without which output `count` - 1 does not come.
int64_t needed_pixels(const Conv& conv, int64_t count) {
  if (conv.kind == ConvKind::kPointwise || conv.in_size == 1) return count;
  const int64_t frames = (count - 1) / (int64_t{conv.out_size} * conv.out_size);
  const int64_t output = (count - 1) % (int64_t{conv.out_size} * conv.out_size);
  const int64_t first = 1 - conv.pad_before;
  const int64_t row = output / conv.out_size * conv.stride + first;
  const int64_t col = output % conv.out_size * conv.stride + first;
  const int64_t size = conv.in_size, pixels = size * size;
  const int64_t position = row * size + col + size + 1;
  // What the flush brings may come with the next frame.
  return frames * pixels + (position < pixels ? position + 1 : 2 * pixels);
}

}  // namespace

PixelTimes output_times(const ConvPlan& conv, const PixelTimes& input) {
  PixelTimes times = valid_times(conv, input);
  const int64_t cycles = conv.requantiser.cycles;
  int64_t last_pop = -cycles;
  for (int64_t& time : times) {
    time += conv.stages();  // the accumulators are there
    if (conv.requantiser.fifo_words > 0) {
      last_pop = std::max(time + 1, last_pop + cycles);
      time = last_pop + 1;
    }
    time += cycles;
  }
  return times;
}

PixelTimes input_times(const HardwarePlan& plan, int64_t count) {
  const int64_t size = plan.network.input_size;
  PixelTimes times;
  times.reserve(static_cast<size_t>(count));
  for (int64_t p = 0; p < count; ++p) {
    times.push_back(kInputCycles + p / (size * size) * plan.frame_cycles() + p % (size * size));
  }
  return times;
}

void set_latencies(HardwarePlan& plan) {
  int64_t count = 1;
  for (size_t i = plan.convs.size(); i-- > 0;) {
    const int64_t size = plan.convs[i].conv.in_size;
    count = std::min(needed_pixels(plan.convs[i].conv, count), 2 * size * size);
  }
  PixelTimes times = input_times(plan, count);
  for (ConvPlan& conv : plan.convs) {
    const int64_t first = times.front();
    times = output_times(conv, times);
    conv.latency_cycles = times.front() - first;
  }
}

}  // namespace fixynn
