// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "run/run_directory.h"

namespace fixynn {

using Facts = std::vector<std::pair<std::string, std::string>>;  ///< key, value; in the file's order

/// What config.yaml and run.yaml say, as far as the report needs it. Missing files and keys leave the
/// defaults: a report of half a run is better than none.
struct RunFacts {
  std::string config_text;  ///< the resolved configuration as it stands in the run directory
  std::string name;
  double alpha = 0.25;
  int input_size = 224;
  Facts data;  ///< scalars of run.yaml's `data`
  int64_t skipped_images = 0;
  std::vector<std::string> skipped;  ///< one sentence an image
  std::vector<Facts> sessions;       ///< starts of the program, oldest first
  std::vector<Facts> trainings;      ///< frozen weights before and after
};

RunFacts read_run_facts(const RunDirectory& directory);

/// Value of a key of YAML in block style such as fixynn-train writes, "" when absent: path {"model",
/// "alpha"}.
std::string yaml_scalar(std::string_view text, const std::vector<std::string>& path);

/// "" when the key is not there.
std::string fact(const Facts& facts, std::string_view key);

}  // namespace fixynn
