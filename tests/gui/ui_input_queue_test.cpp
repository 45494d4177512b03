// SPDX-License-Identifier: Apache-2.0
#include "gui/app/input_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "gui/ui/keys.h"

namespace fixynn::gui {
namespace {

using Kind = InputEvent::Kind;

InputEvent key(int code, bool down, bool repeat = false) {
  return {.kind = Kind::kKey, .code = code, .down = down, .repeat = repeat};
}
InputEvent text(char letter) {
  return {.kind = Kind::kText, .code = letter};
}
InputEvent move(double x) {
  return {.kind = Kind::kMouseMove, .x = x};
}
InputEvent mouse(int button, bool down) {
  return {.kind = Kind::kMouseButton, .code = button, .down = down};
}

/// Frames as words: "C" control, "+" down, "-" up, 'x' text, "m" the mouse moved, "b" a button.
std::string frames(InputQueue& queue) {
  std::string all;
  while (queue.pending()) {
    if (!all.empty()) all += " | ";
    for (const InputEvent& event : queue.take_frame()) {
      if (!all.empty() && all.back() != ' ') all += ' ';
      const char sign = event.down ? '+' : '-';
      if (event.kind == Kind::kText)
        all += std::string("'") + static_cast<char>(event.code) + "'";
      else if (event.kind == Kind::kMouseMove)
        all += "m" + std::to_string(static_cast<int>(event.x));
      else if (event.kind == Kind::kMouseButton)
        all += std::string("b") + sign;
      else
        all += (event.code == kKeyLeftControl ? "Ctrl"
                : event.code == kKeyEnter     ? "Ret"
                                              : std::string(1, static_cast<char>(event.code))) +
               sign;
    }
  }
  return all;
}

std::string frames_of(std::initializer_list<InputEvent> events) {
  InputQueue queue;
  for (const InputEvent& event : events) queue.push(event);
  return frames(queue);
}

TEST(InputQueue, KeyPressedAndReleasedBetweenTwoFramesIsSeenInTwo) {
  EXPECT_EQ(frames_of({key(kKeyEnter, true), key(kKeyEnter, false)}), "Ret+ | Ret-");
}

TEST(InputQueue, ControlIsStillHeldInTheFrameInWhichItsKeyGoesDown) {
  EXPECT_EQ(
      frames_of({key(kKeyLeftControl, true), key('P', true), key(kKeyLeftControl, false), key('P', false)}),
      "Ctrl+ P+ | Ctrl- P-");
}

TEST(InputQueue, ControlHeldFromBeforeIsStillHeldInTheFrameOfItsKey) {
  InputQueue queue;
  queue.push(key(kKeyLeftControl, true));
  EXPECT_EQ(frames(queue), "Ctrl+");
  queue.push(key('P', true));
  queue.push(key(kKeyLeftControl, false));
  queue.push(key('P', false));
  EXPECT_EQ(frames(queue), "P+ | Ctrl- P-");
}

TEST(InputQueue, TheSameShortcutTwiceIsTwoPresses) {
  EXPECT_EQ(frames_of({key(kKeyLeftControl, true), key('Z', true), key('Z', false), key('Z', true),
                       key('Z', false), key(kKeyLeftControl, false)}),
            "Ctrl+ Z+ | Z- | Z+ | Z- Ctrl-");
}

TEST(InputQueue, TextStaysWithItsKeyAndInOrder) {
  EXPECT_EQ(frames_of({key('A', true), text('a'), key('A', false), key('B', true), text('b'), key('B', false),
                       key(kKeyEnter, true), key(kKeyEnter, false)}),
            "A+ 'a' | A- B+ 'b' | B- Ret+ | Ret-");
}

TEST(InputQueue, ReturnDoesNotOvertakeText) {
  EXPECT_EQ(frames_of({text('a'), text('b'), key(kKeyEnter, true)}), "'a' 'b' | Ret+");
}

TEST(InputQueue, ClickKeepsItsPlace) {
  EXPECT_EQ(frames_of({move(1), move(2), mouse(0, true), mouse(0, false), move(9)}), "m2 | b+ | b- | m9");
}

TEST(InputQueue, WhatIsDraggedIsAtItsPlaceBeforeItIsLetGo) {
  EXPECT_EQ(frames_of({mouse(0, true), move(3), move(6), mouse(0, false)}), "b+ | m6 | b-");
}

TEST(InputQueue, RepeatsDoNotPileUp) {
  InputQueue queue;
  queue.push(key('X', true));
  for (int i = 0; i < 100; ++i) queue.push(key('X', true, true));
  queue.push(key('X', false));
  EXPECT_EQ(frames(queue), "X+ | X+ | X-");
}

TEST(InputQueue, NothingIsLostAndOrderIsKept) {
  InputQueue queue;
  std::vector<InputEvent> pushed;
  unsigned state = 1;
  for (int i = 0; i < 2000; ++i) {
    state = state * 1664525u + 1013904223u;
    const int code = 'A' + static_cast<int>((state >> 16) % 5);
    pushed.push_back((state >> 28) % 3 == 0 ? text(static_cast<char>(code))
                                            : key(code, (state >> 24) % 2 == 0));
    queue.push(pushed.back());
  }
  std::vector<InputEvent> taken;
  while (queue.pending()) {
    const std::vector<InputEvent> frame = queue.take_frame();
    ASSERT_FALSE(frame.empty());
    taken.insert(taken.end(), frame.begin(), frame.end());
  }
  ASSERT_EQ(taken.size(), pushed.size());
  for (size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].kind, pushed[i].kind);
    EXPECT_EQ(taken[i].code, pushed[i].code);
  }
}

TEST(KeyOfLabel, FollowsTheLabelsOfTheLayout) {
  EXPECT_EQ(key_of_label("a", 'Q'), 'A');  // AZERTY
  EXPECT_EQ(key_of_label("z", 'Y'), 'Z');  // QWERTZ
  EXPECT_EQ(key_of_label("&", '1'), '1');  // AZERTY's digits are shifted
  EXPECT_EQ(key_of_label("я", 'Z'), 'Z');
  EXPECT_EQ(key_of_label(nullptr, 'Z'), 'Z');
  EXPECT_EQ(key_of_label("", 'Z'), 'Z');
  EXPECT_EQ(key_of_label("+", 93), kKeyEqual);
}

}  // namespace
}  // namespace fixynn::gui
