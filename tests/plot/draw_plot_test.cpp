// SPDX-License-Identifier: Apache-2.0
#include "plot/draw_plot.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plot/plot_lines.h"
#include "plot/recording_canvas.h"
#include "plot/svg_canvas.h"
#include "plot/svg_plot.h"
#include "plot/ticks.h"
#include "report/xml_check.h"

namespace fixynn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_plot::RecordingCanvas;
using testing_report::xml_fault;

constexpr PlotBox kArea{0, 0, 600, 400};

PlotSpec two_series() {
  PlotSpec spec;
  spec.x_label = "TOPS";
  spec.y_label = "TOPS/W";
  spec.series.resize(2);
  for (size_t s = 0; s < 2; ++s) {
    spec.series[s].name = s == 0 ? "a" : "b";
    spec.series[s].colour = static_cast<int>(s);
    for (int i = 0; i < 5; ++i)
      spec.series[s].points.push_back({double(i), 10.0 * double(s) + i, {}, {}, ""});
  }
  return spec;
}

PlotPixel pixel_of(const PlotLayout& layout, size_t series, size_t point) {
  for (const DrawnPoint& drawn : layout.points) {
    if (drawn.ref == PlotPointRef{series, point}) return {drawn.x, drawn.y};
  }
  ADD_FAILURE() << "not drawn";
  return {};
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(PlotScale, GoesToPixelsAndBack) {
  const PlotScale linear{2, 12, 100, 300, false}, log{1, 100, 300, 100, true};
  EXPECT_DOUBLE_EQ(linear(7), 200);
  EXPECT_DOUBLE_EQ(linear.value(200), 7);
  EXPECT_NEAR(log(10), 200, 1e-9);
  EXPECT_NEAR(log.value(200), 10, 1e-9);
}

TEST(Ticks, MinorOnesLieBetween) {
  EXPECT_THAT(minor_ticks({0, 1}, 0, 1), testing::Pointwise(testing::DoubleNear(1e-9), {0.2, 0.4, 0.6, 0.8}));
  EXPECT_THAT(minor_ticks({0, 2}, 0, 3),
              testing::Pointwise(testing::DoubleNear(1e-9), {0.5, 1.0, 1.5, 2.5, 3.0}));
  EXPECT_THAT(minor_ticks({0, 1, 5}, 0, 5), IsEmpty()) << "uneven";
  EXPECT_THAT(minor_log_ticks({1, 2, 5}, 1, 6),
              testing::Pointwise(testing::DoubleNear(1e-9), {3.0, 4.0, 6.0}));
  EXPECT_THAT(minor_log_ticks({}, -1, 5), IsEmpty());
}

TEST(DrawPlot, GivesTheSameToSvgAsToAnyCanvas) {
  PlotSpec spec = two_series();
  spec.series[0].points[1].low = 0.5, spec.series[0].points[1].high = 1.5;
  spec.series[1].dashed = true;
  spec.series[1].points[2].label = "N = 2";
  spec.marks = {{3, "here", true}, {5, "1 pp", false}};
  SvgCanvas svg;
  RecordingCanvas recorded;
  const PlotLayout one = draw_plot(spec, {}, svg, kArea), other = draw_plot(spec, {}, recorded, kArea);
  ASSERT_EQ(one.points.size(), 10u);
  EXPECT_EQ(one.points.size(), other.points.size());
  EXPECT_EQ(count_of(svg.elements(), "<line "), recorded.lines.size());
  EXPECT_EQ(count_of(svg.elements(), "<text "), recorded.texts.size());
  EXPECT_EQ(count_of(svg.elements(), "<circle "), recorded.markers.size());
  EXPECT_EQ(count_of(svg.elements(), "<polyline "), recorded.polylines.size());
  EXPECT_EQ(count_of(svg.elements(), "class='error'"), recorded.error_bars.size());
  for (const RecordingCanvas::Marker& marker : recorded.markers)
    EXPECT_GE(
        count_of(svg.elements(), fmt::format("<circle cx='{:.1f}' cy='{:.1f}'", marker.at.x, marker.at.y)),
        1u);
  EXPECT_EQ(xml_fault("<svg>" + svg.elements() + "</svg>"), "");
}

TEST(DrawPlot, ScaleMagnifiesDistancesAndKeepsTheArea) {
  RecordingCanvas one, two;
  two.scale = 2;
  const PlotLayout small = layout_plot(two_series(), {}, one, kArea);
  const PlotLayout large = layout_plot(two_series(), {}, two, {0, 0, 1200, 800});
  EXPECT_NEAR(large.frame.left, 2 * small.frame.left, 1e-9);
  EXPECT_NEAR(large.frame.bottom, 2 * small.frame.bottom, 1e-9);
  EXPECT_EQ(large.x_ticks, small.x_ticks);
}

TEST(DrawPlot, LogAxesDropWhatIsNotPositiveAndSaySo) {
  PlotSpec spec = two_series();
  spec.x_log = spec.y_log = true;
  spec.series[1].points[2].low = -1, spec.series[1].points[2].high = 14;
  RecordingCanvas canvas;
  const PlotLayout layout = draw_plot(spec, {}, canvas, kArea);
  EXPECT_EQ(layout.not_positive, 2u) << "x = 0 of both series; y = 0 is the same point";
  EXPECT_EQ(layout.points.size(), 8u);
  EXPECT_TRUE(canvas.has_text("2 points are not positive"));
  ASSERT_EQ(canvas.error_bars.size(), 1u);
  EXPECT_FALSE(canvas.error_bars[0].low_cap) << "it has no lower end";
  EXPECT_TRUE(std::isfinite(canvas.error_bars[0].low));
  for (const auto& line : canvas.polylines) {
    for (const PlotPixel& at : line) EXPECT_TRUE(std::isfinite(at.x) && std::isfinite(at.y));
  }
  spec.x_log = spec.y_log = false;
  RecordingCanvas linear;
  EXPECT_EQ(draw_plot(spec, {}, linear, kArea).not_positive, 0u);
  EXPECT_FALSE(linear.has_text("not positive"));
}

TEST(DrawPlot, LeavesOutNanAndSaysWhenNothingIsThere) {
  PlotSpec spec;
  spec.empty_text = "no run yet";
  RecordingCanvas canvas;
  EXPECT_THAT(draw_plot(spec, {}, canvas, kArea).points, IsEmpty());
  EXPECT_TRUE(canvas.has_text("no run yet"));
  spec = two_series();
  spec.series[0].points[1].y = std::numeric_limits<double>::quiet_NaN();
  spec.series[0].points[2].x = std::numeric_limits<double>::infinity();
  RecordingCanvas with_nan;
  EXPECT_EQ(draw_plot(spec, {}, with_nan, kArea).points.size(), 8u);
  for (const auto& line : with_nan.polylines) {
    for (const PlotPixel& at : line) EXPECT_TRUE(std::isfinite(at.x) && std::isfinite(at.y));
  }
}

TEST(DrawPlot, StairsGoTheWayThatDoesNotFlatter) {
  PlotSpec spec;
  spec.series.resize(1);
  spec.series[0].points = {{1, 9, {}, {}, ""}, {2, 5, {}, {}, ""}};
  spec.series[0].steps = true;
  RecordingCanvas down;
  const PlotLayout layout = draw_plot(spec, {}, down, kArea);
  ASSERT_EQ(down.polylines.size(), 1u);
  ASSERT_EQ(down.polylines[0].size(), 3u);
  EXPECT_NEAR(down.polylines[0][1].x, layout.x(1), 1e-9);
  EXPECT_NEAR(down.polylines[0][1].y, layout.y(5), 1e-9);
  spec.series[0].step_direction = StepDirection::kHorizontalFirst;
  RecordingCanvas right;
  draw_plot(spec, {}, right, kArea);
  EXPECT_NEAR(right.polylines[0][1].x, layout.x(2), 1e-9);
  EXPECT_NEAR(right.polylines[0][1].y, layout.y(9), 1e-9);
}

TEST(DrawPlot, CrowdedSeriesKeepTheirExtremes) {
  PlotSpec spec;
  spec.series.resize(1);
  for (int i = 0; i < 100000; ++i)
    spec.series[0].points.push_back({double(i), std::sin(i * 0.7), {}, {}, ""});
  spec.series[0].points[31234].y = 40;
  spec.series[0].points[71234].y = -40;
  RecordingCanvas canvas;
  const PlotLayout layout = draw_plot(spec, {}, canvas, kArea);
  EXPECT_LT(layout.points.size(), 4 * 600u);
  EXPECT_THAT(canvas.markers, IsEmpty()) << "a smear";
  pixel_of(layout, 0, 31234);
  pixel_of(layout, 0, 71234);
  pixel_of(layout, 0, 0);
  pixel_of(layout, 0, 99999);
  // Close enough, all of them.
  PlotView view;
  view.x_low = 31200, view.x_high = 31260;
  RecordingCanvas close;
  const PlotLayout zoomed = draw_plot(spec, view, close, kArea);
  for (size_t i = 31200; i <= 31260; ++i) pixel_of(zoomed, 0, i);
  EXPECT_FALSE(close.markers.empty());
}

TEST(DrawPlot, CrowdedCloudsKeepOnePointASpot) {
  PlotSpec spec;
  spec.series.resize(1);
  spec.series[0].line = false;
  for (int i = 0; i < 50000; ++i)
    spec.series[0].points.push_back({std::fmod(i * 0.618034, 1), std::fmod(i * 0.414214, 1), {}, {}, ""});
  RecordingCanvas canvas;
  const PlotLayout layout = draw_plot(spec, {}, canvas, kArea);
  EXPECT_GT(layout.points.size(), 2000u);
  EXPECT_LT(layout.points.size(), 600u * 400u / 16);
  EXPECT_EQ(canvas.markers.size(), layout.points.size());
}

TEST(DrawPlot, ZoomCutsLinesAtTheFrameAndLeavesPointsOut) {
  const PlotSpec spec = two_series();
  PlotView view;
  view.x_low = 1.5, view.x_high = 2.5, view.y_low = 1, view.y_high = 3;
  RecordingCanvas canvas;
  const PlotLayout layout = draw_plot(spec, view, canvas, kArea);
  ASSERT_EQ(layout.points.size(), 1u);
  EXPECT_EQ(layout.points[0].ref, (PlotPointRef{0, 2}));
  for (const auto& line : canvas.polylines) {
    if (line.size() == 2 && line[0].y == line[1].y) continue;  // a legend's stroke
    for (const PlotPixel& at : line) {
      EXPECT_GE(at.x, layout.frame.left - 1e-6);
      EXPECT_LE(at.x, layout.frame.right + 1e-6);
      EXPECT_GE(at.y, layout.frame.top - 1e-6);
      EXPECT_LE(at.y, layout.frame.bottom + 1e-6);
    }
  }
  EXPECT_DOUBLE_EQ(layout.x.low, 1.5);
  EXPECT_DOUBLE_EQ(layout.y.high, 3);
  view.x_low = 9, view.x_high = 2;
  EXPECT_DOUBLE_EQ(layout_plot(spec, view, canvas, kArea).x.low, 0) << "upside down: not heeded";
}

TEST(DrawPlot, ErrorBarsEnterTheRange) {
  PlotSpec spec = two_series();
  spec.series[0].points[0].low = -50, spec.series[0].points[0].high = 50;
  RecordingCanvas canvas;
  const PlotLayout layout = layout_plot(spec, {}, canvas, kArea);
  EXPECT_LE(layout.y.low, -50);
  EXPECT_GE(layout.y.high, 50);
}

TEST(DrawPlot, HiddenSeriesAreNeitherDrawnNorInTheRange) {
  const PlotSpec spec = two_series();
  PlotView view;
  view.hidden = {"b"};
  RecordingCanvas canvas;
  const PlotLayout layout = draw_plot(spec, view, canvas, kArea);
  EXPECT_EQ(layout.points.size(), 5u);
  EXPECT_LT(layout.y.high, 8);
  EXPECT_EQ(layout.legend.size(), 2u) << "or it could not be shown again";
  view.hidden = {"a", "b"};
  RecordingCanvas none;
  draw_plot(spec, view, none, kArea);
  EXPECT_FALSE(none.has_text("nothing measured")) << "it is hidden, not missing";
}

TEST(DrawPlot, HighlightingFadesTheOthersOnlyWhereTheNameIsKnown) {
  const auto faint = [](const PlotView& view) {
    RecordingCanvas canvas;
    draw_plot(two_series(), view, canvas, kArea);
    return std::count_if(canvas.inks.begin(), canvas.inks.end(),
                         [](const SeriesInk& ink) { return ink.faint; });
  };
  PlotView view;
  view.highlighted = "a";
  EXPECT_EQ(faint(view), 2) << "b and its legend entry";
  view.highlighted = "of another plot";
  EXPECT_EQ(faint(view), 0);
}

TEST(DrawPlot, ShowsSelectionCursorAndCrosshair) {
  PlotView view;
  view.selected = {{1, 3}};
  view.cursor = 2.0;
  view.cursor_label = "3 mm2";
  view.crosshair = PlotPixel{300, 200};
  RecordingCanvas canvas;
  const PlotLayout layout = draw_plot(two_series(), view, canvas, kArea);
  EXPECT_THAT(canvas.rings, ElementsAre(pixel_of(layout, 1, 3)));
  const auto lines_of = [&](PlotLine kind) {
    return std::count_if(canvas.lines.begin(), canvas.lines.end(),
                         [&](const RecordingCanvas::Line& line) { return line.kind == kind; });
  };
  EXPECT_EQ(lines_of(PlotLine::kCursor), 1);
  EXPECT_EQ(lines_of(PlotLine::kCrosshair), 2);
  EXPECT_TRUE(canvas.has_text("3 mm2"));
  EXPECT_EQ(render_plot(two_series(), view).find("crosshair"), std::string::npos) << "not in files";
  EXPECT_THAT(render_plot(two_series(), view), HasSubstr("class='cursor'"));
}

TEST(DrawPlot, LegendWraps) {
  PlotSpec spec = two_series();
  for (int i = 0; i < 20; ++i) {
    spec.series.push_back(spec.series[0]);
    spec.series.back().name = fmt::format("series number {}", i);
  }
  RecordingCanvas canvas;
  const PlotLayout layout = layout_plot(spec, {}, canvas, kArea);
  ASSERT_EQ(layout.legend.size(), 22u);
  for (const PlotLegendEntry& entry : layout.legend) {
    EXPECT_LE(entry.box.right, kArea.right);
    EXPECT_LE(entry.box.bottom, layout.frame.top);
  }
}

TEST(DrawPlot, FiguresOnAxesDoNotTouch) {
  PlotSpec spec = two_series();
  for (int i = 0; i <= 200; ++i) spec.x_ticks.push_back(i);
  RecordingCanvas canvas;
  draw_plot(spec, {}, canvas, kArea);
  double last_right = -1e9;
  for (const RecordingCanvas::Text& text : canvas.texts) {
    if (text.font != PlotFont::kTick || text.at.y < 370) continue;
    const double half = 3.2 * static_cast<double>(text.text.size());
    EXPECT_GE(text.at.x - half, last_right);
    last_right = text.at.x + half;
  }
}

TEST(DrawPlot, SurvivesAnAreaWithoutRoom) {
  for (double size : {0.0, 1.0, 30.0, 80.0}) {
    RecordingCanvas canvas;
    const PlotLayout layout = draw_plot(two_series(), {}, canvas, {0, 0, size, size});
    EXPECT_GT(layout.frame.width(), 0);
    EXPECT_GT(layout.frame.height(), 0);
  }
}

TEST(NearestPoint, FindsTheNearestWithinReach) {
  RecordingCanvas canvas;
  const PlotLayout layout = draw_plot(two_series(), {}, canvas, kArea);
  const PlotPixel at = pixel_of(layout, 1, 2);
  EXPECT_EQ(nearest_point(layout, at.x + 3, at.y - 3, 12), (PlotPointRef{1, 2}));
  EXPECT_EQ(nearest_point(layout, at.x + 30, at.y - 30, 12), std::nullopt);
}

TEST(ClipLine, KeepsTheInnerPartsApart) {
  const auto parts = clip_line({{-10, 5}, {5, 5}, {5, 20}, {8, 20}, {8, 5}}, {0, 0, 10, 10});
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(parts[0], ElementsAre(PlotPixel{0, 5}, PlotPixel{5, 5}, PlotPixel{5, 10}));
  EXPECT_THAT(parts[1], ElementsAre(PlotPixel{8, 10}, PlotPixel{8, 5}));
}

TEST(DrawBars, StacksPartsOnTopOfEachOther) {
  BarSpec spec;
  spec.bars = {{"conv1", 99, 0, "tip", {}, {{2, 0}, {3, 1, "own tip"}, {5, 2}}}, {"block1", 4, 3, "", {}}};
  RecordingCanvas canvas;
  const BarLayout layout = draw_bars(spec, {{1}}, canvas, kArea);
  ASSERT_EQ(canvas.boxes.size(), 4u);
  EXPECT_NEAR(canvas.boxes[0].box.bottom, layout.frame.bottom, 1e-9);
  EXPECT_NEAR(canvas.boxes[1].box.bottom, canvas.boxes[0].box.top, 1e-9);
  EXPECT_NEAR(canvas.boxes[2].box.top, layout.y(10), 1e-9);
  EXPECT_EQ(canvas.boxes[2].colour, 2);
  EXPECT_THAT(canvas.hints, ElementsAre("tip", "own tip", "tip", ""));
  EXPECT_EQ(canvas.outlines, 1);
  const PlotBox& first = layout.bars[0];
  EXPECT_EQ(bar_at(layout, first.left + 1, first.bottom - 1), 0u);
  EXPECT_EQ(bar_at(layout, 0, 0), std::nullopt);
  EXPECT_EQ(bar_part_at(spec, layout, 0, layout.y(3)), 1u);
  EXPECT_EQ(bar_part_at(spec, layout, 0, layout.y(11)), std::nullopt);
}

TEST(DrawBars, NamesAreSlantedOnlyWithoutRoom) {
  BarSpec spec;
  for (int i = 0; i < 4; ++i) spec.bars.push_back({"block" + std::to_string(i), 1, 0, "", {}});
  const auto slanted = [&] {
    RecordingCanvas canvas;
    draw_bars(spec, {}, canvas, kArea);
    return std::any_of(canvas.texts.begin(), canvas.texts.end(), [](const RecordingCanvas::Text& text) {
      return text.degrees != 0 && text.degrees != -90;
    });
  };
  EXPECT_FALSE(slanted());
  for (int i = 4; i < 30; ++i) spec.bars.push_back({"block" + std::to_string(i), 1, 0, "", {}});
  EXPECT_TRUE(slanted());
}

TEST(PlotFile, IsWellFormedWithTitleAndColours) {
  PlotSpec spec = two_series();
  spec.title = "A & B";
  PlotView view;
  view.hidden = {"a"};
  for (const std::string& svg :
       {render_plot_file(spec), render_plot_file(spec, view), render_bars_file({})}) {
    const size_t root = svg.find("<svg");
    ASSERT_NE(root, std::string::npos);
    EXPECT_EQ(xml_fault(svg.substr(root)), "");
    EXPECT_EQ(svg.find("var(--"), std::string::npos);
  }
  EXPECT_THAT(render_plot_file(spec), HasSubstr("class='title' x='14' y='-8'>A &amp; B<"));
}

}  // namespace
}  // namespace fixynn
