// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "plot/plot_spec.h"
#include "plot/plot_view.h"

namespace fixynn {

/// Pixels, y downwards.
struct PlotBox {
  double left = 0, top = 0, right = 0, bottom = 0;
  double width() const { return right - left; }
  double height() const { return bottom - top; }
  bool contains(double x, double y) const { return x >= left && x <= right && y >= top && y <= bottom; }
};

/// Lines that belong to no series.
enum class PlotLine { kGrid, kMinorGrid, kAxis, kMark, kCrosshair, kCursor };
/// Texts by their purpose: figures on axes, names of axes, legend, names beside points, remarks in the plot,
/// texts in cells below bars.
enum class PlotFont { kTick, kLabel, kLegend, kName, kNote, kCell };
enum class PlotAnchor { kStart, kMiddle, kEnd };
enum class PlotFill { kSeries, kCell };

/// How everything of one series is painted.
struct SeriesInk {
  int colour = 0;  ///< 0..7, or -1 for grey
  bool dashed = false, faint = false;
};

/// What plots are drawn on: SVG, the screen, or a list in a test. It decides colours and faces, never places.
/// Positions are pixels; those of texts are the start, middle or end of the base line.
class Canvas {
 public:
  virtual ~Canvas() = default;

  /// Pixels of one unit of the layout: 1 in files, the user's scale on the screen.
  virtual double unit() const = 0;
  virtual double text_width(PlotFont font, std::string_view text) const = 0;

  virtual void line(PlotLine kind, PlotPixel from, PlotPixel to) = 0;
  /// `degrees` clockwise around `at`.
  virtual void text(PlotFont font, PlotPixel at, PlotAnchor anchor, std::string_view text,
                    double degrees = 0) = 0;

  /// Until end_series(), what the next five functions draw has this ink.
  virtual void begin_series(const SeriesInk& ink) = 0;
  virtual void end_series() = 0;
  virtual void polyline(std::span<const PlotPixel> points) = 0;
  virtual void marker(PlotMarker shape, PlotPixel at, double size, bool hollow) = 0;
  /// Caps are left out where the bar was cut at the frame.
  virtual void error_bar(double x, double low, double high, bool low_cap, bool high_cap) = 0;
  /// A filled box with rounded corners; `round` in pixels.
  virtual void box(PlotFill fill, const PlotBox& box, double round) = 0;
  /// A spot that shows a hint and nothing else (points without markers).
  virtual void spot(PlotPixel at, double size) = 0;

  /// Until end_hint(), what is drawn shows this text under the mouse; "" = none. A canvas may ignore it.
  virtual void begin_hint(std::string_view text) = 0;
  virtual void end_hint() = 0;

  /// Around a selected point.
  virtual void ring(PlotPixel at, double radius) = 0;
  /// Around a selected bar.
  virtual void outline(const PlotBox& box, double round) = 0;
};

}  // namespace fixynn
