// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "doctor/machine_facts.h"
#include "engine/device_facts.h"

namespace fixynn {

enum class Health { kOk, kMissing, kProblem };

/// One line of the report.
struct Finding {
  std::string key;   ///< "cudnn", for scripts
  std::string name;  ///< "cuDNN"
  Health health = Health::kOk;
  std::string text;  ///< what was found
  std::string cost;  ///< what the user goes without, and how to get it; empty when it is well
};

std::vector<Finding> diagnose(const MachineFacts& machine, const DeviceFacts& devices);

/// A table: state, name, what was found; costs on lines of their own.
std::string findings_text(const std::vector<Finding>& findings);

/// One line: {"program": ..., "findings": [{"key", "health": "ok"|"missing"|"problem", "text", "cost"}],
/// "facts": {numbers and names}}.
std::string findings_json(const std::string& program, const std::vector<Finding>& findings,
                          const MachineFacts& machine, const DeviceFacts& devices);

}  // namespace fixynn
