// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstring>
#include <string>

#include "integer/calibrated_network.h"
#include "integer/network_file.h"
#include "model/model_file.h"
#include "stress/stress_package.h"

// What tests/rtl/faults.py and tests/export/rtl_program.py work with.
// usage: make_rtl_package FOLDER             two layers at 32 x 32: realistic batch norm, a tap, all modules
//        make_rtl_package FOLDER --stress    the stress bench's package of seed 2
//        make_rtl_package FOLDER --networks  no package but networks of two layers: fixed_02.safetensors;
//        with
//                                            its weights other_task and other_shift; other, float

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

void write_networks(const std::filesystem::path& folder) {
  const test::CalibratedNetwork calibrated = test::make_calibrated(32, 3, {6, 5}, 3, 2);
  const IntegerNetwork network = calibrated.lower(2, kFloatBits);
  std::filesystem::create_directories(folder);
  write_network(folder / "fixed_02.safetensors", network);
  write_network(folder / "other_task.safetensors", with_other_batch_norm(network));
  write_network(folder / "other.safetensors",
                test::make_calibrated(32, 3, {6, 5}, 4, 2).lower(2, kFloatBits));
  IntegerNetwork halved = network;  // the same batch norms, but for rounding, at a smaller S
  --halved.convs[1].shift;
  for (Requantizer& r : halved.convs[1].requantizers)
    r = {static_cast<int16_t>(r.multiplier / 2), r.bias / 2};
  write_network(folder / "other_shift.safetensors", halved);
  ModelFile model;
  model.network = calibrated.network;
  model.parameters = calibrated.parameters;
  write_model(folder / "float.safetensors", model);
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  if (argc == 2) {
    fixynn::write_two_layers(argv[1]);
  } else if (argc == 3 && std::strcmp(argv[2], "--stress") == 0) {
    fixynn::stress::write_stress_package(argv[1], 2);
  } else if (argc == 3 && std::strcmp(argv[2], "--networks") == 0) {
    fixynn::write_networks(argv[1]);
  } else {
    std::fprintf(stderr, "usage: make_rtl_package FOLDER [--stress|--networks]\n");
    return 2;
  }
  return 0;
}
