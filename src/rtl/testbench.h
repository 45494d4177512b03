// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rtl/package.h"

namespace fixynn {

/// tb/*: a wrapper that makes every layer boundary visible, a C++ bench for Verilator, a plain Verilog bench
/// for Icarus, and the simulators' argument files (verilator.f, icarus.f; run in the folder above). Both
/// benches read vectors/, compare every value of every boundary and end with one line of figures.
std::vector<RtlFile> testbench_files(const FfeRtl& ffe);

/// vectors/*: frames, two sets of parameters and, from the integer executor, the codes of every convolution.
/// `images`: [S][S][3] u8 each, at least one. `network` has the input size of `ffe`. The frames are the
/// images and, once more, the first image, for which the second set is committed while the others pass.
std::vector<RtlFile> vector_files(const FfeRtl& ffe, const IntegerNetwork& network,
                                  std::span<const std::vector<uint8_t>> images);

/// The network with other batch norms: every M and B differs, and codes still lie between the clamps. What
/// the last frame of the vectors is computed with.
IntegerNetwork with_other_batch_norm(const IntegerNetwork& network);

enum class Simulator { kVerilator, kIcarus };

/// One sentence that names a program which the simulator needs and which is not installed, the Debian package
/// that has it, and the other simulator; empty where nothing is missing.
std::string what_simulator_lacks(Simulator simulator);

struct SimulationOptions {
  double time_limit_s = 3600;        ///< of each program that is run
  std::function<bool()> stop = {};   ///< asked often; true: everything is killed and run_simulation throws
  std::function<void()> built = {};  ///< called between building and simulating, which may each take long
};

/// What a simulation of the written files found. It passes over the frames twice: at full rate, and with
/// random valid and ready on all streams.
constexpr int kSimulationPasses = 2;

struct VerifyReport {
  Simulator simulator = Simulator::kVerilator;
  std::string simulator_version;
  int images = 0;  ///< those given
  int frames = 0;  ///< of each pass: the images and, with other parameters, the first image once more
  /// All frames of both passes: every code that leaves a convolution, and those that leave the output streams
  /// once more there.
  int64_t values_compared = 0, mismatches = 0;
  std::string first_mismatch;  ///< convolution, image, pixel, channel, expected and found; empty without any
  double build_s = 0, simulate_s = 0;
  int64_t cycles = 0;               ///< of the pass at full rate, as the figures below
  int64_t first_output_cycles = 0;  ///< from the first pixel accepted to the first output pixel offered
  /// Between the starts of frames that follow at once; absent with one image: the other frame waits for its
  /// parameters.
  std::optional<int64_t> frame_interval_cycles;
};

/// Builds and runs the test bench in `package` (a folder that holds the files of all the functions here).
/// Throws one sentence when the simulator is not installed (naming the Debian package), fails, hangs or is
/// stopped. A design that hangs or answers wrongly is no error but has mismatches.
VerifyReport run_simulation(const std::filesystem::path& package, Simulator simulator,
                            const SimulationOptions& options = {});

/// The last line of a bench.
struct BenchResult {
  bool pass = false;
  int64_t frames = 0, values = 0, mismatches = 0, cycles = 0, first_output = 0, interval = 0;
  std::string first_fault;  ///< the first line that begins with MISMATCH or ERROR; empty without any
};
/// Nothing where the text has no such line.
std::optional<BenchResult> parse_bench_output(const std::string& text);

}  // namespace fixynn
