// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "integer/calibrated_network.h"
#include "integer/network_file.h"
#include "model/fixtures.h"
#include "model/model_file.h"
#include "study/cost_study.h"
#include "study/load_design.h"

namespace fixynn::study_test {

using model_test::error_of;
using model_test::TemporaryFolder;

/// A small integer network in a file, with 8-bit (or other) layers.
inline IntegerNetwork write_small_network(const std::filesystem::path& path, int fixed_layers,
                                          ConvQuant bits = {8, 8}) {
  static const auto made8 = test::make_calibrated(32, 5, {8, 8});
  const auto made = bits == ConvQuant{8, 8} ? made8 : test::make_calibrated(32, 5, bits);
  IntegerNetwork network = made.lower(fixed_layers, 8);
  network.metadata["seed"] = std::string("3");
  write_network(path, network);
  return network;
}

/// A float model in a file.
inline ModelFile write_small_model(const std::filesystem::path& path, int size = 32) {
  ModelFile model{make_mobilenet(0.25, size, 5), {}, {}, false};
  model.parameters = model_test::varied_parameters(model.network, 5);
  write_model(path, model);
  return model;
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  write_file_atomic(path, text, false);
}

/// Weights of a network that is not there, small enough for adder graphs within a test.
inline HardwareDesign small_design(int weight_bits = 8, double sparsity = 0.5, int size = 64) {
  const MobileNet network = make_mobilenet(0.25, size, 10);
  return assumed_design(network, std::vector<ConvQuant>(27, {weight_bits, 8}), sparsity);
}

}  // namespace fixynn::study_test
