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

/// Times of single pixels, frames following each other without end at one pixel a clock: what output_times
/// gives, but only of the pixels that are asked for and those that these wait for. A first pixel waits for
/// one pixel of each convolution before it, so an instant estimate can afford it.
class SinglePixels {
 public:
  explicit SinglePixels(const HardwarePlan& plan) : plan_(plan), starts_(plan.convs.size()) {}

  /// When output `index`, counted over frames, leaves convolution `conv`.
  int64_t output(size_t conv, int64_t index) {
    const ConvPlan& plan = plan_.convs[conv];
    const int64_t cycles = plan.requantiser.cycles;
    if (plan.requantiser.fifo_words == 0) return sums(conv, index) + cycles;
    // A pixel in a FIFO waits for all before it.
    PixelTimes& starts = starts_[conv];
    for (auto next = static_cast<int64_t>(starts.size()); next <= index; ++next) {
      const int64_t pop = sums(conv, next) + 1;
      starts.push_back(1 + (starts.empty() ? pop : std::max(pop, starts.back() - 1 + cycles)));
    }
    return starts[static_cast<size_t>(index)] + cycles;
  }

 private:
  int64_t input(size_t conv, int64_t index) {
    if (conv > 0) return output(conv - 1, index);
    const int64_t pixels = int64_t{1} * plan_.network.input_size * plan_.network.input_size;
    return kInputCycles + index / pixels * plan_.frame_cycles() + index % pixels;
  }

  /// When the accumulators are there.
  int64_t sums(size_t index, int64_t output_index) {
    const ConvPlan& plan = plan_.convs[index];
    const Conv& conv = plan.conv;
    if (conv.kind == ConvKind::kPointwise) {
      return input(index, output_index) + (plan.hold_register_bits > 0 ? 1 : 0) + plan.stages();
    }
    if (conv.in_size == 1) return input(index, output_index) + 3 + plan.stages();
    const int64_t outputs = int64_t{1} * conv.out_size * conv.out_size;
    const int64_t frame = output_index / outputs, output = output_index % outputs;
    const int64_t row = output / conv.out_size * conv.stride + 1 - conv.pad_before;
    const int64_t col = output % conv.out_size * conv.stride + 1 - conv.pad_before;
    const int64_t size = conv.in_size, pixels = size * size;
    const int64_t position = row * size + col + size + 1;
    const int64_t move =
        position < pixels ? input(index, frame * pixels + position) : step(index, frame, position - pixels);
    return move + 2 + plan.stages();
  }

  /// Step `number` of the flush of a frame, as WindowMoves has it.
  int64_t step(size_t index, int64_t frame, int64_t number) {
    const ConvPlan& plan = plan_.convs[index];
    const int64_t pixels = int64_t{1} * plan.conv.in_size * plan.conv.in_size;
    const int64_t ahead = plan.conv.stride == 2 && plan.conv.in_size % 2 == 1 ? 1 : 0;
    const int64_t last = input(index, (frame + 1) * pixels - 1);
    if (number < ahead) return last + 1;
    const LineBufferPlan& rows = plan.line_buffer;
    int64_t time = last + std::max(rows.flush_delay, rows.pace) - rows.pace;
    for (int64_t k = ahead; k <= number; ++k) {
      time = std::min(time + rows.pace, input(index, (frame + 1) * pixels + k - ahead));
    }
    return time;
  }

  const HardwarePlan& plan_;
  std::vector<PixelTimes> starts_;  ///< of convolutions with a FIFO: when the requantisers begin, in order
};

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
  SinglePixels pixels(plan);
  int64_t first = kInputCycles;
  for (size_t i = 0; i < plan.convs.size(); ++i) {
    const int64_t time = pixels.output(i, 0);
    plan.convs[i].latency_cycles = time - first;
    first = time;
  }
}

}  // namespace fixynn
