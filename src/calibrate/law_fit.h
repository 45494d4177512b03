// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fixynn {

/// A synthesised block: what the law looks at, and what came out.
struct LawSample {
  std::string name;
  std::vector<double> features;
  double measured = 0;  ///< greater than 0
};

/// measured = sum of constants * features.
struct LawFit {
  std::vector<double> constants;
  std::vector<double> predicted, error_percent;  ///< of each sample: (predicted - measured) / measured
  double mean_error_percent = 0;                 ///< of the absolute errors
  double worst_error_percent = 0;                ///< the largest absolute error

  /// What the law says of a block that it was not fitted to: for each sample the error of the constants that
  /// the other samples give, and mean and worst of their absolute values. Absent where the others are too few
  /// or too alike, and for given constants.
  struct LeftOut {
    std::vector<double> error_percent;
    double mean_error_percent = 0, worst_error_percent = 0;
  };
  std::optional<LeftOut> left_out;
};

/// Least squares on the relative errors: a small block counts as much as a large one. Throws Error when the
/// samples are fewer than the constants or cannot tell them apart. Fits again without each sample for
/// left_out.
LawFit fit_law(std::span<const LawSample> samples);

/// Predictions and errors of given constants.
LawFit apply_law(std::span<const LawSample> samples, std::span<const double> constants);

}  // namespace fixynn
