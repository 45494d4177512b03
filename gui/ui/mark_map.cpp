// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/mark_map.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/files.h"

namespace fixynn::gui {

void write_mark_map(const Ui& ui, const std::filesystem::path& path, const std::string& state) {
  std::string text = "{";
  for (const auto& [name, mark] : ui.marks) {
    const std::string quoted =
        nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    text +=
        fmt::format("{}\n{}: [{:.1f}, {:.1f}, {:.1f}, {:.1f}, {}, {}]", text.size() > 1 ? "," : "", quoted,
                    mark.left, mark.top, mark.right, mark.bottom, mark.enabled ? 1 : 0, mark.visible ? 1 : 0);
  }
  if (!state.empty()) text += fmt::format("{}\n\"state\": {}", text.size() > 1 ? "," : "", state);
  write_file_atomic(path, text + "\n}\n", false);
}

}  // namespace fixynn::gui
