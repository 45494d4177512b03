// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataset/image_codec.h"

namespace fixynn {

/// Antialiased bilinear resize of the whole image: a triangle filter of half-width max(1, scale) source
/// pixels, pixel centres at +0.5, columns first, then rows, each rounded to u8; 22-bit fixed-point weights,
/// hence reproducible.
Image resize_image(const Image& source, int width, int height);

/// The central `fraction` (0 < fraction <= 1) of each side, rounded to whole pixels, at least one.
Image centre_crop(const Image& source, double fraction);

}  // namespace fixynn
