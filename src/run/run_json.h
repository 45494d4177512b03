// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "run/run_directory.h"

namespace fixynn {

// The JSON form of the run directory's records: keys are the fields' names; an empty optional is null.
// Reading throws nlohmann::json::exception for a missing key or a wrong type.

void to_json(nlohmann::json& json, const EpochMetrics& metrics);
void from_json(const nlohmann::json& json, EpochMetrics& metrics);
void to_json(nlohmann::json& json, const LiveLoss& loss);
void from_json(const nlohmann::json& json, LiveLoss& loss);
void to_json(nlohmann::json& json, const Point& point);
void from_json(const nlohmann::json& json, Point& point);
void to_json(nlohmann::json& json, const LayerFacts& facts);
void from_json(const nlohmann::json& json, LayerFacts& facts);
void to_json(nlohmann::json& json, const Evaluation& evaluation);
void from_json(const nlohmann::json& json, Evaluation& evaluation);
void to_json(nlohmann::json& json, const RunStatus& status);
void from_json(const nlohmann::json& json, RunStatus& status);

}  // namespace fixynn
