// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "core/error.h"
#include "core/text.h"
#include "cost/platform.h"

namespace fixynn {
namespace {

constexpr double kMostAreas = 10'000;

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  fail_usage("area sweep \"{}\": {}; give LO:HI:STEP in mm2, all positive, for example 0.5:5:0.1",
             printable(text), why);
}

// Three numbers and nothing else.
std::array<double, 3> parse_numbers(const std::string& text) {
  std::array<double, 3> numbers{};
  std::string_view rest = text;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t colon = rest.find(':');
    if ((colon == std::string_view::npos) != (i == 2)) refuse(text, "these are not three numbers");
    const std::string_view part = rest.substr(0, colon);
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), numbers[i]);
    if (error != std::errc() || end != part.data() + part.size() || !std::isfinite(numbers[i])) {
      refuse(text, fmt::format("\"{}\" is not a number", printable(part)));
    }
    if (i < 2) rest.remove_prefix(colon + 1);
  }
  return numbers;
}

// 0.3, not 0.30000000000000004: areas are printed and compared.
double rounded(double value) {
  return std::stod(fmt::format("{:.14g}", value));
}

}  // namespace

std::vector<double> parse_area_sweep(const std::string& text) {
  const auto [low, high, step] = parse_numbers(text);
  if (low <= 0) refuse(text, "LO is not positive");
  if (step <= 0) refuse(text, "STEP is not positive");
  if (low > high) refuse(text, "LO is above HI");
  if (high > kMostAreaMm2) refuse(text, fmt::format("HI is above {} mm2", kMostAreaMm2));
  // The last step may miss HI by rounding; a billionth of a step is far above that and far below any intent.
  const double steps = std::floor((high - low) / step + 1e-9);
  if (!(steps < kMostAreas)) {
    refuse(text, fmt::format("these are more than {:.0f} areas", kMostAreas));
  }
  std::vector<double> areas;
  for (int i = 0; i <= static_cast<int>(steps); ++i) {
    areas.push_back(rounded(low + i * step));
    if (i > 0 && areas[i] <= areas[i - 1]) refuse(text, "STEP is too small beside LO");
  }
  return areas;
}

}  // namespace fixynn
