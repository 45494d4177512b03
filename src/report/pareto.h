// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace fixynn {

/// Indices of the points (x, y) that no other point beats, by rising x; a point beats another that is no
/// better in either and worse in one. `x_more`, `y_more`: more of it is better, else less. Of equal points
/// all stay, in their order.
std::vector<size_t> pareto_indices(const std::vector<std::pair<double, double>>& points, bool x_more,
                                   bool y_more);

}  // namespace fixynn
