// SPDX-License-Identifier: Apache-2.0
#include "report/pareto.h"

#include <algorithm>

namespace fixynn {

std::vector<size_t> pareto_indices(const std::vector<std::pair<double, double>>& points, bool x_more,
                                   bool y_more) {
  const double x_sign = x_more ? 1 : -1, y_sign = y_more ? 1 : -1;
  const auto beats = [&](const auto& a, const auto& b) {
    const double x = x_sign * (a.first - b.first), y = y_sign * (a.second - b.second);
    return x >= 0 && y >= 0 && (x > 0 || y > 0);
  };
  std::vector<size_t> front;
  for (size_t i = 0; i < points.size(); ++i) {
    const bool beaten =
        std::any_of(points.begin(), points.end(), [&](const auto& other) { return beats(other, points[i]); });
    if (!beaten) front.push_back(i);
  }
  std::stable_sort(front.begin(), front.end(),
                   [&](size_t a, size_t b) { return points[a].first < points[b].first; });
  return front;
}

}  // namespace fixynn
