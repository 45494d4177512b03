// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fixynn::gui {

// Figures as the screen shows them: with as many digits as mean something, and their unit. What is not known
// is "n/a", never 0.

/// So many significant digits without an exponent: "0.191", "12.4", "3.00", "1,235".
std::string figure(std::optional<double> value, int digits = 3);
/// The same with a unit: "0.191 mm²".
std::string figure(std::optional<double> value, std::string_view unit, int digits = 3);

std::string area_text(std::optional<double> mm2);         ///< "0.191 mm²"
std::string energy_text(std::optional<double> uj);        ///< "12.4 µJ"; below 0.1 µJ in nJ
std::string time_text(std::optional<double> us);          ///< "840 µs", "12.3 ms", "1.20 s"
std::string percent_text(std::optional<double> percent);  ///< one decimal: "44.3 %"
std::string ratio_text(std::optional<double> ratio);      ///< two decimals: "1.93×"
/// One decimal and always a sign: "+0.4 pp", "−1.2 pp", "±0.0 pp".
std::string pp_text(std::optional<double> points);
/// With a capital first letter.
std::string sentence(std::string text);
/// "216", "17,536", "2.71 M", "1.14 G".
std::string count_text(std::optional<int64_t> count);

}  // namespace fixynn::gui
