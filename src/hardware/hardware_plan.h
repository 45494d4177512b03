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
  int64_t memory_bits() const { return int64_t{1} * rows * width * channels * bits; }
  int64_t window_register_bits() const { return memory_bits() == 0 ? 0 : int64_t{9} * channels * bits; }
};

/// The programmable batch norms of one convolution.
struct RequantiserPlan {
  int channels = 0;
  int accumulator_bits = 0;  ///< of the widest channel
  int output_bits = 0;
  int channels_per_multiplier = 1;
  int multipliers = 0;
  int64_t parameter_bits = 0;  ///< registers: M and B of every channel, active and shadow
  int64_t output_register_bits = 0;
  int64_t control_register_bits = 0;  ///< which channel has the multiplier: always clocked, no load enable
  int64_t fifo_memory_bits = 0;       ///< accumulators of pixels that wait; Fold::kMean only
  int cycles = 0;                     ///< clocks from accumulators to the last code
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
  LineBufferPlan line_buffer;
  RequantiserPlan requantiser;
  /// Clocks between two input pixels of this convolution in a row, as the requantisers before it let them
  /// pass, on average over the frame, and between two rows, with one network input pixel a clock.
  int64_t input_clocks_per_pixel_in_row = 1, input_clocks_per_pixel_mean = 1, input_clocks_per_row = 1;
  int64_t output_pixels = 0;   ///< evaluations an image
  int64_t latency_cycles = 0;  ///< from the first input pixel to the first output pixel
};

/// The fixed-weight feature extractor as it would be built: the one source for cost and Verilog.
struct HardwarePlan {
  MobileNet network;
  int fixed_layers = 0;
  PlanOptions options;
  std::string source;
  bool assumed_weights = false;
  std::vector<ConvPlan> convs;  ///< MobileNet::convs_in_layers(fixed_layers)
  int64_t weights() const;
  int64_t latency_cycles() const;  ///< sum over convolutions
};

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
