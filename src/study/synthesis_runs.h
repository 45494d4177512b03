// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>

#include "calibrate/synthesis_queue.h"
#include "calibrate/yosys.h"
#include "core/log.h"

// What the programs that run Yosys for minutes have in common.

namespace fixynn {

/// Where scripts, logs and results lie when no folder was named: beside the cache of adder graphs, or in the
/// temporary folder where there is none.
std::filesystem::path default_synthesis_folder();

/// A line for each block that is done, with the time left.
SynthesisProgress synthesis_progress(Log& log);

/// Calls `work` with `yosys.stop` set: on SIGINT or SIGTERM Yosys is killed, and StoppedBySignal thrown,
/// which says where finished blocks are kept.
void run_stoppable(YosysOptions& yosys, const std::function<void()>& work);

}  // namespace fixynn
