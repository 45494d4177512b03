// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/run_facts.h"
#include "report/run_summary.h"

namespace fixynn {

/// One run directory, as far as the hardware report needs it.
struct ReportRun {
  std::filesystem::path root;
  std::string name;  ///< for texts: the configuration's name and the folder's where they differ
  RunFacts facts;
  std::optional<RunStatus> status;
  std::vector<Point> points;
};

/// Throws one sentence for what is no run directory or holds a damaged points.jsonl.
ReportRun read_report_run(const std::filesystem::path& root);

/// One feature extractor: the same network size, the same bits and the same frozen weights.
struct DesignRows {
  double alpha = 0.25;
  int input_size = 224;
  int weight_bits = 0, activation_bits = 0;  ///< of the FFE; 0 = float
  int back_end_bits = 0;
  std::string ffe_settings;     ///< section `ffe` of the configuration, for bits layer by layer
  std::vector<size_t> runs;     ///< indices into JoinedRuns::runs, in the order given
  std::vector<ResultRow> rows;  ///< by data set, then N

  /// "8-bit weights, 8-bit activations, 128 x 128 pixels, alpha 0.25".
  std::string name() const;
};

struct JoinedRuns {
  std::vector<ReportRun> runs;
  std::vector<DesignRows> designs;
  std::vector<std::string> notes;  ///< sentences about what was left out or joined
};

/// Puts the points of several runs together. Runs share a design when alpha, input size and bits are equal
/// and no number of frozen layers has other frozen weights in one than in the other. Points of one design and
/// data set are seeds of one result; of points with the same N and seed the last run's counts, and a note
/// says so. Runs without points are left out with a note. Throws Error when no run has a point.
JoinedRuns join_runs(std::vector<ReportRun> runs);

/// Data sets of the rows, in their order.
std::vector<std::string> datasets_of(const std::vector<ResultRow>& rows);

/// The row of a data set with N frozen layers, or null.
const ResultRow* find_row(const std::vector<ResultRow>& rows, const std::string& dataset, int fixed_layers);

}  // namespace fixynn
