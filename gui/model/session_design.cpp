// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/error.h"
#include "gui/model/session.h"

namespace fixynn::gui {

void Session::edit(const Design& wanted, const std::string& merge) {
  Design next = wanted;
  next.fixed_layers = std::clamp(next.fixed_layers, 0, MobileNet::kLayers);
  next.area_mm2 = std::clamp(next.area_mm2, kLeastAreaMm2, kMostDesignAreaMm2);
  // An early tap lies within the fixed layers.
  if (next.tap_layer && (*next.tap_layer < 1 || *next.tap_layer >= next.fixed_layers)) next.tap_layer.reset();
  if (next == design()) return;
  history_.edit(next, merge);
  figures_dirty_ = unsaved_ = true;
}

void Session::on(const SetFixedLayers& action) {
  Design next = design();
  next.fixed_layers = action.layers;
  edit(next, action.merge ? "fixed layers" : "");
}

void Session::on(const SetBits& action) {
  Design next = design();
  std::string merge = "bits";
  for (const int layer : action.layers) {
    if (layer < 0 || layer >= MobileNet::kLayers) continue;
    ConvQuant& quant = next.bits[static_cast<size_t>(layer)];
    if (action.weight_bits) quant.weight_bits = std::clamp(*action.weight_bits, kMinBits, kMaxBits);
    if (action.activation_bits)
      quant.activation_bits = std::clamp(*action.activation_bits, kMinBits, kMaxBits);
    merge += " " + std::to_string(layer);
  }
  edit(next, action.merge ? merge + (action.weight_bits ? " w" : " a") : "");
}

void Session::on(const SetArea& action) {
  Design next = design();
  next.area_mm2 = action.area_mm2;
  edit(next, action.merge ? "area" : "");
}

void Session::on(const SetTap& action) {
  Design next = design();
  next.tap_layer = action.layer;
  edit(next, action.merge ? "tap" : "");
}

void Session::on(const SetModel& action) {
  Design next = design();
  next.model = action.model;
  edit(next, "");
}

void Session::on(const SetTechnology& action) {
  Design next = design();
  next.technology = action.name;
  try {
    book_->technology(action.name);
    edit(next, "");
  } catch (const std::exception& problem) {
    fail_with(problem.what());
  }
}

void Session::on(const AdoptPoint& action) {
  const OpenRun* open = run(action.run);
  if (open == nullptr) return;
  Design next = design();
  next.fixed_layers = action.fixed_layers;
  next.tap_layer.reset();
  if (open->run->config) next.bits = run_bits(*open->run->config);
  active_run_ = open->parent != 0 ? open->parent : action.run;
  figures_dirty_ = true;
  edit(next, "");
}

void Session::on(const ResetBits&) {
  const OpenRun* head = head_run();
  Design next = design();
  next.bits = head != nullptr && head->run->config ? run_bits(*head->run->config)
                                                   : Design::uniform_bits({kMaxBits, kMaxBits});
  edit(next, "");
}

void Session::on(const StepPoint& action) {
  const OpenRun* active = active_run();
  std::optional<int> next;
  for (const Point& point : active != nullptr ? active->run->points : std::vector<Point>{}) {
    const int n = point.fixed_layers;
    if (action.direction > 0 && n > design().fixed_layers && (!next || n < *next)) next = n;
    if (action.direction < 0 && n < design().fixed_layers && (!next || n > *next)) next = n;
  }
  if (next) on(AdoptPoint{active->run->id, *next});
}

void Session::on(const EndMerge&) {
  history_.end_merge();
}

void Session::on(const Undo&) {
  if (!history_.can_undo()) return;
  history_.undo();
  figures_dirty_ = unsaved_ = true;
}

void Session::on(const Redo&) {
  if (!history_.can_redo()) return;
  history_.redo();
  figures_dirty_ = unsaved_ = true;
}

void Session::on(const SelectLayer& action) {
  if (action.layer < 0 || action.layer >= MobileNet::kLayers) return;
  switch (action.mode) {
    case SelectMode::kOnly:
      // A second click on the only selected layer lets go of it.
      if (selected_layers_ == std::set<int>{action.layer}) {
        selected_layers_.clear();
      } else {
        selected_layers_ = {action.layer};
      }
      break;
    case SelectMode::kToggle:
      if (!selected_layers_.erase(action.layer)) selected_layers_.insert(action.layer);
      break;
    case SelectMode::kRange: {
      const auto [low, high] = std::minmax(last_selected_layer_, action.layer);
      selected_layers_.clear();
      for (int layer = low; layer <= high; ++layer) selected_layers_.insert(layer);
      return;  // the range's other end stays
    }
  }
  last_selected_layer_ = action.layer;
}

void Session::on(const SelectLayers& action) {
  selected_layers_.clear();
  for (const int layer : action.layers) {
    if (layer >= 0 && layer < MobileNet::kLayers) selected_layers_.insert(layer);
  }
}

void Session::pin(Pin pin) {
  if (pins_.size() >= kMostPins) {
    say("four designs are pinned already; unpin one in Compare", true);
    return;
  }
  if (const OpenRun* of = run(pin.run)) pin.folder = of->run->root;
  pins_.push_back(std::move(pin));
  figures_dirty_ = unsaved_ = true;
}

void Session::on(const PinDesign&) {
  const OpenRun* active = active_run();
  const std::string bits = bits_label(design().bits, design().fixed_layers);
  const std::string name = "N = " + std::to_string(design().fixed_layers) +
                           (bits.empty() ? "" : ", " + bits) +
                           (active != nullptr ? ", " + active->run->title : "");
  pin({name, design(), active != nullptr ? active->run->id : 0});
}

void Session::on(const PinPoint& action) {
  const OpenRun* open = run(action.run);
  if (open == nullptr) return;
  Design point = design();
  point.fixed_layers = action.fixed_layers;
  point.tap_layer.reset();
  if (open->run->config) point.bits = run_bits(*open->run->config);
  pin({"N = " + std::to_string(action.fixed_layers) + ", " + open->run->title, point, action.run});
}

void Session::on(const Unpin& action) {
  if (action.index >= pins_.size()) return;
  pins_.erase(pins_.begin() + static_cast<std::ptrdiff_t>(action.index));
  figures_dirty_ = unsaved_ = true;
}

void Session::on(const ClearPins&) {
  pins_.clear();
  figures_dirty_ = unsaved_ = true;
}

}  // namespace fixynn::gui
