// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plot/plot_spec.h"

namespace fixynn {

/// A line for each point, in the order of the spec: series, x, y, low, high, label; x and y are headed by the
/// axes' labels. Numbers in the shortest form that reads back the same; empty where there is no number.
/// Quoted as in RFC 4180; lines end with "\n". Texts that a spreadsheet would take for a formula get a
/// leading apostrophe.
std::string plot_csv(const PlotSpec& spec);

/// A line for each bar: label, value, one column for each row of cells. Bars with parts: a line for each part
/// with the legend's name of its colour.
std::string bars_csv(const BarSpec& spec);

}  // namespace fixynn
