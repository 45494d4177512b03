// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstring>
#include <string>

#include "integer/calibrated_network.h"
#include "stress/stress_package.h"

// Packages for tests/rtl/faults.py.
// usage: make_rtl_package FOLDER           two layers at 32 x 32 with realistic batch norm, a tap, all
// modules
//        make_rtl_package FOLDER --stress  the stress bench's package of seed 2

namespace fixynn {
namespace {

void write_two_layers(const std::filesystem::path& folder) {
  const test::CalibratedNetwork calibrated = test::make_calibrated(32, 2, {8, 8}, 3, 3);
  const IntegerNetwork network = calibrated.lower(2, 8);
  AdderGraphCache cache;
  PlanOptions options;
  options.fold = Fold::kMean;
  options.levels_per_stage = 3;
  const HardwareDesign design = design_from_network(network, {}, 0, "two layers");
  const FfeRtl ffe = build_ffe(network, plan_hardware(design, 2, options, cache, 1), {.tap_layer = 1});
  const std::vector<std::vector<uint8_t>> images(calibrated.images.begin(), calibrated.images.begin() + 2);
  for (const auto& files : {verilog_files(ffe), testbench_files(ffe), vector_files(ffe, network, images)}) {
    for (const RtlFile& file : files) {
      std::filesystem::create_directories((folder / file.path).parent_path());
      write_file_atomic(folder / file.path, file.text, false);
    }
  }
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  if (argc == 2) {
    fixynn::write_two_layers(argv[1]);
  } else if (argc == 3 && std::strcmp(argv[2], "--stress") == 0) {
    fixynn::stress::write_stress_package(argv[1], 2);
  } else {
    std::fprintf(stderr, "usage: make_rtl_package FOLDER [--stress]\n");
    return 2;
  }
  return 0;
}
