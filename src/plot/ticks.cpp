// SPDX-License-Identifier: Apache-2.0
#include "plot/ticks.h"

#include <algorithm>
#include <cmath>

namespace fixynn {

std::vector<double> nice_ticks(double low, double high, int count) {
  if (!std::isfinite(low) || !std::isfinite(high)) low = 0, high = 1;
  if (high < low) std::swap(low, high);
  if (high - low < 1e-12 * std::max(1.0, std::fabs(high))) low -= 0.5, high += 0.5;
  const double raw = (high - low) / std::max(count, 1);
  const double magnitude = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10 * magnitude;
  for (double factor : {5.0, 2.0, 1.0}) {
    if (factor * magnitude >= raw * (1 - 1e-9)) step = factor * magnitude;
  }
  std::vector<double> ticks;
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  if (ticks.size() < 2) ticks.push_back(ticks.front() + step);
  return ticks;
}

std::vector<double> log_ticks(double low, double high) {
  if (!(low > 0) || !std::isfinite(high) || high < low) low = 1, high = 10;
  const bool tens_only = high / low > 1000;
  std::vector<double> all;
  const int first = static_cast<int>(std::floor(std::log10(low))) - 1;
  const int last = static_cast<int>(std::ceil(std::log10(high))) + 1;
  for (int power = first; power <= last; ++power) {
    for (double factor : {1.0, 2.0, 5.0}) {
      if (factor == 1.0 || !tens_only) all.push_back(factor * std::pow(10.0, power));
    }
  }
  // From the last one at or below `low` to the first one at or above `high`.
  const auto begin = std::upper_bound(all.begin(), all.end(), low * (1 + 1e-9)) - 1;
  auto end = std::lower_bound(all.begin(), all.end(), high * (1 - 1e-9)) + 1;
  if (end - begin < 2) ++end;
  return {begin, end};
}

std::vector<double> minor_ticks(const std::vector<double>& ticks, double low, double high) {
  std::vector<double> minor;
  if (ticks.size() < 2 || !(high > low)) return minor;
  const double step = ticks[1] - ticks[0];
  for (size_t i = 2; i < ticks.size(); ++i) {
    if (std::fabs(ticks[i] - ticks[i - 1] - step) > 1e-6 * step) return minor;  // chosen by hand, uneven
  }
  const double digit = step / std::pow(10.0, std::floor(std::log10(step) + 1e-9));
  const int parts = std::fabs(digit - 2) < 0.01 ? 4 : 5;
  const double fine = step / parts;
  const double first = std::ceil((low - ticks[0]) / fine - 1e-6);
  const double last = std::floor((high - ticks[0]) / fine + 1e-6);
  if (last - first > 1000) return minor;
  for (double i = first; i <= last; ++i) {
    if (std::fmod(std::fabs(i), parts) > 0.5) minor.push_back(ticks[0] + i * fine);
  }
  return minor;
}

std::vector<double> minor_log_ticks(const std::vector<double>& ticks, double low, double high) {
  std::vector<double> minor;
  if (!(low > 0) || !(high > low) || !std::isfinite(high)) return minor;
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  if (last - first > 12) return minor;
  for (int power = first; power <= last; ++power) {
    for (int factor = 1; factor < 10; ++factor) {
      const double value = factor * std::pow(10.0, power);
      const bool taken = std::any_of(ticks.begin(), ticks.end(),
                                     [&](double tick) { return std::fabs(tick - value) < 1e-6 * value; });
      if (value >= low && value <= high && !taken) minor.push_back(value);
    }
  }
  return minor;
}

}  // namespace fixynn
