// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace fixynn {

/// Text made safe for element contents and quoted attributes of HTML and SVG: & < > " ' as entities; control
/// characters and bytes that are not UTF-8, which neither may contain, as U+FFFD.
std::string escape_html(std::string_view text);

/// Fixed decimals with a true minus sign: "−0.25". "–" for a number that is not finite.
std::string format_fixed(double value, int decimals);
/// As few decimals as `step` (the distance between ticks) needs: 0.25 for a step of 0.05, 40 for one of 10.
std::string format_tick(double value, double step);
/// 12630 -> "12,630".
std::string format_grouped(double value);

}  // namespace fixynn
