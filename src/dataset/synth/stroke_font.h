// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "dataset/synth/canvas.h"

namespace fixynn {

constexpr float kGlyphWidth = 6, kGlyphHeight = 9, kGlyphAdvance = 8.4f;  ///< grid units

/// Width of a line in grid units.
float text_width(std::string_view line);

/// The pen's lines for a text, in grid units from the upper left corner. Small letters are drawn as capitals;
/// characters without a glyph are blank.
std::vector<std::vector<Point>> text_strokes(std::string_view line);

}  // namespace fixynn
