// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "run/run_directory.h"

namespace fixynn {

/// All seeds of one (data set, bits, N).
struct ResultRow {
  std::string dataset;
  int weight_bits = 0, activation_bits = 0;  ///< of the FFE; 0 = float
  int fixed_layers = 0;
  double fixed_ops_percent = 0;
  std::vector<Point> points;                          ///< by seed
  double top1_mean = 0, top1_low = 0, top1_high = 0;  ///< %, over seeds
  double float_path_mean = 0;
  std::optional<double> validation_mean;
  std::optional<double> drop;    ///< percentage points below N = 0 (mean against mean); absent without N = 0
  double images_per_second = 0;  ///< mean
  double wall_seconds = 0;       ///< sum
};

/// Rows by data set, bits, then N. Of points with equal (data set, bits, N, seed) the last counts: it was
/// measured again. `alpha`, `input_size`: of the network, for the share of fixed operations.
std::vector<ResultRow> summarise_points(const std::vector<Point>& points, double alpha, int input_size);

/// The row with the most fixed layers among those whose drop is at most `points`, N = 0 left out; null if
/// none.
const ResultRow* deepest_within(const std::vector<ResultRow>& rows, double points);

/// The answer in a sentence, plain text: "7 of 14 layers can be frozen within 1 % of the N = 0 accuracy:
/// ...".
std::string headline(const std::vector<ResultRow>& rows);

/// "8-bit weights, 8-bit activations", "float".
std::string bits_sentence(int weight_bits, int activation_bits);

/// Test accuracy printed in Table 1 of the FixyNN paper (Whatmough et al., 2019), for comparison only.
struct PublishedPoint {
  int fixed_layers;
  double top1_percent;
};
/// Empty for data sets the paper has not.
std::vector<PublishedPoint> published_points(const std::string& dataset);

/// A data set of that table.
struct PaperDataset {
  std::string name;     ///< as published_points and data.label take it
  std::string heading;  ///< as the paper prints it
};
/// In the table's order.
std::vector<PaperDataset> paper_datasets();

}  // namespace fixynn
