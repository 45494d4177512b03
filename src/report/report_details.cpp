// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "plot/plot_text.h"
#include "plot/svg_plot.h"
#include "report/report_sections.h"

namespace fixynn {
namespace {

constexpr size_t kWorstClasses = 10;
constexpr size_t kTopConfusions = 12;
constexpr size_t kListedImages = 50;

std::string class_name(const Evaluation& evaluation, size_t index) {
  return index < evaluation.class_names.size() && !evaluation.class_names[index].empty()
             ? evaluation.class_names[index]
             : fmt::format("class {}", index);
}

struct ClassErrors {
  size_t index = 0;
  int64_t total = 0, errors = 0;
  double error_rate() const {
    return total > 0 ? static_cast<double>(errors) / static_cast<double>(total) : 0;
  }
};

/// A confusion matrix must be square; a damaged one is left out.
bool is_square(const Evaluation& evaluation) {
  return std::all_of(evaluation.confusion.begin(), evaluation.confusion.end(),
                     [&](const auto& row) { return row.size() == evaluation.confusion.size(); });
}

/// Classes with errors, the largest share of errors first.
std::vector<ClassErrors> worst_classes(const Evaluation& evaluation) {
  std::vector<ClassErrors> classes;
  for (size_t t = 0; t < evaluation.confusion.size(); ++t) {
    ClassErrors c{t, 0, 0};
    for (size_t p = 0; p < evaluation.confusion[t].size(); ++p) {
      c.total += evaluation.confusion[t][p];
      if (p != t) c.errors += evaluation.confusion[t][p];
    }
    if (c.errors > 0) classes.push_back(c);
  }
  std::stable_sort(classes.begin(), classes.end(), [](const ClassErrors& a, const ClassErrors& b) {
    return a.error_rate() > b.error_rate();
  });
  if (classes.size() > kWorstClasses) classes.resize(kWorstClasses);
  return classes;
}

std::string confusion_heat_map(const Evaluation& evaluation, const std::vector<ClassErrors>& worst) {
  std::vector<size_t> columns;
  for (const ClassErrors& c : worst) columns.push_back(c.index);
  HeatMapSpec spec;
  spec.title = "Confusions of the worst classes";
  spec.description =
      "Rows are the classes with the largest share of errors, columns what they were taken for.";
  spec.row_title = "true class";
  spec.column_title = "taken for";
  for (size_t column : columns) spec.columns.push_back(class_name(evaluation, column));
  spec.columns.push_back("any other class");
  for (size_t r = 0; r < worst.size(); ++r) {
    const std::vector<int64_t>& counts = evaluation.confusion[worst[r].index];
    spec.rows.push_back(class_name(evaluation, worst[r].index));
    spec.row_totals.push_back(static_cast<double>(worst[r].total));
    spec.diagonal.push_back(static_cast<int>(r));
    spec.counts.emplace_back();
    double rest = static_cast<double>(worst[r].total);
    for (size_t column : columns) {
      spec.counts.back().push_back(static_cast<double>(counts[column]));
      rest -= spec.counts.back().back();
    }
    spec.counts.back().push_back(rest);
  }
  return render_heat_map(spec);
}

std::string confusion_table(const Evaluation& evaluation) {
  struct Pair {
    size_t truth, predicted;
    int64_t count, total;
  };
  std::vector<Pair> pairs;
  for (size_t t = 0; t < evaluation.confusion.size(); ++t) {
    int64_t total = 0;
    for (int64_t count : evaluation.confusion[t]) total += count;
    for (size_t p = 0; p < evaluation.confusion.size(); ++p) {
      if (p != t && evaluation.confusion[t][p] > 0)
        pairs.push_back({t, p, evaluation.confusion[t][p], total});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.count > b.count; });
  if (pairs.size() > kTopConfusions) pairs.resize(kTopConfusions);
  std::string html =
      "<div class=\"scroll\"><table><tr><th class=\"text\">true class</th><th class=\"text\">taken for</th>"
      "<th>images</th><th>of class %</th></tr>\n";
  for (const Pair& pair : pairs) {
    html += fmt::format(
        "<tr><td class=\"text wrap\">{}</td><td class=\"text wrap\">{}</td><td>{}</td><td>{}</td></tr>\n",
        escape_html(class_name(evaluation, pair.truth)), escape_html(class_name(evaluation, pair.predicted)),
        format_grouped(static_cast<double>(pair.count)),
        format_fixed(100.0 * static_cast<double>(pair.count) / static_cast<double>(pair.total), 1));
  }
  return html + "</table></div>\n";
}

std::string point_name(const Point& point) {
  return fmt::format("N = {}, seed {}, {}", point.fixed_layers, point.seed,
                     bits_sentence(point.weight_bits, point.activation_bits));
}

/// Calls body(point, evaluation) for the points to be shown: the first seed of every row.
template <typename Body>
std::string details_of_points(const ReportInput& input, Body body) {
  const Point* shown = shown_point(input);
  std::string html;
  for (const ResultRow& row : input.rows) {
    const Point& point = row.points.front();
    const auto evaluation = input.evaluations.find(point.network);
    if (evaluation == input.evaluations.end()) continue;
    const std::string inside = body(point, evaluation->second);
    if (inside.empty()) continue;
    const std::string name =
        (input.rows.front().dataset == input.rows.back().dataset ? "" : point.dataset + ", ") +
        point_name(point);
    html += fmt::format("<details{}><summary>{}</summary>{}</details>\n", &point == shown ? " open" : "",
                        escape_html(name), inside);
  }
  return html;
}

std::string bits_cell(int bits) {
  return bits == 0 ? "fl." : fmt::format("{}", bits);
}

std::string layer_chart(const Evaluation& evaluation) {
  if (evaluation.layers.empty()) return "";
  BarSpec spec;
  spec.title = "Zero weights and bits of each convolution";
  spec.description = "Share of zero weight codes in percent; below, bits of weights and activations.";
  spec.y_label = "zero weights, %";
  spec.legend = {{"frozen", 0}, {"trained", 1}};
  spec.cell_rows = {"weight bits", "activation bits"};
  for (const LayerFacts& layer : evaluation.layers) {
    Bar bar;
    bar.label = layer.name;
    bar.value = layer.weights > 0
                    ? 100.0 * static_cast<double>(layer.zero_weights) / static_cast<double>(layer.weights)
                    : 0;
    bar.colour = layer.frozen ? 0 : 1;
    bar.cells = {bits_cell(layer.weight_bits), bits_cell(layer.activation_bits)};
    bar.tooltip = fmt::format(
        "{} ({}): {} of {} weights are zero ({} %), weights {} bits, activations {} bits, shift {}",
        layer.name, layer.frozen ? "frozen" : "trained",
        format_grouped(static_cast<double>(layer.zero_weights)),
        format_grouped(static_cast<double>(layer.weights)), format_fixed(bar.value, 2), layer.weight_bits,
        layer.activation_bits, layer.shift);
    spec.bars.push_back(bar);
  }
  return render_bars(spec);
}

std::string definition(const std::string& term, const std::string& value) {
  if (value.empty()) return "";
  return fmt::format("<dt>{}</dt><dd>{}</dd>", escape_html(term), escape_html(value));
}

std::string data_facts(const RunFacts& facts) {
  const std::string classes = fact(facts.data, "classes");
  std::string html =
      "<dl>" + definition("data set", fact(facts.data, "dataset")) + definition("classes", classes);
  for (const auto& [key, label] : {std::pair{"train_images", "training images"},
                                   {"validation_images", "validation images"},
                                   {"test_images", "test images"}}) {
    html += definition(label, fact(facts.data, key));
  }
  html += definition("bad images left out", fact(facts.data, "skipped_images")) + "</dl>\n";
  if (facts.skipped.empty()) return html;
  html += fmt::format("<details><summary>{} left out</summary><ul>",
                      format_plural(static_cast<int64_t>(facts.skipped.size()), "bad image"));
  for (size_t i = 0; i < std::min(facts.skipped.size(), kListedImages); ++i) {
    html += fmt::format("<li>{}</li>", escape_html(facts.skipped[i]));
  }
  if (facts.skipped.size() > kListedImages)
    html += fmt::format("<li>and {} more</li>", facts.skipped.size() - kListedImages);
  return html + "</ul></details>\n";
}

}  // namespace

const Point* shown_point(const ReportInput& input) {
  if (input.rows.empty()) return nullptr;
  if (const ResultRow* best = deepest_within(input.rows, 1.0)) return &best->points.front();
  const auto deepest =
      std::max_element(input.rows.begin(), input.rows.end(),
                       [](const auto& a, const auto& b) { return a.fixed_layers < b.fixed_layers; });
  return &deepest->points.front();
}

std::string integer_section(const ReportInput& input) {
  std::string rows;
  for (const ResultRow& row : input.rows) {
    for (const Point& point : row.points) {
      const auto found = input.evaluations.find(point.network);
      rows += fmt::format("<tr><td class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td>",
                          escape_html(point_name(point)), format_fixed(point.top1_percent, 2),
                          format_fixed(point.float_path_top1_percent, 2),
                          format_fixed(point.top1_percent - point.float_path_top1_percent, 2));
      if (found == input.evaluations.end() || found->second.codes_compared == 0) {
        rows += "<td>–</td><td>–</td><td>–</td><td>–</td></tr>\n";
        continue;
      }
      const Evaluation& e = found->second;
      const double share =
          100.0 * static_cast<double>(e.codes_different) / static_cast<double>(e.codes_compared);
      rows += fmt::format("<td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                          format_grouped(static_cast<double>(e.compared_images)),
                          format_grouped(static_cast<double>(e.codes_compared)), format_fixed(share, 4),
                          e.largest_code_difference);
    }
  }
  if (rows.empty()) return "";
  std::string html =
      "<section>\n<h2>Integers against the float path</h2>\n<p class=\"sub\">Accuracy is reported from the "
      "integer network, "
      "which is what is built. The float path is the fake-quantised network as it was trained; the codes "
      "compared are "
      "the frozen layers' activations.</p>\n<div class=\"scroll\"><table><tr><th class=\"text\">training</th>"
      "<th>integer<br>top-1 %</th><th>float path<br>top-1 "
      "%</th><th>difference,<br>points</th><th>images<br>compared</th>"
      "<th>codes<br>compared</th><th>codes that<br>differ %</th><th>largest<br>difference</th></tr>\n" +
      rows + "</table></div>\n";
  for (const std::string& sentence : input.missing)
    html += fmt::format("<p class=\"sub\">{}</p>\n", escape_html(sentence));
  return html + "</section>\n";
}

std::string layers_section(const ReportInput& input) {
  const std::string charts = details_of_points(
      input, [](const Point&, const Evaluation& evaluation) { return layer_chart(evaluation); });
  if (charts.empty()) return "";
  return "<section>\n<h2>Layers</h2>\n<p class=\"sub\">Zero weights cost no hardware in a fixed-weight "
         "layer.</p>\n" +
         charts + "</section>\n";
}

std::string confusion_section(const ReportInput& input) {
  const std::string charts =
      details_of_points(input, [](const Point&, const Evaluation& evaluation) -> std::string {
        if (!is_square(evaluation) || evaluation.confusion.empty()) return "";
        const std::vector<ClassErrors> worst = worst_classes(evaluation);
        if (worst.empty()) return "<p>Every test image was recognised.</p>";
        return "<div class=\"grid2\"><div><h3>Most frequent confusions</h3>" + confusion_table(evaluation) +
               "</div><div class=\"heat\"><h3>The " + std::to_string(worst.size()) +
               " classes with the largest share of errors</h3>" + confusion_heat_map(evaluation, worst) +
               "</div></div>";
      });
  if (charts.empty()) return "";
  return "<section>\n<h2>Confusions</h2>\n<p class=\"sub\">Test images, integer network, first seed. Blue: "
         "right; orange: "
         "taken for another class.</p>\n" +
         charts + "</section>\n";
}

std::string provenance_section(const ReportInput& input) {
  std::string html = "<section>\n<h2>Data and provenance</h2>\n" + data_facts(input.facts);
  for (size_t i = 0; i < input.facts.sessions.size(); ++i) {
    const Facts& session = input.facts.sessions[i];
    const std::string revision = fact(session, "revision");
    html +=
        "<dl>" + definition(i == 0 ? "started" : "resumed", fact(session, "started")) +
        definition("program", fact(session, "program") + (revision.empty() ? "" : " (" + revision + ")")) +
        definition("command", fact(session, "command")) + definition("host", fact(session, "host")) +
        definition("device", fact(session, "device")) +
        definition("arithmetic", fact(session, "arithmetic")) + "</dl>\n";
  }
  std::string hashes;
  for (const Facts& training : input.facts.trainings) {
    const std::string before = fact(training, "frozen_weights_sha256_before"),
                      after = fact(training, "frozen_weights_sha256_after");
    if (before.empty() && after.empty()) continue;
    hashes += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"text wrap\"><code>{}</code></td><td "
        "class=\"text\">{}</td></tr>\n",
        escape_html(fact(training, "fixed_layers")), escape_html(fact(training, "seed")), escape_html(after),
        before == after ? "<span class=\"badge good\">unchanged</span>"
                        : "<span class=\"badge bad\">changed</span>");
  }
  if (!hashes.empty()) {
    html +=
        "<details><summary>Frozen weights before and after training</summary><div "
        "class=\"scroll\"><table><tr><th>N</th>"
        "<th>seed</th><th class=\"text\">sha256 after</th><th class=\"text\">against before</th></tr>\n" +
        hashes + "</table></div></details>\n";
  }
  if (!input.facts.config_text.empty()) {
    html += fmt::format("<details><summary>Resolved configuration</summary><pre>{}</pre></details>\n",
                        escape_html(input.facts.config_text));
  }
  return html + "</section>\n";
}

}  // namespace fixynn
