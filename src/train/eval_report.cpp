// SPDX-License-Identifier: Apache-2.0
// How fixynn-eval shows what it found.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "run/json_lines.h"
#include "train/eval_network.h"

namespace fixynn {
namespace {

CodeComparison total_of(const std::vector<CodeComparison>& comparisons) {
  CodeComparison total;
  total.conv = "all";
  for (const CodeComparison& comparison : comparisons) {
    total.values += comparison.values;
    total.different += comparison.different;
    total.largest_difference = std::max(total.largest_difference, comparison.largest_difference);
  }
  return total;
}

std::string comparison_table(const std::string& title, std::vector<CodeComparison> comparisons) {
  if (comparisons.empty()) return {};
  comparisons.push_back(total_of(comparisons));
  std::string text = fmt::format("\n{}\n  {:<16}{:>16}{:>14}{:>10}\n", title, "convolution", "values",
                                 "different", "largest");
  for (const CodeComparison& row : comparisons) {
    text += fmt::format("  {:<16}{:>16}{:>14}{:>10}\n", row.conv, format_count(row.values),
                        format_count(row.different), row.largest_difference);
  }
  return text;
}

nlohmann::json comparison_json(const std::vector<CodeComparison>& comparisons) {
  nlohmann::json rows = nlohmann::json::array();
  for (const CodeComparison& row : comparisons) {
    rows.push_back({{"conv", row.conv},
                    {"values", row.values},
                    {"different", row.different},
                    {"largest_difference", row.largest_difference}});
  }
  return rows;
}

}  // namespace

std::string eval_text(const EvalReport& report) {
  std::string text = fmt::format("network    {}\nengine     {}\ndata       {}, {} images", report.network,
                                 report.engine, report.dataset, format_count(report.images));
  if (report.skipped_images > 0) text += fmt::format(" ({} bad ones left out)", report.skipped_images);
  text +=
      fmt::format("\ntop-1      {:.2f} %\ntop-5      {:.2f} %\nspeed      {} images/s\n", report.top1_percent,
                  report.top5_percent, format_count(static_cast<int64_t>(report.images_per_second)));
  if (!report.frozen_weights_sha256.empty())
    text += fmt::format("frozen     sha256 {}\n", report.frozen_weights_sha256);
  text += comparison_table("codes: engine against exact executor (0 different expected)",
                           report.against_executor);
  text +=
      comparison_table("codes: integer network against float fake-quantised path", report.against_float_path);
  if (report.float_path_top1_percent) {
    text += fmt::format("\nfloat fake-quantised path: top-1 {:.2f} %, another class for {} of {} images\n",
                        *report.float_path_top1_percent, report.float_path_classes_different.value_or(0),
                        report.images);
  }
  for (const std::string& file : report.written) text += fmt::format("wrote {}\n", file);
  return text;
}

std::string eval_json(const EvalReport& report) {
  nlohmann::json json = {{"network", report.network},
                         {"engine", report.engine},
                         {"dataset", report.dataset},
                         {"images", report.images},
                         {"skipped_images", report.skipped_images},
                         {"top1_percent", report.top1_percent},
                         {"top5_percent", report.top5_percent},
                         {"images_per_second", report.images_per_second}};
  if (!report.frozen_weights_sha256.empty()) json["frozen_weights_sha256"] = report.frozen_weights_sha256;
  if (!report.against_executor.empty()) json["against_executor"] = comparison_json(report.against_executor);
  if (!report.against_float_path.empty())
    json["against_float_path"] = comparison_json(report.against_float_path);
  if (report.float_path_top1_percent) {
    json["float_path_top1_percent"] = *report.float_path_top1_percent;
    json["float_path_classes_different"] = report.float_path_classes_different.value_or(0);
  }
  if (!report.written.empty()) json["written"] = report.written;
  return json_text(json) + "\n";
}

}  // namespace fixynn
