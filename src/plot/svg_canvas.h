// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plot/canvas.h"

namespace fixynn {

/// Writes SVG elements whose colours are classes of plot_style(). Widths of texts are estimates.
class SvgCanvas final : public Canvas {
 public:
  /// The elements so far, without the <svg> around them.
  const std::string& elements() const { return svg_; }

  double unit() const override { return 1; }
  double text_width(PlotFont font, std::string_view text) const override;
  void line(PlotLine kind, PlotPixel from, PlotPixel to) override;
  void text(PlotFont font, PlotPixel at, PlotAnchor anchor, std::string_view text, double degrees) override;
  void begin_series(const SeriesInk& ink) override;
  void end_series() override;
  void polyline(std::span<const PlotPixel> points) override;
  void marker(PlotMarker shape, PlotPixel at, double size, bool hollow) override;
  void error_bar(double x, double low, double high, bool low_cap, bool high_cap) override;
  void box(PlotFill fill, const PlotBox& box, double round) override;
  void spot(PlotPixel at, double size) override;
  void begin_hint(std::string_view text) override;
  void end_hint() override;
  void ring(PlotPixel at, double radius) override;
  void outline(const PlotBox& box, double round) override;

 private:
  std::string svg_;
  std::string colour_ = "c0";
};

}  // namespace fixynn
