// SPDX-License-Identifier: Apache-2.0
#include "train/run_training.h"

#include <unistd.h>

#include <algorithm>

#include "config/load_config.h"
#include "config/plan_table.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "core/version.h"
#include "run/run_lock.h"
#include "train/plan.h"
#include "train/resume_check.h"
#include "train/training.h"

namespace fixynn {
namespace {

struct SweepItem {
  int fixed_layers;
  uint64_t seed;
};

std::vector<SweepItem> sweep_items(const RunConfig& config) {
  std::vector<SweepItem> items;
  // Seeds outermost: the first seed's whole row is there first.
  for (const uint64_t seed : config.seeds) {
    for (const int fixed_layers : config.fixed_layers) items.push_back({fixed_layers, seed});
  }
  return items;
}

/// A point whose network has been deleted is made again, from the checkpoint where that is left.
bool has_point(const RunDirectory& directory, const std::vector<Point>& points, const SweepItem& item) {
  return std::any_of(points.begin(), points.end(), [&](const Point& point) {
    return point.fixed_layers == item.fixed_layers && point.seed == item.seed &&
           std::filesystem::exists(directory.file(point.network));
  });
}

/// NAME.tmp and the process number that write_file_atomic adds, or the link that a checkpoint's rotation
/// makes.
bool is_temporary(const std::string& name) {
  const size_t at = name.rfind(".tmp");
  return at != std::string::npos && at > 0 &&
         name.find_first_not_of("0123456789", at + 4) == std::string::npos;
}

/// Temporary files of a process that was killed in the middle of a write. Only called under the run
/// directory's lock.
void remove_stale_temporaries(const RunDirectory& directory) {
  for (const char* folder : {"", "checkpoints", "networks", "evaluations"}) {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(directory.root() / folder, code)) {
      if (is_temporary(entry.path().filename().string())) {
        std::filesystem::remove(entry.path(), code);
      }
    }
  }
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

void record_session(RunRecord& record, const RunRequest& request, const TrainEngine& engine) {
  RunSession session;
  session.started = utc_timestamp();
  session.program = fmt::format("fixynn-train {}", kVersion);
  session.revision = kRevision;
  session.command = request.command_line;
  std::error_code unknown;
  session.folder = std::filesystem::current_path(unknown).string();
  session.host = host_name();
  session.pid = ::getpid();
  session.device = engine.describe();
  session.arithmetic = engine.facts().arithmetic();
  record.add_session(session);
}

/// "cpu, 2 threads, AVX3 (cpu, fp32, custom convolutions)"
std::string engine_text(const TrainEngine& engine) {
  return fmt::format("{} ({})", engine.describe(), engine.facts().arithmetic());
}

/// Makes an engine to see that it can be had and what it computes in, and puts it down in run.yaml and the
/// log. Returns the fingerprint of checkpoints.
std::string open_session(RunRecord& record, const RunRequest& request, const TrainServices& services,
                         const MobileNet& network, const RunData& data, Log& log) {
  const std::unique_ptr<TrainEngine> engine =
      services.make_train_engine(make_float_plan(network, request.config.train.batch_size));
  const EngineFacts facts = engine->facts();
  check_arithmetic(request.run_directory, record.last_arithmetic(), facts);
  record_session(record, request, *engine);
  record.set_data(data_facts(data));
  log.info("engine: {}", engine_text(*engine));
  return run_fingerprint(request.config, data.fingerprint, facts);
}

void log_data(const RunData& data, Log& log) {
  log.info("data: {}, {} classes, {} training, {} validation and {} test images of {} x {} pixels", data.name,
           data.train_set.classes(), format_count(static_cast<int64_t>(data.train.size())),
           format_count(static_cast<int64_t>(data.validation.size())),
           format_count(static_cast<int64_t>(data.test.size())), data.train_set.width, data.train_set.height);
  const size_t skipped = data.train_set.skipped.size() + data.test_set.skipped.size();
  if (skipped > 0) {
    const std::string& first =
        data.train_set.skipped.empty() ? data.test_set.skipped.front() : data.train_set.skipped.front();
    log.warn("data: {} left out (data.on_bad_image: skip), listed in run.yaml; the first: {}",
             format_plural(static_cast<int64_t>(skipped), "bad image"), first);
  }
}

void call_on_results(const RunRequest& request, const RunDirectory& directory, Log& log) {
  if (!request.on_results) return;
  try {
    request.on_results(directory);
  } catch (const std::exception& error) {
    log.warn("the report could not be written: {}", error.what());
  }
}

/// Trains and tests every item without a point. False when stopped on request.
bool run_sweep(RunContext& context, const RunRequest& request) {
  const std::vector<SweepItem> items = sweep_items(context.config);
  const int64_t steps_per_epoch =
      epoch_steps(context.data.train.size(), context.config.train.batch_size).steps;
  const int64_t steps_each = steps_per_epoch * context.config.train.epochs;
  const std::vector<Point> points = context.directory.read_points();
  int64_t steps_before = 0;
  bool is_first = true;
  StartWeights start_weights;
  for (size_t i = 0; i < items.size(); ++i, steps_before += steps_each) {
    if (has_point(context.directory, points, items[i])) {
      context.log.info("fixed layers {}, seed {}: finished before", items[i].fixed_layers, items[i].seed);
      continue;
    }
    if (context.stop.requested()) return false;
    context.progress.begin_point({static_cast<int>(i) + 1, static_cast<int>(items.size()),
                                  items[i].fixed_layers, items[i].seed, context.config.train.epochs,
                                  steps_per_epoch});
    Training training(context, start_weights, items[i].fixed_layers, items[i].seed, steps_before);
    if (is_first) {
      context.progress.set_sweep(steps_before + training.steps_done(),
                                 steps_each * static_cast<int64_t>(items.size()));
    }
    is_first = false;
    if (!training.train() || !training.finish()) return false;
    call_on_results(request, context.directory, context.log);
  }
  return true;
}

int train_in(const RunDirectory& directory, const RunRequest& request, const TrainServices& services,
             const StopSignal& signal, Progress& progress, Log& log) {
  RunRecord record(directory.file("run.yaml"));
  const RunData data = load_run_data(request.config.data, services);
  log_data(data, log);
  const MobileNet network =
      make_mobilenet(request.config.model.alpha, request.config.data.size, data.train_set.classes());
  const std::string fingerprint = open_session(record, request, services, network, data, log);

  StopRequest stop(signal, directory);
  RunContext context{request.config, data, network,  services, directory,
                     fingerprint,    log,  progress, stop,     record};
  const bool finished = run_sweep(context, request);
  progress.finish(finished ? "finished" : "stopped",
                  finished ? "" : "stopped on request; continue with --resume");
  call_on_results(request, directory, log);
  if (finished) return 0;
  directory.clear_stop_request();
  log.info("stopped on request; continue with --resume");
  return stop.exit_code();
}

}  // namespace

int run_training(const RunRequest& request, const TrainServices& services, const StopSignal& signal,
                 Log& log) {
  check_data_root(request.config.data);
  check_run_directory(request.run_directory, request.config, request.resume);
  if (services.check_device) services.check_device();
  const RunDirectory directory(request.run_directory);
  directory.create();
  const RunLock lock(request.run_directory);
  remove_stale_temporaries(directory);
  directory.clear_stop_request();
  log.open_file(directory.file("log.txt"));
  const bool anew = !std::filesystem::exists(directory.file("config.yaml"));
  if (!request.resume || anew) {
    write_file_atomic(directory.file("config.yaml"), to_yaml(request.config));
    std::error_code ignored;  // curves of a start that left no results, perhaps of another configuration
    std::filesystem::remove(directory.file("losses.jsonl"), ignored);
  }
  if (anew && request.resume)
    log.warn("there is nothing to resume in {}: it starts anew", request.run_directory.string());
  log.info("fixynn-train {} ({}): run directory {}", kVersion, kRevision, request.run_directory.string());

  const std::filesystem::path status_file = directory.file("status.json");
  const std::string status_before = std::filesystem::exists(status_file) ? read_text_file(status_file) : "";
  Progress progress(directory, log);
  const auto record_failure = [&](const std::string& message) {
    log.fail_line(message);
    try {
      progress.finish("failed", message);
    } catch (const Error&) {
      // The first error, which goes on to the caller, is the one to tell.
    }
  };
  try {
    return train_in(directory, request, services, signal, progress, log);
  } catch (const Error& error) {
    record_failure(error.what());
    // A request that was refused leaves a finished run finished.
    if (error.code() == ExitCode::kUsage && !status_before.empty()) {
      write_file_atomic(status_file, status_before);
    }
    throw;
  } catch (const std::exception& error) {
    record_failure(error.what());
    throw;
  }
}

std::string dry_run(const RunRequest& request, const TrainServices& services) {
  const RunConfig& config = request.config;
  check_data_root(config.data);
  const RunData data = load_run_data(config.data, services);
  const int classes = data.train_set.classes();
  const MobileNet network = make_mobilenet(config.model.alpha, config.data.size, classes);
  const Pretrained pretrained =
      services.load_pretrained(config.model.pretrained, network, config.seeds.front());
  std::string engine;
  for (const int fixed_layers : config.fixed_layers) {
    const TrainPlan plan = make_train_plan(config, network, fixed_layers);
    engine = engine_text(*services.make_train_engine(plan));
  }
  std::string text = layer_table(config, classes);
  text.append("\n").append(plan_summary(config, static_cast<int64_t>(data.train.size())));
  text += fmt::format("weights     {}\n", pretrained.description);
  for (const std::string& note : pretrained.notes) text += fmt::format("            {}\n", note);
  text += fmt::format("engine      {}\n", engine);
  const size_t skipped = data.train_set.skipped.size() + data.test_set.skipped.size();
  if (skipped > 0) text += fmt::format("bad images  {} left out\n", skipped);
  text += fmt::format("run dir     {} (nothing was written)\n", request.run_directory.string());
  return text;
}

}  // namespace fixynn
