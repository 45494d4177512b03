// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "plot/plot_view.h"

namespace fixynn::gui {

enum class Tab { kTradeOff, kAreaSweep, kTraining, kLayers, kCompare };
inline const std::vector<std::string>& tab_names() {
  static const std::vector<std::string> names = {"Trade-off", "Area sweep", "Training", "Layers", "Compare"};
  return names;
}

enum class TradeOffX { kEnergy, kEfficiency, kFfeArea };
enum class TradeOffY { kAccuracy, kDrop };
enum class TrainingY { kLoss, kTrainTop1, kValidationTop1 };
enum class TrainingX { kStep, kEpoch, kMinutes };
enum class LayersY { kArea, kEnergy, kZeros, kDigits };

/// How things are looked at: no undo, kept from session to session.
struct Settings {
  bool light = false;
  double ui_scale = 1;  ///< 0.5..3
  Tab tab = Tab::kTradeOff;
  TradeOffX trade_off_x = TradeOffX::kEnergy;
  TradeOffY trade_off_y = TradeOffY::kDrop;
  bool show_published = true, show_front = true, show_loss_line = true;
  TrainingY training_y = TrainingY::kLoss;
  TrainingX training_x = TrainingX::kStep;
  bool training_log_y = false, training_selected_only = false;
  double smoothing = 0;  ///< 0..0.99, exponential, by point
  LayersY layers_y = LayersY::kArea;
  std::map<std::string, PlotView> views;  ///< by plot: zoom, hidden series
  std::vector<std::string> recent;        ///< paths, newest first
  int verify_images = 2;                  ///< of an export
  int evaluate_epochs = 1;
};

}  // namespace fixynn::gui
