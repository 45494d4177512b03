// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/theme.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace fixynn::gui {
namespace {

/// Relative luminance and contrast as WCAG 2.1 defines them.
double luminance(ImU32 colour) {
  const auto linear = [colour](int shift) {
    const double value = ((colour >> shift) & 255) / 255.0;
    return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(IM_COL32_R_SHIFT) + 0.7152 * linear(IM_COL32_G_SHIFT) +
         0.0722 * linear(IM_COL32_B_SHIFT);
}

double contrast(ImU32 a, ImU32 b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

class ThemeContrast : public testing::TestWithParam<ThemeName> {
 protected:
  Theme theme = make_theme(GetParam());
};

TEST_P(ThemeContrast, TextIsReadableOnEveryBackground) {
  for (const ImU32 background :
       {theme.window, theme.panel, theme.header, theme.frame, theme.frozen_row, theme.selected_row,
        theme.hovered_row, theme.frame_hovered, theme.frame_active})
    EXPECT_GE(contrast(theme.text, background), 4.5);
  for (const ImU32 background : {theme.window, theme.panel, theme.header, theme.frame, theme.frozen_row})
    EXPECT_GE(contrast(theme.text_dim, background), 4.5);
  EXPECT_GE(contrast(theme.accent_text, theme.accent), 4.5);
}

TEST_P(ThemeContrast, GainsAndFailuresAreReadableAndSeriesSeen) {
  for (const ImU32 colour : {theme.good, theme.warning, theme.bad})
    EXPECT_GE(contrast(colour, theme.panel), 4.5);
  // WCAG asks 3 of shapes; yellow cannot reach that on white, so shapes of markers tell series apart as well.
  for (const ImU32 colour : theme.series) EXPECT_GE(contrast(colour, theme.panel), 2.0);
  EXPECT_GE(contrast(theme.accent, theme.panel), 3.0);
}

TEST_P(ThemeContrast, ColoursAreOpaqueAndSeriesDiffer) {
  for (size_t i = 0; i < theme.series.size(); ++i) {
    EXPECT_EQ(theme.series[i] >> IM_COL32_A_SHIFT, 255u);
    for (size_t j = 0; j < i; ++j) EXPECT_NE(theme.series[i], theme.series[j]);
  }
}

INSTANTIATE_TEST_SUITE_P(Both, ThemeContrast, testing::Values(ThemeName::kDark, ThemeName::kLight),
                         [](const auto& which) {
                           return which.param == ThemeName::kDark ? "Dark" : "Light";
                         });

TEST(Theme, SizesFollowTheScaleOnceOnly) {
  ImGuiContext* context = ImGui::CreateContext();
  const Theme theme = make_theme(ThemeName::kDark);
  apply_theme(theme, 1);
  const float padding = ImGui::GetStyle().FramePadding.x;
  apply_theme(theme, 2);
  apply_theme(theme, 2);
  EXPECT_FLOAT_EQ(ImGui::GetStyle().FramePadding.x, 2 * padding);
  EXPECT_FLOAT_EQ(ImGui::GetStyle().ColumnsMinSpacing, 2 * ImGuiStyle().ColumnsMinSpacing)
      << "one we do not set";
  ImGui::DestroyContext(context);
}

}  // namespace
}  // namespace fixynn::gui
