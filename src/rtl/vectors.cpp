// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "integer/executor.h"
#include "quant/quant_spec.h"
#include "rtl/testbench.h"

namespace fixynn {
namespace {

/// Appends a pixel as one number in hexadecimal, channel 0 in its lowest bits, with a line end.
void append_pixel(std::string& text, std::span<const uint8_t> codes, int bits) {
  const size_t digits = (codes.size() * static_cast<size_t>(bits) + 3) / 4;
  const size_t end = text.size() + digits;
  text.resize(end + 1, '0');
  text[end] = '\n';
  size_t at = end;  // the digit written last
  uint32_t pending = 0;
  int count = 0;
  for (const uint8_t code : codes) {
    pending |= static_cast<uint32_t>(code) << count;
    for (count += bits; count >= 4; count -= 4, pending >>= 4) text[--at] = "0123456789abcdef"[pending & 15];
  }
  if (count > 0) text[--at] = "0123456789abcdef"[pending & 15];
}

void append_pixels(std::string& text, std::span<const uint8_t> codes, size_t channels, int bits) {
  for (size_t i = 0; i < codes.size(); i += channels) append_pixel(text, codes.subspan(i, channels), bits);
}

/// The convolutions of the feature extractor alone.
IntegerNetwork extractor_part(const FfeRtl& ffe, const IntegerNetwork& network) {
  const size_t count = ffe.plan.convs.size();
  if (network.convs.size() < count) {
    fail("{}: {} convolutions are in integers where the feature extractor has {}", ffe.network_name,
         network.convs.size(), count);
  }
  IntegerNetwork part;
  part.network = network.network;
  part.fixed_layers = network.fixed_layers;
  part.convs.assign(network.convs.begin(), network.convs.begin() + static_cast<std::ptrdiff_t>(count));
  return part;
}

}  // namespace

IntegerNetwork with_other_batch_norm(const IntegerNetwork& network) {
  IntegerNetwork other = network;
  for (IntegerConv& conv : other.convs) {
    const int64_t top = int64_t{activation_code_max(conv.quant.activation_bits)} << conv.shift;
    for (size_t c = 0; c < conv.requantizers.size(); ++c) {
      Requantizer& r = conv.requantizers[c];
      int64_t m = r.multiplier, b = r.bias;
      if (c % 4 == 3) {  // upside down: a negative gamma
        m = -m;
        b = top - b;
      } else {
        m -= m / 4;
        b += top / 8 - b / 8;
      }
      if (m == r.multiplier) m = std::min<int64_t>(m + 1, std::numeric_limits<int16_t>::max());
      r.multiplier = static_cast<int16_t>(std::min<int64_t>(m, std::numeric_limits<int16_t>::max()));
      r.bias = static_cast<int32_t>(
          std::clamp<int64_t>(b, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
    }
  }
  return other;
}

std::vector<RtlFile> vector_files(const FfeRtl& ffe, const IntegerNetwork& network,
                                  std::span<const std::vector<uint8_t>> images) {
  if (images.empty()) fail_usage("a simulation needs at least one image");
  const IntegerNetwork first = extractor_part(ffe, network), second = with_other_batch_norm(first);
  const IntegerExecutor first_executor(first), second_executor(second);
  std::string frames;
  std::vector<std::string> codes(first.convs.size());
  for (size_t i = 0; i <= images.size(); ++i) {
    const bool last = i == images.size();
    const std::vector<uint8_t>& image = images[last ? 0 : i];
    const IntegerResult result = last ? second_executor.run(image) : first_executor.run(image);
    append_pixels(frames, image, 3, 8);
    for (size_t c = 0; c < codes.size(); ++c) {
      append_pixels(codes[c], result.codes[c], static_cast<size_t>(first.convs[c].conv.out_channels),
                    first.convs[c].quant.activation_bits);
    }
  }
  std::vector<RtlFile> files = {
      {"vectors/ffe_vectors.vh", fmt::format("`define FFE_FRAMES {}\n", images.size() + 1)},
      {"vectors/frames.hex", std::move(frames)},
      {"vectors/parameters.hex", parameter_hex(parameter_writes(ffe, network), "all frames but the last")},
      {"vectors/parameters_2.hex",
       parameter_hex(parameter_writes(ffe, with_other_batch_norm(network)), "the last frame")}};
  for (size_t c = 0; c < codes.size(); ++c)
    files.push_back({"vectors/" + first.convs[c].conv.name + ".hex", std::move(codes[c])});
  return files;
}

}  // namespace fixynn
