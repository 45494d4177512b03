// SPDX-License-Identifier: Apache-2.0
#include "gui/model/loss_line.h"

#include <charconv>

namespace fixynn::gui {
namespace {

/// Takes `text` off the front of `line`; false when it is not there.
bool take(std::string_view& line, std::string_view text) {
  if (!line.starts_with(text)) return false;
  line.remove_prefix(text.size());
  return true;
}

/// A number that is followed by "," or "}".
template <typename T>
bool take_number(std::string_view& line, T& value) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || end == line.data() + line.size() || (*end != ',' && *end != '}')) return false;
  // from_chars also knows "inf" and "nan", JSON does not.
  if (line.front() != '-' && (line.front() < '0' || line.front() > '9')) return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()));
  return true;
}

}  // namespace

std::optional<LiveLoss> read_loss_line(std::string_view line) {
  LiveLoss loss;
  // Keys in alphabetical order, as nlohmann::json writes them.
  const bool known = take(line, "{\"epoch\":") && take_number(line, loss.epoch) &&
                     take(line, ",\"fixed_layers\":") && take_number(line, loss.fixed_layers) &&
                     take(line, ",\"images_per_second\":") && take_number(line, loss.images_per_second) &&
                     take(line, ",\"loss\":") && take_number(line, loss.loss) && take(line, ",\"seed\":") &&
                     take_number(line, loss.seed) && take(line, ",\"step\":") &&
                     take_number(line, loss.step) && take(line, ",\"wall_seconds\":") &&
                     take_number(line, loss.wall_seconds) && line == "}";
  if (!known) return std::nullopt;
  return loss;
}

}  // namespace fixynn::gui
