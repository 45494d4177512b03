// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report/run_facts.h"
#include "report/run_summary.h"

namespace fixynn {

/// Everything the page is made from, read once.
struct ReportInput {
  RunFacts facts;
  std::optional<RunStatus> status;
  std::vector<EpochMetrics> metrics;
  std::vector<ResultRow> rows;
  std::map<std::string, Evaluation> evaluations;  ///< by Point::network
  std::vector<std::string> missing;               ///< one sentence for each evaluation that could not be read
};

/// Point whose details (layers, confusions) are shown open: the deepest within 1 %, else the deepest; null if
/// none.
const Point* shown_point(const ReportInput& input);

// Each returns HTML, "" when there is nothing to show.
std::string header_section(const ReportInput& input);
std::string results_section(const ReportInput& input);
std::string accuracy_section(const ReportInput& input);
std::string training_section(const ReportInput& input);
std::string integer_section(const ReportInput& input);
std::string layers_section(const ReportInput& input);
std::string confusion_section(const ReportInput& input);
std::string provenance_section(const ReportInput& input);

std::string page_style();

}  // namespace fixynn
