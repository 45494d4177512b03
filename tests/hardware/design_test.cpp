// SPDX-License-Identifier: Apache-2.0
#include "hardware/design.h"

#include <cmath>
#include <limits>

#include "hardware/csd.h"
#include "integer/calibrated_network.h"
#include "model/fixtures.h"

namespace fixynn {
namespace {

using model_test::error_of;
using testing::HasSubstr;

std::vector<ConvQuant> bits(const MobileNet& network, int weight_bits, int activation_bits = 8) {
  return std::vector<ConvQuant>(network.convs.size(), {weight_bits, activation_bits});
}

int64_t zeros(const QuantisedWeights& weights) {
  return std::count(weights.codes.begin(), weights.codes.end(), 0);
}

struct Network {
  MobileNet network = make_mobilenet(0.25, 64, 10);
  ModelParameters parameters = initialise_parameters(network, 11);
};

TEST(Design, WithoutPruningItIsTheFrozenWeights) {
  const Network n;
  const auto quant = bits(n.network, 6);
  const HardwareDesign design = design_from_parameters(n.network, n.parameters, quant, 0, "file");
  const auto frozen = freeze_weights(n.network, n.parameters, quant, 14);
  ASSERT_EQ(design.weights.size(), frozen.size());
  for (size_t i = 0; i < frozen.size(); ++i) {
    EXPECT_EQ(design.weights[i].codes, frozen[i].codes) << i;
    EXPECT_EQ(design.weights[i].scales, frozen[i].scales) << i;
  }
  EXPECT_EQ(design.source, "file");
  EXPECT_FALSE(design.assumed_weights);
}

TEST(Design, LargerSparsitiesZeroSupersetsOfTheSmallestWeights) {
  const Network n;
  const ParameterLayout layout(n.network);
  std::vector<QuantisedWeights> last;
  for (const double sparsity : {0.0, 0.1, 0.3, 0.5, 0.75, 0.9, 1.0}) {
    const auto design = design_from_parameters(n.network, n.parameters, bits(n.network, 8), sparsity, "");
    for (size_t i = 0; i < design.weights.size(); ++i) {
      const auto& codes = design.weights[i].codes;
      const double count = static_cast<double>(codes.size());
      EXPECT_GE(static_cast<double>(zeros(design.weights[i])), sparsity * count - 1e-9);
      const float* floats = &n.parameters.values[layout.convs[i].weight];
      float largest_pruned = 0, smallest_kept = std::numeric_limits<float>::infinity();
      for (size_t k = 0; k < codes.size(); ++k) {
        if (!last.empty() && last[i].codes[k] == 0) {
          ASSERT_EQ(codes[k], 0) << "conv " << i << " weight " << k << " came back";
        }
        if (!last.empty() && last[i].codes[k] != 0 && codes[k] == 0)
          largest_pruned = std::max(largest_pruned, std::fabs(floats[k]));
        if (codes[k] != 0) smallest_kept = std::min(smallest_kept, std::fabs(floats[k]));
      }
      EXPECT_LE(largest_pruned, smallest_kept) << "conv " << i << " at " << sparsity;
    }
    last = design.weights;
  }
}

TEST(Design, ExactShareWhereNothingRoundsToZero) {
  const Network n;
  const auto design = design_from_parameters(n.network, n.parameters, bits(n.network, 8), 0.5, "");
  for (size_t i = 0; i < design.weights.size(); ++i) {
    // He-normal weights round to 0 rarely: far fewer than half, so pruning decides the count alone.
    EXPECT_EQ(zeros(design.weights[i]), (n.network.convs[i].weight_count() + 1) / 2) << i;
  }
}

TEST(Design, FewerBitsNeverNeedMoreDigits) {
  const Network n;
  for (const double sparsity : {0.0, 0.5}) {
    int64_t before = 0;
    for (int width = kMinBits; width <= kMaxBits; ++width) {
      const auto design =
          design_from_parameters(n.network, n.parameters, bits(n.network, width), sparsity, "");
      int64_t digits = 0;
      for (const auto& weights : design.weights) {
        for (const int8_t code : weights.codes) digits += csd_digit_count(code);
      }
      EXPECT_GT(digits, before) << width << " bits";
      before = digits;
    }
  }
}

TEST(Design, ANetworksOwnCodesAreKeptAndOtherBitsComeFromItsFloats) {
  const auto made = test::make_calibrated(32, 5, {6, 7});
  IntegerNetwork network = made.lower(4, 8);
  // A code that its float weight would not give: only a copy keeps it.
  network.convs[2].weights.codes[5] = static_cast<int8_t>(network.convs[2].weights.codes[5] == 3 ? 2 : 3);
  const HardwareDesign own = design_from_network(network, {}, 0, "net");
  ASSERT_EQ(own.weights.size(), 27u);
  for (size_t i = 0; i < network.convs.size(); ++i) {
    EXPECT_EQ(own.quant[i], (ConvQuant{6, 7}));
    EXPECT_EQ(own.weights[i].codes, network.convs[i].weights.codes) << i;
  }
  const HardwareDesign other = design_from_network(network, bits(made.network, 4), 0, "net");
  const auto frozen = freeze_weights(made.network, made.parameters, bits(made.network, 4), 14);
  for (size_t i = 0; i < other.weights.size(); ++i) EXPECT_EQ(other.weights[i].codes, frozen[i].codes) << i;
}

TEST(Design, AFloatNetworkGetsEightBits) {
  const auto made = test::make_calibrated(32, 5, {8, 8});
  IntegerNetwork network = made.lower(4, 8);
  network.quant.assign(27, ConvQuant{});
  network.convs.clear();
  network.frozen.clear();
  const HardwareDesign design = design_from_network(network, {}, 0, "net");
  for (const ConvQuant& quant : design.quant) EXPECT_EQ(quant, (ConvQuant{8, 8}));
}

TEST(Design, PruningOfCodesGoesByRealMagnitude) {
  const auto made = test::make_calibrated(32, 5, {8, 8});
  IntegerNetwork network = made.lower(4, 8);
  QuantisedWeights& weights = network.convs[2].weights;  // pointwise 8 -> 16: channel is index % 16
  std::fill(weights.codes.begin(), weights.codes.end(), int8_t{10});
  std::fill(weights.scales.begin(), weights.scales.end(), 1.0f);
  weights.scales[3] = 0.5f;  // the smallest values, though the codes are as large
  const HardwareDesign design = design_from_network(network, {}, 1.0 / 16.0, "net");
  for (size_t k = 0; k < weights.codes.size(); ++k) {
    EXPECT_EQ(design.weights[2].codes[k], k % 16 == 3 ? 0 : 10) << k;
  }
}

TEST(Design, AssumedWeightsAreAlwaysTheSameAndLookTrained) {
  const MobileNet network = make_mobilenet(0.25, 96, 10);
  const HardwareDesign a = assumed_design(network, bits(network, 8), 0.0);
  const HardwareDesign b = assumed_design(network, bits(network, 8), 0.0);
  EXPECT_TRUE(a.assumed_weights);
  EXPECT_EQ(a.source, "assumed weights");
  int64_t digits = 0, nonzero = 0, negative = 0;
  for (size_t i = 0; i < a.weights.size(); ++i) {
    EXPECT_EQ(a.weights[i].codes, b.weights[i].codes);
    for (const int8_t code : a.weights[i].codes) {
      digits += csd_digit_count(code);
      nonzero += code != 0;
      negative += code < 0;
    }
  }
  // Trained 8-bit convolutions of MobileNet have 1.6 to 2.4 digits a weight that is not 0.
  EXPECT_GT(static_cast<double>(digits) / static_cast<double>(nonzero), 1.6);
  EXPECT_LT(static_cast<double>(digits) / static_cast<double>(nonzero), 2.5);
  EXPECT_NEAR(static_cast<double>(negative) / static_cast<double>(nonzero), 0.5, 0.01);
  const HardwareDesign pruned = assumed_design(network, bits(network, 8), 0.7);
  EXPECT_GE(zeros(pruned.weights[26]), network.convs[26].weight_count() * 7 / 10);
}

TEST(Design, ImpossibleRequestsAreOneSentence) {
  Network n;
  const auto make = [&](const std::vector<ConvQuant>& quant, double sparsity) {
    return error_of([&] { design_from_parameters(n.network, n.parameters, quant, sparsity, ""); });
  };
  EXPECT_THAT(make(bits(n.network, 1), 0), testing::AllOf(HasSubstr("l00_conv1"), HasSubstr("1 bits")));
  EXPECT_THAT(make(bits(n.network, 9), 0), HasSubstr("9 bits"));
  EXPECT_THAT(make(bits(n.network, 8, 0), 0), HasSubstr("0 bits"));
  EXPECT_THAT(make({{8, 8}}, 0), HasSubstr("1 convolutions where the network has 27"));
  EXPECT_THAT(make(bits(n.network, 8), -0.1), HasSubstr("sparsity"));
  EXPECT_THAT(make(bits(n.network, 8), 1.5), HasSubstr("sparsity"));
  EXPECT_THAT(make(bits(n.network, 8), std::nan("")), HasSubstr("sparsity"));
  const ParameterLayout layout(n.network);
  n.parameters.values[layout.convs[4].weight + 7] = std::nanf("");
  EXPECT_THAT(make(bits(n.network, 8), 0),
              testing::AllOf(HasSubstr(n.network.convs[4].name), HasSubstr("weight 7")));
  n.network.convs.clear();
  EXPECT_THAT(make({}, 0), HasSubstr("no convolutions"));
}

}  // namespace
}  // namespace fixynn
