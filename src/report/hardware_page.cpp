// SPDX-License-Identifier: Apache-2.0
#include "report/hardware_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/version.h"
#include "plot/plot_text.h"
#include "report/hardware_figures.h"
#include "report/report_sections.h"
#include "report/table_1.h"

namespace fixynn {
namespace {

constexpr const char* kStyle = R"css(
.mark{font-style:normal;font-size:10px;color:var(--muted)}
.mark.m-measured{color:var(--good)}
.marks{font-size:13px;color:var(--muted);margin:0 0 12px;max-width:none}
.marks span{margin-right:18px;white-space:nowrap}
.marks .mark{font-size:12px}
table.paper{font-size:13px}
table.paper th,table.paper td{padding:5px 7px}
table.paper th.group{text-align:center;border-bottom:0;color:var(--text)}
table.paper td.own{background:var(--chip)}
table.paper td small{display:block;color:var(--muted)}
td small{display:block;color:var(--muted);font-size:11.5px}
.none{color:var(--muted)}
.notes{font-size:13px;color:var(--muted);margin:10px 0 0;padding-left:22px}
figure{max-width:760px}
h3+.scroll{margin-bottom:18px}
section h3{margin-top:14px}
.notes+h2,.notes+p{margin-top:24px}
.answers{margin:6px 0 0;padding-left:20px}
)css";

std::string figure(const PlotSpec& spec) {
  return fmt::format("<figure><figcaption>{}</figcaption>{}</figure>\n", escape_html(spec.title),
                     render_plot(spec));
}

std::string tile(const std::string& value, const std::string& caption) {
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", escape_html(value),
                     escape_html(caption));
}

std::string signed_percent(double ratio) {
  return (ratio >= 1 ? "+" : "") + format_fixed(100 * (ratio - 1), 0) + " %";
}

/// Figures of the answer, each with its mark.
std::string tiles(const HardwareReport& report, const Answer& answer) {
  if (!answer.fixed_layers) return "";
  const ModelFigures& figures = report.designs[answer.design].main();
  const PlatformPoint* fixed = figures.at(*answer.fixed_layers, report.area_mm2);
  const PlatformPoint* none = figures.at(0, report.area_mm2);
  std::string html = "<div class=\"tiles\">\n";
  html += tile(fmt::format("{} of {}", *answer.fixed_layers, MobileNet::kLayers),
               "● layers frozen within 1 point of N = 0");
  if (fixed->energy_per_inference_uj && none != nullptr && none->energy_per_inference_uj) {
    html += tile(signed_percent(*fixed->energy_per_inference_uj / *none->energy_per_inference_uj),
                 fmt::format("○ energy per inference: {} instead of {} µJ",
                             format_fixed(*fixed->energy_per_inference_uj, 2),
                             format_fixed(*none->energy_per_inference_uj, 2)));
  }
  if (fixed->relative_throughput) {
    html += tile(signed_percent(*fixed->relative_throughput),
                 fmt::format("○ throughput: {} TOPS on {} mm²", format_fixed(*fixed->throughput_tops, 2),
                             format_area(report.area_mm2)));
  }
  std::string caption = fixed->ffe_copies > 1
                            ? fmt::format("○ {} FFEs, {}", fixed->ffe_copies, figures.name())
                            : "○ FFE, " + figures.name();
  const auto range = figures.ranges.find(*answer.fixed_layers);
  if (range != figures.ranges.end() && range->second.high.area_mm2 > range->second.low.area_mm2) {
    caption += fmt::format("; {} to {} by its constants' ranges",
                           format_fixed(fixed->ffe_copies * range->second.low.area_mm2, 3),
                           format_fixed(fixed->ffe_copies * range->second.high.area_mm2, 3));
  }
  html += tile(format_fixed(fixed->ffe_area_mm2, 3) + " mm²", caption);
  return html + "</div>\n";
}

/// Units stay beside their numbers.
std::string unbroken(std::string html) {
  for (const std::string_view unit : {" %", " mm²", " nm"}) {
    for (size_t at = html.find(unit); at != std::string::npos; at = html.find(unit, at))
      html.replace(at, 1, "&nbsp;");
  }
  return html;
}

std::string header_html(const HardwareReport& report, const std::vector<Answer>& answers) {
  std::string names;
  for (const ReportRun& run : report.joined.runs) names += (names.empty() ? "" : ", ") + run.name;
  std::string html =
      fmt::format("<header>\n<p class=\"eyebrow\">FixyNN accuracy and hardware: {}</p>\n<h1>{}</h1>\n",
                  escape_html(names), unbroken(escape_html(answers.front().sentence)));
  html += fmt::format("<p class=\"sub\">{}.</p>\n",
                      escape_html(report.designs.front().design.name() + "; FFE and NVDLA together on " +
                                  format_area(report.area_mm2) + " mm²"));
  if (answers.front().deeper && answers.front().fixed_layers) {
    html +=
        fmt::format("<p class=\"sub\">N = {} would be accurate enough too, but cannot be built: {}.</p>\n",
                    *answers.front().deeper, escape_html(answers.front().deeper_reason));
  }
  html += tiles(report, answers.front());
  if (answers.size() > 1) {
    html += "<section><h2>The other feature extractors</h2><ul class=\"answers\">";
    for (size_t i = 1; i < answers.size(); ++i) {
      html += fmt::format("<li><b>{}</b>: {}</li>", escape_html(report.designs[i].design.name()),
                          escape_html(answers[i].sentence));
    }
    html += "</ul></section>\n";
  }
  return html + "</header>\n";
}

std::string table_1_section(const HardwareReport& report) {
  std::string html =
      "<section>\n<h2>Table 1 of the paper, with ours beside it</h2>\n<p class=\"sub\">The paper's columns "
      "are MobileNetV1 0.25 in 16 nm; ours are these runs. n/a: neither printed nor trained here.</p>\n" +
      mark_legend();
  for (size_t d = 0; d < report.designs.size(); ++d) {
    if (report.designs.size() > 1)
      html += fmt::format("<h2>{}</h2>\n", escape_html(report.designs[d].design.name()));
    html += table_1_html(make_table_1(report, d));
    if (!report.designs[d].calibrated_missing.empty())
      html += fmt::format("<p class=\"sub\">{}</p>\n", escape_html(report.designs[d].calibrated_missing));
  }
  return html + "</section>\n";
}

/// Says where the plots of a design do not show the model that was asked for.
std::string energy_note(const HardwareReport& report) {
  for (const DesignReport& design : report.designs) {
    if (&energy_model(design) == &design.main()) continue;
    return fmt::format(
        "<p class=\"sub\">The technology {} lacks figures that energies need: these energies are the paper "
        "model's.</p>\n",
        escape_html(design.main().technology));
  }
  return "";
}

std::string trade_off_section(const HardwareReport& report) {
  std::string html =
      "<section>\n<h2>Accuracy against energy</h2>\n<p class=\"sub\">Accuracy ● measured, energy ○ modelled; "
      "bars show the range over seeds. No point is both more accurate and cheaper than the Pareto front. "
      "Grey "
      "diamonds ◆: accuracy as published, with the energy that the paper's model gives it; what is far off "
      "the measured range is cut off. Hover a point for its figures.</p>\n<div class=\"grid2\">";
  html += figure(drop_energy_plot(report));
  for (const std::string& dataset : datasets_of(report))
    html += figure(accuracy_energy_plot(report, dataset));
  return html + "</div>" + energy_note(report) + "</section>\n";
}

std::string figure_2_section(const HardwareReport& report) {
  std::string html =
      "<section>\n<h2>Figure 2: what area buys</h2>\n<p class=\"sub\">A colour a number of fixed layers, a "
      "point an area (0.6 to 4 mm²); filled: the report's area. All ○ modelled but the diamonds ◆, which are "
      "published. "
      "An NVDLA above 3.3 mm² is larger than any published one: extrapolated.</p>\n";
  for (size_t d = 0; d < report.designs.size(); ++d) {
    const DesignReport& design = report.designs[d];
    if (report.designs.size() > 1) html += fmt::format("<h3>{}</h3>\n", escape_html(design.design.name()));
    html += "<div class=\"grid2\">";
    for (const ModelFigures* figures : {design.calibrated ? &*design.calibrated : nullptr, &design.paper}) {
      if (figures == nullptr) continue;
      html += fmt::format("<div>{}<p class=\"sub\">{}</p></div>",
                          figure(figure_2_plot(*figures, report.area_mm2)),
                          escape_html(crossing_sentence(*figures)));
    }
    html += "</div>\n";
  }
  return html + "</section>\n";
}

std::string platform_section(const HardwareReport& report) {
  std::string html = fmt::format(
      "<section>\n<h2>The platforms of {} mm²</h2>\n<p class=\"sub\">All ○ modelled. Energy is FFE and "
      "NVDLA; "
      "DRAM for the back end's weights is not in it, as in the paper. Pixels a clock: what the throughput "
      "needs of the FFE's input; TOPS at 1 pixel: the most that one pixel a clock allows. The paper's "
      "model sets no such limit; the calibrated one builds copies of the FFE where they gain "
      "throughput.</p>\n",
      format_area(report.area_mm2));
  for (const DesignReport& design : report.designs) {
    for (const ModelFigures* figures : {design.calibrated ? &*design.calibrated : nullptr, &design.paper}) {
      if (figures == nullptr) continue;
      const std::string whose = report.designs.size() > 1 ? design.design.name() + ": " : "";
      html += fmt::format("<h3>{}{}</h3>\n", escape_html(whose), escape_html(figures->name())) +
              platform_table_html(*figures, report.area_mm2);
    }
  }
  return html + "</section>\n";
}

std::string layers_section(const HardwareReport& report, const std::vector<Answer>& answers) {
  std::string html;
  for (const Answer& answer : answers) {
    const std::optional<int> layers = shown_layers(report, answer);
    if (!layers || *layers == 0) continue;
    const DesignReport& design = report.designs[answer.design];
    const ModelFigures& figures = design.main();
    const std::string table = ffe_layers_html(figures, *layers);
    if (table.empty()) continue;
    html += fmt::format("<section>\n<h2>The FFE of {} layers{}</h2>\n", *layers,
                        report.designs.size() > 1 ? ": " + escape_html(design.design.name()) : "");
    std::string note = fmt::format("○ One FFE by the {}", figures.name());
    if (figures.model == CostModelKind::kCalibrated) {
      note += fmt::format(
          "; areas are sums of cells ({}), without placement and routing; energies count no glitches{}",
          figures.area_evidence, figures.activity_measured ? "" : " and take the technology's mean activity");
      if (figures.assumed_weights) note += "; the weights are assumed, not trained";
    } else {
      note += ", which looks at weights and layers alone";
    }
    html += fmt::format("<p class=\"sub\">{}.</p>\n{}</section>\n", escape_html(note), table);
  }
  return html;
}

std::string notes_section(const HardwareReport& report) {
  std::string items;
  for (const std::vector<std::string>* notes : {&report.joined.notes, &report.notes}) {
    for (const std::string& note : *notes) items += fmt::format("<li>{}</li>\n", escape_html(note));
  }
  std::string html = "<section>\n<h2>Where this comes from</h2>\n";
  if (!items.empty()) html += "<ul>" + items + "</ul>\n";
  html +=
      "<div class=\"scroll\"><table><tr><th class=\"text\">run</th><th class=\"text\">data set</th>"
      "<th>alpha</th><th>pixels</th><th>points</th><th class=\"text\">state</th></tr>\n";
  for (const ReportRun& run : report.joined.runs) {
    std::string dataset = fact(run.facts.data, "dataset");
    if (!run.points.empty()) dataset = run.points.front().dataset;
    html += fmt::format(
        "<tr><td class=\"text wrap\">{}</td><td class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td><td "
        "class=\"text\">{}</td></tr>\n",
        escape_html(run.name), escape_html(dataset), format_tick(run.facts.alpha, 0.05), run.facts.input_size,
        run.points.size(), run.status ? escape_html(run.status->state) : "unknown");
  }
  return html + fmt::format("</table></div><p class=\"sub\">fixynn-report {} ({})</p></section>\n", kVersion,
                            kRevision);
}

}  // namespace

std::optional<int> shown_layers(const HardwareReport& report, const Answer& answer) {
  if (answer.fixed_layers) return answer.fixed_layers;
  const DesignReport& design = report.designs[answer.design];
  std::optional<int> deepest;
  for (const ResultRow& row : design.design.rows) {
    const PlatformPoint* point = design.main().at(row.fixed_layers, report.area_mm2);
    if (point != nullptr && point->feasible) deepest = std::max(deepest.value_or(0), row.fixed_layers);
  }
  return deepest;
}

std::string render_hardware_report(const HardwareReport& report) {
  std::vector<Answer> answers;
  for (size_t d = 0; d < report.designs.size(); ++d) answers.push_back(answer_of(report, d));
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>{} – FixyNN accuracy and hardware</title>\n<style>{}{}{}</style>\n</head>\n<body>\n<main>\n",
      escape_html(report.joined.runs.front().name), page_style(), plot_style(), kStyle);
  page += header_html(report, answers);
  page += table_1_section(report);
  page += trade_off_section(report);
  page += figure_2_section(report);
  page += platform_section(report);
  page += layers_section(report, answers);
  page += notes_section(report);
  return page + "</main>\n</body>\n</html>\n";
}

std::map<std::string, std::string> hardware_report_files(const HardwareReport& report) {
  std::map<std::string, std::string> files;
  for (size_t d = 0; d < report.designs.size(); ++d)
    files["table_1" + design_suffix(report, d) + ".csv"] = table_1_csv(make_table_1(report, d));
  files["platforms.csv"] = platforms_csv(report);
  files["trade_offs.csv"] = trade_offs_csv(report);
  files["ffe_layers.csv"] = ffe_layers_csv(report);
  for (const auto& [name, plot] : report_plots(report)) files[name + ".svg"] = render_plot_file(plot);
  return files;
}

}  // namespace fixynn
