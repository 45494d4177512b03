// SPDX-License-Identifier: Apache-2.0
#include "gui/plot/plot_zoom.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fixynn::gui {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// 100..300 pixels across for 0..10, 50..250 down for 100..1 (logarithmic).
PlotLayout layout() {
  PlotLayout made;
  made.frame = {100, 50, 300, 250};
  made.x = {0, 10, 100, 300, false};
  made.y = {1, 100, 250, 50, true};
  return made;
}

TEST(PlotZoom, KeepsWhatIsUnderTheMouse) {
  PlotView view;
  zoom_at(view, layout(), {150, 150}, 0.5, ZoomAxes::kBoth);
  EXPECT_NEAR(*view.x_low, 1.25, 1e-9);
  EXPECT_NEAR(*view.x_high, 6.25, 1e-9);
  EXPECT_NEAR(*view.y_low * *view.y_high, 100, 1e-6) << "10 stays in the middle of a logarithmic axis";
  PlotView only_x;
  zoom_at(only_x, layout(), {150, 150}, 2, ZoomAxes::kX);
  EXPECT_TRUE(only_x.x_low && !only_x.y_low);
}

TEST(PlotZoom, StopsWhereDoublesEnd) {
  PlotView view;
  PlotLayout seen = layout();
  for (int i = 0; i < 2000; ++i) {
    zoom_at(view, seen, {150, 150}, i < 1000 ? 0.8 : 1.3, ZoomAxes::kBoth);
    seen.x.low = *view.x_low, seen.x.high = *view.x_high;
    seen.y.low = *view.y_low, seen.y.high = *view.y_high;
    ASSERT_LT(seen.x.low, seen.x.high);
    ASSERT_GT(seen.y.low, 0);
    ASSERT_LT(seen.y.high, 1e31);
  }
}

TEST(PlotZoom, PanFollowsTheMouse) {
  PlotView view;
  pan(view, layout(), 20, 100);
  EXPECT_NEAR(*view.x_low, -1, 1e-9);
  EXPECT_NEAR(*view.x_high, 9, 1e-9);
  EXPECT_NEAR(*view.y_low, 10, 1e-9);
}

TEST(PlotZoom, BoxMayBeDrawnInAnyDirection) {
  PlotView view;
  zoom_to_box(view, layout(), {200, 250}, {120, -40}, 8);
  EXPECT_NEAR(*view.x_low, 1, 1e-9);
  EXPECT_NEAR(*view.x_high, 5, 1e-9);
  EXPECT_NEAR(*view.y_low, 1, 1e-9);
  EXPECT_NEAR(*view.y_high, 100, 1e-6) << "cut off at the frame";
  PlotView flat;
  zoom_to_box(flat, layout(), {120, 100}, {200, 104}, 8);
  EXPECT_TRUE(flat.x_low && !flat.y_low);
}

TEST(PlotZoom, SoloHidesTheOthersAndBringsThemBack) {
  PlotSpec spec;
  for (const char* name : {"a", "", "b", "c"}) spec.series.push_back({.name = name, .points = {}});
  PlotView view;
  toggle_series(view, "a");
  EXPECT_THAT(view.hidden, ElementsAre("a"));
  solo_series(view, spec, "a");
  EXPECT_THAT(view.hidden, ElementsAre("b", "c"));
  solo_series(view, spec, "a");
  EXPECT_THAT(view.hidden, IsEmpty());
}

}  // namespace
}  // namespace fixynn::gui
