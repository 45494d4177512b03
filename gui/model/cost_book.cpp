// SPDX-License-Identifier: Apache-2.0
#include "gui/model/cost_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace fixynn::gui {
namespace {

// So many are kept, costs and FFEs of some 50 kB each: a long drag leaves many.
constexpr size_t kMostCosts = 300, kMostPlans = 40, kMostFfes = 300;

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kSettling{200};

/// One processor is left for the window.
int study_threads() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) - 1);
}

std::string plan_key(const DesignBasis& basis, const Design& design) {
  return fmt::format("{} {}", static_cast<const void*>(&basis), bits_option(design.bits));
}

std::string costs_key(const DesignBasis& basis, const Design& design) {
  return fmt::format("{} n {} tap {} area {} model {} {}", plan_key(basis, design), design.fixed_layers,
                     design.tap_layer.value_or(0), design.area_mm2, static_cast<int>(design.model),
                     design.technology);
}

/// What the FFEs of all N depend on. The early tap is the design's own FFE's alone.
std::string ffes_key(const DesignBasis& basis, const Design& design) {
  return fmt::format("{} model {} {} tap {} of {}", plan_key(basis, design), static_cast<int>(design.model),
                     design.technology, design.tap_layer.value_or(0),
                     design.tap_layer ? design.fixed_layers : 0);
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
    const bool exact = paper || exact_plans_.contains(plan_key(*basis, design));
    made = make_costs(*basis, design, ffes(basis, design),
                      exact ? CostQuality::kExact : CostQuality::kEstimate, technology(design.technology));
  } catch (const std::exception& problem) {
    made.design = design;
    made.error = problem.what();
  }
  if (made.known() && made.quality == CostQuality::kEstimate) want(basis, design, first);
  auto result = std::make_shared<const DesignCosts>(std::move(made));
  costs_[key] = {basis, result};
  return result;
}

/// Kept apart from the costs: they do not change while the area or the number of layers is dragged.
const std::vector<FfeCost>& CostBook::ffes(const BasisPointer& basis, const Design& design) {
  const std::string key = ffes_key(*basis, design);
  if (const auto known = ffes_.find(key); known != ffes_.end()) return known->second.second;
  if (ffes_.size() >= kMostFfes) ffes_.clear();
  const Technology& with = technology(design.technology);
  const auto exact = exact_plans_.find(plan_key(*basis, design));
  std::vector<FfeCost> made = exact != exact_plans_.end() ? ffes_of(exact->second.second, design, with)
                                                          : estimate_ffes(*basis, design, with);
  return ffes_.emplace(key, std::pair(basis, std::move(made))).first->second.second;
}

void CostBook::want(const BasisPointer& basis, const Design& design, bool first) {
  // Exact counts of weights that nobody has would only look exact.
  if (!exact_ || basis->assumed()) return;
  const std::string key = plan_key(*basis, design);
  if (failed_.contains(key)) return;
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
  queue_.insert(first ? queue_.begin() : queue_.end(),
                Request{key, basis, design, first, first ? Clock::now() + kSettling : Clock::time_point{}});
  start_next();
}

void CostBook::start_next() {
  while (!working_ && !queue_.empty() && queue_.front().not_before <= Clock::now()) {
    Request next = std::move(queue_.front());
    queue_.erase(queue_.begin());
    if (exact_plans_.contains(next.key)) continue;
    CostRequest request;
    request.fixed_layers = {MobileNet::kLayers};
    request.threads = study_threads();
    try {
      working_number_ = study_.submit(hardware_design(*next.basis, next.design), request);
      working_ = std::move(next);
    } catch (const std::exception& problem) {
      error_ = problem.what();
      failed_[next.key] = {next.basis, *error_};
    }
  }
}

bool CostBook::poll() {
  start_next();
  if (!working_) return false;
  if (auto result = study_.take(); result && result->first == working_number_) {
    if (exact_plans_.size() >= kMostPlans) exact_plans_.clear();
    exact_plans_[working_->key] = {working_->basis, std::move(result->second.plans.front())};
    std::erase_if(costs_, [&](const auto& entry) {
      return entry.second.second->quality == CostQuality::kEstimate &&
             plan_key(*entry.second.first, entry.second.second->design) == working_->key;
    });
    std::erase_if(ffes_,
                  [&](const auto& entry) { return entry.first.starts_with(working_->key + " model"); });
    error_.reset();
  } else if (const BackgroundStudy::State state = study_.state(); !state.busy && state.error) {
    error_ = state.error;
    failed_[working_->key] = {working_->basis, *error_};
  } else {
    return false;
  }
  working_.reset();
  start_next();
  return true;
}

void CostBook::keep_only(const std::vector<BasisPointer>& bases) {
  const auto drop = [&bases](auto& entries) {
    std::erase_if(entries, [&](const auto& entry) {
      return std::find(bases.begin(), bases.end(), entry.second.first) == bases.end();
    });
  };
  drop(costs_), drop(ffes_), drop(exact_plans_), drop(failed_);
}

std::pair<int, int> CostBook::progress() const {
  const BackgroundStudy::State state = study_.state();
  return {state.done, state.total};
}

}  // namespace fixynn::gui
