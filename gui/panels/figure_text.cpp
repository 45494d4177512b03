// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/figure_text.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "plot/plot_text.h"

namespace fixynn::gui {
namespace {

constexpr const char* kUnknown = "n/a";
constexpr int kMostDecimals = 7;

int decimals_for(double value, int digits) {
  const double size = std::fabs(value);
  if (size == 0) return digits - 1;
  const int decimals = digits - 1 - static_cast<int>(std::floor(std::log10(size)));
  if (decimals < 0 || decimals > kMostDecimals) return std::clamp(decimals, 0, kMostDecimals);
  // 9.996 is 10.0 with three digits, not 10.00.
  const double step = std::pow(10.0, decimals);
  const bool carries = std::round(size * step) >= std::pow(10.0, digits);
  return carries ? std::max(0, decimals - 1) : decimals;
}

bool unknown(const std::optional<double>& value) {
  return !value || !std::isfinite(*value);
}

std::string with_unit(std::string number, std::string_view unit) {
  return unit.empty() ? number : number + " " + std::string(unit);
}

}  // namespace

std::string figure(std::optional<double> value, int digits) {
  if (unknown(value)) return kUnknown;
  const int decimals = decimals_for(*value, digits);
  return decimals == 0 ? format_grouped(*value) : format_fixed(*value, decimals);
}

std::string figure(std::optional<double> value, std::string_view unit, int digits) {
  return unknown(value) ? kUnknown : with_unit(figure(value, digits), unit);
}

std::string area_text(std::optional<double> mm2) {
  return figure(mm2, "mm²");
}

std::string energy_text(std::optional<double> uj) {
  if (unknown(uj) || *uj == 0 || std::fabs(*uj) >= 0.1) return figure(uj, "µJ");
  return figure(*uj * 1e3, "nJ");
}

std::string time_text(std::optional<double> us) {
  if (unknown(us) || std::fabs(*us) < 1e3) return figure(us, "µs");
  return std::fabs(*us) < 1e6 ? figure(*us * 1e-3, "ms") : figure(*us * 1e-6, "s");
}

std::string percent_text(std::optional<double> percent) {
  return unknown(percent) ? kUnknown : with_unit(format_fixed(*percent, 1), "%");
}

std::string ratio_text(std::optional<double> ratio) {
  return unknown(ratio) ? kUnknown : format_fixed(*ratio, 2) + "×";
}

std::string pp_text(std::optional<double> points) {
  if (unknown(points)) return kUnknown;
  const std::string size = format_fixed(std::fabs(*points), 1);
  const char* sign = size == "0.0" ? "±" : *points > 0 ? "+" : "−";
  return sign + size + " pp";
}

std::string sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string count_text(std::optional<int64_t> count) {
  if (!count) return kUnknown;
  const double value = static_cast<double>(*count);
  if (std::fabs(value) < 1e6) return format_count(*count);
  return std::fabs(value) < 1e9 ? figure(value * 1e-6, "M") : figure(value * 1e-9, "G");
}

}  // namespace fixynn::gui
