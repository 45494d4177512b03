// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "cost/instant_estimate.h"
#include "model/import.h"

// Properties of the table in BENCHMARKS.md, on the weights that it is made of.
namespace fixynn {
namespace {

class RealNetwork : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("FIXYNN_DATA");
    const std::filesystem::path path =
        std::filesystem::path(data == nullptr ? "" : data) / "weights" / "mobilenet_v1_0.25_224_float.tflite";
    if (!std::filesystem::exists(path)) {
      GTEST_SKIP() << "FIXYNN_DATA names no folder with weights/mobilenet_v1_0.25_224_float.tflite";
    }
    model_ = import_weights(path).model;
  }

  std::vector<ConvQuant> all_bits(int bits) const { return {model_.network.convs.size(), {bits, bits}}; }

  /// `cost(N, bits, sparsity)` rises with N and bits and does not with the sparsity, in area and in energy.
  template <typename Cost>
  void expect_monotone(int most_layers, const Cost& cost) const {
    const auto energy = [](const FfeCost& c) { return c.energy_per_inference_j + c.static_power_w * 1e-4; };
    const auto expect_less = [&](const FfeCost& less, const FfeCost& more, const std::string& what) {
      EXPECT_LT(less.area_mm2, more.area_mm2) << what;
      EXPECT_LT(energy(less), energy(more)) << what;
    };
    for (int n = 1; n <= most_layers; ++n) {
      for (const double sparsity : {0.0, 0.5}) {
        for (const int bits : {8, 6, 4}) {
          const std::string at = std::to_string(n) + " layers, " + std::to_string(bits) + " bits, sparsity " +
                                 std::to_string(sparsity);
          const FfeCost here = cost(n, bits, sparsity);
          if (bits < 8) expect_less(here, cost(n, bits + 2, sparsity), at + ", two bits more");
          if (sparsity > 0) expect_less(here, cost(n, bits, 0.0), at + ", unpruned");
          if (n < most_layers) expect_less(here, cost(n + 1, bits, sparsity), at + ", one layer more");
        }
      }
    }
  }

  ModelFile model_;
  Technology technology_ = find_technology("16nm");
};

TEST_F(RealNetwork, InstantEstimatesAreMonotoneInLayersBitsAndSparsity) {
  const InstantEstimate estimate(model_.network, model_.parameters);
  expect_monotone(MobileNet::kLayers, [&](int n, int bits, double sparsity) {
    const std::vector<ConvQuant> quant = all_bits(bits);
    return estimate.ffe({.quant = quant, .fixed_layers = n, .sparsity = sparsity, .options = {}}, technology_,
                        {});
  });
}

TEST_F(RealNetwork, CostsOfGraphsAreMonotoneInLayersBitsAndSparsity) {
  AdderGraphCache cache;
  expect_monotone(4, [&](int n, int bits, double sparsity) {
    const HardwareDesign design =
        design_from_parameters(model_.network, model_.parameters, all_bits(bits), sparsity, "real");
    return calibrated_ffe_cost(plan_hardware(design, n, {}, cache, 0), technology_, {});
  });
}

}  // namespace
}  // namespace fixynn
