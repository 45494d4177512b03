// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gui/model/session.h"

namespace fixynn::gui {

/// One thing worth knowing about the design, with what could be done.
struct Advice {
  std::string text;    ///< "block 6 at W8 is 31 % of the FFE"
  std::string remedy;  ///< "W6 saves 0.012 mm² (9 %)"; "" when there is none
  Actions actions;     ///< that do it; empty: nothing to press
  bool warning = false;
};
/// At most five, the most important first. Makes two estimates of the design with fewer bits: about a
/// millisecond.
std::vector<Advice> advice_for(const Session& session);

}  // namespace fixynn::gui
