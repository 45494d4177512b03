// SPDX-License-Identifier: Apache-2.0
#include "study/synthesis_runs.h"

#include "core/error.h"
#include "core/stop_signal.h"
#include "core/text.h"
#include "hardware/adder_graph_cache.h"

namespace fixynn {

std::filesystem::path default_synthesis_folder() {
  const std::filesystem::path cache = AdderGraphCache::default_folder();
  return cache.empty() ? std::filesystem::temp_directory_path() / "fixynn-calibrate"
                       : cache.parent_path() / "calibrate";
}

SynthesisProgress synthesis_progress(Log& log) {
  return [&log](const SynthesisJob& job, const SynthesisResult& result, int done, int total,
                std::optional<double> left) {
    log.info("[{}/{}] {}: {:.1f} um2 ({}){}", done, total, job.name, result.area_um2,
             result.cached ? "known" : format_duration(result.seconds),
             left && done < total ? ", about " + format_duration(*left) + " left" : "");
  };
}

void run_stoppable(YosysOptions& yosys, const std::function<void()>& work) {
  const StopSignal signal;
  yosys.stop = [&signal] { return signal.received() != 0; };
  try {
    work();
  } catch (const Error&) {
    if (signal.received() == 0) throw;
    throw StoppedBySignal{
        signal.received(),
        fmt::format("stopped; finished blocks are kept in {}, run it again to go on", yosys.work.string())};
  }
}

}  // namespace fixynn
