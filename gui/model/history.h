// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "gui/model/design.h"

namespace fixynn::gui {

/// Undo and redo of design edits. Edits of one drag are one step: those with the same `merge` key, until
/// end_merge().
class History {
 public:
  const Design& design() const { return design_; }
  /// Does nothing when `next` is equal. Merges only with the step before, and only for a key that is not "".
  void edit(const Design& next, const std::string& merge = "");
  void end_merge() { merge_.clear(); }
  /// Starts afresh with a design: nothing to undo.
  void reset(const Design& design);

  bool can_undo() const { return !undo_.empty(); }
  bool can_redo() const { return !redo_.empty(); }
  void undo();
  void redo();
  /// What undo and redo would do, and what was done last: "W6 on block 3".
  std::string undo_title() const;
  std::string redo_title() const;

 private:
  static constexpr size_t kMostSteps = 500;
  Design design_;
  std::vector<Design> undo_, redo_;
  std::string merge_;
};

}  // namespace fixynn::gui
