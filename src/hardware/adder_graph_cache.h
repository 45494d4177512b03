// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "hardware/optimise_adders.h"

namespace fixynn {

/// Optimised graphs by what they depend on: SHA-256 over weights, sizes, input interval, sharing and
/// kOptimiserVersion. Held in memory and, when a folder is given, in one small file each, checked (checksum
/// and check_adder_graph) when read; a damaged or unreadable file is made anew, an unwritable folder is used
/// without writing. May be used from several threads. A copy is another handle on the same graphs.
class AdderGraphCache {
 public:
  /// An empty folder: memory only.
  explicit AdderGraphCache(std::filesystem::path folder = {});

  /// A handle on the same graphs for work that can be stopped: once `stop` is requested, get() throws Error
  /// within some milliseconds, also where it is at work on a graph. Others who use the graphs go on.
  AdderGraphCache stopped_by(std::stop_token stop) const;
  /// Throws Error where a stop was requested: for long work on graphs that are there.
  void check_stop() const { fixynn::check_stop(stop_); }

  std::shared_ptr<const AdderGraph> get(const ConstantMatrix& matrix, Interval input, Sharing sharing);

  /// The graph if it needs no optimising, else null.
  std::shared_ptr<const AdderGraph> find(const ConstantMatrix& matrix, Interval input, Sharing sharing);

  /// $XDG_CACHE_HOME/fixynn/adder_graphs, or ~/.cache/fixynn/adder_graphs, or empty without either variable.
  static std::filesystem::path default_folder();

 private:
  struct Graphs {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<const AdderGraph>> by_key;
  };
  std::filesystem::path folder_;
  std::shared_ptr<Graphs> graphs_;
  std::stop_token stop_;
};

}  // namespace fixynn
