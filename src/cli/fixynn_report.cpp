// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/program.h"
#include "core/files.h"
#include "report/hardware_costs.h"
#include "report/hardware_page.h"

namespace fixynn {
namespace {

const ManualPage kManual = {
    .name = "fixynn-report",
    .summary = "joins the accuracy of runs with the cost of their hardware",
    .synopsis = "fixynn-report RUN... [OPTIONS]",
    .description =
        "Reads the finished trainings (points.jsonl) of one or several run directories of fixynn-train, puts "
        "them beside area, throughput and energy of the platforms that their frozen layers would make, and "
        "writes: the answer in a sentence; Table 1 of the FixyNN paper with columns of our own, every figure "
        "marked as measured, modelled or published; Figure 2 with the area from which on fixing layers pays; "
        "accuracy against energy per inference with its Pareto front; the platforms; and the layers of the "
        "chosen feature extractor (FFE).\n\n"
        "Runs with the same network size, bits and frozen weights share one FFE: name runs of several data "
        "sets or seeds to have them joined. Others get figures of their own in the same report. No file "
        "of a run is changed.\n\n"
        "The calibrated model builds the adder graphs of the network with the most fixed layers; that takes "
        "some minutes the first time and is kept in $XDG_CACHE_HOME/fixynn. --model paper needs no weights "
        "and is instant.",
    .examples =
        "  fixynn-report runs/gtsr\n"
        "  fixynn-report runs/gtsr runs/cifar10 runs/cifar100 --out report\n"
        "  fixynn-report runs/gtsr --area-mm2 2.0 --technology asap7 --out small.html\n"
        "  fixynn-report runs/gtsr --model paper --format table",
};

enum class ReportFormat { kHtml, kTable };
constexpr ChoiceNames<ReportFormat, 2> kFormatNames = {
    {{"html", ReportFormat::kHtml}, {"table", ReportFormat::kTable}}};
constexpr ChoiceNames<CostModelKind, 2> kModelNames = {
    {{"calibrated", CostModelKind::kCalibrated}, {"paper", CostModelKind::kPaper}}};

struct Arguments {
  std::vector<std::string> runs;
  std::string out;
  HardwareReportRequest request;
  ReportFormat format = ReportFormat::kHtml;
};

void add_options(CLI::App& app, Arguments& arguments) {
  app.add_option("RUN", arguments.runs, "Run directories of fixynn-train.")->required();
  app.add_option("--out", arguments.out,
                 "A folder for report.html, the tables as CSV and the plots as SVG, or a name ending with "
                 ".html for the page alone; without it the folder 'hardware' in the first RUN.")
      ->type_name("DIR|FILE");
  app.add_option("--area-mm2", arguments.request.area_mm2, "Area of FFE and NVDLA together.")->type_name("A");
  add_choice(app, "--model", arguments.request.model, kModelNames,
             "calibrated (adder graphs and a technology table, beside the paper's) or paper (the paper's "
             "alone).");
  app.add_option("--technology", arguments.request.technology,
                 "Technology table of the calibrated model: a name, or a file ending with .json.")
      ->type_name("NAME");
  add_choice(app, "--format", arguments.format, kFormatNames,
             "html (files) or table (text on standard output, no files).");
  app.add_option("--threads", arguments.request.threads,
                 "Threads that build adder graphs; 0 = one for each processor.")
      ->check(CLI::Range(0, 1024).description(""))
      ->type_name("N");
}

/// A line that overwrites itself on a terminal; nothing else where standard error is a file.
ReportProgress terminal_progress() {
  if (::isatty(STDERR_FILENO) == 0) return {};
  return [](const std::string& what, int done, int total) {
    fmt::print(stderr, "\radder graphs of {}: {} of {}{}", what, done, total, done == total ? "\n" : "");
    std::fflush(stderr);
  };
}

void write_files(const HardwareReport& report, const std::filesystem::path& folder) {
  create_folders(folder);
  for (const auto& [name, contents] : hardware_report_files(report))
    write_file_atomic(folder / name, std::string_view(contents));
}

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  Arguments arguments;
  add_options(app, arguments);
  if (!parse_arguments(app, argc, argv)) return 0;

  std::vector<ReportRun> runs;
  for (const std::string& path : arguments.runs) runs.push_back(read_report_run(path));
  AdderGraphCache cache(AdderGraphCache::default_folder());
  const HardwareReport report =
      make_hardware_report(join_runs(std::move(runs)), arguments.request, cache, terminal_progress());
  if (arguments.format == ReportFormat::kTable) {
    fmt::print("{}", hardware_report_text(report));
    return 0;
  }
  std::filesystem::path page = arguments.out;
  if (page.extension() != ".html") {
    const std::filesystem::path folder =
        arguments.out.empty() ? std::filesystem::path(arguments.runs.front()) / "hardware" : page;
    write_files(report, folder);
    page = folder / "report.html";
  } else if (page.has_parent_path()) {
    create_folders(page.parent_path());
  }
  write_file_atomic(page, std::string_view(render_hardware_report(report)));
  for (size_t design = 0; design < report.designs.size(); ++design)
    fmt::print("{}\n", answer_of(report, design).sentence);
  fmt::print("\nreport: {}\n", page.string());
  return 0;
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
