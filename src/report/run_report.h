// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "run/run_directory.h"

namespace fixynn {

/// One self-contained HTML page (no scripts, no outside references) about a finished or half-finished run:
/// the answer, the results, their charts, training curves, integers against the float path, confusions,
/// layers, data, provenance. What is missing is left out or said to be missing. Throws Error only for files
/// of the run directory that are there and cannot be understood.
std::string render_run_report(const RunDirectory& directory);

/// The results as text for a terminal, at most 110 columns, ending with '\n', the published figures of the
/// same data set below it and marked as such. `alpha`, `input_size`: of the network, for the share of fixed
/// operations.
std::string terminal_table(const std::vector<Point>& points, double alpha = 0.25, int input_size = 224);

}  // namespace fixynn
