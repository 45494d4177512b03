// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plot/canvas.h"
#include "plot/svg_canvas.h"

namespace fixynn::testing_plot {

/// Keeps what was drawn. Texts are as wide as in SVG, times `scale`.
class RecordingCanvas final : public Canvas {
 public:
  struct Text {
    PlotFont font;
    PlotPixel at;
    std::string text;
    double degrees;
  };
  struct Line {
    PlotLine kind;
    PlotPixel from, to;
  };
  struct Marker {
    PlotMarker shape;
    PlotPixel at;
    bool hollow;
  };
  struct Box {
    PlotFill fill;
    PlotBox box;
    int colour;
  };
  struct Bar {
    double low, high;
    bool low_cap, high_cap;
  };

  double scale = 1;
  std::vector<Text> texts;
  std::vector<Line> lines;
  std::vector<Marker> markers;
  std::vector<std::vector<PlotPixel>> polylines;
  std::vector<SeriesInk> inks;
  std::vector<Box> boxes;
  std::vector<Bar> error_bars;
  std::vector<std::string> hints;
  std::vector<PlotPixel> rings;
  int spots = 0, outlines = 0;

  double unit() const override { return scale; }
  double text_width(PlotFont font, std::string_view text) const override {
    return scale * SvgCanvas().text_width(font, text);
  }
  void line(PlotLine kind, PlotPixel from, PlotPixel to) override { lines.push_back({kind, from, to}); }
  void text(PlotFont font, PlotPixel at, PlotAnchor, std::string_view text, double degrees) override {
    texts.push_back({font, at, std::string(text), degrees});
  }
  void begin_series(const SeriesInk& ink) override { inks.push_back(ink); }
  void end_series() override {}
  void polyline(std::span<const PlotPixel> points) override {
    polylines.emplace_back(points.begin(), points.end());
  }
  void marker(PlotMarker shape, PlotPixel at, double, bool hollow) override {
    markers.push_back({shape, at, hollow});
  }
  void error_bar(double, double low, double high, bool low_cap, bool high_cap) override {
    error_bars.push_back({low, high, low_cap, high_cap});
  }
  void box(PlotFill fill, const PlotBox& box, double) override {
    boxes.push_back({fill, box, inks.empty() ? 0 : inks.back().colour});
  }
  void spot(PlotPixel, double) override { ++spots; }
  void begin_hint(std::string_view text) override { hints.emplace_back(text); }
  void end_hint() override {}
  void ring(PlotPixel at, double) override { rings.push_back(at); }
  void outline(const PlotBox&, double) override { ++outlines; }

  bool has_text(const std::string& part) const {
    for (const Text& text : texts) {
      if (text.text.find(part) != std::string::npos) return true;
    }
    return false;
  }
};

}  // namespace fixynn::testing_plot
