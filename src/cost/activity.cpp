// SPDX-License-Identifier: Apache-2.0
#include "cost/activity.h"

#include <algorithm>

#include "core/error.h"
#include "core/thread_pool.h"
#include "integer/executor.h"

namespace fixynn {
namespace {

/// Values of a block of pixels that are held at once, all nodes together: they stay in the cache.
constexpr size_t kBlockValues = size_t{1} << 16;
constexpr size_t kMostBlockPixels = 256;

uint32_t low_bits(int count) {
  return count >= 32 ? ~uint32_t{0} : (uint32_t{1} << count) - 1;
}

/// Bits that differ between neighbours of `values` (count + 1 of them), in the bits of `mask`. The sums of
/// bits are written out so that the compiler can do several values at once on any processor.
int64_t count_changes(const uint32_t* values, size_t count, uint32_t mask) {
  uint32_t sum = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits = (values[i] ^ values[i + 1]) & mask;
    bits -= bits >> 1 & 0x55555555u;
    bits = (bits & 0x33333333u) + (bits >> 2 & 0x33333333u);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0fu;
    sum += bits * 0x01010101u >> 24;
  }
  return sum;
}

/// result = +-(a << sa) +- (b << sb) for each pixel. Unsigned, because terms may pass 32 bits where their sum
/// does not.
void add_values(const uint32_t* a, const AdderTerm& term_a, const uint32_t* b, const AdderTerm& term_b,
                uint32_t* result, size_t count) {
  const uint32_t factor_a = (term_a.negative ? ~uint32_t{0} : 1u) << term_a.shift;
  const uint32_t factor_b = (term_b.negative ? ~uint32_t{0} : 1u) << term_b.shift;
  for (size_t i = 0; i < count; ++i) result[i] = a[i] * factor_a + b[i] * factor_b;
}

struct Counts {
  int64_t adder_bits = 0, pipeline_bits = 0, window_bits = 0, output_bits = 0;
};

/// Codes that enter or leave a convolution, [size][size][channels].
using Codes = std::vector<int16_t>;

/// Places of a 3x3 window, or of a pixel, one after another in raster order: `side` a row, `step` apart, its
/// first tap so many pixels above and left of the place.
struct Walk {
  int side, step, before;
  size_t places() const { return static_cast<size_t>(side) * static_cast<size_t>(side); }
};

/// Counts for one graph of a convolution. `channel`: of a depthwise graph.
class GraphCounter {
 public:
  GraphCounter(const ConvPlan& plan, size_t graph)
      : conv_(plan.conv),
        graph_(*plan.graphs[graph]),
        pipeline_(plan.pipelines[graph]),
        facts_(node_facts(graph_, plan.input)),
        channel_(plan.conv.kind == ConvKind::kDepthwise ? static_cast<int>(graph) : 0) {
    const size_t nodes = facts_.size();
    block_ = std::clamp<size_t>(kBlockValues / nodes, 1, kMostBlockPixels);
    values_.assign(nodes * stride(), 0);
  }

  /// With a stride the first stage sees the window at every pixel of the input, later ones only at outputs.
  Counts count(const Codes& input) {
    const Walk outputs{conv_.out_size, conv_.stride, conv_.pad_before}, shifts{conv_.in_size, 1, 1};
    const bool strided = conv_.kind != ConvKind::kPointwise && conv_.stride > 1;
    if (!strided) return count(input, outputs, Stages::kAll);
    Counts counts = count(input, outputs, Stages::kLater);
    counts.adder_bits += count(input, shifts, Stages::kFirst).adder_bits;
    return counts;
  }

 private:
  /// Those whose adder bits are counted; registers are counted with all but kFirst.
  enum class Stages { kAll, kFirst, kLater };

  /// Place 0 of a node's row holds the pixel before the block.
  size_t stride() const { return block_ + 1; }
  uint32_t* row(size_t node) { return &values_[node * stride()]; }
  bool first_stage(size_t node) const { return pipeline_.stage[node] == 0; }

  Counts count(const Codes& input, const Walk& walk, Stages stages) {
    Counts counts;
    for (size_t begin = 0; begin < walk.places(); begin += block_) {
      const size_t size = std::min(block_, walk.places() - begin);
      load_windows(input, walk, begin, size);
      add_nodes(size, stages);
      count_block(begin == 0, size, stages, counts);
    }
    return counts;
  }

  void load_windows(const Codes& input, const Walk& walk, size_t begin, size_t size) {
    const int window = conv_.kind == ConvKind::kPointwise ? 1 : 3;
    const int channels = conv_.kind == ConvKind::kDepthwise ? 1 : conv_.in_channels;
    for (int tap = 0; tap < window * window; ++tap) {
      for (size_t i = 0; i < size; ++i) {
        const int place = static_cast<int>(begin + i);
        const int y = place / walk.side * walk.step + tap / window - walk.before;
        const int x = place % walk.side * walk.step + tap % window - walk.before;
        const bool inside = y >= 0 && y < conv_.in_size && x >= 0 && x < conv_.in_size;
        const size_t at =
            inside ? static_cast<size_t>(y * conv_.in_size + x) * static_cast<size_t>(conv_.in_channels) +
                         static_cast<size_t>(channel_)
                   : 0;
        for (int c = 0; c < channels; ++c) {
          const int code = inside ? input[at + static_cast<size_t>(c)] : 0;
          row(static_cast<size_t>(tap * channels + c))[i + 1] = static_cast<uint32_t>(code);
        }
      }
    }
  }

  /// Operands of the first stage are in it too.
  void add_nodes(size_t size, Stages stages) {
    size_t node = static_cast<size_t>(graph_.inputs);
    for (const AdderNode& adder : graph_.adders) {
      if (stages != Stages::kFirst || first_stage(node)) {
        add_values(row(static_cast<size_t>(adder.a.node)) + 1, adder.a,
                   row(static_cast<size_t>(adder.b.node)) + 1, adder.b, row(node) + 1, size);
      }
      ++node;
    }
  }

  /// The first pixel of an image has none before it.
  void count_block(bool first, size_t size, Stages stages, Counts& counts) {
    for (size_t node = 0; node < facts_.size(); ++node) {
      uint32_t* values = row(node);
      if (first) values[0] = values[1];
      const NodeFacts& facts = facts_[node];
      const uint32_t whole = low_bits(facts.width);
      const bool counted = stages == Stages::kAll || (stages == Stages::kFirst) == first_stage(node);
      if (facts.adder_bits > 0 && counted) {
        counts.adder_bits += count_changes(values, size, whole & ~low_bits(facts.width - facts.adder_bits));
      }
      if (pipeline_.registers[node] > 0 && stages != Stages::kFirst) {
        counts.pipeline_bits += pipeline_.registers[node] * count_changes(values, size, whole);
      }
      values[0] = values[size];
    }
  }

  const Conv& conv_;
  const AdderGraph& graph_;
  const PipelinePlan& pipeline_;
  std::vector<NodeFacts> facts_;
  int channel_;
  size_t block_ = 1;
  std::vector<uint32_t> values_;
};

/// Toggles of a register that takes every pixel's codes, of `bits` each.
int64_t stream_changes(int stream_channels, int bits, const Codes& codes) {
  const auto channels = static_cast<size_t>(stream_channels);
  const size_t pixels = codes.size() / channels;
  std::vector<uint32_t> stream(pixels);
  int64_t sum = 0;
  for (size_t c = 0; c < channels; ++c) {
    for (size_t p = 0; p < pixels; ++p) stream[p] = static_cast<uint32_t>(codes[p * channels + c]);
    sum += count_changes(stream.data(), pixels - 1, low_bits(bits));
  }
  return sum;
}

Counts count_conv(const ConvPlan& conv, const Codes& input, const Codes& output) {
  Counts counts;
  for (size_t g = 0; g < conv.graphs.size(); ++g) {
    const Counts one = GraphCounter(conv, g).count(input);
    counts.adder_bits += one.adder_bits;
    counts.pipeline_bits += one.pipeline_bits;
  }
  // Every register of a 3x3 window, and the one in front, sees the whole stream of codes, each at another
  // delay.
  if (conv.line_buffer.window_register_bits() > 0) {
    counts.window_bits = (9 + 1) * stream_changes(conv.conv.in_channels, conv.line_buffer.bits, input);
  }
  if (conv.hold_register_bits > 0) {
    counts.pipeline_bits += stream_changes(conv.conv.in_channels, conv.input_bits, input);
  }
  counts.output_bits = stream_changes(conv.conv.out_channels, conv.requantiser.output_bits, output);
  return counts;
}

void check_same_network(const HardwarePlan& plan, const IntegerNetwork& network) {
  if (plan.network.input_size != network.network.input_size || plan.convs.size() > network.convs.size()) {
    fail(
        "the hardware plan has {} convolutions at {} pixels, but the integer network has {} at {}; count "
        "with "
        "the network that the plan was made from",
        plan.convs.size(), plan.network.input_size, network.convs.size(), network.network.input_size);
  }
  for (size_t i = 0; i < plan.convs.size(); ++i) {
    const ConvPlan& conv = plan.convs[i];
    const IntegerConv& integer = network.convs[i];
    if (conv.conv.name != integer.conv.name || conv.quant != integer.quant) {
      fail("{}: the hardware plan has other bits than the network's {}; make the plan of this network",
           conv.conv.name, integer.conv.name);
    }
    const std::vector<ConstantMatrix> matrices = conv_matrices(integer.conv, integer.weights);
    if (matrices.size() != conv.graphs.size() || conv.pipelines.size() != conv.graphs.size()) {
      fail("{}: the hardware plan has {} adder graphs where {} are needed; make it with plan_hardware",
           conv.conv.name, conv.graphs.size(), matrices.size());
    }
    for (size_t g = 0; g < matrices.size(); ++g) {
      if (conv.graphs[g] == nullptr) fail("{}: the hardware plan lacks an adder graph", conv.conv.name);
      check_adder_graph(*conv.graphs[g], matrices[g], conv.input,
                        conv.conv.name + ": the hardware plan is not of this network's weights");
    }
  }
}

/// The image, and what leaves each of the first `convs` convolutions.
std::vector<Codes> stream_codes(const IntegerNetwork& network, size_t convs,
                                const std::vector<uint8_t>& image) {
  std::vector<Codes> streams;
  streams.push_back(input_from_pixels(image));
  for (size_t i = 0; i < convs; ++i) {
    const IntegerConv& conv = network.convs[i];
    const std::vector<uint8_t> codes = requantise(conv, convolve_integer(conv, streams.back()));
    streams.emplace_back(codes.begin(), codes.end());
  }
  return streams;
}

}  // namespace

std::vector<ConvActivity> measure_activity(const HardwarePlan& plan, const IntegerNetwork& network,
                                           std::span<const std::vector<uint8_t>> images, int threads) {
  const size_t convs = plan.convs.size();
  if (images.empty()) fail("activity is counted on images, but none were given");
  const IntegerExecutor sizes_checked(network);
  check_same_network(plan, network);
  const size_t side = static_cast<size_t>(network.network.input_size);
  for (const std::vector<uint8_t>& image : images) {
    if (image.size() != side * side * 3) {
      fail("an image of {} bytes was given to a network whose input is {} x {} x 3", image.size(), side,
           side);
    }
  }
  std::vector<Counts> totals(convs);
  if (convs == 0) return {};
  ThreadPool pool(threads);
  // A few images at a time, so that their codes fit the memory.
  const size_t batch = static_cast<size_t>(pool.threads()) * 2;
  for (size_t begin = 0; begin < images.size(); begin += batch) {
    const size_t count = std::min(batch, images.size() - begin);
    std::vector<std::vector<Codes>> streams(count);
    pool.run(static_cast<int>(count), [&](int i, int) {
      streams[static_cast<size_t>(i)] = stream_codes(network, convs, images[begin + static_cast<size_t>(i)]);
    });
    std::vector<Counts> counts(count * convs);
    pool.run(static_cast<int>(counts.size()), [&](int task, int) {
      const size_t image = static_cast<size_t>(task) / convs, conv = static_cast<size_t>(task) % convs;
      counts[static_cast<size_t>(task)] =
          count_conv(plan.convs[conv], streams[image][conv], streams[image][conv + 1]);
    });
    for (size_t task = 0; task < counts.size(); ++task) {
      totals[task % convs].adder_bits += counts[task].adder_bits;
      totals[task % convs].pipeline_bits += counts[task].pipeline_bits;
      totals[task % convs].window_bits += counts[task].window_bits;
      totals[task % convs].output_bits += counts[task].output_bits;
    }
  }
  std::vector<ConvActivity> activity;
  for (const Counts& total : totals) {
    const double images_counted = static_cast<double>(images.size());
    activity.push_back({static_cast<double>(total.adder_bits) / images_counted,
                        static_cast<double>(total.pipeline_bits) / images_counted,
                        static_cast<double>(total.window_bits) / images_counted,
                        static_cast<double>(total.output_bits) / images_counted});
  }
  return activity;
}

}  // namespace fixynn
