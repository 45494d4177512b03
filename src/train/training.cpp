// SPDX-License-Identifier: Apache-2.0
#include "train/training.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "integer/lower.h"
#include "train/evaluate.h"
#include "train/plan.h"

namespace fixynn {
namespace {

using Clock = std::chrono::steady_clock;

/// Between two looks at the metrics: short enough for a live progress line and a quick stop.
constexpr double kCollectSeconds = 0.25;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Where the engine observed them: convolutions whose codes would have a bit to spare.
void log_ranges(Log& log, const MobileNet& network, const std::vector<ActivationRange>& ranges) {
  if (ranges.empty()) return;
  size_t least = 0;
  int narrow = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].largest < ranges[least].largest) least = i;
    if (ranges[i].largest < kRelu6Max / 2) ++narrow;
  }
  log.info(
      "weights: {} of {} convolutions stay below half of ReLU6's range on these images; the least is {}, up "
      "to {:.2f}",
      narrow, ranges.size(), network.convs[least].name, ranges[least].largest);
}

double percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

const ModelParameters& StartWeights::get(const RunContext& context, uint64_t seed) {
  if (const auto found = by_seed_.find(seed); found != by_seed_.end()) return found->second;
  Pretrained pretrained =
      context.services.load_pretrained(context.config.model.pretrained, context.network, seed);
  context.log.info("weights: {}", pretrained.description);
  for (const std::string& note : pretrained.notes) context.log.info("weights: {}", note);
  if (pretrained.batch_norm_folded) {
    const TrainPlan plan = make_float_plan(context.network, context.config.train.batch_size);
    const std::unique_ptr<TrainEngine> engine = context.services.make_train_engine(plan);
    engine->attach(context.data.train_set, AugmentSpec{}, seed);
    engine->set_state({pretrained.parameters, std::vector<float>(pretrained.parameters.values.size(), 0.0f)});
    std::vector<uint32_t> samples = epoch_order(context.data.train, seed, 0);
    samples.resize(std::min(samples.size(), static_cast<size_t>(context.config.model.calibration_images)));
    put_back_batch_norm(context.network, engine->measure_statistics(samples, false, false),
                        pretrained.parameters);
    context.log.info(
        "weights: batch norm was folded; put back by measuring every convolution's mean and variance on {} "
        "training "
        "images (the function is unchanged)",
        samples.size());
    log_ranges(context.log, context.network, engine->observed_ranges());
  }
  return by_seed_.emplace(seed, std::move(pretrained.parameters)).first->second;
}

Training::Training(RunContext& context, StartWeights& start_weights, int fixed_layers, uint64_t seed,
                   int64_t sweep_steps_before)
    : context_(context),
      fixed_layers_(fixed_layers),
      seed_(seed),
      steps_(epoch_steps(context.data.train.size(), context.config.train.batch_size)),
      sweep_steps_before_(sweep_steps_before),
      plan_(make_train_plan(context.config, context.network, fixed_layers)),
      start_(Clock::now()),
      last_checkpoint_(start_) {
  LoadedCheckpoint loaded =
      load_checkpoint(checkpoint_path(context, fixed_layers, seed), context.network, context.fingerprint);
  if (!loaded.note.empty()) context.log.warn("{}", loaded.note);
  if (loaded.checkpoint) {
    resume_from(std::move(*loaded.checkpoint));
  } else {
    start_new(start_weights);
  }
  cut_metrics();
}

std::filesystem::path Training::checkpoint_path(const RunContext& context, int fixed_layers, uint64_t seed) {
  const std::string stem =
      RunDirectory::network_stem(fixed_layers, seed, seed == context.config.seeds.front());
  return context.directory.root() / "checkpoints" / (stem + ".safetensors");
}

std::string Training::stem() const {
  return RunDirectory::network_stem(fixed_layers_, seed_, seed_ == context_.config.seeds.front());
}

void Training::resume_from(Checkpoint checkpoint) {
  plan_.frozen = std::move(checkpoint.frozen);
  progress_ = checkpoint.progress;
  frozen_sha256_ = checkpoint.frozen_sha256;
  wall_seconds_before_ = progress_.wall_seconds;
  engine_ = context_.services.make_train_engine(plan_);
  engine_->attach(context_.data.train_set, context_.config.augment, seed_);
  engine_->set_state(checkpoint.state);
  const std::string sha256 =
      frozen_weights_sha256(context_.network, plan_.frozen, checkpoint.state.parameters);
  check_frozen(sha256);
  context_.log.info("fixed layers {}, seed {}: going on from the checkpoint after epoch {}, step {}",
                    fixed_layers_, seed_, progress_.epoch, progress_.step_in_epoch);
}

void Training::start_new(StartWeights& start_weights) {
  const ModelParameters& start = start_weights.get(context_, seed_);
  plan_.frozen = freeze_weights(context_.network, start, plan_.quant, fixed_layers_);
  frozen_sha256_ = frozen_weights_sha256(context_.network, plan_.frozen, start);
  engine_ = context_.services.make_train_engine(plan_);
  engine_->attach(context_.data.train_set, context_.config.augment, seed_);
  engine_->set_state({start, std::vector<float>(start.values.size(), 0.0f)});
  context_.log.info("fixed layers {}, seed {}: {} of {} images on {}; frozen weights sha256 {}",
                    fixed_layers_, seed_, format_plural(context_.config.train.epochs, "epoch"),
                    format_count(steps_.steps * steps_.batch_size), engine_->describe(), frozen_sha256_);
}

void Training::cut_metrics() const {
  std::vector<EpochMetrics> metrics = context_.directory.read_metrics();
  const auto is_ahead = [this](const EpochMetrics& line) {
    return line.fixed_layers == fixed_layers_ && line.seed == seed_ && line.epoch > progress_.epoch;
  };
  if (std::erase_if(metrics, is_ahead) > 0) context_.directory.write_metrics(metrics);
}

bool Training::is_fake_quantised(int epoch) const {
  const bool any_quantised = std::any_of(plan_.quant.begin(), plan_.quant.end(),
                                         [](const ConvQuant& quant) { return quant.quantised(); });
  return any_quantised &&
         phase_reached(epoch, context_.config.train.epochs, context_.config.train.quantise_from);
}

double Training::wall_seconds() const {
  return wall_seconds_before_ + seconds_since(start_);
}

void Training::save() {
  // First, so that a diverged state is never saved over the last good one.
  collect_metrics();
  progress_.wall_seconds = wall_seconds();
  Checkpoint checkpoint;
  checkpoint.fixed_layers = fixed_layers_;
  checkpoint.seed = seed_;
  checkpoint.fingerprint = context_.fingerprint;
  checkpoint.progress = progress_;
  checkpoint.state = engine_->state();
  checkpoint.frozen = plan_.frozen;
  checkpoint.frozen_sha256 = frozen_sha256_;
  save_checkpoint(checkpoint_path(context_, fixed_layers_, seed_), checkpoint, context_.network);
  last_checkpoint_ = Clock::now();
}

bool Training::train() {
  context_.progress.set_state("training");
  while (progress_.epoch < context_.config.train.epochs) {
    if (!train_epoch() || !end_epoch()) {
      save();
      return false;
    }
  }
  return true;
}

bool Training::train_epoch() {
  const TrainConfig& train = context_.config.train;
  const std::vector<uint32_t> order =
      epoch_order(context_.data.train, seed_, static_cast<uint32_t>(progress_.epoch));
  StepSpec phase;
  phase.epoch = static_cast<uint32_t>(progress_.epoch);
  phase.fake_quantise = is_fake_quantised(progress_.epoch);
  phase.frozen_statistics = phase_reached(progress_.epoch, train.epochs, train.freeze_statistics_from);
  const size_t batch = static_cast<size_t>(steps_.batch_size);
  while (progress_.step_in_epoch < steps_.steps) {
    if (context_.stop.requested()) return false;
    train_step(std::span(order).subspan(static_cast<size_t>(progress_.step_in_epoch) * batch, batch), phase);
    if (is_time_to_collect()) add_metrics(engine_->poll_metrics());
    if (seconds_since(last_checkpoint_) >= train.checkpoint_seconds) save();
  }
  collect_metrics();
  return true;
}

void Training::train_step(std::span<const uint32_t> samples, const StepSpec& phase) {
  const TrainConfig& train = context_.config.train;
  const int64_t step = progress_.epoch * steps_.steps + progress_.step_in_epoch;
  StepSpec spec = phase;
  spec.samples = samples;
  spec.learning_rate =
      static_cast<float>(learning_rate_at(train, step, train.epochs * steps_.steps, steps_.steps));
  if (queued_steps_ == 0) queue_start_ = Clock::now();
  engine_->train_step(spec);
  ++queued_steps_;
  ++progress_.step_in_epoch;
}

bool Training::is_time_to_collect() const {
  return queued_steps_ >= queue_limit_ || seconds_since(queue_start_) >= kCollectSeconds;
}

void Training::collect_metrics() {
  if (queued_steps_ != 0) add_metrics(engine_->take_metrics());
}

void Training::add_metrics(const StepMetrics& metrics) {
  const Clock::time_point now = Clock::now();
  const double seconds = std::max(1e-9, std::chrono::duration<double>(now - queue_start_).count());
  queue_start_ = now;
  const int steps = static_cast<int>(metrics.step_loss_sums.size());
  if (!metrics.non_finite.empty()) {
    fail_diverged(progress_.step_in_epoch - queued_steps_ + static_cast<int64_t>(metrics.non_finite_step) + 1,
                  metrics.non_finite);
  }
  queued_steps_ -= steps;
  const double soon = std::clamp(steps * kCollectSeconds / seconds, 1.0, double{kMostQueuedSteps});
  queue_limit_ = std::min(queued_steps_ + static_cast<int>(soon), kMostQueuedSteps);
  progress_.epoch_images += metrics.images;
  progress_.epoch_correct += metrics.correct;
  // One by one: sums of doubles depend on how they are grouped, and an interrupted run takes its metrics at
  // other steps than an unbroken one.
  for (const double loss_sum : metrics.step_loss_sums) progress_.epoch_loss_sum += loss_sum;
  progress_.epoch_train_seconds += seconds;
  progress_.train_seconds += seconds;
  progress_.train_images += metrics.images;
  ProgressStep step;
  step.epoch = progress_.epoch;
  step.step = progress_.step_in_epoch;
  step.sweep_step = sweep_steps_before_ + steps_done();
  step.unfinished = queued_steps_;
  step.images = progress_.epoch_images;
  step.loss_sum = progress_.epoch_loss_sum;
  step.train_seconds = progress_.epoch_train_seconds;
  step.wall_seconds = wall_seconds();
  context_.progress.step(step);
}

void Training::fail_diverged(int64_t step, const std::string& what) const {
  const std::filesystem::path checkpoint = checkpoint_path(context_, fixed_layers_, seed_);
  fail("fixed layers {}, seed {}: training diverged at epoch {}, step {} ({}): lower train.learning_rate; {}",
       fixed_layers_, seed_, progress_.epoch + 1, step, what,
       std::filesystem::exists(checkpoint) ? "the last good state is kept in " + checkpoint.string()
                                           : "nothing was saved yet");
}

bool Training::end_epoch() {
  const RunData& data = context_.data;
  EpochMetrics line;
  line.fixed_layers = fixed_layers_;
  line.seed = seed_;
  line.epochs = context_.config.train.epochs;
  line.epoch = progress_.epoch + 1;
  line.step = line.epoch * steps_.steps;
  const double images = static_cast<double>(std::max<int64_t>(1, progress_.epoch_images));
  line.learning_rate =
      learning_rate_at(context_.config.train, line.step - 1, line.epochs * steps_.steps, steps_.steps);
  line.train_loss = progress_.epoch_loss_sum / images;
  line.train_top1_percent = percent(progress_.epoch_correct, progress_.epoch_images);
  line.fake_quantised = is_fake_quantised(progress_.epoch);
  line.images_per_second = images / std::max(1e-9, progress_.epoch_train_seconds);
  if (!data.validation.empty()) {
    const EvaluationResult result = evaluate_images(data.train_set, data.validation, context_.network.classes,
                                                    float_path(*engine_, data.train_set, line.fake_quantised),
                                                    [this] { return context_.stop.requested(); });
    if (result.stopped) return false;
    line.validation_top1_percent = result.top1_percent();
  }
  line.wall_seconds = wall_seconds();
  // First the line, then the checkpoint: a line ahead of its checkpoint is cut off by the next start, one
  // that was never written would be missing.
  context_.directory.append_metrics(line);
  ++progress_.epoch;
  progress_.step_in_epoch = 0;
  progress_.epoch_images = progress_.epoch_correct = 0;
  progress_.epoch_loss_sum = progress_.epoch_train_seconds = 0;
  save();
  context_.log.info(
      "fixed layers {}, seed {}: epoch {} of {}: loss {:.4f}, train {:.2f} %, validation {}, {} images/s{}",
      fixed_layers_, seed_, line.epoch, line.epochs, line.train_loss, line.train_top1_percent,
      line.validation_top1_percent ? fmt::format("{:.2f} %", *line.validation_top1_percent) : "n/a",
      format_count(static_cast<int64_t>(line.images_per_second)), line.fake_quantised ? ", quantised" : "");
  return true;
}

void Training::check_frozen(const std::string& sha256) const {
  if (sha256 == frozen_sha256_) return;
  fail(
      "fixed layers {}, seed {}: the frozen weights changed during training (sha256 {} before, {} now); "
      "their network "
      "would not run on the fixed hardware, and the run is stopped",
      fixed_layers_, seed_, frozen_sha256_, sha256);
}

}  // namespace fixynn
