// SPDX-License-Identifier: Apache-2.0
#include "core/stop_signal.h"

namespace fixynn {
namespace {

// A signal handler can reach nothing but an object of static storage.
volatile std::sig_atomic_t received_signal = 0;

extern "C" void note_signal(int number) {
  received_signal = number;
  // The next one of either kind acts at once.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

StopSignal::StopSignal() {
  received_signal = 0;
  struct sigaction action {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &former_interrupt_);
  sigaction(SIGTERM, &action, &former_terminate_);
}

StopSignal::~StopSignal() {
  sigaction(SIGINT, &former_interrupt_, nullptr);
  sigaction(SIGTERM, &former_terminate_, nullptr);
}

int StopSignal::received() const {
  return received_signal;
}

}  // namespace fixynn
