// SPDX-License-Identifier: Apache-2.0
#include "plot/svg_canvas.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "plot/marker_shapes.h"
#include "plot/plot_text.h"

namespace fixynn {
namespace {

const char* class_of(PlotLine kind) {
  switch (kind) {
    case PlotLine::kGrid:
      return "grid";
    case PlotLine::kMinorGrid:
      return "minor";
    case PlotLine::kAxis:
      return "axis";
    case PlotLine::kMark:
      return "mark";
    case PlotLine::kCrosshair:
      return "crosshair";
    case PlotLine::kCursor:
      return "cursor";
  }
  return "grid";
}

const char* class_of(PlotFont font) {
  switch (font) {
    case PlotFont::kTick:
      return "tick";
    case PlotFont::kLabel:
      return "label";
    case PlotFont::kLegend:
      return "legend";
    case PlotFont::kName:
      return "name";
    case PlotFont::kNote:
      return "note";
    case PlotFont::kCell:
      return "cell-text";
  }
  return "tick";
}

/// Pixels of a letter, about, of the sizes in plot_style().
double letter_width(PlotFont font) {
  switch (font) {
    case PlotFont::kLabel:
    case PlotFont::kLegend:
      return 6.6;
    case PlotFont::kName:
    case PlotFont::kCell:
      return 5.9;
    case PlotFont::kTick:
    case PlotFont::kNote:
      return 6.4;
  }
  return 6.4;
}

const char* anchor_of(PlotAnchor anchor) {
  return anchor == PlotAnchor::kStart ? ""
         : anchor == PlotAnchor::kEnd ? " text-anchor='end'"
                                      : " text-anchor='middle'";
}

}  // namespace

double SvgCanvas::text_width(PlotFont font, std::string_view text) const {
  const auto letters = std::count_if(text.begin(), text.end(),
                                     [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return letter_width(font) * static_cast<double>(letters);
}

void SvgCanvas::line(PlotLine kind, PlotPixel from, PlotPixel to) {
  svg_ += fmt::format("<line class='{}' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>", class_of(kind),
                      from.x, from.y, to.x, to.y);
}

void SvgCanvas::text(PlotFont font, PlotPixel at, PlotAnchor anchor, std::string_view text, double degrees) {
  const std::string place =
      degrees == 0 ? fmt::format("x='{:.1f}' y='{:.1f}'", at.x, at.y)
                   : fmt::format("transform='translate({:.1f} {:.1f}) rotate({:g})'", at.x, at.y, degrees);
  svg_ += fmt::format("<text class='{}' {}{}>{}</text>", class_of(font), place, anchor_of(anchor),
                      escape_html(text));
}

void SvgCanvas::begin_series(const SeriesInk& ink) {
  colour_ = ink.colour < 0 ? "grey" : fmt::format("c{}", ink.colour % 8);
  svg_ += fmt::format("<g class='series {}{}{}'>", colour_, ink.dashed ? " dashed" : "",
                      ink.faint ? " faint" : "");
}

void SvgCanvas::end_series() {
  svg_ += "</g>";
}

void SvgCanvas::polyline(std::span<const PlotPixel> points) {
  svg_ += "<polyline points='";
  for (const PlotPixel& point : points)
    fmt::format_to(std::back_inserter(svg_), "{:.1f},{:.1f} ", point.x, point.y);
  svg_ += "'/>";
}

void SvgCanvas::marker(PlotMarker shape, PlotPixel at, double size, bool hollow) {
  const char* style = hollow ? " class='hollow'" : "";
  if (shape == PlotMarker::kCircle) {
    svg_ += fmt::format("<circle{} cx='{:.1f}' cy='{:.1f}' r='{:.1f}'/>", style, at.x, at.y, size);
    return;
  }
  svg_ += fmt::format("<polygon{} points='", style);
  const char* space = "";
  for (const PlotPixel& corner : marker_corners(shape, at, size, hollow)) {
    fmt::format_to(std::back_inserter(svg_), "{}{:.1f},{:.1f}", space, corner.x, corner.y);
    space = " ";
  }
  svg_ += "'/>";
}

void SvgCanvas::error_bar(double x, double low, double high, bool low_cap, bool high_cap) {
  svg_ += fmt::format("<path class='error' d='M{:.1f} {:.1f}{}V{:.1f}{}'/>", low_cap ? x - 4 : x, low,
                      low_cap ? "h8m-4 0" : "", high, high_cap ? "m-4 0h8" : "");
}

void SvgCanvas::box(PlotFill fill, const PlotBox& box, double round) {
  const std::string name = fill == PlotFill::kCell ? "cell" : "bar " + colour_;
  svg_ += fmt::format("<rect class='{}' x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}'", name, box.left,
                      box.top, box.width(), box.height());
  svg_ += round > 0 ? fmt::format(" rx='{:g}'/>", round) : "/>";
}

void SvgCanvas::spot(PlotPixel at, double size) {
  svg_ += fmt::format("<circle class='hover' cx='{:.1f}' cy='{:.1f}' r='{:g}'/>", at.x, at.y, size);
}

void SvgCanvas::begin_hint(std::string_view text) {
  svg_ += "<g>";
  if (!text.empty()) svg_ += fmt::format("<title>{}</title>", escape_html(text));
}

void SvgCanvas::end_hint() {
  svg_ += "</g>";
}

void SvgCanvas::ring(PlotPixel at, double radius) {
  svg_ += fmt::format("<circle class='ring' cx='{:.1f}' cy='{:.1f}' r='{:g}'/>", at.x, at.y, radius);
}

void SvgCanvas::outline(const PlotBox& box, double round) {
  svg_ += fmt::format("<rect class='ring' x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' rx='{:g}'/>",
                      box.left, box.top, box.width(), box.height(), round);
}

}  // namespace fixynn
