// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "hardware/optimise_adders.h"

namespace fixynn {

/// Optimised graphs by what they depend on: SHA-256 over weights, sizes, input interval, sharing and
/// kOptimiserVersion. Held in memory and, when a folder is given, in one small file each, checked (checksum
/// and check_adder_graph) when read; a damaged or unreadable file is made anew, an unwritable folder is used
/// without writing. May be used from several threads.
class AdderGraphCache {
 public:
  /// An empty folder: memory only.
  explicit AdderGraphCache(std::filesystem::path folder = {});

  std::shared_ptr<const AdderGraph> get(const ConstantMatrix& matrix, Interval input, Sharing sharing);

  /// The graph if it needs no optimising, else null.
  std::shared_ptr<const AdderGraph> find(const ConstantMatrix& matrix, Interval input, Sharing sharing);

  /// $XDG_CACHE_HOME/fixynn/adder_graphs, or ~/.cache/fixynn/adder_graphs, or empty without either variable.
  static std::filesystem::path default_folder();

 private:
  std::filesystem::path folder_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const AdderGraph>> graphs_;
};

}  // namespace fixynn
