// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gui/model/design_costs.h"
#include "study/background_study.h"

namespace fixynn::gui {

using CostsPointer = std::shared_ptr<const DesignCosts>;

/// Costs of designs, at once as estimates, later exactly: one set of bits after the other goes to a
/// background study, that of the design on the screen first. For one thread.
class CostBook {
 public:
  explicit CostBook(std::shared_ptr<AdderGraphCache> cache);

  /// By exact plans where they are there, else estimated. `first`: its exact plan is worked on before all
  /// others; those of other designs follow.
  CostsPointer costs(const BasisPointer& basis, const Design& design, bool first = false);

  /// Forgets what belongs to other bases.
  void keep_only(const std::vector<BasisPointer>& bases);

  /// Takes a finished study and starts the next one. True when figures have changed.
  bool poll();

  bool busy() const { return working_.has_value() || !queue_.empty(); }
  /// Convolutions of the present study: done, total.
  std::pair<int, int> progress() const;
  /// Why the last study failed; its designs stay estimates.
  const std::optional<std::string>& error() const { return error_; }
  /// Off: estimates only.
  void set_exact(bool on) { exact_ = on; }

  /// Read once a name. Throws Error(kUsage) for an unknown one.
  const Technology& technology(const std::string& name);

 private:
  struct Request {
    std::string key;
    BasisPointer basis;
    Design design;
    bool on_screen = false;
    std::chrono::steady_clock::time_point not_before{};  ///< a drag passes many designs
  };
  void want(const BasisPointer& basis, const Design& design, bool first);
  void start_next();
  const std::vector<FfeCost>& ffes(const BasisPointer& basis, const Design& design);

  BackgroundStudy study_;
  std::map<std::string, Technology> technologies_;
  /// Keys name a basis by its address, so every entry keeps its basis alive.
  template <typename Value>
  using ByBasis = std::map<std::string, std::pair<BasisPointer, Value>>;
  ByBasis<HardwarePlan> exact_plans_;  ///< by weights and bits: they depend on nothing else
  ByBasis<CostsPointer> costs_;
  ByBasis<std::vector<FfeCost>> ffes_;
  ByBasis<std::string> failed_;  ///< why
  std::vector<Request> queue_;
  std::optional<Request> working_;
  int working_number_ = 0;
  std::optional<std::string> error_;
  bool exact_ = true;
};

}  // namespace fixynn::gui
