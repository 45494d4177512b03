// SPDX-License-Identifier: Apache-2.0
#include "calibrate/law_fit.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace fixynn {
namespace {

TEST(LawFit, FindsTheConstantsOfAnExactLaw) {
  std::vector<LawSample> samples;
  for (const double x : {3.0, 40.0, 500.0}) {
    for (const double y : {1.0, 7.0}) samples.push_back({"", {x, y, 1.0}, 0.5 * x + 2 * y - 3 + 4});
  }
  const LawFit fit = fit_law(samples);
  EXPECT_NEAR(fit.constants[0], 0.5, 1e-9);
  EXPECT_NEAR(fit.constants[1], 2.0, 1e-9);
  EXPECT_NEAR(fit.constants[2], 1.0, 1e-9);
  EXPECT_NEAR(fit.worst_error_percent, 0, 1e-9);
}

TEST(LawFit, SmallBlocksCountAsMuchAsLargeOnes) {
  // 10 % apart either way: the best constant lies between, whatever the sizes.
  const std::vector<LawSample> samples = {{"small", {1}, 1.0}, {"large", {1000}, 1200.0}};
  const LawFit fit = fit_law(samples);
  EXPECT_NEAR(fit.constants[0], (1.0 + 1 / 1.2) / (1 + 1 / 1.44), 1e-12);
  EXPECT_NEAR(fit.error_percent[0], 8.2, 0.05);
  EXPECT_NEAR(fit.error_percent[1], -9.8, 0.05);
  EXPECT_NEAR(fit.mean_error_percent, 9.0, 0.05);
  EXPECT_NEAR(fit.worst_error_percent, 9.8, 0.05);
}

TEST(LawFit, ABlockThatIsLeftOutIsPredictedByTheOthers) {
  // 2, 2 and 3 a unit: without the third the others say 2, a third too little; without one of the first two
  // the best constant for 2 and 3 is (1/2 + 1/3) / (1/4 + 1/9) = 30/13.
  const std::vector<LawSample> samples = {{"a", {1}, 2.0}, {"b", {10}, 20.0}, {"c", {1}, 3.0}};
  const LawFit fit = fit_law(samples);
  ASSERT_TRUE(fit.left_out);
  const double other = 100 * (30.0 / 13 / 2 - 1);
  EXPECT_NEAR(fit.left_out->error_percent[0], other, 1e-9);
  EXPECT_NEAR(fit.left_out->error_percent[1], other, 1e-9);
  EXPECT_NEAR(fit.left_out->error_percent[2], -100.0 / 3, 1e-9);
  EXPECT_NEAR(fit.left_out->worst_error_percent, 100.0 / 3, 1e-9);
  EXPECT_NEAR(fit.left_out->mean_error_percent, (2 * other + 100.0 / 3) / 3, 1e-9);
  EXPECT_GT(fit.left_out->worst_error_percent, fit.worst_error_percent);
  // As many samples as constants, and one that alone tells a constant: nothing can be left out.
  EXPECT_FALSE(fit_law(std::span(samples).first(1)).left_out);
  const std::vector<LawSample> lonely = {{"a", {1, 0}, 2.0}, {"b", {2, 0}, 4.1}, {"c", {1, 1}, 3.0}};
  EXPECT_FALSE(fit_law(lonely).left_out);
}

TEST(LawFit, AppliesKnownConstants) {
  const std::vector<LawSample> samples = {{"a", {2, 1}, 10.0}};
  const LawFit fit = apply_law(samples, std::vector<double>{4.0, 3.0});
  EXPECT_DOUBLE_EQ(fit.predicted[0], 11);
  EXPECT_NEAR(fit.error_percent[0], 10, 1e-12);
}

TEST(LawFit, RefusesSamplesThatCannotTellConstantsApart) {
  const std::vector<LawSample> alike = {{"a", {1, 2}, 5.0}, {"b", {2, 4}, 9.0}, {"c", {3, 6}, 14.0}};
  EXPECT_THROW(fit_law(alike), Error);
  EXPECT_THROW(fit_law(std::span(alike).first(1)), Error);
  EXPECT_THROW(fit_law({}), Error);
}

}  // namespace
}  // namespace fixynn
