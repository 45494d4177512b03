// SPDX-License-Identifier: Apache-2.0
#include "gui/model/session_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "run/json_lines.h"

namespace fixynn::gui {
namespace {

using Json = nlohmann::json;

Json design_json(const Design& design) {
  Json bits = Json::array();
  for (const ConvQuant& quant : design.bits) bits.push_back({quant.weight_bits, quant.activation_bits});
  return {{"fixed_layers", design.fixed_layers},
          {"bits", bits},
          {"area_mm2", design.area_mm2},
          {"tap_layer", design.tap_layer ? Json(*design.tap_layer) : Json(nullptr)},
          {"model", design.model == CostModelKind::kPaper ? "paper" : "calibrated"},
          {"technology", design.technology}};
}

/// An integer within limits, else an error that names the key.
int integer(const Json& json, const char* key, int low, int high) {
  const int value = json.at(key).get<int>();
  if (value < low || value > high) fail("{} is {}, outside {}..{}", key, value, low, high);
  return value;
}

double real(const Json& json, const char* key, double low, double high) {
  const double value = json.at(key).get<double>();
  if (!(value >= low && value <= high)) fail("{} is {}, outside {}..{}", key, value, low, high);
  return value;
}

Design parse_design(const Json& json) {
  Design design;
  design.fixed_layers = integer(json, "fixed_layers", 0, MobileNet::kLayers);
  const Json& bits = json.at("bits");
  if (bits.size() != design.bits.size()) fail("bits has {} entries, not {}", bits.size(), design.bits.size());
  for (size_t i = 0; i < design.bits.size(); ++i) {
    design.bits[i] = {bits[i].at(0).get<int>(), bits[i].at(1).get<int>()};
    for (const int width : {design.bits[i].weight_bits, design.bits[i].activation_bits}) {
      if (width < kMinBits || width > kMaxBits) fail("bits: {} is outside {}..{}", width, kMinBits, kMaxBits);
    }
  }
  design.area_mm2 = real(json, "area_mm2", kLeastAreaMm2, kMostDesignAreaMm2);
  if (!json.at("tap_layer").is_null()) design.tap_layer = integer(json, "tap_layer", 1, MobileNet::kLayers);
  design.model = json.at("model") == "paper" ? CostModelKind::kPaper : CostModelKind::kCalibrated;
  design.technology = json.at("technology").get<std::string>();
  return design;
}

Json settings_json(const Settings& settings) {
  return {{"light", settings.light},
          {"ui_scale", settings.ui_scale},
          {"tab", static_cast<int>(settings.tab)},
          {"trade_off_x", static_cast<int>(settings.trade_off_x)},
          {"trade_off_y", static_cast<int>(settings.trade_off_y)},
          {"show_published", settings.show_published},
          {"show_front", settings.show_front},
          {"show_loss_line", settings.show_loss_line},
          {"training_x", static_cast<int>(settings.training_x)},
          {"training_y", static_cast<int>(settings.training_y)},
          {"training_log_y", settings.training_log_y},
          {"training_selected_only", settings.training_selected_only},
          {"smoothing", settings.smoothing},
          {"layers_y", static_cast<int>(settings.layers_y)},
          {"recent", settings.recent},
          {"verify_images", settings.verify_images},
          {"evaluate_epochs", settings.evaluate_epochs}};
}

template <typename Choice>
Choice choice(const Json& json, const char* key, Choice last) {
  return static_cast<Choice>(integer(json, key, 0, static_cast<int>(last)));
}

Settings parse_settings(const Json& json) {
  Settings settings;
  settings.light = json.at("light").get<bool>();
  settings.ui_scale = real(json, "ui_scale", 0.5, 3);
  settings.tab = choice(json, "tab", Tab::kCompare);
  settings.trade_off_x = choice(json, "trade_off_x", TradeOffX::kFfeArea);
  settings.trade_off_y = choice(json, "trade_off_y", TradeOffY::kDrop);
  settings.show_published = json.at("show_published").get<bool>();
  settings.show_front = json.at("show_front").get<bool>();
  settings.show_loss_line = json.at("show_loss_line").get<bool>();
  settings.training_x = choice(json, "training_x", TrainingX::kMinutes);
  settings.training_y = choice(json, "training_y", TrainingY::kValidationTop1);
  settings.training_log_y = json.at("training_log_y").get<bool>();
  settings.training_selected_only = json.at("training_selected_only").get<bool>();
  settings.smoothing = real(json, "smoothing", 0, 0.99);
  settings.layers_y = choice(json, "layers_y", LayersY::kDigits);
  settings.recent = json.at("recent").get<std::vector<std::string>>();
  settings.verify_images = integer(json, "verify_images", 0, 1000);
  settings.evaluate_epochs = integer(json, "evaluate_epochs", 1, 10'000);
  return settings;
}

}  // namespace

std::string session_json(const SavedSession& session) {
  Json runs = Json::array(), pins = Json::array();
  for (const SavedSession::Run& run : session.runs) {
    runs.push_back({{"folder", run.folder.string()}, {"shown", run.shown}});
  }
  for (const SavedSession::SavedPin& pin : session.pins) {
    pins.push_back({{"name", pin.name}, {"design", design_json(pin.design)}, {"run", pin.run.string()}});
  }
  return json_text({{"version", kSessionVersion},
                    {"settings", settings_json(session.settings)},
                    {"design", design_json(session.design)},
                    {"runs", runs},
                    {"active", session.active.string()},
                    {"pins", pins}},
                   1) +
         "\n";
}

SavedSession parse_session(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    const int version = json.at("version").get<int>();
    if (version != kSessionVersion)
      fail("it is of version {}, this program reads {}", version, kSessionVersion);
    SavedSession session;
    session.settings = parse_settings(json.at("settings"));
    session.design = parse_design(json.at("design"));
    for (const Json& run : json.at("runs")) {
      session.runs.push_back({run.at("folder").get<std::string>(), run.at("shown").get<bool>()});
    }
    session.active = json.at("active").get<std::string>();
    for (const Json& pin : json.at("pins")) {
      session.pins.push_back({pin.at("name").get<std::string>(), parse_design(pin.at("design")),
                              pin.at("run").get<std::string>()});
    }
    return session;
  } catch (const nlohmann::json::exception& problem) {
    fail("it is damaged ({})", problem.what());
  }
}

}  // namespace fixynn::gui
