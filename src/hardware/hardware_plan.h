// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hardware/adder_graph_cache.h"
#include "hardware/design.h"
#include "hardware/pipeline.h"

namespace fixynn {

/// How many channels share a requantiser's multiplier.
enum class Fold {
  kNone,   ///< one multiplier a channel
  kBurst,  ///< as many as there are clocks between two pixels of a row: no buffer
  kMean,   ///< as many as there are clocks a pixel on average; a FIFO evens out the bursts
};

struct PlanOptions {
  int levels_per_stage = 4;  ///< adder levels between pipeline registers; 0: registers at outputs only
  Fold fold = Fold::kBurst;
  Sharing sharing = Sharing::kFull;
  bool operator==(const PlanOptions&) const = default;
};

constexpr int kMultiplierBits = 16;             ///< M of a requantiser, signed
constexpr int kBiasBits = 32;                   ///< B, signed
constexpr int kMostChannelsPerMultiplier = 32;  ///< beyond that the selectors cost what the multiplier saves

/// Rows of a convolution's input, kept on chip until its 3x3 window is complete. Absent for pointwise.
struct LineBufferPlan {
  int rows = 0;  ///< 2
  int width = 0, channels = 0, bits = 0;
  int stride = 1, pad_before = 0;
  /// Clocks between two pixels that enter, at least; clocks from a frame's last pixel to the first step that
  /// brings the centres of its last row without further pixels.
  int64_t pace = 1, flush_delay = 1;
  /// A map of one pixel needs no memory.
  int64_t memory_bits() const { return width == 1 ? 0 : int64_t{1} * rows * width * channels * bits; }
  int64_t window_register_bits() const { return rows == 0 ? 0 : int64_t{9} * channels * bits; }
  /// Window bits that padding may have to hide: five taps where only rows and columns behind the map can be
  /// asked for, else all but the centre.
  int64_t mask_bits() const;
  int64_t pixel_register_bits() const { return rows == 0 ? 0 : int64_t{1} * channels * bits; }
  int64_t control_register_bits() const;  ///< counters, flags, timers
};

/// The programmable batch norms of one convolution.
struct RequantiserPlan {
  int channels = 0;
  int accumulator_bits = 0;  ///< of the widest channel, as its graph gives it
  int output_bits = 0;
  int channels_per_multiplier = 1;
  int multipliers = 0;
  int64_t parameter_bits = 0;  ///< registers: M and B of every channel, active and shadow
  int64_t output_register_bits = 0;
  int64_t control_register_bits = 0;  ///< which channel has the multiplier: always clocked, no load enable
  int fifo_words = 0;                 ///< pixels whose accumulators can wait; Fold::kMean only
  int64_t fifo_memory_bits = 0;
  int64_t fifo_register_bits() const;  ///< its counters and flags
  int cycles = 0;                      ///< clocks from accumulators, out of the FIFO, to the last code
};

/// One convolution of the FFE in hardware.
struct ConvPlan {
  Conv conv;
  ConvQuant quant;
  Interval input{0, 0};  ///< codes that enter
  int input_bits = 0;    ///< of a stream that carries them
  int64_t weights = 0, zero_weights = 0, csd_digits = 0;
  /// conv1 and pointwise: one graph; depthwise: one a channel.
  std::vector<std::shared_ptr<const AdderGraph>> graphs;
  std::vector<PipelinePlan> pipelines;  ///< one a graph, all with the same number of stages
  int64_t adders = 0, adder_bits = 0;
  int adder_levels = 0;
  int64_t pipeline_register_bits = 0, pipeline_register_words = 0;
  /// A register in front of a pointwise convolution's adders, where the codes that it reads change one after
  /// another because channels share a multiplier: without it the adders would follow every change.
  int64_t hold_register_bits = 0;
  LineBufferPlan line_buffer;
  RequantiserPlan requantiser;
  int stages() const { return pipelines.empty() ? 1 : pipelines.front().stages; }
  /// `valid` and `commit` on their way from the window to the requantisers: always clocked.
  int64_t enable_register_bits() const;
  /// The enables, and counters and flags of the line buffer, the requantisers and their FIFO: always clocked.
  int64_t control_register_bits() const;
  int64_t register_bits() const;  ///< all of them, line buffer included
  int64_t memory_bits() const { return line_buffer.memory_bits() + requantiser.fifo_memory_bits; }
  /// Clocks between two input pixels of this convolution in a row, as the requantisers before it let them
  /// pass (no two of any rows are closer), on average over the frame, and between the first ones of two rows,
  /// with one network input pixel a clock.
  int64_t input_clocks_per_pixel_in_row = 1, input_clocks_per_pixel_mean = 1, input_clocks_per_row = 1;
  int64_t output_clocks_per_pixel_in_row = 1;  ///< the same of the pixels that leave
  int64_t output_pixels = 0;                   ///< evaluations an image
  int64_t latency_cycles = 0;                  ///< from the first input pixel to the first output pixel
};

/// The FIFO of an AXI4-Stream output. The pipeline cannot be stopped; input is taken only while `margin`
/// places are free, one for every pixel that can still come out.
struct OutputPlan {
  int margin = 0, depth = 0, width_bits = 0;
  int size = 0;  ///< rows and columns of a frame
  int64_t memory_bits() const { return int64_t{1} * depth * width_bits; }
  int64_t register_bits() const;  ///< counters and flags
};

/// What all plans of hardware are counted in, and netlists.
struct HardwareCounts {
  int64_t adders = 0, adder_bits = 0, register_bits = 0, memory_bits = 0, multipliers = 0;
  bool operator==(const HardwareCounts&) const = default;
};

/// The fixed-weight feature extractor as it would be built: the one source for cost and Verilog.
struct HardwarePlan {
  MobileNet network;
  int fixed_layers = 0;
  PlanOptions options;
  std::string source;
  bool assumed_weights = false;
  std::vector<ConvPlan> convs;  ///< MobileNet::convs_in_layers(fixed_layers)
  OutputPlan output;            ///< behind the last convolution
  int64_t weights() const;
  /// From the clock in which the first pixel is accepted at the input to the one in which the first output
  /// pixel enters the output FIFO, frames following each other at one pixel a clock: the input stage and
  /// latency_cycles of all convolutions. The pixel is offered kOutputCycles later.
  int64_t latency_cycles() const;
  /// Clocks from a frame's start to the next one's: its pixels, and one more where their number is odd.
  int64_t frame_cycles() const;
};

constexpr int kInputCycles = 2;   ///< from a pixel's acceptance to the first convolution's line buffer
constexpr int kOutputCycles = 2;  ///< from a pixel's push into the empty output FIFO to its offer

/// The FIFO of an output behind convolution `index`, should there be one.
OutputPlan output_plan(const HardwarePlan& plan, size_t index);

/// The parts of an address in the control registers, and what they need of flip-flops. `tap_layer` 0: no tap.
struct ControlPlan {
  int conv_bits = 1, channel_bits = 1;
  int address_bits() const { return conv_bits + channel_bits + 4; }
  int64_t register_bits = 0;
};
ControlPlan control_plan(const HardwarePlan& plan, int tap_layer);

/// Everything that the Verilog of the plan holds, with input stage, control registers and outputs. Read
/// registers of memories count as the memory's. `tap_layer` 0: no tap.
HardwareCounts hardware_counts(const HardwarePlan& plan, int tap_layer);

/// Called after each convolution with (done, total). Returning false stops: plan_hardware throws.
using PlanProgress = std::function<bool(int done, int total)>;

/// Plans the first `fixed_layers` (0..14) layers. Graphs come from `cache`; `threads` as ThreadPool (the
/// result does not depend on it). Throws Error(kUsage) for a number of layers the network has not, Error for
/// accumulators over 31 bits, naming the layer.
HardwarePlan plan_hardware(const HardwareDesign& design, int fixed_layers, const PlanOptions& options,
                           AdderGraphCache& cache, int threads = 0, const PlanProgress& progress = {});

/// The constants of convolution `index`, one matrix a graph, as ConstantMatrix describes.
std::vector<ConstantMatrix> conv_matrices(const Conv& conv, const QuantisedWeights& weights);

}  // namespace fixynn
