// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "run/run_directory.h"

namespace fixynn::gui {

/// A line of losses.jsonl as our own programs write it: flat, numbers only. Some ten times as fast as a JSON
/// document, for runs of millions of lines. Nothing for any other line, which then is read as JSON: this is
/// a short cut, not a second definition of the format.
std::optional<LiveLoss> read_loss_line(std::string_view line);

}  // namespace fixynn::gui
