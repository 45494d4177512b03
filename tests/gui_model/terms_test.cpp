// SPDX-License-Identifier: Apache-2.0
#include "gui/model/terms.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

namespace fixynn::gui {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Terms, EveryWordHasOneSentenceOrMoreAndStandsOnce) {
  std::set<std::string_view> names;
  EXPECT_GE(terms().size(), 25u);
  for (const Term& term : terms()) {
    EXPECT_TRUE(names.insert(term.name).second) << term.name;
    EXPECT_FALSE(term.definition.empty()) << term.name;
    EXPECT_EQ(term.definition.back(), '.') << term.name;
  }
}

TEST(Terms, ADefinitionHasNameUnitAndText) {
  const std::string text(term_definition("Efficiency"));
  EXPECT_THAT(text, StartsWith("Efficiency\nTOPS/W\n"));
  EXPECT_THAT(text, HasSubstr("energy"));
  EXPECT_THAT(std::string(term_definition("NVDLA")), StartsWith("NVDLA\nThe programmable"));
}

TEST(Terms, CapitalsDoNotCountAndUnknownWordsHaveNone) {
  EXPECT_EQ(term_definition("stale"), term_definition("Stale"));
  EXPECT_EQ(term_definition("flux"), "");
  EXPECT_EQ(term_definition(""), "");
}

}  // namespace
}  // namespace fixynn::gui
