// SPDX-License-Identifier: Apache-2.0
#include "train/progress.h"

#include <unistd.h>

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace fixynn {
namespace {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

constexpr auto kStatusPeriod = std::chrono::seconds(1);
constexpr auto kLivePeriod = std::chrono::milliseconds(200);
constexpr auto kLinePeriod = std::chrono::seconds(10);
constexpr auto kLossPeriod = std::chrono::seconds(1);

}  // namespace

double ProgressStep::loss() const {
  return loss_sum / static_cast<double>(std::max<int64_t>(1, images));
}

double ProgressStep::images_per_second() const {
  return static_cast<double>(images) / std::max(1e-9, train_seconds);
}

Progress::Progress(const RunDirectory& directory, Log& log)
    : directory_(directory),
      log_(log),
      training_start_(Clock::now()),
      last_live_(training_start_),
      last_line_(training_start_),
      last_loss_(training_start_) {
  status_.state = "starting";
  status_.pid = ::getpid();
  status_.host = host_name();
  write_status();
  heartbeat_ = std::thread([this] { beat(); });
}

Progress::~Progress() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (heartbeat_.joinable()) heartbeat_.join();
}

void Progress::beat() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kStatusPeriod, [this] { return ending_; })) {
    try {
      write_status();
    } catch (const Error&) {
      // A full disk: the next checkpoint tells the user, and training itself can go on until then.
    }
  }
}

void Progress::write_status() {
  status_.heartbeat = utc_timestamp();
  directory_.write_status(status_);
}

void Progress::set_sweep(int64_t steps_done, int64_t steps_total) {
  const std::lock_guard lock(mutex_);
  first_step_ = sweep_step_ = steps_done;
  sweep_steps_ = steps_total;
  training_start_ = Clock::now();
  status_.progress =
      steps_total > 0 ? static_cast<double>(steps_done) / static_cast<double>(steps_total) : 0.0;
}

void Progress::begin_point(const ProgressPoint& point) {
  const std::lock_guard lock(mutex_);
  point_ = point;
  loss_step_ = {};
  status_.fixed_layers = point.fixed_layers;
  status_.seed = point.seed;
  status_.epoch = 0;
  status_.epochs = point.epochs;
  status_.step = 0;
  status_.steps = point.epochs * point.steps_per_epoch;
}

void Progress::set_state(const std::string& state, const std::string& message) {
  const std::lock_guard lock(mutex_);
  status_.state = state;
  status_.message = message;
}

std::optional<double> Progress::eta_seconds() const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - training_start_).count();
  const int64_t done = sweep_step_ - first_step_;
  if (elapsed < 2.0 || done <= 0) return std::nullopt;
  return elapsed / static_cast<double>(done) *
         static_cast<double>(std::max<int64_t>(0, sweep_steps_ - sweep_step_));
}

std::string Progress::line(double loss) const {
  const std::optional<double> eta = eta_seconds();
  return fmt::format(
      "training {} of {} (fixed layers {}, seed {}): epoch {} of {}, step {} of {}, loss {:.3f}, {} "
      "images/s, {} left",
      point_.number, point_.count, point_.fixed_layers, point_.seed, epoch_ + 1, point_.epochs,
      step_in_epoch_, point_.steps_per_epoch, loss,
      format_count(static_cast<int64_t>(status_.images_per_second)), eta ? format_duration(*eta) : "n/a");
}

void Progress::step(const ProgressStep& now) {
  const std::lock_guard lock(mutex_);
  sweep_step_ = now.sweep_step;
  epoch_ = now.epoch;
  step_in_epoch_ = now.step;
  status_.epoch = now.step == point_.steps_per_epoch ? now.epoch + 1 : now.epoch;
  status_.step = now.epoch * point_.steps_per_epoch + now.step;
  status_.images_per_second = now.images_per_second();
  status_.progress =
      sweep_steps_ > 0 ? static_cast<double>(now.sweep_step) / static_cast<double>(sweep_steps_) : 0.0;
  status_.eta_seconds = eta_seconds();
  const Clock::time_point time = Clock::now();
  if (log_.terminal() && time - last_live_ >= kLivePeriod) {
    last_live_ = time;
    log_.live(line(now.loss()));
  }
  if (time - last_line_ >= kLinePeriod) {
    last_line_ = time;
    log_.progress(line(now.loss()));
  }
  const bool ends_epoch = now.step == point_.steps_per_epoch && now.unfinished == 0;
  if (ends_epoch || time - last_loss_ >= kLossPeriod) {
    last_loss_ = time;
    append_loss(now);
  }
}

void Progress::append_loss(const ProgressStep& now) {
  if (now.epoch != loss_step_.epoch) loss_step_ = {};
  const int64_t images = now.images - loss_step_.images;
  if (images <= 0) return;
  const double seconds = now.train_seconds - loss_step_.train_seconds;
  LiveLoss line;
  line.fixed_layers = point_.fixed_layers;
  line.seed = point_.seed;
  line.epoch = now.epoch + 1;
  line.step = now.epoch * point_.steps_per_epoch + now.step - now.unfinished;
  line.loss = (now.loss_sum - loss_step_.loss_sum) / static_cast<double>(images);
  line.images_per_second = static_cast<double>(images) / std::max(1e-9, seconds);
  line.wall_seconds = now.wall_seconds;
  loss_step_ = now;
  // A full disk or a missing right: the curve has a gap, the training none.
  (void)directory_.append_loss(line);
}

void Progress::finish(const std::string& state, const std::string& message) {
  const std::lock_guard lock(mutex_);
  status_.state = state;
  status_.message = message;
  status_.eta_seconds.reset();
  if (state == "finished") status_.progress = 1.0;
  ending_ = true;
  wake_.notify_all();
  write_status();
}

}  // namespace fixynn
