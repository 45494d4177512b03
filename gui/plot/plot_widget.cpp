// SPDX-License-Identifier: Apache-2.0
#include "gui/plot/plot_widget.h"

#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>
#include <cmath>

#include "gui/plot/draw_list_canvas.h"
#include "gui/plot/plot_menu.h"
#include "gui/plot/plot_zoom.h"
#include "gui/ui/imgui_compat.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

constexpr float kNear = 12;       // units from the mouse to a point that it means
constexpr float kNearCursor = 5;  // units to the cursor's line
constexpr float kLeastBox = 8;    // pixels: a shorter side of a box is a slip of the hand
constexpr size_t kMarkedPoints = 200;
constexpr double kWheelStep = 0.85;
constexpr const char* kHelp =
    "Wheel: zoom (Ctrl: x only, Shift: y only)\n"
    "Drag: move    Right drag: zoom into a box\n"
    "Double click: fit\n"
    "Legend: click hides, Shift+click shows one alone";

/// The plot in this frame: what its parts need.
struct Plot {
  Ui& ui;
  const std::string id;
  const PlotSpec& spec;
  const PlotView& view;
  PlotEvents& events;
  PlotLayout layout;
  PlotPixel mouse;
  bool hovered = false;   // the mouse is on it, and nothing lies in between
  bool active = false;    // a button that went down on it is held
  bool released = false;  // in this frame

  bool in_frame() const { return layout.frame.contains(mouse.x, mouse.y); }
};

ImVec2 vec(double x, double y) {
  return {static_cast<float>(x), static_cast<float>(y)};
}

bool dragged(int button) {
  const float threshold = ImGui::GetIO().MouseDragThreshold;
  return ImGui::GetIO().MouseDragMaxDistanceSqr[button] >= threshold * threshold;
}

PlotPixel pressed_at(int button) {
  const ImVec2 at = ImGui::GetIO().MouseClickedPos[button];
  return {at.x, at.y};
}

const std::string* legend_name_at(const Plot& plot, PlotPixel at) {
  for (const PlotLegendEntry& entry : plot.layout.legend) {
    if (entry.box.contains(at.x, at.y)) return &plot.spec.series[entry.series].name;
  }
  return nullptr;
}

PlotBox fit_box(const Plot& plot) {
  const PlotBox& f = plot.layout.frame;
  const double margin = plot.ui.px(6), width = ImGui::CalcTextSize("Fit").x + plot.ui.px(16);
  return {f.right - margin - width, f.top + margin, f.right - margin,
          f.top + margin + ImGui::GetTextLineHeight() + plot.ui.px(6)};
}

bool over_fit(const Plot& plot, PlotPixel at) {
  return plot.view.zoomed() && fit_box(plot).contains(at.x, at.y);
}

bool near_cursor(const Plot& plot, PlotPixel at) {
  if (!plot.view.cursor || !plot.layout.frame.contains(at.x, at.y)) return false;
  if (plot.layout.x.log && *plot.view.cursor <= 0) return false;
  return std::fabs(plot.layout.x(*plot.view.cursor) - at.x) <= plot.ui.px(kNearCursor);
}

void use_wheel(Plot& plot) {
  const ImGuiIO& io = ImGui::GetIO();
  // Some systems turn Shift + wheel into sideways scrolling.
  const float wheel = io.MouseWheel != 0 ? io.MouseWheel : io.KeyShift ? io.MouseWheelH : 0;
  if (!plot.hovered || wheel == 0) return;
  const PlotBox& f = plot.layout.frame;
  const bool below = plot.mouse.y > f.bottom, beside = plot.mouse.x < f.left;
  ZoomAxes axes = ZoomAxes::kBoth;
  if (io.KeyCtrl || below) axes = ZoomAxes::kX;
  if (io.KeyShift || (beside && !below)) axes = ZoomAxes::kY;
  const PlotPixel at{std::clamp(plot.mouse.x, f.left, f.right), std::clamp(plot.mouse.y, f.top, f.bottom)};
  zoom_at(plot.events.view, plot.layout, at, std::pow(kWheelStep, wheel), axes);
}

/// Left drags: of the cursor's line if they began on it, else of the data.
void use_left_drag(Plot& plot) {
  ImGuiStorage& storage = *ImGui::GetStateStorage();
  const ImGuiID on_cursor = ImGui::GetID("on_cursor");
  if (plot.hovered && ImGui::IsMouseClicked(0)) storage.SetBool(on_cursor, near_cursor(plot, plot.mouse));
  const bool moves_cursor = storage.GetBool(on_cursor);
  const PlotPixel from = pressed_at(0);
  if (plot.active && ImGui::IsMouseDown(0) && plot.layout.frame.contains(from.x, from.y) && dragged(0)) {
    const ImVec2 delta = ImGui::GetIO().MouseDelta;
    if (moves_cursor) {
      const PlotScale& x = plot.layout.x;
      plot.events.cursor_moved = std::clamp(x.value(plot.mouse.x), x.low, x.high);
    } else if ((delta.x != 0 || delta.y != 0) && !over_fit(plot, from)) {
      pan(plot.events.view, plot.layout, delta.x, delta.y);
    }
  }
  if (moves_cursor && !ImGui::IsMouseDown(0)) {
    plot.events.cursor_released = dragged(0);
    storage.SetBool(on_cursor, false);
  }
}

void use_right_button(Plot& plot) {
  const PlotPixel from = pressed_at(1);
  if (!plot.layout.area.contains(from.x, from.y)) return;
  const bool box = dragged(1) && plot.layout.frame.contains(from.x, from.y);
  if (plot.active && ImGui::IsMouseDown(1) && box) {
    const PlotBox& f = plot.layout.frame;
    const ImVec2 to =
        vec(std::clamp(plot.mouse.x, f.left, f.right), std::clamp(plot.mouse.y, f.top, f.bottom));
    const ImVec2 start = vec(from.x, from.y);
    const ImVec2 min(std::min(start.x, to.x), std::min(start.y, to.y)),
        max(std::max(start.x, to.x), std::max(start.y, to.y));
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(min, max, with_opacity(plot.ui.theme.accent, 0.15f));
    list.AddRect(min, max, plot.ui.theme.accent, 0, ImDrawFlags_None, plot.ui.px(1));
  }
  // `active` has ended in the frame of the release.
  if (!plot.released || !ImGui::IsMouseReleased(1)) return;
  if (box) {
    zoom_to_box(plot.events.view, plot.layout, from, plot.mouse, kLeastBox);
  } else if (plot.hovered && !dragged(1)) {
    open_plot_menu();
  }
}

void use_click(Plot& plot) {
  const ImGuiIO& io = ImGui::GetIO();
  if (!plot.hovered) return;
  if (ImGui::IsMouseDoubleClicked(0) && plot.in_frame() && !over_fit(plot, plot.mouse))
    plot.events.view.fit();
  if (!plot.released || !ImGui::IsMouseReleased(0) || dragged(0)) return;
  if (const std::string* name = legend_name_at(plot, plot.mouse)) {
    if (io.KeyShift) {
      solo_series(plot.events.view, plot.spec, *name);
    } else {
      toggle_series(plot.events.view, *name);
    }
  } else if (over_fit(plot, plot.mouse)) {
    plot.events.view.fit();
  } else if (plot.in_frame() && io.MouseClickedLastCount[0] < 2) {
    plot.events.clicked = nearest_point(plot.layout, plot.mouse.x, plot.mouse.y, plot.ui.px(kNear));
    plot.events.clicked_empty = !plot.events.clicked;
    plot.events.clicked_add = io.KeyCtrl || io.KeyShift;
  }
}

std::string values_text(const PlotSpec& spec, const PlotPoint& point) {
  std::string text = fmt::format("{}: {:.5g}\n{}: {:.5g}", spec.x_label.empty() ? "x" : spec.x_label, point.x,
                                 spec.y_label.empty() ? "y" : spec.y_label, point.y);
  if (point.low && point.high) text += fmt::format(" ({:.5g} to {:.5g})", *point.low, *point.high);
  return text;
}

void show_tooltip(Plot& plot) {
  if (!plot.events.hovered || ImGui::IsMouseDown(0) || ImGui::IsMouseDown(1)) return;
  const PlotSeries& series = plot.spec.series[plot.events.hovered->series];
  const PlotPoint& point = series.points[plot.events.hovered->point];
  begin_tooltip(plot.ui);
  if (!series.name.empty()) {
    const size_t hues = plot.ui.theme.series.size();
    colour_spot(plot.ui, series.colour < 0 ? plot.ui.theme.text_dim
                                           : plot.ui.theme.series[static_cast<size_t>(series.colour) % hues]);
    ImGui::SameLine();
    text(plot.ui, series.name);
  }
  text(plot.ui, point.tooltip.empty() ? values_text(plot.spec, point) : point.tooltip);
  end_tooltip(plot.ui);
}

void draw_fit_button(Plot& plot) {
  if (!plot.view.zoomed()) return;
  const PlotBox box = fit_box(plot);
  const ImVec2 min = vec(box.left, box.top), max = vec(box.right, box.bottom);
  const Theme& theme = plot.ui.theme;
  const bool over = plot.hovered && box.contains(plot.mouse.x, plot.mouse.y);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(min, max, over ? theme.frame_hovered : theme.frame, plot.ui.px(5));
  list.AddRect(min, max, theme.panel_border, plot.ui.px(5));
  list.AddText({std::round(min.x + plot.ui.px(8)), std::round(min.y + plot.ui.px(3))}, theme.text, "Fit");
  plot.ui.mark_rectangle(plot.id + ".fit", min, max);
}

void mark_parts(const Plot& plot) {
  for (const PlotLegendEntry& entry : plot.layout.legend) {
    plot.ui.mark_rectangle(plot.id + ".legend." + plot.spec.series[entry.series].name,
                           vec(entry.box.left, entry.box.top), vec(entry.box.right, entry.box.bottom));
  }
  const double half = plot.ui.px(4);
  for (size_t i = 0; i < std::min(plot.layout.points.size(), kMarkedPoints); ++i) {
    const DrawnPoint& point = plot.layout.points[i];
    plot.ui.mark_rectangle(
        fmt::format("{}.point.{}.{}", plot.id, plot.spec.series[point.ref.series].name, point.ref.point),
        vec(point.x - half, point.y - half), vec(point.x + half, point.y + half));
  }
}

/// Draws with the view of before this frame's input, plus what the mouse points at.
void draw(Plot& plot, const PlotBox& area) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  DrawListCanvas canvas(plot.ui, list);
  PlotView view = plot.view;
  view.crosshair.reset();
  if (plot.hovered) {
    plot.layout = layout_plot(plot.spec, view, canvas, area);
    if (const std::string* name = legend_name_at(plot, plot.mouse)) {
      plot.events.hovered_series = *name;
      view.highlighted = *name;
    }
    view.crosshair = plot.mouse;
  }
  list.PushClipRect(vec(area.left, area.top), vec(area.right, area.bottom), true);
  plot.layout = draw_plot(plot.spec, view, canvas, area);
  if (plot.hovered && plot.in_frame())
    plot.events.hovered = nearest_point(plot.layout, plot.mouse.x, plot.mouse.y, plot.ui.px(kNear));
  for (const DrawnPoint& point : plot.layout.points) {
    if (plot.events.hovered == point.ref) canvas.ring({point.x, point.y}, plot.ui.px(6));
  }
  draw_fit_button(plot);
  list.PopClipRect();
}

void use_menu(Plot& plot) {
  const bool can_fit = plot.view.zoomed();
  const PlotMenuChoice choice = plot_menu(plot.ui, plot.id, &can_fit, kHelp);
  if (choice.fit) plot.events.view.fit();
  plot.events.copy_csv = choice.copy_csv;
  plot.events.save_svg = choice.save_svg;
  plot.events.save_png = choice.save_png;
}

}  // namespace

PlotEvents plot_widget(Ui& ui, const char* id, const PlotSpec& spec, const PlotView& view, ImVec2 size) {
  PlotEvents events;
  events.view = view;
  const ImVec2 full = chart_size(size), at = ImGui::GetCursorScreenPos(), mouse = ImGui::GetMousePos();
  ImGui::PushID(id);
  ImGui::PushFont(ui.fonts.small);
  ImGui::InvisibleButton("plot", full, ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonRight);
  ui.mark(id);
  compat::take_wheel();
  Plot plot{ui,
            id,
            spec,
            view,
            events,
            {},
            {mouse.x, mouse.y},
            ImGui::IsItemHovered(),
            ImGui::IsItemActive(),
            ImGui::IsItemDeactivated()};
  draw(plot, {at.x, at.y, double(at.x) + full.x, double(at.y) + full.y});
  mark_parts(plot);
  use_wheel(plot);
  use_left_drag(plot);
  use_right_button(plot);
  use_click(plot);
  if (plot.hovered && near_cursor(plot, plot.mouse)) ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
  if (plot.hovered && events.hovered_series) ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
  ImGui::PopFont();
  show_tooltip(plot);
  use_menu(plot);
  ImGui::PopID();
  events.view_changed = !(events.view == view);
  if (events.view_changed || events.cursor_moved) ui.request_redraw(0);
  return events;
}

}  // namespace fixynn::gui
