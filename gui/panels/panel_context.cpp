// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/panel_parts.h"

namespace fixynn::gui {

void PanelContext::give(std::string_view id) const {
  const Command* command = find_command(commands, id);
  if (command == nullptr || !command->actions) return;
  if (command->fault && !command->fault(session).empty()) return;
  for (Action& action : command->actions(session)) actions.push_back(std::move(action));
}

}  // namespace fixynn::gui
