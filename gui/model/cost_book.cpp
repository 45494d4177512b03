// SPDX-License-Identifier: Apache-2.0
#include "gui/model/cost_book.h"

#include <fmt/format.h>

#include <algorithm>

namespace fixynn::gui {
namespace {

// Figures of so many designs are kept (some 50 kB each), and so many exact plans: a long drag leaves many.
constexpr size_t kMostCosts = 300, kMostPlans = 40;

/// A basis is never changed and lives while one of its keys is used, so its address names it.
std::string plan_key(const DesignBasis& basis, const Design& design) {
  return fmt::format("{} {}", static_cast<const void*>(&basis), bits_option(design.bits));
}

std::string costs_key(const DesignBasis& basis, const Design& design) {
  return fmt::format("{} n {} tap {} area {} model {} {}", plan_key(basis, design), design.fixed_layers,
                     design.tap_layer.value_or(0), design.area_mm2, static_cast<int>(design.model),
                     design.technology);
}

}  // namespace

CostBook::CostBook(std::shared_ptr<AdderGraphCache> cache) : study_(std::move(cache)) {}

const Technology& CostBook::technology(const std::string& name) {
  const auto found = technologies_.find(name);
  return found != technologies_.end() ? found->second
                                      : technologies_.emplace(name, find_technology(name)).first->second;
}

CostsPointer CostBook::costs(const BasisPointer& basis, const Design& design, bool first) {
  const std::string key = costs_key(*basis, design);
  const bool paper = design.model == CostModelKind::kPaper;
  if (const auto known = costs_.find(key); known != costs_.end()) {
    if (known->second.second->quality == CostQuality::kEstimate) want(basis, design, first);
    return known->second.second;
  }
  if (costs_.size() >= kMostCosts) costs_.clear();
  DesignCosts made;
  try {
    const Technology& known = technology(design.technology);
    const auto exact = exact_plans_.find(plan_key(*basis, design));
    const bool is_exact = paper || exact != exact_plans_.end();
    made = make_costs(*basis, design,
                      exact != exact_plans_.end() ? ffes_of(exact->second, design, known)
                                                  : estimate_ffes(*basis, design, known),
                      is_exact ? CostQuality::kExact : CostQuality::kEstimate, known);
  } catch (const std::exception& problem) {
    made.design = design;
    made.error = problem.what();
  }
  if (made.known() && made.quality == CostQuality::kEstimate) want(basis, design, first);
  auto result = std::make_shared<const DesignCosts>(std::move(made));
  costs_[key] = {basis, result};
  return result;
}

void CostBook::want(const BasisPointer& basis, const Design& design, bool first) {
  // Exact counts of weights that nobody has would only look exact.
  if (!exact_ || basis->assumed()) return;
  const std::string key = plan_key(*basis, design);
  if (std::find(failed_.begin(), failed_.end(), key) != failed_.end()) return;
  if (working_ && working_->key == key) return;
  const auto queued =
      std::find_if(queue_.begin(), queue_.end(), [&](const Request& request) { return request.key == key; });
  if (queued != queue_.end()) {
    if (!first || queued == queue_.begin()) return;
    queue_.erase(queued);
  }
  if (first) {
    // Of the designs that a drag passes only the last one counts; what is not on the screen waits.
    std::erase_if(queue_, [](const Request& request) { return request.on_screen; });
    if (working_ && !working_->on_screen) queue_.insert(queue_.begin(), *working_);
    working_.reset();
  }
  queue_.insert(first ? queue_.begin() : queue_.end(), Request{key, basis, design, first});
  start_next();
}

void CostBook::start_next() {
  while (!working_ && !queue_.empty()) {
    Request next = std::move(queue_.front());
    queue_.erase(queue_.begin());
    if (exact_plans_.contains(next.key)) continue;
    CostRequest request;
    request.fixed_layers = {MobileNet::kLayers};
    try {
      working_number_ = study_.submit(hardware_design(*next.basis, next.design), request);
      working_ = std::move(next);
    } catch (const std::exception& problem) {
      failed_.push_back(next.key);
      error_ = problem.what();
    }
  }
}

bool CostBook::poll() {
  if (!working_) return false;
  if (auto result = study_.take(); result && result->first == working_number_) {
    if (exact_plans_.size() >= kMostPlans) exact_plans_.clear();
    exact_plans_[working_->key] = std::move(result->second.plans.front());
    std::erase_if(costs_, [&](const auto& entry) {
      return entry.second.second->quality == CostQuality::kEstimate &&
             plan_key(*entry.second.first, entry.second.second->design) == working_->key;
    });
    error_.reset();
  } else if (const BackgroundStudy::State state = study_.state(); !state.busy && state.error) {
    failed_.push_back(working_->key);
    error_ = state.error;
  } else {
    return false;
  }
  working_.reset();
  start_next();
  return true;
}

std::pair<int, int> CostBook::progress() const {
  const BackgroundStudy::State state = study_.state();
  return {state.done, state.total};
}

}  // namespace fixynn::gui
