// SPDX-License-Identifier: Apache-2.0
#include "report/run_report.h"

#include <fmt/format.h>

#include "core/error.h"
#include "plot/plot_text.h"
#include "plot/svg_plot.h"
#include "report/hardware_page.h"
#include "report/report_sections.h"

namespace fixynn {
namespace {

ReportInput read_input(const RunDirectory& directory) {
  ReportInput input;
  input.facts = read_run_facts(directory);
  input.status = directory.read_status();
  input.metrics = directory.read_metrics();
  input.rows = summarise_points(directory.read_points(), input.facts.alpha, input.facts.input_size);
  for (const ResultRow& row : input.rows) {
    for (const Point& point : row.points) {
      const std::string stem = std::filesystem::path(point.network).stem().string();
      try {
        input.evaluations.emplace(point.network, directory.read_evaluation(stem));
      } catch (const Error& error) {
        input.missing.push_back(error.what());
      }
    }
  }
  return input;
}

}  // namespace

std::string render_run_report(const RunDirectory& directory) {
  const ReportInput input = read_input(directory);
  const std::string name = input.facts.name.empty() ? directory.root().filename().string() : input.facts.name;
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>{} – FixyNN run report</title>\n<style>{}{}</style>\n</head>\n<body>\n<main>\n",
      escape_html(name), page_style(), plot_style());
  page += header_section(input);
  page += results_section(input);
  page += accuracy_section(input);
  page += paper_hardware_section(input.rows, input.facts.alpha, input.facts.input_size);
  page += training_section(input);
  page += integer_section(input);
  page += layers_section(input);
  page += confusion_section(input);
  page += provenance_section(input);
  return page + "</main>\n</body>\n</html>\n";
}

}  // namespace fixynn
