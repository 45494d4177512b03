// SPDX-License-Identifier: Apache-2.0
#include "run/run_json.h"

#include <cmath>

namespace fixynn {
namespace {

nlohmann::json optional_json(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

std::optional<double> optional_number(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return found->get<double>();
}

/// JSON has no NaN: a number that is not finite was written as null.
double number(const nlohmann::json& json, const char* key) {
  const nlohmann::json& value = json.at(key);
  return value.is_null() ? std::nan("") : value.get<double>();
}

}  // namespace

void to_json(nlohmann::json& json, const EpochMetrics& m) {
  json = {{"fixed_layers", m.fixed_layers},
          {"seed", m.seed},
          {"epoch", m.epoch},
          {"epochs", m.epochs},
          {"step", m.step},
          {"learning_rate", m.learning_rate},
          {"train_loss", m.train_loss},
          {"train_top1_percent", m.train_top1_percent},
          {"validation_top1_percent", optional_json(m.validation_top1_percent)},
          {"fake_quantised", m.fake_quantised},
          {"images_per_second", m.images_per_second},
          {"wall_seconds", m.wall_seconds}};
}

void from_json(const nlohmann::json& json, EpochMetrics& m) {
  json.at("fixed_layers").get_to(m.fixed_layers);
  json.at("seed").get_to(m.seed);
  json.at("epoch").get_to(m.epoch);
  json.at("epochs").get_to(m.epochs);
  json.at("step").get_to(m.step);
  m.learning_rate = number(json, "learning_rate");
  m.train_loss = number(json, "train_loss");
  m.train_top1_percent = number(json, "train_top1_percent");
  m.validation_top1_percent = optional_number(json, "validation_top1_percent");
  json.at("fake_quantised").get_to(m.fake_quantised);
  m.images_per_second = number(json, "images_per_second");
  m.wall_seconds = number(json, "wall_seconds");
}

void to_json(nlohmann::json& json, const LiveLoss& l) {
  json = {{"fixed_layers", l.fixed_layers},
          {"seed", l.seed},
          {"epoch", l.epoch},
          {"step", l.step},
          {"loss", l.loss},
          {"images_per_second", l.images_per_second},
          {"wall_seconds", l.wall_seconds}};
}

void from_json(const nlohmann::json& json, LiveLoss& l) {
  json.at("fixed_layers").get_to(l.fixed_layers);
  json.at("seed").get_to(l.seed);
  json.at("epoch").get_to(l.epoch);
  json.at("step").get_to(l.step);
  l.loss = number(json, "loss");
  l.images_per_second = number(json, "images_per_second");
  l.wall_seconds = number(json, "wall_seconds");
}

void to_json(nlohmann::json& json, const Point& p) {
  json = {{"dataset", p.dataset},
          {"fixed_layers", p.fixed_layers},
          {"seed", p.seed},
          {"weight_bits", p.weight_bits},
          {"activation_bits", p.activation_bits},
          {"back_end_bits", p.back_end_bits},
          {"top1_percent", p.top1_percent},
          {"float_path_top1_percent", p.float_path_top1_percent},
          {"validation_top1_percent", optional_json(p.validation_top1_percent)},
          {"images_tested", p.images_tested},
          {"frozen_weights_sha256", p.frozen_weights_sha256},
          {"network", p.network},
          {"train_images_per_second", p.train_images_per_second},
          {"wall_seconds", p.wall_seconds}};
}

void from_json(const nlohmann::json& json, Point& p) {
  json.at("dataset").get_to(p.dataset);
  json.at("fixed_layers").get_to(p.fixed_layers);
  json.at("seed").get_to(p.seed);
  json.at("weight_bits").get_to(p.weight_bits);
  json.at("activation_bits").get_to(p.activation_bits);
  json.at("back_end_bits").get_to(p.back_end_bits);
  p.top1_percent = number(json, "top1_percent");
  p.float_path_top1_percent = number(json, "float_path_top1_percent");
  p.validation_top1_percent = optional_number(json, "validation_top1_percent");
  json.at("images_tested").get_to(p.images_tested);
  json.at("frozen_weights_sha256").get_to(p.frozen_weights_sha256);
  json.at("network").get_to(p.network);
  p.train_images_per_second = number(json, "train_images_per_second");
  p.wall_seconds = number(json, "wall_seconds");
}

void to_json(nlohmann::json& json, const LayerFacts& f) {
  json = {{"name", f.name},
          {"frozen", f.frozen},
          {"weight_bits", f.weight_bits},
          {"activation_bits", f.activation_bits},
          {"weights", f.weights},
          {"zero_weights", f.zero_weights},
          {"shift", f.shift}};
}

void from_json(const nlohmann::json& json, LayerFacts& f) {
  json.at("name").get_to(f.name);
  json.at("frozen").get_to(f.frozen);
  json.at("weight_bits").get_to(f.weight_bits);
  json.at("activation_bits").get_to(f.activation_bits);
  json.at("weights").get_to(f.weights);
  json.at("zero_weights").get_to(f.zero_weights);
  json.at("shift").get_to(f.shift);
}

void to_json(nlohmann::json& json, const Evaluation& e) {
  json = {{"class_names", e.class_names},
          {"confusion", e.confusion},
          {"layers", e.layers},
          {"compared_images", e.compared_images},
          {"codes_compared", e.codes_compared},
          {"codes_different", e.codes_different},
          {"largest_code_difference", e.largest_code_difference}};
}

void from_json(const nlohmann::json& json, Evaluation& e) {
  json.at("class_names").get_to(e.class_names);
  json.at("confusion").get_to(e.confusion);
  json.at("layers").get_to(e.layers);
  json.at("compared_images").get_to(e.compared_images);
  json.at("codes_compared").get_to(e.codes_compared);
  json.at("codes_different").get_to(e.codes_different);
  json.at("largest_code_difference").get_to(e.largest_code_difference);
}

void to_json(nlohmann::json& json, const RunStatus& s) {
  json = {{"state", s.state},
          {"message", s.message},
          {"progress", s.progress},
          {"eta_seconds", optional_json(s.eta_seconds)},
          {"fixed_layers", s.fixed_layers},
          {"seed", s.seed},
          {"epoch", s.epoch},
          {"epochs", s.epochs},
          {"step", s.step},
          {"steps", s.steps},
          {"images_per_second", s.images_per_second},
          {"pid", s.pid},
          {"host", s.host},
          {"heartbeat", s.heartbeat}};
}

void from_json(const nlohmann::json& json, RunStatus& s) {
  json.at("state").get_to(s.state);
  json.at("message").get_to(s.message);
  json.at("progress").get_to(s.progress);
  s.eta_seconds = optional_number(json, "eta_seconds");
  json.at("fixed_layers").get_to(s.fixed_layers);
  json.at("seed").get_to(s.seed);
  json.at("epoch").get_to(s.epoch);
  json.at("epochs").get_to(s.epochs);
  json.at("step").get_to(s.step);
  json.at("steps").get_to(s.steps);
  s.images_per_second = number(json, "images_per_second");
  json.at("pid").get_to(s.pid);
  json.at("host").get_to(s.host);
  json.at("heartbeat").get_to(s.heartbeat);
}

}  // namespace fixynn
