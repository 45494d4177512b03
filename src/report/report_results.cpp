// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/text.h"
#include "plot/plot_text.h"
#include "plot/svg_plot.h"
#include "report/report_sections.h"

namespace fixynn {
namespace {

std::string percent_or_dash(const std::optional<double>& value) {
  return value ? format_fixed(*value, 2) : "–";
}

std::string tile(const std::string& value, const std::string& caption) {
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", escape_html(value),
                     escape_html(caption));
}

std::string status_badge(const RunStatus& status) {
  const bool good = status.state == "finished", bad = status.state == "failed" || status.state == "stopped";
  std::string text = status.state;
  if (!good && !bad) text += fmt::format(", {} % done", format_fixed(100 * status.progress, 0));
  return fmt::format("<span class=\"badge{}\">{}</span>",
                     good  ? " good"
                     : bad ? " bad"
                           : "",
                     escape_html(text));
}

/// "gtsrb", or every data set of the rows.
std::string dataset_names(const ReportInput& input) {
  std::set<std::string> names;
  for (const ResultRow& row : input.rows) names.insert(row.dataset);
  if (names.empty() && !fact(input.facts.data, "dataset").empty())
    names.insert(fact(input.facts.data, "dataset"));
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string tiles(const ReportInput& input) {
  const ResultRow* best = deepest_within(input.rows, 1.0);
  std::string html = "<div class=\"tiles\">\n";
  if (best != nullptr) {
    html += tile(fmt::format("{} layers", best->fixed_layers), "most frozen layers within 1 % of N = 0");
    html += tile(format_fixed(best->top1_mean, 2) + " %",
                 fmt::format("test top-1 at N = {}", best->fixed_layers));
    html += tile(format_fixed(best->fixed_ops_percent, 1) + " %", "of the operations fixed in silicon");
  }
  double seconds = 0, images_per_second = 0;
  size_t trainings = 0;
  for (const ResultRow& row : input.rows) {
    seconds += row.wall_seconds;
    images_per_second += row.images_per_second * static_cast<double>(row.points.size());
    trainings += row.points.size();
  }
  if (trainings > 0) {
    html += tile(format_grouped(images_per_second / static_cast<double>(trainings)) + "/s",
                 "training images, mean");
    html += tile(format_duration(seconds),
                 fmt::format("for {}", format_plural(static_cast<int64_t>(trainings), "training")));
  }
  return html + "</div>\n";
}

std::string result_row(const ResultRow& row, const ResultRow* best) {
  const bool highlighted = &row == best;
  const std::string range =
      row.points.size() < 2 ? "1 seed"
                            : fmt::format("{} – {} <small>({} seeds)</small>", format_fixed(row.top1_low, 2),
                                          format_fixed(row.top1_high, 2), row.points.size());
  const std::string sha = row.points.front().frozen_weights_sha256;
  std::string html = fmt::format(
      "<tr{}><td>{}</td><td>{}</td><td><b>{}</b></td><td>{}</td>", highlighted ? " class=\"best\"" : "",
      row.fixed_layers, format_fixed(row.fixed_ops_percent, 1), format_fixed(row.top1_mean, 2), range);
  html += fmt::format("<td>{}</td><td>{}</td><td>{}</td>", percent_or_dash(row.drop),
                      format_fixed(row.float_path_mean, 2), percent_or_dash(row.validation_mean));
  const std::string bits =
      row.weight_bits == 0 ? "float" : fmt::format("{} / {}", row.weight_bits, row.activation_bits);
  html += fmt::format("<td>{}</td><td>{}</td><td>{}</td>", bits, format_grouped(row.images_per_second),
                      format_fixed(row.wall_seconds / 60, 1));
  html += fmt::format("<td>{}</td><td><code title=\"{}\">{}</code></td></tr>\n",
                      format_grouped(static_cast<double>(row.points.front().images_tested)), escape_html(sha),
                      row.fixed_layers == 0 || sha.empty() ? "–" : escape_html(sha.substr(0, 12)));
  return html;
}

std::string published_table(const std::string& dataset) {
  const std::vector<PublishedPoint> points = published_points(dataset);
  if (points.empty()) return "";
  std::string head = "<tr><th class=\"text\">N</th>", values = "<tr><td class=\"text\">top-1 %</td>",
              drops = "<tr><td class=\"text\">drop, points</td>";
  for (const PublishedPoint& point : points) {
    head += fmt::format("<th>{}</th>", point.fixed_layers);
    values += fmt::format("<td>{}</td>", format_fixed(point.top1_percent, 1));
    drops += fmt::format("<td>{}</td>", format_fixed(points.front().top1_percent - point.top1_percent, 1));
  }
  return fmt::format(
      "<div class=\"published\"><h3>Published, not measured here: {} in Table 1 of the FixyNN paper</h3><div "
      "class=\"scroll\"><table>{}</tr>{}</tr>{}</tr></table></div></div>\n",
      escape_html(dataset), head, values, drops);
}

std::string group_name(const ReportInput& input, const ResultRow& row) {
  const bool one_dataset = std::all_of(input.rows.begin(), input.rows.end(),
                                       [&](const ResultRow& other) { return other.dataset == row.dataset; });
  const std::string bits = bits_sentence(row.weight_bits, row.activation_bits);
  return one_dataset ? bits : row.dataset + ", " + bits;
}

/// One series for each (data set, bits): accuracy, or the drop against N = 0.
std::vector<PlotSeries> accuracy_series(const ReportInput& input, bool as_drop) {
  std::vector<PlotSeries> all;
  for (const ResultRow& row : input.rows) {
    const std::string name = "measured, " + group_name(input, row);
    if (all.empty() || all.back().name != name) {
      all.push_back({});
      all.back().name = name;
      all.back().colour = static_cast<int>(all.size()) - 1;
    }
    if (as_drop && !row.drop) continue;
    const double baseline = as_drop ? row.top1_mean + *row.drop : 0;
    const auto value = [&](double top1) { return as_drop ? baseline - top1 : top1; };
    PlotPoint point{static_cast<double>(row.fixed_layers), value(row.top1_mean), {}, {}, ""};
    if (row.points.size() > 1) {
      point.low = std::min(value(row.top1_low), value(row.top1_high));
      point.high = std::max(value(row.top1_low), value(row.top1_high));
    }
    point.tooltip = fmt::format("N = {}: {} {}", row.fixed_layers, format_fixed(point.y, 2),
                                as_drop ? "points lost" : "%");
    if (row.points.size() > 1) {
      point.tooltip += fmt::format(" (mean of {} seeds, {} to {})", row.points.size(),
                                   format_fixed(*point.low, 2), format_fixed(*point.high, 2));
    }
    all.back().points.push_back(point);
  }
  std::string last;
  for (const ResultRow& row : input.rows) {
    if (row.dataset == last) continue;
    last = row.dataset;
    const std::vector<PublishedPoint> published = published_points(row.dataset);
    if (published.empty()) continue;
    PlotSeries series;
    series.name = "published";
    series.colour = -1;
    series.dashed = true;
    series.sets_range = !as_drop;  // a published 38 points would hide what happens around 1 %
    for (const PublishedPoint& p : published) {
      const double y = as_drop ? published.front().top1_percent - p.top1_percent : p.top1_percent;
      series.points.push_back(
          {static_cast<double>(p.fixed_layers),
           y,
           {},
           {},
           fmt::format("published in the FixyNN paper, N = {}: {}", p.fixed_layers, format_fixed(y, 1))});
    }
    all.push_back(series);
  }
  return all;
}

std::vector<double> layer_ticks(const ReportInput& input) {
  std::set<double> ticks;
  for (const ResultRow& row : input.rows) {
    ticks.insert(row.fixed_layers);
    for (const PublishedPoint& point : published_points(row.dataset)) ticks.insert(point.fixed_layers);
  }
  return {ticks.begin(), ticks.end()};
}

std::string figure(const PlotSpec& spec) {
  return fmt::format("<figure><figcaption>{}</figcaption>{}</figure>\n", escape_html(spec.title),
                     render_plot(spec));
}

using MetricValue = std::optional<double> (*)(const EpochMetrics&);

/// One line for each N; further seeds faint.
PlotSpec training_plot(const ReportInput& input, const std::string& title, const std::string& unit,
                       MetricValue value) {
  PlotSpec spec;
  spec.title = title;
  spec.description = title + " after each epoch, one line for each number of frozen layers.";
  spec.x_label = "epoch";
  spec.y_label = unit;
  spec.width = 400;
  spec.height = 290;
  std::set<int> layers;
  for (const EpochMetrics& m : input.metrics) layers.insert(m.fixed_layers);
  int colour = 0, last_epoch = 1;
  for (int n : layers) {
    std::set<uint64_t> seeds;
    for (const EpochMetrics& m : input.metrics) {
      if (m.fixed_layers == n) seeds.insert(m.seed);
    }
    for (uint64_t seed : seeds) {
      PlotSeries series;
      series.colour = colour;
      series.markers = false;
      series.faint = seed != *seeds.begin();
      if (!series.faint) series.name = fmt::format("N = {}", n);
      for (const EpochMetrics& m : input.metrics) {
        const std::optional<double> y = value(m);
        if (m.fixed_layers != n || m.seed != seed || !y) continue;
        last_epoch = std::max(last_epoch, m.epoch);
        series.points.push_back({static_cast<double>(m.epoch),
                                 *y,
                                 {},
                                 {},
                                 fmt::format("N = {}, seed {}, epoch {} of {}: {}", n, seed, m.epoch,
                                             m.epochs, format_fixed(*y, 3))});
      }
      if (!series.points.empty()) spec.series.push_back(series);
    }
    ++colour;
  }
  if (last_epoch <= 10) {
    for (int epoch = 1; epoch <= last_epoch; ++epoch) spec.x_ticks.push_back(epoch);
  }
  return spec;
}

/// The epoch from which on activations are fake-quantised, when that is not from the first on.
std::optional<int> quantised_from(const ReportInput& input) {
  std::optional<int> first_quantised;
  bool float_before = false;
  for (const EpochMetrics& m : input.metrics) {
    if (m.fake_quantised && (!first_quantised || m.epoch < *first_quantised)) first_quantised = m.epoch;
    float_before = float_before || !m.fake_quantised;
  }
  return float_before ? first_quantised : std::nullopt;
}

}  // namespace

std::string header_section(const ReportInput& input) {
  const std::string name = input.facts.name;
  std::string html =
      fmt::format("<header>\n<p class=\"eyebrow\">FixyNN run{}{} {}</p>\n", name.empty() ? "" : " ",
                  escape_html(name), input.status ? status_badge(*input.status) : "");
  html += fmt::format("<h1>{}</h1>\n", escape_html(headline(input.rows)));
  std::string sub =
      fmt::format("MobileNetV1 with alpha {} at {} x {} pixels", format_tick(input.facts.alpha, 0.05),
                  input.facts.input_size, input.facts.input_size);
  if (const std::string names = dataset_names(input); !names.empty()) sub += " on " + names;
  const std::string tested = fact(input.facts.data, "test_images");
  if (!input.rows.empty()) {
    sub += fmt::format("; accuracy is that of the integer network on {} test images.",
                       format_grouped(static_cast<double>(input.rows.front().points.front().images_tested)));
  } else {
    sub += tested.empty() ? "." : fmt::format("; {} test images.", tested);
  }
  html += fmt::format("<p class=\"sub\">{}</p>\n", escape_html(sub));
  if (input.status && !input.status->message.empty() && input.status->state != "finished") {
    html += fmt::format("<p class=\"sub\">{}</p>\n", escape_html(input.status->message));
  }
  return html + (input.rows.empty() ? "" : tiles(input)) + "</header>\n";
}

std::string results_section(const ReportInput& input) {
  if (input.rows.empty()) {
    return "<section><h2>Results</h2><p>No training has finished yet; the table appears with the first "
           "one.</p>"
           "</section>\n";
  }
  const ResultRow* best = deepest_within(input.rows, 1.0);
  std::string html =
      "<section>\n<h2>Results</h2>\n<p class=\"sub\">N layers keep their convolution weights; batch norm and "
      "all other "
      "layers are trained. Top-1 is on the test images, from the integer network; the drop is in percentage "
      "points "
      "against N = 0.";
  if (best != nullptr) html += " The shaded row is the deepest within 1 %.";
  html += "</p>\n";
  std::string last;
  for (size_t i = 0; i < input.rows.size(); ++i) {
    const ResultRow& row = input.rows[i];
    if (i == 0 || row.dataset != last) {
      html += fmt::format(
          "<h3>{}, measured</h3>\n<div class=\"scroll\"><table>\n<tr><th>N</th><th>fixed<br>ops "
          "%</th><th>top-1 "
          "%<small>mean</small></th><th>over seeds</th><th>drop,<br>points</th><th>float<br>path "
          "%</th><th>vali-<br>dation %</th><th>bits<small>weights / act.</small></th><th>training<br>images/s"
          "</th><th>min-<br>utes</th><th>images<br>tested</th><th>frozen "
          "weights<small>sha256</small></th></tr>\n",
          escape_html(row.dataset));
    }
    last = row.dataset;
    html += result_row(row, best);
    if (i + 1 == input.rows.size() || input.rows[i + 1].dataset != row.dataset) {
      html += "</table></div>\n" + published_table(row.dataset);
    }
  }
  return html + "</section>\n";
}

std::string accuracy_section(const ReportInput& input) {
  if (input.rows.empty()) return "";
  PlotSpec accuracy;
  accuracy.title = "Accuracy against frozen layers";
  accuracy.description =
      "Test top-1 in percent for each number of frozen layers; bars show the range over seeds.";
  accuracy.x_label = "frozen layers N";
  accuracy.y_label = "test top-1, %";
  accuracy.y_high = 100;
  accuracy.x_ticks = layer_ticks(input);
  accuracy.series = accuracy_series(input, false);
  PlotSpec drop = accuracy;
  drop.title = "Accuracy lost against N = 0";
  drop.description =
      "Percentage points lost against N = 0 for each number of frozen layers, with the 1 % line.";
  drop.y_label = "points lost";
  drop.y_high.reset();
  drop.y_from_zero = true;
  drop.series = accuracy_series(input, true);
  drop.marks = {{1.0, "1 %", false}};
  return "<section>\n<h2>What freezing costs</h2>\n<p class=\"sub\">Hover a point for its figures. Grey and "
         "dashed: "
         "published "
         "values, where the paper has this data set; what is far off the measured range is cut "
         "off.</p>\n<div class=\"grid2\">" +
         figure(accuracy) + figure(drop) + "</div></section>\n";
}

std::string training_section(const ReportInput& input) {
  if (input.metrics.empty()) return "";
  PlotSpec loss = training_plot(input, "Training loss", "smoothed cross-entropy",
                                [](const EpochMetrics& m) -> std::optional<double> { return m.train_loss; });
  PlotSpec train =
      training_plot(input, "Training accuracy", "top-1, %",
                    [](const EpochMetrics& m) -> std::optional<double> { return m.train_top1_percent; });
  PlotSpec validation =
      training_plot(input, "Validation accuracy", "top-1, %",
                    [](const EpochMetrics& m) -> std::optional<double> { return m.validation_top1_percent; });
  std::string note =
      "On augmented training images; validation images are plain. Further seeds are drawn faint.";
  if (const std::optional<int> epoch = quantised_from(input)) {
    note += fmt::format(" Activations are fake-quantised from epoch {} on.", *epoch);
    for (PlotSpec* spec : {&loss, &train, &validation})
      spec->marks.push_back({*epoch - 0.5, "quantised", true});
  }
  train.y_high = 100;
  validation.y_high = 100;
  return fmt::format(
      "<section>\n<h2>Training</h2>\n<p class=\"sub\">{}</p>\n<div class=\"grid3\">{}{}{}</div></section>\n",
      escape_html(note), figure(loss), figure(train), figure(validation));
}

}  // namespace fixynn
