// SPDX-License-Identifier: Apache-2.0
#include "export/step_line.h"

#include "core/text.h"

namespace fixynn {
namespace {

constexpr auto kPeriod = std::chrono::milliseconds(500);
constexpr double kWorthTelling = 0.2;  // seconds
constexpr double kPeriodOfLog = 20;    // seconds between lines where there is no terminal

}  // namespace

StepLine::StepLine(Log& log, const StopSignal& signal, std::string what)
    : log_(log), signal_(signal), what_(std::move(what)), start_(Clock::now()), thread_([this] { show(); }) {}

StepLine::~StepLine() {
  stop_thread();
}

void StepLine::set_detail(const std::string& detail) {
  const std::lock_guard lock(mutex_);
  detail_ = detail;
}

double StepLine::done() {
  stop_thread();
  const double taken = seconds();
  if (taken >= kWorthTelling) log_.info("{}: {}", what_, format_duration(taken));
  return taken;
}

void StepLine::stop_thread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
  log_.live("");
}

void StepLine::show() {
  std::unique_lock lock(mutex_);
  double told = 0;
  while (!wake_.wait_for(lock, kPeriod, [this] { return ending_; })) {
    const std::string stopping = signal_.received() == 0 ? "" : "; stopping, Ctrl-C again ends at once";
    const std::string line = fmt::format("{}: {} so far{}{}{}", what_, format_duration(seconds()),
                                         detail_.empty() ? "" : ", ", detail_, stopping);
    log_.live(line);
    if (!log_.terminal() && seconds() - told >= kPeriodOfLog) {
      log_.info("{}", line);
      told = seconds();
    }
  }
}

}  // namespace fixynn
