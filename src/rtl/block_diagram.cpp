// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <string_view>

#include "core/text.h"
#include "rtl/document_parts.h"

// A row a layer, from the input at the top to the output at the bottom:
//   [line buffer] -> [conv1 or depthwise] -> [pointwise]  (-> [tap])
// A row's end is joined to the next one's beginning by a line in the gap between them, which carries the
// facts of the stream. Parameters come from the registers along a dashed line at the right, `go` along one at
// the left.

namespace fixynn {
namespace {

constexpr int kBoxHeight = 112, kRowPitch = 196, kFirstRow = 250;
constexpr int kTapGoX = 14, kGoX = 36, kDescentX = 72;
constexpr int kRowsX = 100, kRowsWidth = 172, kInputWidth = 260;
constexpr int kFirstX = 352, kConvWidth = 262;
constexpr int kSecondX = 698;
constexpr int kTapX = 1046, kTapWidth = 160;
constexpr int kBusX = 1240, kWidth = 1270;
constexpr int kStripHeight = 40;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

class Diagram {
 public:
  explicit Diagram(const FfeRtl& ffe) : ffe_(ffe), plan_(ffe.plan), rows_(plan_.fixed_layers) {}

  std::string draw() {
    add_head();
    for (int row = 0; row < rows_; ++row) add_row(row);
    add_output();
    add_control_lines();
    const int height = row_y(rows_) + kBoxHeight + 12;
    return fmt::format(
               R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-labelledby="title">
<title id="title">Block diagram of the fixed-weight feature extractor: {2}</title>
<style>
text {{ font-family: "DejaVu Sans", Verdana, Arial, sans-serif; font-size: 12px; fill: #1d2733; }}
.name {{ font-weight: bold; font-size: 13px; }}
.head {{ font-weight: bold; font-size: 18px; }}
.note {{ fill: #52606d; }}
.middle {{ text-anchor: middle; }}
.box {{ fill: #ffffff; stroke: #33475b; stroke-width: 1.3; }}
.memory {{ fill: #e4eef8; stroke: #33475b; stroke-width: 1.3; }}
.port {{ fill: #f1ede2; stroke: #33475b; stroke-width: 1.3; }}
.strip {{ fill: #fbe9d7; stroke: #33475b; stroke-width: 1.3; }}
.data {{ fill: none; stroke: #33475b; stroke-width: 2; marker-end: url(#arrow); }}
.control {{ fill: none; stroke: #b4541a; stroke-width: 1.3; stroke-dasharray: 5 4; }}
.go {{ fill: none; stroke: #2c7a4b; stroke-width: 1.3; stroke-dasharray: 5 4; }}
</style>
<defs>
<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="#33475b"/></marker>
<marker id="parameter" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="#b4541a"/></marker>
<marker id="credit" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="#2c7a4b"/></marker>
</defs>
<rect width="{0}" height="{1}" fill="#ffffff"/>
)",
               kWidth, height, escaped(package_title(ffe_))) +
           body_ + "</svg>\n";
  }

 private:
  static int row_y(int row) { return kFirstRow + row * kRowPitch; }
  static int row_middle(int row) { return row_y(row) + kBoxHeight / 2; }

  void text(int x, int y, const std::string& words, const char* style = "") {
    body_ += fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>\n", x, y, style, escaped(words));
  }
  void rectangle(int x, int y, int width, int height, const char* style) {
    body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" class=\"{}\"/>\n", x, y,
                         width, height, style);
  }
  void path(const std::string& points, const char* style, const char* marker = nullptr) {
    body_ += fmt::format("<path d=\"{}\" class=\"{}\"{}/>\n", points, style,
                         marker == nullptr ? "" : fmt::format(" marker-end=\"url(#{})\"", marker));
  }
  /// A box with a title and lines below it.
  void box(int x, int y, int width, const char* style, const std::string& title,
           const std::vector<std::string>& lines, int height = kBoxHeight) {
    rectangle(x, y, width, height, style);
    text(x + 10, y + 19, title, "name");
    int line_y = y + 38;
    for (const std::string& line : lines) {
      text(x + 10, line_y, line);
      line_y += 17;
    }
  }

  void add_head() {
    const RtlCounts& counts = ffe_.counts;
    text(24, 34, "ffe_top: " + package_title(ffe_), "head");
    text(24, 58,
         fmt::format("{} adders of {} bits, {} multipliers, {} register bits, {} memory bits; a frame every "
                     "{} clocks, "
                     "first pixel out after {}",
                     format_count(counts.adders), format_count(counts.adder_bits),
                     format_count(counts.multipliers), format_count(counts.register_bits),
                     format_count(counts.memory_bits), format_count(plan_.frame_cycles()),
                     format_count(plan_.latency_cycles() + kOutputCycles)),
         "note");
    box(kRowsX, 96, kInputWidth, "port", "input_stage",
        {"AXI4-Stream RGB to codes,", "value - 128; frames made whole"}, 76);
    text(kRowsX, 88, "s_axis", "name");
    box(kSecondX + 150, 96, kBusX - kSecondX - 150 - 60, "port", "registers",
        {fmt::format("parameters M, B of {} channels",
                     plan_sum(plan_, [](const ConvPlan& conv) { return conv.requantiser.channels; })),
         "commit at a frame's start; status, counters"},
        76);
    text(kSecondX + 150, 88, "s_axil", "name");
  }

  /// The line from the end of the row above (`from_x`, its middle) to the beginning of `row`.
  void join(int from_x, int from_y, int row, const StreamFacts& stream) {
    const int gap_y = row_y(row) - 52;
    path(fmt::format("M{} {}H{}V{}H{}V{}H{}", from_x, from_y, from_x + 24, gap_y, kDescentX, row_middle(row),
                     kRowsX),
         "data");
    text(kRowsX + 10, gap_y - 7, stream_text(stream), "note");
  }

  static std::string stream_text(const StreamFacts& stream) {
    return fmt::format(
        "{0} x {0} pixels of {1} x {2} bits, {3}", stream.size, stream.channels, stream.bits,
        stream.clocks == 1 ? "one a clock" : fmt::format("one in {} clocks or more", stream.clocks));
  }

  void add_row(int row) {
    const int y = row_y(row);
    const size_t first = row == 0 ? 0 : 2 * static_cast<size_t>(row) - 1;
    if (row == 0) {
      join(kRowsX + kInputWidth, 134, 0, stream_before(plan_, 0));
    } else {
      join(last_x(row - 1), row_middle(row - 1), row, stream_before(plan_, first));
    }
    text(kRowsX, y - 10, fmt::format("Layer {}", row), "name");
    add_line_buffer(plan_.convs[first], y);
    path(fmt::format("M{} {}H{}", kRowsX + kRowsWidth, row_middle(row), kFirstX), "data");
    text((kRowsX + kRowsWidth + kFirstX) / 2, row_middle(row) - 8, "columns", "note middle");
    add_conv(first, kFirstX, y);
    if (row > 0) {
      const StreamFacts stream = stream_before(plan_, first + 1);
      path(fmt::format("M{} {}H{}", kFirstX + kConvWidth, row_middle(row), kSecondX), "data");
      const int x = (kFirstX + kConvWidth + kSecondX) / 2;
      text(x, row_middle(row) - 8, fmt::format("{} x {} bits", stream.channels, stream.bits), "note middle");
      text(x, row_middle(row) + 18, fmt::format("1 / {} clk", stream.clocks), "note middle");
      add_conv(first + 1, kSecondX, y);
    }
    if (ffe_.options.tap_layer == row + 1) add_tap(row);
  }

  static int last_x(int row) { return (row == 0 ? kFirstX : kSecondX) + kConvWidth; }

  void add_line_buffer(const ConvPlan& conv, int y) {
    const LineBufferPlan& rows = conv.line_buffer;
    box(kRowsX, y, kRowsWidth, "memory", conv.conv.name + "_rows",
        {fmt::format("{} rows of {} pixels", rows.rows, rows.width),
         fmt::format("{} x {} bits a pixel", rows.channels, rows.bits),
         fmt::format("{} memory bits", format_count(rows.memory_bits()))});
  }

  void add_conv(size_t index, int x, int y) {
    const ConvPlan& plan = plan_.convs[index];
    const Conv& conv = plan.conv;
    const RequantiserPlan& r = plan.requantiser;
    const char* kind =
        conv.kind == ConvKind::kConv1 ? "3x3" : (conv.kind == ConvKind::kDepthwise ? "3x3 depthwise" : "1x1");
    const std::string channels = conv.kind == ConvKind::kDepthwise
                                     ? format_plural(conv.out_channels, "channel")
                                     : fmt::format("{} to {} channels", conv.in_channels, conv.out_channels);
    box(x, y, kConvWidth, "box", conv.name,
        {fmt::format("{}{}, {}", kind, conv.stride == 2 ? " /2" : "", channels),
         fmt::format("{} adders, {}-bit weights, {}", format_count(plan.adders), plan.quant.weight_bits,
                     format_plural(plan.stages(), "stage"))});
    rectangle(x, y + kBoxHeight - kStripHeight, kConvWidth, kStripHeight, "strip");
    text(x + 10, y + kBoxHeight - kStripHeight + 16,
         fmt::format("{}, {}", format_plural(r.channels, "batch norm"),
                     format_plural(r.multipliers, "multiplier")));
    text(x + 10, y + kBoxHeight - 8,
         fmt::format("{} x 16 bits, >> {}, to {} bits{}", r.accumulator_bits, ffe_.shifts.at(index),
                     r.output_bits, r.fifo_words > 0 ? fmt::format("; FIFO of {}", r.fifo_words) : ""));
  }

  /// `stage` with its FIFO, and the name of its port at the right.
  void add_stream_out(int x, int y, const char* stage, const OutputPlan& output, const char* port) {
    box(x, y, kTapWidth, "port", stage,
        {fmt::format("FIFO of {} pixels", output.depth),
         fmt::format("{} memory bits", format_count(output.memory_bits()))},
        76);
    text(x + 10, y + 92, port, "name");
  }

  void add_tap(int row) {
    const int from = last_x(row) + 24;
    path(fmt::format("M{} {}H{}", from, row_middle(row), kTapX), "data");
    text((from + kTapX) / 2, row_middle(row) - 8, "TAP_ON", "note middle");
    text(from + 6, row_middle(row) + 82, "unless MAIN_OFF", "note");
    add_stream_out(kTapX, row_middle(row) - 38, "tap_stage", output_plan(plan_, last_conv(row + 1)),
                   "tap_axis");
  }

  void add_output() {
    join(last_x(rows_ - 1), row_middle(rows_ - 1), rows_, stream_before(plan_, plan_.convs.size()));
    add_stream_out(kRowsX, row_middle(rows_) - 38, "output_stage", plan_.output, "m_axis");
  }

  void add_control_lines() {
    // Parameters: down at the right, a branch a row along its upper edge.
    const int last_branch = row_y(rows_ - 1) - 22;
    path(fmt::format("M{} 134H{}V{}", kBusX - 60, kBusX, last_branch), "control");
    for (int row = 0; row < rows_; ++row) {
      const int branch = row_y(row) - 22;
      path(fmt::format("M{} {}H{}V{}", kBusX, branch, kFirstX + kConvWidth / 2, row_y(row)), "control",
           "parameter");
      if (row > 0) {
        path(fmt::format("M{0} {1}V{2}", kSecondX + kConvWidth / 2, branch, row_y(row)), "control",
             "parameter");
      }
    }
    // go: up at the left, to the line buffers and the input.
    const int from = row_middle(rows_) + 24;
    if (ffe_.options.tap_layer > 0) {
      add_go_of_tap(ffe_.options.tap_layer - 1, from);
    } else {
      path(fmt::format("M{} {}H{}V{}", kRowsX, from, kGoX, from - 10), "go");
    }
    path(fmt::format("M{} {}V134H{}", kGoX, from - 10, kRowsX), "go", "credit");
    for (int row = 0; row < rows_; ++row) {
      path(fmt::format("M{} {}H{}", kGoX, row_middle(row) + 36, kRowsX), "go", "credit");
    }
    text(kGoX + 6, 126, "go", "note");
    const int x = kFirstX, y = row_middle(rows_);
    text(x, y - 6, "go (green): every output has room for what is under way; without it no pixel is taken",
         "note");
    text(x, y + 12, "and no line buffer flushes. Parameters and commit (orange) reach all requantisers.",
         "note");
  }

  /// The rooms of both outputs meet below every branch, since layers behind the tap wait for the tap too.
  void add_go_of_tap(int row, int from) {
    constexpr int kAndSize = 20;
    const int start = kTapX + kTapWidth - 40, gap = row_y(row) + kBoxHeight + 8, and_x = kGoX - kAndSize / 2;
    path(fmt::format("M{} {}V{}H{}V{}H{}", start, row_middle(row) + 38, gap, kTapGoX, from, and_x), "go",
         "credit");
    path(fmt::format("M{} {}H{}", kRowsX, from, and_x + kAndSize), "go", "credit");
    rectangle(and_x, from - kAndSize / 2, kAndSize, kAndSize, "box");
    text(kGoX, from + 5, "&", "middle");
  }

  const FfeRtl& ffe_;
  const HardwarePlan& plan_;
  int rows_;
  std::string body_;
};

}  // namespace

std::string block_diagram_svg(const FfeRtl& ffe) {
  return Diagram(ffe).draw();
}

}  // namespace fixynn
