// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/term_tooltip.h"

#include "gui/model/terms.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {

void term_tooltip(Ui& ui, std::string_view key, std::string_view name) {
  std::string_view definition = term_definition(name);
  if (definition.empty()) definition = term_definition(name.substr(0, name.rfind(' ')));
  tooltip(ui, key, definition);
}

}  // namespace fixynn::gui
