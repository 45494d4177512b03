// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "gui/ui/ui.h"

namespace fixynn::gui {

/// The definition of a word of the screen (terms.h) as a tooltip of the last item; nothing for words that
/// are not in the table. "Area mm²" is looked up as it stands, then without its unit.
void term_tooltip(Ui& ui, std::string_view key, std::string_view name);

}  // namespace fixynn::gui
