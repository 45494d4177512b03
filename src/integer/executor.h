// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "integer/integer_network.h"

namespace fixynn {

/// Codes and logits of one image.
struct IntegerResult {
  std::vector<std::vector<uint8_t>>
      codes;                    ///< output codes of each entry of IntegerNetwork::convs, [H][W][C]
  std::vector<int64_t> logits;  ///< [classes]; empty without an integer head
};

/// The golden model of the integer network: plain loops over exact integers, one image at a time. Every
/// engine and the emitted hardware are compared with it, so it is written to be read, not to be fast.
class IntegerExecutor {
 public:
  /// `network` must outlive the executor. Throws when its arrays do not have the sizes that its shapes ask
  /// for.
  explicit IntegerExecutor(const IntegerNetwork& network);

  /// `image`: [S][S][3] u8, already at the network's input size. Throws for another size, and if an
  /// accumulator ever left its recorded interval (the network is then damaged).
  IntegerResult run(std::span<const uint8_t> image) const;

 private:
  const IntegerNetwork& network_;
};

/// The image as the first convolution sees it: each pixel minus kInputZero.
std::vector<int16_t> input_from_pixels(std::span<const uint8_t> image);

/// Accumulators [out_size][out_size][out_channels] of one convolution; `input`
/// [in_size][in_size][in_channels].
std::vector<int64_t> convolve_integer(const IntegerConv& conv, std::span<const int16_t> input);

/// Output codes of the accumulators, in the same layout. Throws when one is outside the convolution's
/// interval.
std::vector<uint8_t> requantise(const IntegerConv& conv, std::span<const int64_t> accumulators);

/// Logits of the last convolution's codes [H][W][C].
std::vector<int64_t> integer_logits(const IntegerHead& head, std::span<const uint8_t> codes);

}  // namespace fixynn
