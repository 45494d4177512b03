// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "integer/integer_network.h"

namespace fixynn {

/// Throws one sentence beginning with `what` unless `network` is consistent in itself: sizes against the
/// shapes, codes within their bits, scales positive, shifts within 8..24, accumulator intervals and the
/// frozen weights' SHA-256 equal to those computed anew, |acc * M + B| < 2^47, exactly the leading quantised
/// convolutions (and the head when all of them are) in integers, finite float parameters. Done on every read
/// and before every write.
void check_network(const IntegerNetwork& network, const std::string& what);

}  // namespace fixynn
