// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "gui/model/session.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;

/// "n07_w8-8-8-8-6_a8-8-8-8-8": a folder's name of the fixed layers' bits.
std::string design_folder(const Design& design) {
  std::string weights, activations;
  const auto n = static_cast<size_t>(design.fixed_layers);
  for (size_t layer = 0; layer < n; ++layer) {
    weights += (layer == 0 ? "" : "-") + std::to_string(design.bits[layer].weight_bits);
    activations += (layer == 0 ? "" : "-") + std::to_string(design.bits[layer].activation_bits);
  }
  const std::string tap = design.tap_layer ? fmt::format("_tap{}", *design.tap_layer) : "";
  return fmt::format("n{:02}_w{}_a{}{}", design.fixed_layers, weights, activations, tap);
}

/// Names of configurations are letters, digits, '.', '_' and '-', at most 64.
std::string evaluation_name(const std::string& run, const Design& design) {
  constexpr size_t kLongest = 64;
  std::string name =
      fmt::format("{}-n{}-{}", run, used_layers(design), bits_label(design.bits, used_layers(design)));
  for (char& c : name) {
    if (c == ' ') c = '_';
    if (c == '/') c = '-';
  }
  return name.substr(0, kLongest);
}

/// "ffe.layers" of a configuration for the fixed layers of a design.
std::string layers_override(const Design& design) {
  std::string text;
  for (int layer = 0; layer < design.fixed_layers; ++layer) {
    const ConvQuant& quant = design.bits[static_cast<size_t>(layer)];
    text += fmt::format("{}{}: {{weight_bits: {}, activation_bits: {}}}", text.empty() ? "" : ", ", layer,
                        quant.weight_bits, quant.activation_bits);
  }
  return "ffe.layers={" + text + "}";
}

/// The folder itself, or with a number behind it where it is taken.
fs::path free_folder(const fs::path& wanted) {
  std::error_code ignored;
  fs::path path = wanted;
  for (int number = 2; fs::exists(path, ignored); ++number)
    path = fmt::format("{}_{}", wanted.string(), number);
  return path;
}

/// What a package's manifest says of its simulation, as a sentence.
std::string verification_sentence(const fs::path& manifest) {
  try {
    const nlohmann::json json = nlohmann::json::parse(read_text_file(manifest));
    const nlohmann::json& verify = json.at("verify");
    if (verify.is_null()) return "Verilog written, not simulated";
    const auto different = verify.at("mismatches").get<int64_t>();
    return fmt::format("Verilog verified on {}: {} values compared, {} different",
                       format_plural(verify.at("images").get<int64_t>(), "image"),
                       format_count(verify.at("values_compared").get<int64_t>()), different);
  } catch (const std::exception&) {
    return "Verilog written; its manifest says nothing of a simulation";
  }
}

std::string design_json(const Design& design) {
  nlohmann::json bits = nlohmann::json::array();
  for (int layer = 0; layer < design.fixed_layers; ++layer) {
    const ConvQuant& quant = design.bits[static_cast<size_t>(layer)];
    bits.push_back({{"weight_bits", quant.weight_bits}, {"activation_bits", quant.activation_bits}});
  }
  const nlohmann::json json = {{"fixed_layers", design.fixed_layers},
                               {"area_mm2", design.area_mm2},
                               {"tap_layer", design.tap_layer.value_or(0)},
                               {"technology", design.technology},
                               {"layers", bits}};
  return json.dump(1) + "\n";
}

/// Relative paths of a configuration are meant from where its training was started.
fs::path started_in(const RunSnapshot& run) {
  return run.facts.sessions.empty() ? fs::path() : fs::path(fact(run.facts.sessions.back(), "folder"));
}

std::string absolute_text(const fs::path& path) {
  std::error_code ignored;
  return fs::absolute(path, ignored).lexically_normal().string();
}

}  // namespace

/// Outside of run directories, which fixynn-train wants to itself.
fs::path Session::job_log() {
  if (log_folder_.empty()) {
    std::error_code ignored;
    const fs::path temporary = fs::temp_directory_path(ignored);
    std::string pattern = ((ignored ? fs::path("/tmp") : temporary) / "fixynn-gui-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) fail("{}: no folder for logs can be made there", pattern);
    log_folder_ = pattern;
  }
  return log_folder_ / fmt::format("job_{}.log", ++job_logs_);
}

void Session::start_job(const std::function<JobSpec()>& make) {
  try {
    jobs_->start(make());
  } catch (const std::exception& problem) {
    fail_with(problem.what());
  }
}

void Session::on(const StartSweep& action) {
  start_job([&] {
    JobSpec job;
    const fs::path run = absolute_text(action.run_directory);
    job.title = "train " + action.config.filename().string();
    job.kind = JobKind::kSweep;
    job.run_directory = run;
    std::vector<std::string> words = {program_path("fixynn-train"), absolute_text(action.config), "--run-dir",
                                      run.string()};
    for (const std::string& override : action.overrides) {
      words.push_back("--set");
      words.push_back(override);
    }
    job.steps = {{words, job_log()}};
    return job;
  });
}

std::string Session::resume_fault(int id) const {
  const OpenRun* open = run(id);
  if (open == nullptr) return "no run is open";
  if (!open->run->config) return "its configuration cannot be read";
  if (!open->run->writable) return "its folder cannot be written";
  switch (open->run->state) {
    case RunState::kStopped:
    case RunState::kFailed:
    case RunState::kLost:
      return "";
    case RunState::kLive:
      return "it is running";
    case RunState::kFinished:
      return "it is finished";
    default:
      return "its folder cannot be read";
  }
}

void Session::on(const ResumeRun& action) {
  if (const std::string fault = resume_fault(action.run); !fault.empty())
    return fail_with("resume: " + fault);
  const RunPointer target = run(action.run)->run;
  start_job([&] {
    JobSpec job;
    job.title = "resume " + target->title;
    job.kind = JobKind::kSweep;
    job.run_directory = target->root;
    job.folder = started_in(*target);
    job.steps = {{{program_path("fixynn-train"), (target->root / "config.yaml").string(), "--run-dir",
                   target->root.string(), "--resume"},
                  job_log()}};
    return job;
  });
}

std::string Session::stop_fault(int id) const {
  const OpenRun* open = run(id);
  if (open == nullptr) return "no run is open";
  // One that looks lost may only be behind a mount that stalls.
  if (open->run->state != RunState::kLive && open->run->state != RunState::kLost) return "it is not running";
  return open->run->writable ? "" : "its folder cannot be written, so it cannot be asked to stop";
}

void Session::on(const StopRun& action) {
  if (const std::string fault = stop_fault(action.run); !fault.empty()) return fail_with("stop: " + fault);
  const RunPointer target = run(action.run)->run;
  for (const JobPointer& job : jobs_->snapshots()) {
    if (job->is_active() && job->spec.run_directory == target->root) return jobs_->stop(job->id);
  }
  // Somebody else's, perhaps on another host: a file asks for the stop.
  background_.run([this, target]() -> Background::Delivery {
    try {
      create_folders(target->root / "control");
      write_file_atomic(target->root / "control" / "stop.json",
                        std::string_view("{\"from\": \"fixynn-gui\"}\n"));
      return [this, target] { say(target->title + ": asked to stop at the next batch, with a checkpoint"); };
    } catch (const std::exception& problem) {
      return [this, text = std::string(problem.what())] { fail_with(text); };
    }
  });
}

void Session::on(const StopJob& action) {
  jobs_->stop(action.job);
}

void Session::on(const DismissJob& action) {
  if (action.job == 0) {
    jobs_->dismiss_ended();
  } else {
    jobs_->dismiss(action.job);
  }
}

const OpenRun* Session::head_run() const {
  const OpenRun* active = active_run();
  return active != nullptr && active->parent != 0 ? run(active->parent) : active;
}

/// Folder of the design in its run: "designs" for evaluations, "export" for packages.
fs::path Session::design_place(const char* below) const {
  return head_run()->run->root / below / design_folder(design());
}

/// Whether such a job works in that folder, or one with a number behind its name, now.
bool Session::job_runs_in(JobKind kind, const fs::path& place) const {
  const std::vector<JobPointer> jobs = jobs_->snapshots();
  return std::any_of(jobs.begin(), jobs.end(), [&](const JobPointer& job) {
    const std::optional<fs::path>& folder =
        kind == JobKind::kEvaluate ? job->spec.run_directory : job->spec.result;
    return job->is_active() && job->spec.kind == kind && folder &&
           folder->string().starts_with(place.string());
  });
}

std::string Session::evaluate_fault() const {
  const OpenRun* head = head_run();
  if (head == nullptr) return "open a run first: its data, weights and recipe are used";
  if (!head->run->config) return "the run's configuration cannot be read";
  if (!head->run->writable) return "the run's folder cannot be written";
  const fs::path place = design_place("designs");
  if (evaluations_starting_.contains(place) || job_runs_in(JobKind::kEvaluate, place)) {
    return "this design is being evaluated";
  }
  return "";
}

void Session::on(const Evaluate&) {
  if (const std::string fault = evaluate_fault(); !fault.empty()) return fail_with("evaluate: " + fault);
  const OpenRun& head = *head_run();
  const RunConfig& config = *head.run->config;
  const int epochs = std::clamp(settings_.evaluate_epochs, 1, std::max(1, config.train.epochs));
  const double warmup = std::min(config.train.warmup_epochs, epochs / 2.0);
  std::vector<std::string> overrides = {
      "name=" + evaluation_name(config.name, design()),
      // With an early tap both networks: of the layers used, whose accuracy counts, and of those built, for
      // export.
      used_layers(design()) == design().fixed_layers
          ? fmt::format("fixed_layers=[{}]", design().fixed_layers)
          : fmt::format("fixed_layers=[{}, {}]", used_layers(design()), design().fixed_layers),
      fmt::format("seeds=[{}]", config.seeds.front()), fmt::format("train.epochs={}", epochs),
      fmt::format("train.warmup_epochs={}", warmup)};
  if (design().fixed_layers > 0) overrides.push_back(layers_override(design()));
  const std::string title = fmt::format("evaluate N = {}, {}", design().fixed_layers,
                                        bits_label(design().bits, design().fixed_layers));
  evaluations_starting_.insert(design_place("designs"));
  background_.run([this, title, overrides, root = head.run->root, parent = head.run->id,
                   start = started_in(*head.run),
                   wanted = design_place("designs")]() -> Background::Delivery {
    const fs::path folder = free_folder(wanted);
    return [=, this] {
      start_job([&] {
        JobSpec job;
        job.title = title;
        job.kind = JobKind::kEvaluate;
        job.run_directory = folder;
        job.folder = start;
        std::vector<std::string> words = {program_path("fixynn-train"), (root / "config.yaml").string(),
                                          "--run-dir", folder.string()};
        for (const std::string& override : overrides) words.insert(words.end(), {"--set", override});
        job.steps = {{words, job_log()}};
        return job;
      });
      job_parents_[folder] = parent;
      evaluations_starting_.erase(wanted);
    };
  });
}

std::optional<MeasuredPoint> Session::exported_point() const {
  const OpenRun* head = head_run();
  return head == nullptr ? std::nullopt : built_point(design(), head->run, family(*head));
}

std::string Session::export_fault() const {
  if (design().fixed_layers == 0) return "no layer is fixed: there is nothing to build";
  if (const OpenRun* head = head_run(); head != nullptr && !head->run->config) {
    return "the run's configuration cannot be read: what its network was trained with is not known";
  }
  if (!exported_point()) {
    return fmt::format("no network was trained with {} fixed at these bits: evaluate it first",
                       format_plural(design().fixed_layers, "layer"));
  }
  if (!costs_->known()) return costs_->error;
  if (!costs_->platform().feasible) return costs_->platform().reason;
  if (!head_run()->run->writable) return "the run's folder cannot be written";
  return job_runs_in(JobKind::kExport, design_place("export")) ? "this design is being exported" : "";
}

void Session::on(const Export&) {
  if (const std::string fault = export_fault(); !fault.empty()) return fail_with("export: " + fault);
  const OpenRun& head = *head_run();
  const MeasuredPoint point = *exported_point();
  const RunPointer trained = point.run;
  const fs::path folder = design_place("export");
  start_job([&] {
    const std::string n = std::to_string(design().fixed_layers);
    std::vector<std::string> rtl = {
        program_path("fixynn-rtl"),   network_of(point).string(), "--fixed-layers", n, "--out",
        (folder / "verilog").string()};
    if (design().tap_layer) rtl.insert(rtl.end(), {"--tap", std::to_string(*design().tap_layer)});
    if (trained->config && settings_.verify_images > 0 && !trained->config->data.root.empty()) {
      rtl.insert(rtl.end(), {"--verify", trained->config->data.root, "--images",
                             std::to_string(settings_.verify_images)});
    }
    std::vector<std::string> report = {program_path("fixynn-report"), head.run->root.string()};
    if (trained->root != head.run->root) report.push_back(trained->root.string());
    report.insert(report.end(), {"--out", (folder / "report").string(), "--area-mm2",
                                 fmt::format("{}", design().area_mm2), "--technology", design().technology});
    JobSpec job;
    job.title = "export N = " + n + ", " + bits_label(design().bits, design().fixed_layers);
    job.kind = JobKind::kExport;
    job.result = folder;
    job.folder = started_in(*trained);
    job.steps = {{rtl, folder / "fixynn-rtl.log"}, {report, folder / "fixynn-report.log"}};
    return job;
  });
  design_files_[folder] = {design_json(design()), trained->config_text};
}

std::string Session::report_fault() const {
  const OpenRun* head = head_run();
  if (head == nullptr) return "open a run first";
  if (head->run->points.empty()) return "the run has no finished training yet";
  return head->run->writable ? "" : "the run's folder cannot be written";
}

void Session::on(const MakeReport&) {
  if (const std::string fault = report_fault(); !fault.empty()) return fail_with("report: " + fault);
  const OpenRun& head = *head_run();
  start_job([&] {
    JobSpec job;
    std::vector<std::string> words = {program_path("fixynn-report"), head.run->root.string()};
    for (const RunPointer& member : family(head)) {
      if (member->id != head.run->id && !member->points.empty()) words.push_back(member->root.string());
    }
    const fs::path folder = head.run->root / "hardware";
    words.insert(words.end(), {"--out", folder.string(), "--area-mm2", fmt::format("{}", design().area_mm2),
                               "--technology", design().technology});
    job.title = "report of " + head.run->title;
    job.kind = JobKind::kReport;
    job.result = folder / "report.html";
    job.steps = {{words, job_log()}};
    return job;
  });
}

void Session::follow_jobs() {
  job_snapshots_ = jobs_->snapshots();
  for (const JobPointer& job : job_snapshots_) {
    const auto known = known_jobs_.find(job->id);
    const bool changed = known == known_jobs_.end() || known->second != job->state;
    known_jobs_[job->id] = job->state;
    if (!changed) continue;
    if (job->state == JobState::kRunning && job->spec.run_directory) {
      const auto parent = job_parents_.find(*job->spec.run_directory);
      const int head = parent == job_parents_.end() ? 0 : parent->second;
      open_folder(*job->spec.run_directory, head, head == 0);
      if (head == 0) settings_.tab = Tab::kTraining;
    }
    if (job->state == JobState::kFailed) fail_with(job->spec.title + ": " + job->message);
    if (job->state == JobState::kCancelled) say(job->spec.title + ": stopped");
    if (job->state == JobState::kDone) finish_job(*job);
  }
}

void Session::finish_job(const Job& job) {
  store_->refresh_all();
  if (job.spec.kind != JobKind::kExport || !job.spec.result) {
    say(job.spec.title + ": done");
    return;
  }
  // What the package was made of stands beside it, once there is one.
  const auto made_of = design_files_.extract(*job.spec.result);
  const auto files = made_of.empty() ? std::pair<std::string, std::string>{} : made_of.mapped();
  background_.run([this, id = job.id, title = job.spec.title, folder = *job.spec.result,
                   files]() -> Background::Delivery {
    std::string problem;
    try {
      write_file_atomic(folder / "design.json", std::string_view(files.first));
      write_file_atomic(folder / "config.yaml", std::string_view(files.second));
    } catch (const std::exception& error) {
      problem = error.what();
    }
    const std::string sentence = verification_sentence(folder / "verilog" / "manifest.json");
    return [=, this] {
      if (!problem.empty()) fail_with(problem);
      job_results_[id] = sentence;
      say(title + ": " + sentence + "; " + folder.string());
    };
  });
}

std::string Session::job_result(int id) const {
  const auto found = job_results_.find(id);
  return found == job_results_.end() ? "" : found->second;
}

}  // namespace fixynn::gui
