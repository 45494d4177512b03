// SPDX-License-Identifier: Apache-2.0
#include "gui/model/history.h"

#include <gtest/gtest.h>

namespace fixynn::gui {
namespace {

Design with_layers(int layers) {
  Design design;
  design.fixed_layers = layers;
  return design;
}

TEST(History, UndoesAndRedoesInOrder) {
  History history;
  history.reset(with_layers(7));
  EXPECT_FALSE(history.can_undo());
  history.edit(with_layers(8));
  history.edit(with_layers(9));
  EXPECT_EQ(history.undo_title(), "9 fixed layers");
  history.undo();
  EXPECT_EQ(history.design().fixed_layers, 8);
  EXPECT_EQ(history.redo_title(), "9 fixed layers");
  history.undo();
  EXPECT_EQ(history.design().fixed_layers, 7);
  EXPECT_FALSE(history.can_undo());
  history.redo();
  history.redo();
  EXPECT_EQ(history.design().fixed_layers, 9);
  EXPECT_FALSE(history.can_redo());
}

TEST(History, ANewEditForgetsWhatWasUndone) {
  History history;
  history.reset(with_layers(7));
  history.edit(with_layers(8));
  history.undo();
  history.edit(with_layers(5));
  EXPECT_FALSE(history.can_redo());
  history.undo();
  EXPECT_EQ(history.design().fixed_layers, 7);
}

TEST(History, ADragIsOneStepUntilItEnds) {
  History history;
  history.reset(with_layers(7));
  for (const int layers : {8, 9, 10}) history.edit(with_layers(layers), "fixed layers");
  history.end_merge();
  history.edit(with_layers(11), "fixed layers");
  history.undo();
  EXPECT_EQ(history.design().fixed_layers, 10);
  history.undo();
  EXPECT_EQ(history.design().fixed_layers, 7);
  EXPECT_FALSE(history.can_undo());
}

TEST(History, DragsOfDifferentThingsAreDifferentSteps) {
  History history;
  history.reset(with_layers(7));
  history.edit(with_layers(8), "fixed layers");
  Design next = history.design();
  next.area_mm2 = 4;
  history.edit(next, "area");
  history.undo();
  EXPECT_EQ(history.design().fixed_layers, 8);
  EXPECT_EQ(history.design().area_mm2, Design{}.area_mm2);
}

TEST(History, ADragBackToItsStartIsNoStepAndDragsOnAsOne) {
  History history;
  history.reset(with_layers(7));
  history.edit(with_layers(8), "fixed layers");
  history.edit(with_layers(7), "fixed layers");
  EXPECT_FALSE(history.can_undo());
  history.edit(with_layers(6), "fixed layers");
  history.edit(with_layers(5), "fixed layers");
  history.undo();
  EXPECT_EQ(history.design().fixed_layers, 7);
  EXPECT_FALSE(history.can_undo());
}

TEST(History, AnEqualDesignIsNoStep) {
  History history;
  history.reset(with_layers(7));
  history.edit(with_layers(7));
  EXPECT_FALSE(history.can_undo());
  EXPECT_EQ(history.undo_title(), "");
}

}  // namespace
}  // namespace fixynn::gui
