// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/figure_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace fixynn::gui {
namespace {

TEST(FigureText, KeepsSignificantDigitsWithoutAnExponent) {
  EXPECT_EQ(figure(0.19149), "0.191");
  EXPECT_EQ(figure(12.44), "12.4");
  EXPECT_EQ(figure(3.0), "3.00");
  EXPECT_EQ(figure(1234.6), "1,235");
  EXPECT_EQ(figure(0.00820), "0.00820");
  EXPECT_EQ(figure(0.0), "0.00");
  EXPECT_EQ(figure(1e-12), "0.0000000");
}

TEST(FigureText, RoundingThatCarriesAddsNoDigit) {
  EXPECT_EQ(figure(9.996), "10.0");
  EXPECT_EQ(figure(99.96), "100");
  EXPECT_EQ(figure(0.09996), "0.100");
  EXPECT_EQ(figure(999.7), "1,000");
}

TEST(FigureText, UnknownIsNeverZero) {
  EXPECT_EQ(figure(std::nullopt), "n/a");
  EXPECT_EQ(area_text(std::nullopt), "n/a");
  EXPECT_EQ(energy_text(std::numeric_limits<double>::quiet_NaN()), "n/a");
  EXPECT_EQ(time_text(std::numeric_limits<double>::infinity()), "n/a");
  EXPECT_EQ(count_text(std::nullopt), "n/a");
  EXPECT_EQ(ratio_text(std::nullopt), "n/a");
  EXPECT_EQ(pp_text(std::nullopt), "n/a");
  EXPECT_EQ(percent_text(std::nullopt), "n/a");
}

TEST(FigureText, UnitsFollowTheSize) {
  EXPECT_EQ(area_text(0.191), "0.191 mm²");
  EXPECT_EQ(energy_text(12.44), "12.4 µJ");
  EXPECT_EQ(energy_text(0.0553), "55.3 nJ");
  EXPECT_EQ(energy_text(0.0), "0.00 µJ");
  EXPECT_EQ(time_text(840.0), "840 µs");
  EXPECT_EQ(time_text(12340.0), "12.3 ms");
  EXPECT_EQ(time_text(1.2e6), "1.20 s");
  EXPECT_EQ(percent_text(44.26), "44.3 %");
  EXPECT_EQ(ratio_text(1.934), "1.93×");
}

TEST(FigureText, DifferencesHaveASign) {
  EXPECT_EQ(pp_text(0.43), "+0.4 pp");
  EXPECT_EQ(pp_text(-1.2), "−1.2 pp");
  EXPECT_EQ(pp_text(-0.01), "±0.0 pp");
}

TEST(FigureText, CountsAreGroupedThenShortened) {
  EXPECT_EQ(count_text(216), "216");
  EXPECT_EQ(count_text(17536), "17,536");
  EXPECT_EQ(count_text(2709504), "2.71 M");
  EXPECT_EQ(count_text(1140000000), "1.14 G");
}

}  // namespace
}  // namespace fixynn::gui
