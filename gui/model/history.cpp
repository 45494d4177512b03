// SPDX-License-Identifier: Apache-2.0
#include "gui/model/history.h"

namespace fixynn::gui {

void History::edit(const Design& next, const std::string& merge) {
  if (next == design_) return;
  const bool merged = !merge.empty() && merge == merge_ && !undo_.empty();
  if (!merged) {
    undo_.push_back(design_);
    if (undo_.size() > kMostSteps) undo_.erase(undo_.begin());
  }
  redo_.clear();
  merge_ = merge;
  design_ = next;
  if (merged && undo_.back() == design_) {
    // Dragged back to where it came from: no step. What the same drag does next is one again.
    undo_.pop_back();
    merge_.clear();
  }
}

void History::reset(const Design& design) {
  design_ = design;
  undo_.clear();
  redo_.clear();
  merge_.clear();
}

void History::undo() {
  if (undo_.empty()) return;
  redo_.push_back(design_);
  design_ = undo_.back();
  undo_.pop_back();
  merge_.clear();
}

void History::redo() {
  if (redo_.empty()) return;
  undo_.push_back(design_);
  design_ = redo_.back();
  redo_.pop_back();
  merge_.clear();
}

std::string History::undo_title() const {
  return undo_.empty() ? "" : describe_edit(undo_.back(), design_);
}

std::string History::redo_title() const {
  return redo_.empty() ? "" : describe_edit(design_, redo_.back());
}

}  // namespace fixynn::gui
