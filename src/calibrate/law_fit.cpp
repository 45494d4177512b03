// SPDX-License-Identifier: Apache-2.0
#include "calibrate/law_fit.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace fixynn {
namespace {

/// Solves the normal equations by Gauss elimination with pivoting; at most a handful of unknowns. Absent
/// where they have no single solution.
std::optional<std::vector<double>> solve(std::vector<std::vector<double>> rows) {
  const size_t count = rows.size();
  for (size_t i = 0; i < count; ++i) {
    size_t pivot = i;
    for (size_t r = i; r < count; ++r) {
      if (std::abs(rows[r][i]) > std::abs(rows[pivot][i])) pivot = r;
    }
    std::swap(rows[i], rows[pivot]);
    if (std::abs(rows[i][i]) < 1e-12) return std::nullopt;
    for (size_t r = 0; r < count; ++r) {
      if (r == i) continue;
      const double factor = rows[r][i] / rows[i][i];
      for (size_t c = i; c <= count; ++c) rows[r][c] -= factor * rows[i][c];
    }
  }
  std::vector<double> solution;
  for (size_t i = 0; i < count; ++i) solution.push_back(rows[i][count] / rows[i][i]);
  return solution;
}

/// Least squares on the relative errors of all samples but number `left_out`.
std::optional<std::vector<double>> fit_constants(std::span<const LawSample> samples, size_t count,
                                                 size_t left_out) {
  const auto used = [&](const LawSample& sample) {
    return static_cast<size_t>(&sample - samples.data()) != left_out;
  };
  // Scaled to a mean of 1, so that one threshold tells a singular matrix whatever the units.
  std::vector<double> scale(count, 0.0);
  for (const LawSample& sample : samples) {
    for (size_t i = 0; used(sample) && i < count; ++i)
      scale[i] += std::abs(sample.features[i] / sample.measured);
  }
  for (double& s : scale) s = s > 0 ? static_cast<double>(samples.size()) / s : 1.0;
  std::vector<std::vector<double>> rows(count, std::vector<double>(count + 1, 0.0));
  for (const LawSample& sample : samples) {
    for (size_t i = 0; used(sample) && i < count; ++i) {
      const double x = sample.features[i] / sample.measured * scale[i];
      for (size_t j = 0; j < count; ++j) rows[i][j] += x * sample.features[j] / sample.measured * scale[j];
      rows[i][count] += x;
    }
  }
  std::optional<std::vector<double>> constants = solve(std::move(rows));
  for (size_t i = 0; constants && i < count; ++i) (*constants)[i] *= scale[i];
  return constants;
}

std::optional<LawFit::LeftOut> left_out_errors(std::span<const LawSample> samples, size_t count) {
  if (samples.size() <= count) return std::nullopt;
  LawFit::LeftOut left_out;
  for (size_t s = 0; s < samples.size(); ++s) {
    const auto constants = fit_constants(samples, count, s);
    if (!constants) return std::nullopt;
    left_out.error_percent.push_back(apply_law(samples.subspan(s, 1), *constants).error_percent.front());
    const double error = std::abs(left_out.error_percent.back());
    left_out.mean_error_percent += error / static_cast<double>(samples.size());
    left_out.worst_error_percent = std::max(left_out.worst_error_percent, error);
  }
  return left_out;
}

}  // namespace

LawFit fit_law(std::span<const LawSample> samples) {
  const size_t count = samples.empty() ? 1 : samples[0].features.size();
  if (samples.size() < count)
    fail("{} golden blocks cannot fit {} constants; add blocks", samples.size(), count);
  const auto constants = fit_constants(samples, count, samples.size());
  if (!constants) fail("the golden blocks are too alike to fit {} constants; add blocks", count);
  LawFit fit = apply_law(samples, *constants);
  fit.left_out = left_out_errors(samples, count);
  return fit;
}

LawFit apply_law(std::span<const LawSample> samples, std::span<const double> constants) {
  LawFit fit;
  fit.constants.assign(constants.begin(), constants.end());
  for (const LawSample& sample : samples) {
    double predicted = 0;
    for (size_t i = 0; i < constants.size(); ++i) predicted += constants[i] * sample.features[i];
    fit.predicted.push_back(predicted);
    fit.error_percent.push_back(100.0 * (predicted - sample.measured) / sample.measured);
    const double error = std::abs(fit.error_percent.back());
    fit.mean_error_percent += error / static_cast<double>(samples.size());
    fit.worst_error_percent = std::max(fit.worst_error_percent, error);
  }
  return fit;
}

}  // namespace fixynn
