// SPDX-License-Identifier: Apache-2.0
#include "gui/plot/draw_list_canvas.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"
#include "plot/marker_shapes.h"

namespace fixynn::gui {
namespace {

constexpr float kFaint = 0.3f;
constexpr float kBaseLine = 0.8f;  // of a line of text, from its top; nearly the same for all faces

ImVec2 vec(PlotPixel at) {
  return {static_cast<float>(at.x), static_cast<float>(at.y)};
}

/// Lines of one pixel are sharp only through the middle of pixels.
float middle(float at) {
  return std::floor(at) + 0.5f;
}

float width_of(ImFont& font, std::string_view text) {
  return font
      .CalcTextSizeA(compat::font_pixels(font), std::numeric_limits<float>::max(), 0, text.data(),
                     text.data() + text.size())
      .x;
}

float share_before(PlotAnchor anchor) {
  return anchor == PlotAnchor::kStart ? 0 : anchor == PlotAnchor::kEnd ? 1 : 0.5f;
}

ImU32 text_colour(const Theme& theme, PlotFont font) {
  return font == PlotFont::kTick || font == PlotFont::kNote ? theme.text_dim : theme.text;
}

}  // namespace

double DrawListCanvas::text_width(PlotFont, std::string_view text) const {
  return width_of(*ui_.fonts.small, display_text(ui_, text));
}

void DrawListCanvas::line(PlotLine kind, PlotPixel from, PlotPixel to) {
  const Theme& theme = ui_.theme;
  ImVec2 a = vec(from), b = vec(to);
  if (from.x == to.x) a.x = b.x = middle(a.x);
  if (from.y == to.y) a.y = b.y = middle(a.y);
  const float thin = std::max(1.0f, std::floor(ui_.scale));
  float walked = 0;
  switch (kind) {
    case PlotLine::kGrid:
      list_.AddLine(a, b, theme.grid, thin);
      break;
    case PlotLine::kMinorGrid:
      list_.AddLine(a, b, theme.minor_grid, thin);
      break;
    case PlotLine::kAxis:
      list_.AddLine(a, b, theme.axis, thin);
      break;
    case PlotLine::kMark:
      dashed_line(a, b, with_opacity(theme.mark, 0.6f), ui_.px(1.2f), walked);
      break;
    case PlotLine::kCrosshair:
      dashed_line(a, b, with_opacity(theme.crosshair, 0.7f), thin, walked);
      break;
    case PlotLine::kCursor:
      list_.AddLine(a, b, theme.accent, ui_.px(2));
      break;
  }
}

void DrawListCanvas::text(PlotFont font, PlotPixel at, PlotAnchor anchor, std::string_view text,
                          double degrees) {
  ImFont& face = *ui_.fonts.small;
  const std::string shown = display_text(ui_, text);
  if (shown.empty()) return;
  ImU32 colour = text_colour(ui_.theme, font);
  if (faint_) colour = with_opacity(colour, 0.5f);
  const float size = compat::font_pixels(face), start = -share_before(anchor) * width_of(face, shown);
  if (degrees != 0) return turned_text(face, vec(at), start, shown, degrees, colour);
  // Whole pixels: glyphs are rasterised for them.
  const ImVec2 place(std::round(vec(at).x + start), std::round(vec(at).y - kBaseLine * size));
  const auto draw = [&](float dx, float dy, ImU32 ink) {
    list_.AddText(&face, size, {place.x + dx, place.y + dy}, ink, shown.data(), shown.data() + shown.size());
  };
  if (font == PlotFont::kName) {
    // A rim in the panel's colour keeps names readable over lines.
    for (const auto& [dx, dy] : {std::pair(-1.f, -1.f), {1.f, -1.f}, {-1.f, 1.f}, {1.f, 1.f}})
      draw(dx, dy, ui_.theme.panel);
  }
  draw(0, 0, colour);
}

/// Turns each glyph's rectangle around `at`: turning what AddText left would turn its clipping, too.
void DrawListCanvas::turned_text(ImFont& font, ImVec2 at, float start, std::string_view text, double degrees,
                                 ImU32 colour) {
  const double angle = degrees * 3.14159265358979323846 / 180;
  const float c = static_cast<float>(std::cos(angle)), s = static_cast<float>(std::sin(angle));
  const ImVec2 origin(std::round(at.x), std::round(at.y));
  const float top = -std::round(kBaseLine * compat::font_pixels(font));
  const auto turned = [&](float x, float y) {
    return ImVec2(origin.x + c * x - s * y, origin.y + s * x + c * y);
  };
  float pen = std::round(start);
  for (const char* at_byte = text.data(); at_byte < text.data() + text.size();) {
    unsigned int code = 0;
    at_byte += std::max(1, ImTextCharFromUtf8(&code, at_byte, text.data() + text.size()));
    const ImFontGlyph* glyph = compat::find_glyph(font, static_cast<ImWchar>(code));
    if (glyph == nullptr) continue;
    if (glyph->Visible) {
      const float left = pen + glyph->X0, right = pen + glyph->X1, up = top + glyph->Y0,
                  down = top + glyph->Y1;
      list_.PrimReserve(6, 4);
      list_.PrimQuadUV(turned(left, up), turned(right, up), turned(right, down), turned(left, down),
                       {glyph->U0, glyph->V0}, {glyph->U1, glyph->V0}, {glyph->U1, glyph->V1},
                       {glyph->U0, glyph->V1}, colour);
    }
    pen += glyph->AdvanceX;
  }
}

void DrawListCanvas::begin_series(const SeriesInk& ink) {
  const size_t hues = ui_.theme.series.size();
  colour_ = ink.colour < 0 ? ui_.theme.text_dim : ui_.theme.series[static_cast<size_t>(ink.colour) % hues];
  if (ink.faint) colour_ = with_opacity(colour_, kFaint);
  dashed_ = ink.dashed;
  faint_ = ink.faint;
}

void DrawListCanvas::end_series() {
  faint_ = dashed_ = false;
}

void DrawListCanvas::dashed_line(ImVec2 from, ImVec2 to, ImU32 colour, float thickness, float& walked) {
  const float dash = ui_.px(6), period = ui_.px(10);
  const float dx = to.x - from.x, dy = to.y - from.y, length = std::hypot(dx, dy);
  if (!(length > 0)) return;
  float at = 0;
  while (at < length) {
    const float phase = std::fmod(walked + at, period);
    const float next = std::min(length, at + (phase < dash ? dash - phase : period - phase) + 0.01f);
    if (phase < dash) {
      list_.AddLine({from.x + dx * at / length, from.y + dy * at / length},
                    {from.x + dx * next / length, from.y + dy * next / length}, colour, thickness);
    }
    at = next;
  }
  walked += length;
}

void DrawListCanvas::polyline(std::span<const PlotPixel> points) {
  const float thickness = ui_.px(2);
  if (dashed_) {
    float walked = 0;
    for (size_t i = 1; i < points.size(); ++i)
      dashed_line(vec(points[i - 1]), vec(points[i]), colour_, thickness, walked);
    return;
  }
  std::vector<ImVec2> line;
  line.reserve(points.size());
  for (const PlotPixel& point : points) line.push_back(vec(point));
  list_.AddPolyline(line.data(), static_cast<int>(line.size()), colour_, ImDrawFlags_None, thickness);
}

void DrawListCanvas::marker(PlotMarker shape, PlotPixel at, double size, bool hollow) {
  const ImU32 panel = ui_.theme.panel;
  const float rim = ui_.px(1.2f), stroke = ui_.px(1.8f);
  if (shape == PlotMarker::kCircle) {
    const float radius = static_cast<float>(size);
    list_.AddCircleFilled(vec(at), radius + (hollow ? 0 : rim), panel);
    if (hollow) {
      list_.AddCircle(vec(at), radius, colour_, 0, stroke);
    } else {
      list_.AddCircleFilled(vec(at), radius, colour_);
    }
    return;
  }
  if (shape == PlotMarker::kCross) {
    const float r = static_cast<float>(size) * 0.95f;
    const ImVec2 c = vec(at);
    for (float side : {-1.f, 1.f})
      list_.AddLine({c.x - r, c.y - side * r}, {c.x + r, c.y + side * r}, colour_,
                    hollow ? stroke : stroke * 1.4f);
    return;
  }
  const auto corners = [&](double radius) {
    std::vector<ImVec2> placed;
    for (const PlotPixel& corner : marker_corners(shape, at, radius, hollow)) placed.push_back(vec(corner));
    return placed;
  };
  const std::vector<ImVec2> inner = corners(size);
  if (hollow) {
    list_.AddPolyline(inner.data(), static_cast<int>(inner.size()), colour_, ImDrawFlags_Closed, stroke);
    return;
  }
  const std::vector<ImVec2> outer = corners(size + rim);
  list_.AddConvexPolyFilled(outer.data(), static_cast<int>(outer.size()), panel);
  list_.AddConvexPolyFilled(inner.data(), static_cast<int>(inner.size()), colour_);
}

void DrawListCanvas::error_bar(double x, double low, double high, bool low_cap, bool high_cap) {
  const float at = static_cast<float>(x), down = static_cast<float>(low), up = static_cast<float>(high);
  const float half = ui_.px(4), thickness = ui_.px(1.4f);
  list_.AddLine({at, down}, {at, up}, colour_, thickness);
  if (low_cap) list_.AddLine({at - half, down}, {at + half, down}, colour_, thickness);
  if (high_cap) list_.AddLine({at - half, up}, {at + half, up}, colour_, thickness);
}

void DrawListCanvas::box(PlotFill fill, const PlotBox& box, double round) {
  const ImU32 colour = fill == PlotFill::kCell ? ui_.theme.frame : colour_;
  // Neighbouring boxes share whole-pixel edges: no seams.
  const ImVec2 min(std::round(static_cast<float>(box.left)), std::round(static_cast<float>(box.top)));
  const ImVec2 max(std::round(static_cast<float>(box.right)), std::round(static_cast<float>(box.bottom)));
  if (max.x <= min.x || max.y <= min.y) return;
  const float corner = std::min(static_cast<float>(round), (max.y - min.y) / 2);
  list_.AddRectFilled(min, max, colour, corner);
}

void DrawListCanvas::ring(PlotPixel at, double radius) {
  list_.AddCircle(vec(at), static_cast<float>(radius), ui_.theme.mark, 0, ui_.px(1.6f));
}

void DrawListCanvas::outline(const PlotBox& box, double round) {
  list_.AddRect(vec({box.left, box.top}), vec({box.right, box.bottom}), ui_.theme.mark,
                static_cast<float>(round), ImDrawFlags_None, ui_.px(1.6f));
}

}  // namespace fixynn::gui
