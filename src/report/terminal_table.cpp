// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "core/text.h"
#include "report/run_report.h"
#include "report/run_summary.h"

namespace fixynn {
namespace {

std::string bits_cell(const ResultRow& row) {
  if (row.weight_bits == 0) return "float";
  return fmt::format("{}/{}", row.weight_bits, row.activation_bits);
}

std::string range_cell(const ResultRow& row) {
  if (row.points.size() < 2) return "1 seed";
  return fmt::format("{:.2f}..{:.2f}", row.top1_low, row.top1_high);
}

std::string published_lines(const std::vector<ResultRow>& rows) {
  std::string text, last;
  for (const ResultRow& row : rows) {
    if (row.dataset == last) continue;
    last = row.dataset;
    const std::vector<PublishedPoint> published = published_points(row.dataset);
    if (published.empty()) continue;
    text += fmt::format("published, not measured here ({}, FixyNN paper):", row.dataset);
    for (const PublishedPoint& point : published)
      text += fmt::format("  N={} {:.1f}", point.fixed_layers, point.top1_percent);
    text += "\n";
  }
  return text;
}

}  // namespace

std::string terminal_table(const std::vector<Point>& points, double alpha, int input_size) {
  const std::vector<ResultRow> rows = summarise_points(points, alpha, input_size);
  if (rows.empty()) return headline(rows) + "\n";
  std::string text = fmt::format("{:<13}{:>4}{:>12}{:>10}{:>16}{:>8}{:>12}{:>7}{:>10}{:>8}  {}\n", "data set",
                                 "N", "fixed ops %", "top-1 %", "over seeds", "drop", "float path", "bits",
                                 "images/s", "time", "frozen");
  for (const ResultRow& row : rows) {
    const std::string drop =
        row.drop ? fmt::format("{:.2f}", std::fabs(*row.drop) < 0.005 ? 0.0 : *row.drop) : "-";
    const std::string frozen =
        row.fixed_layers == 0 ? "-" : row.points.front().frozen_weights_sha256.substr(0, 8);
    text += fmt::format("{:<13}{:>4}{:>12.1f}{:>10.2f}{:>16}{:>8}{:>12.2f}{:>7}{:>10}{:>8}  {}\n",
                        printable(row.dataset, 12), row.fixed_layers, row.fixed_ops_percent, row.top1_mean,
                        range_cell(row), drop, row.float_path_mean, bits_cell(row),
                        format_count(static_cast<int64_t>(row.images_per_second)),
                        format_duration(row.wall_seconds), printable(frozen, 8));
  }
  std::string answer = headline(rows);
  if (const size_t colon = answer.find(": "); colon != std::string::npos) answer.replace(colon, 2, ":\n  ");
  return text + published_lines(rows) + answer + "\n";
}

}  // namespace fixynn
