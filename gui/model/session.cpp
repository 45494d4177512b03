// SPDX-License-Identifier: Apache-2.0
#include "gui/model/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "hardware/adder_graph_cache.h"

namespace fixynn::gui {
namespace {

constexpr size_t kMostMessages = 200;
constexpr int kSeriesColours = 8;

}  // namespace

Session::Session(SessionOptions options)
    : options_(std::move(options)),
      background_(options_.wake),
      now_(std::chrono::steady_clock::now()),
      empty_basis_(empty_basis()) {
  RunStoreOptions store = options_.run_store;
  store.wake = options_.wake;
  store_ = std::make_unique<RunStore>(std::move(store));
  JobListOptions jobs;
  jobs.wake = options_.wake;
  jobs_ = std::make_unique<JobList>(std::move(jobs));
  book_ = std::make_unique<CostBook>(std::make_shared<AdderGraphCache>(options_.cache_folder));
  book_->set_exact(options_.exact_costs);
  history_.reset(Design{});
  load_session();
  refresh_figures();
}

Session::~Session() {
  save(true);
  // Programs that go on write their logs further.
  std::error_code ignored;
  if (!log_folder_.empty() && jobs_->active() == 0) std::filesystem::remove_all(log_folder_, ignored);
}

void Session::apply(const Action& action) {
  // Whatever an action meets (no memory, no thread left), the window stays and says so.
  try {
    std::visit([this](const auto& wanted) { on(wanted); }, action);
    if (figures_dirty_) refresh_figures();
  } catch (const std::exception& problem) {
    fail_with(problem.what());
  }
}

void Session::apply(const Actions& actions) {
  for (const Action& action : actions) apply(action);
}

bool Session::poll() {
  now_ = std::chrono::steady_clock::now();
  bool changed = false;
  try {
    changed = background_.deliver();
  } catch (const std::exception& problem) {
    fail_with(problem.what());
    changed = true;
  }
  for (const std::string& notice : store_->take_notices()) say(notice), changed = true;
  if (const uint64_t generation = store_->generation(); generation != store_generation_) {
    store_generation_ = generation;
    refresh_runs();
    changed = true;
  }
  if (const uint64_t generation = jobs_->generation(); generation != jobs_generation_) {
    jobs_generation_ = generation;
    follow_jobs();
    changed = true;
  }
  if (book_->poll()) figures_dirty_ = true, changed = true;
  if (figures_dirty_) refresh_figures();
  if (unsaved_) save();
  return changed;
}

void Session::say(const std::string& text, bool failure) {
  messages_.push_back({text, failure, std::chrono::steady_clock::now()});
  if (messages_.size() > kMostMessages) messages_.erase(messages_.begin());
}

const OpenRun* Session::run(int id) const {
  const auto found =
      std::find_if(runs_.begin(), runs_.end(), [&](const OpenRun& open) { return open.run->id == id; });
  return found == runs_.end() ? nullptr : &*found;
}

void Session::refresh_runs() {
  std::vector<OpenRun> next;
  for (const RunPointer& snapshot : store_->snapshots()) {
    const auto known = std::find_if(runs_.begin(), runs_.end(),
                                    [&](const OpenRun& open) { return open.run->id == snapshot->id; });
    if (known != runs_.end()) {
      next.push_back(*known);
      next.back().run = snapshot;
      continue;
    }
    OpenRun open;
    open.run = snapshot;
    open.parent = wanted_parents_[snapshot->id];
    const OpenRun* parent = open.parent != 0 ? run(open.parent) : nullptr;
    open.colour = parent != nullptr ? parent->colour : next_colour_++ % kSeriesColours;
    next.push_back(std::move(open));
  }
  runs_ = std::move(next);
  if (run(active_run_) == nullptr) {
    active_run_ = 0;
    for (const OpenRun& open : runs_) {
      if (open.parent == 0) active_run_ = open.run->id;
    }
  }
  adopt_first_bits();
  load_bases();
  figures_dirty_ = true;
}

/// A run that has just become readable while its design is untouched: the screen shows the run's own bits.
void Session::adopt_first_bits() {
  const OpenRun* active = active_run();
  if (active == nullptr || !active->run->config || adopted_run_ == active_run_) return;
  adopted_run_ = active_run_;
  if (history_.can_undo() || restored_design_) return;
  Design next = design();
  next.bits = run_bits(*active->run->config);
  history_.reset(next);
}

void Session::load_bases() {
  for (OpenRun& open : runs_) {
    const RunSnapshot& run = *open.run;
    // A network with more fixed layers holds more frozen weights: looked at again with each deeper one.
    int deepest = -1;
    for (const Point& point : run.points) deepest = std::max(deepest, point.fixed_layers);
    if (open.basis_loading || !run.config || open.parent != 0) continue;
    if (open.basis_layers == deepest && (open.basis || !open.basis_error.empty())) continue;
    open.basis_loading = true;
    open.basis_layers = deepest;
    background_.run([this, id = run.id, root = run.root]() -> Background::Delivery {
      BasisPointer basis;
      std::string error;
      try {
        basis = load_basis(root);
      } catch (const std::exception& problem) {
        error = problem.what();
      }
      return [this, id, basis, error] {
        for (OpenRun& target : runs_) {
          if (target.run->id != id) continue;
          target.basis_loading = false;
          target.basis_error = error;
          if (basis) target.basis = basis;
        }
        std::vector<BasisPointer> used = {empty_basis_};
        for (const OpenRun& other : runs_) used.push_back(other.basis);
        book_->keep_only(used);
        load_bases();
        figures_dirty_ = true;
      };
    });
  }
}

BasisPointer Session::active_basis() const {
  const OpenRun* active = active_run();
  if (active != nullptr && active->parent != 0) active = run(active->parent);
  return active != nullptr && active->basis ? active->basis : empty_basis_;
}

std::vector<RunPointer> Session::family(const OpenRun& open) const {
  const int head = open.parent != 0 ? open.parent : open.run->id;
  std::vector<RunPointer> members;
  for (const OpenRun& other : runs_) {
    if (other.run->id == head || other.parent == head) members.push_back(other.run);
  }
  // Of two measurements of the same bits the longer training counts, then the later one.
  std::stable_sort(members.begin(), members.end(), [](const RunPointer& a, const RunPointer& b) {
    const auto rank = [](const RunSnapshot& member) {
      return std::pair(member.config ? member.config->train.epochs : 0,
                       member.facts.sessions.empty() ? "" : fact(member.facts.sessions.front(), "started"));
    };
    return rank(*a) < rank(*b);
  });
  return members;
}

const DesignCosts* Session::run_costs(int id) const {
  const auto found = run_costs_.find(id);
  return found == run_costs_.end() ? nullptr : found->second.get();
}

const DesignCosts* Session::pin_costs(size_t index) const {
  return index < pin_costs_.size() ? pin_costs_[index].get() : nullptr;
}

DesignAccuracy Session::pin_accuracy(const Pin& pin) const {
  const OpenRun* of = run(pin.run);
  const OpenRun* head = of != nullptr && of->parent != 0 ? run(of->parent) : of;
  return accuracy_of(pin.design, head != nullptr ? head->run : nullptr,
                     head != nullptr ? family(*head) : std::vector<RunPointer>{});
}

void Session::refresh_figures() {
  figures_dirty_ = false;
  const BasisPointer basis = active_basis();
  costs_ = book_->costs(basis, design(), true);
  run_costs_.clear();
  for (const OpenRun& open : runs_) {
    const OpenRun* weights = open.parent != 0 ? run(open.parent) : &open;
    if (weights == nullptr || !weights->basis || !open.run->config) continue;
    Design own = design();
    own.tap_layer.reset();
    own.bits = run_bits(*open.run->config);
    run_costs_[open.run->id] = book_->costs(weights->basis, own);
  }
  pin_costs_.clear();
  for (Pin& pin : pins_) {
    pin.run = 0;
    for (const OpenRun& open : runs_) {
      if (!pin.folder.empty() && open.run->root == pin.folder) pin.run = open.run->id;
    }
    const OpenRun* of = run(pin.run);
    const OpenRun* weights = of != nullptr && of->parent != 0 ? run(of->parent) : of;
    pin_costs_.push_back(
        book_->costs(weights != nullptr && weights->basis ? weights->basis : empty_basis_, pin.design));
  }
  const OpenRun* head = head_run();
  accuracy_ = accuracy_of(design(), head != nullptr ? head->run : nullptr,
                          head != nullptr ? family(*head) : std::vector<RunPointer>{});
  sweep_.clear();
}

std::pair<std::string, std::string> Session::quality_text() const {
  if (design().model == CostModelKind::kPaper)
    return {"paper model", "The paper's own model: area and power by fitted laws; no adders are counted."};
  if (costs_->quality == CostQuality::kExact)
    return {"exact", "Adders were counted in the optimised graphs of these weights."};
  const std::string how = "Adders are estimated from the weights' digits";
  if (costs_->assumed_weights)
    return {"estimate", how + "; the weights are assumed, drawn at random in the network's shape."};
  if (book_->busy()) return {"estimate", how + "; the exact count is being made in the background."};
  if (book_->error()) return {"estimate", how + "; the exact count failed: " + *book_->error()};
  return {"estimate", how + "."};
}

const std::vector<std::vector<PlatformPoint>>& Session::area_sweep() const {
  // Some 400 platforms: only when somebody looks at them.
  if (sweep_.empty() && costs_->known()) {
    const Technology& technology = book_->technology(design().technology);
    const BasisPointer basis = active_basis();
    for (const double area : sweep_areas())
      sweep_.push_back(platforms_at(*basis, design(), costs_->ffes, area, technology));
  }
  return sweep_;
}

std::optional<std::string> Session::take_clipboard() {
  return std::exchange(clipboard_, std::nullopt);
}

}  // namespace fixynn::gui
