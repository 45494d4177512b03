// SPDX-License-Identifier: Apache-2.0
#include "gui/model/advice.h"

#include <gmock/gmock.h>

#include "gui_model/session_fixture.h"

namespace fixynn::gui {
namespace {

using testing::HasSubstr;

class AdviceTest : public SessionTest {
 protected:
  /// The first piece of advice with this in its text; reported when there is none.
  Advice with(const std::string& words) {
    std::string all;
    for (const Advice& advice : advice_for(session())) {
      if (advice.text.find(words) != std::string::npos) return advice;
      all += advice.text + " | ";
    }
    ADD_FAILURE() << "no advice with \"" << words << "\" in: " << all;
    return {};
  }
  bool has(const std::string& words) {
    for (const Advice& advice : advice_for(session())) {
      if (advice.text.find(words) != std::string::npos) return true;
    }
    return false;
  }
};

TEST_F(AdviceTest, AnInfeasibleDesignComesFirstWithTheAreaThatItNeeds) {
  session().apply(SetModel{CostModelKind::kPaper});
  session().apply(SetFixedLayers{11});
  session().apply(SetArea{1.0});
  ASSERT_FALSE(session().costs().platform().feasible);
  const std::vector<Advice> all = advice_for(session());
  ASSERT_FALSE(all.empty());
  EXPECT_TRUE(all[0].warning);
  EXPECT_THAT(all[0].text, HasSubstr("cannot be built: the FFE needs"));
  session().apply(all[0].actions);
  EXPECT_TRUE(session().costs().platform().feasible);
  EXPECT_FALSE(has("cannot be built"));
}

TEST_F(AdviceTest, AStaleAccuracyOffersToEvaluate) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetFixedLayers{7});
  EXPECT_FALSE(has("stale"));
  session().apply(SetBits{{5}, 6, std::nullopt});
  const Advice advice = with("the accuracy is stale: measured at W8A8, not at W8/6 A8");
  EXPECT_TRUE(advice.warning);
  ASSERT_EQ(advice.actions.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Evaluate>(advice.actions[0]));
}

TEST_F(AdviceTest, TheDeepestWithinOnePointIsNamedAndAdopted) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetFixedLayers{4});
  const Advice more = with("N = 7 loses 0.70 pp against N = 0");
  EXPECT_THAT(more.remedy, HasSubstr("energy"));
  session().apply(more.actions);
  EXPECT_EQ(session().design().fixed_layers, 7);
  EXPECT_FALSE(has("N = 7"));
  session().apply(SetFixedLayers{11});
  const Advice fewer = with("N = 11 loses 2.50 pp");
  EXPECT_TRUE(fewer.warning);
  session().apply(fewer.actions);
  EXPECT_EQ(session().design().fixed_layers, 7);
}

TEST_F(AdviceTest, TheLargestLayersSavingIsWhatTheEditThenBrings) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetFixedLayers{7});
  const double before = session().costs().ffe().area_mm2;
  const Advice advice = with("block 6 at W8 is");
  EXPECT_THAT(advice.text, HasSubstr("% of the FFE's area"));
  EXPECT_THAT(advice.remedy, HasSubstr("W6 saves about"));
  session().apply(advice.actions);
  EXPECT_EQ(session().design().bits[6].weight_bits, 6);
  const double saved = before - session().costs().ffe().area_mm2;
  EXPECT_GT(saved, 0);
  EXPECT_THAT(advice.remedy, HasSubstr(fmt::format("{:.3f} mm²", saved)));
}

TEST_F(AdviceTest, AssumedWeightsAreSaidAndOpenIsOffered) {
  const Advice advice = with("costs are of assumed weights");
  ASSERT_EQ(advice.actions.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<OpenDialog>(advice.actions[0]));
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  EXPECT_FALSE(has("costs are of assumed weights"));
}

TEST_F(AdviceTest, AnExtrapolatedNvdlaIsSaid) {
  session().apply(SetFixedLayers{0});
  session().apply(SetArea{6.0});
  ASSERT_TRUE(session().costs().platform().extrapolated);
  EXPECT_TRUE(has("larger than any published one"));
  session().apply(SetArea{2.0});
  EXPECT_FALSE(has("larger than any published one"));
}

TEST_F(AdviceTest, ABackEndThatDominatesAsksForMoreFixedLayers) {
  session().apply(SetFixedLayers{1});
  const Advice advice = with("the NVDLA takes");
  session().apply(advice.actions);
  EXPECT_GT(session().design().fixed_layers, 1);
}

TEST_F(AdviceTest, FivePiecesAtMostAndQuickEnoughForAFrame) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetFixedLayers{11});
  session().apply(SetArea{6.0});
  session().apply(SetBits{{5}, 6, std::nullopt});
  EXPECT_LE(advice_for(session()).size(), 5u);
  constexpr int kRounds = 10;
  const double seconds = seconds_of([&] {
    for (int i = 0; i < kRounds; ++i) (void)advice_for(session());
  });
  RecordProperty("advice_ms", std::to_string(1000 * seconds / kRounds));
  EXPECT_LT(seconds / kRounds, 0.05);
}

}  // namespace
}  // namespace fixynn::gui
