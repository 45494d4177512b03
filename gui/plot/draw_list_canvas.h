// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>

#include "gui/ui/ui.h"
#include "plot/canvas.h"

namespace fixynn::gui {

/// Draws plots into a draw list, in the theme's colours and the small face. Texts are never scaled.
class DrawListCanvas final : public Canvas {
 public:
  DrawListCanvas(const Ui& ui, ImDrawList& list) : ui_(ui), list_(list) {}

  double unit() const override { return ui_.scale; }
  double text_width(PlotFont font, std::string_view text) const override;
  void line(PlotLine kind, PlotPixel from, PlotPixel to) override;
  void text(PlotFont font, PlotPixel at, PlotAnchor anchor, std::string_view text, double degrees) override;
  void begin_series(const SeriesInk& ink) override;
  void end_series() override;
  void polyline(std::span<const PlotPixel> points) override;
  void marker(PlotMarker shape, PlotPixel at, double size, bool hollow) override;
  void error_bar(double x, double low, double high, bool low_cap, bool high_cap) override;
  void box(PlotFill fill, const PlotBox& box, double round) override;
  void spot(PlotPixel, double) override {}  // the widget shows tooltips itself
  void begin_hint(std::string_view) override {}
  void end_hint() override {}
  void ring(PlotPixel at, double radius) override;
  void outline(const PlotBox& box, double round) override;

 private:
  void turned_text(ImFont& font, ImVec2 at, float start, std::string_view text, double degrees, ImU32 colour);
  void dashed_line(ImVec2 from, ImVec2 to, ImU32 colour, float thickness, float& walked);

  const Ui& ui_;
  ImDrawList& list_;
  ImU32 colour_ = 0;
  bool dashed_ = false, faint_ = false;
};

}  // namespace fixynn::gui
