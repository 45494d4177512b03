// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/keys.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace fixynn::gui {
namespace {

TEST(Chord, ReadsAndWritesTheSame) {
  for (const char* text : {"Ctrl+Z", "Ctrl+Shift+Z", "F5", "F12", "Left", "Ctrl+Alt+1", "Return", "Escape",
                           "Ctrl+=", "Ctrl+-", "Space", "/"})
    EXPECT_EQ(chord_text(parse_chord(text)), text);
}

TEST(Chord, TakesOtherSpellings) {
  EXPECT_EQ(parse_chord("ctrl+z"), parse_chord("Ctrl+Z"));
  EXPECT_EQ(parse_chord("Esc"), parse_chord("Escape"));
  EXPECT_EQ(parse_chord("Enter"), parse_chord("Return"));
  EXPECT_EQ(parse_chord("Ctrl++"), parse_chord("Ctrl+="));
  EXPECT_EQ(parse_chord("+").key, kKeyEqual);
}

TEST(Chord, RefusesWhatIsNone) {
  for (const char* text : {"", "Ctrl+", "Meta+Z", "Ctrl+Foo", "F13", "F0", "Fx"})
    EXPECT_THROW(parse_chord(text), Error) << text;
}

}  // namespace
}  // namespace fixynn::gui
