// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rtl/package.h"

// Parts of build_ffe.

namespace fixynn {

/// Version of the register map, register VERSION.
constexpr int kRegisterMapVersion = 1;

/// ffe_top: instances of the layers and the hand-written modules around them.
RtlModule top_module(const FfeRtl& ffe);

std::string text_sha256(const std::string& text);

/// frozen_weights_sha256 of the first `convs` convolutions.
std::string built_weights_sha256(const IntegerNetwork& network, size_t convs);

/// Comment lines of every generated module: network, weights, generator.
std::vector<std::string> origin_lines(const FfeRtl& ffe);

/// Comment lines of a convolution's two modules: what they are, bits, counts.
std::vector<std::string> layer_lines(const ConvPlan& conv, int shift);
std::vector<std::string> adder_lines(const ConvPlan& conv);
std::vector<std::string> top_lines(const FfeRtl& ffe);

}  // namespace fixynn
