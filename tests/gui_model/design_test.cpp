// SPDX-License-Identifier: Apache-2.0
#include "gui/model/design.h"

#include <gmock/gmock.h>

#include "study/load_design.h"

namespace fixynn::gui {
namespace {

std::array<ConvQuant, MobileNet::kLayers> bits_with(const std::vector<std::pair<int, ConvQuant>>& layers) {
  auto bits = Design::uniform_bits({8, 8});
  for (const auto& [layer, quant] : layers) bits[static_cast<size_t>(layer)] = quant;
  return bits;
}

TEST(BitsLabel, NamesOneWidthOrAllOfThemInFallingOrder) {
  EXPECT_EQ(bits_label(Design::uniform_bits({8, 8}), 7), "W8A8");
  EXPECT_EQ(bits_label(bits_with({{3, {6, 8}}}), 7), "W8/6 A8");
  EXPECT_EQ(bits_label(bits_with({{0, {4, 6}}, {3, {6, 8}}}), 7), "W8/6/4 A8/6");
  EXPECT_EQ(bits_label(Design::uniform_bits({8, 8}), 0), "");
}

TEST(BitsLabel, LooksAtTheFixedLayersAlone) {
  EXPECT_EQ(bits_label(bits_with({{7, {4, 4}}}), 7), "W8A8");
  EXPECT_TRUE(same_bits(bits_with({{7, {4, 4}}}), Design::uniform_bits({8, 8}), 7));
  EXPECT_FALSE(same_bits(bits_with({{7, {4, 4}}}), Design::uniform_bits({8, 8}), 8));
}

TEST(BitsOption, IsReadBackToTheSameBits) {
  const MobileNet network = make_mobilenet(0.25, 64, 10);
  for (const auto& bits : {Design::uniform_bits({8, 8}), Design::uniform_bits({6, 8}),
                           bits_with({{3, {6, 8}}, {4, {4, 4}}}), bits_with({{13, {2, 8}}})}) {
    Design design;
    design.bits = bits;
    EXPECT_EQ(parse_bits(bits_option(bits), network), conv_bits(design, network)) << bits_option(bits);
  }
  EXPECT_EQ(bits_option(Design::uniform_bits({8, 8})), "8");
  EXPECT_EQ(bits_option(bits_with({{1, {6, 8}}})), "8,6/8,8");
}

TEST(RunBits, TakesOverridesAndBuildsFloatLayersWithEightBits) {
  RunConfig config;
  config.ffe.weight_bits = 4;
  config.ffe.activation_bits = 6;
  config.ffe.layers[3].weight_bits = 2;
  EXPECT_EQ(run_bits(config)[0], (ConvQuant{4, 6}));
  EXPECT_EQ(run_bits(config)[3], (ConvQuant{2, 6}));
  config.ffe = {};
  config.ffe.weight_bits = config.ffe.activation_bits = kFloatBits;
  EXPECT_EQ(run_bits(config)[5], (ConvQuant{8, 8}));
}

TEST(LayersText, JoinsNeighboursAndKnowsAll) {
  EXPECT_EQ(layers_text({}), "");
  EXPECT_EQ(layers_text({0}), "conv1");
  EXPECT_EQ(layers_text({3}), "block 3");
  EXPECT_EQ(layers_text({7, 5, 6}), "blocks 5 to 7");
  EXPECT_EQ(layers_text({0, 2, 4}), "conv1, blocks 2 and 4");
  EXPECT_EQ(layers_text({0, 1, 2, 3}), "conv1 and blocks 1 to 3");
  EXPECT_EQ(layers_text({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}), "all layers");
}

TEST(DescribeEdit, SaysWhatChangedAndNothingElse) {
  const Design before;
  Design after = before;
  EXPECT_EQ(describe_edit(before, after), "");
  for (const size_t layer : {5u, 6u, 7u}) after.bits[layer].weight_bits = 6;
  EXPECT_EQ(describe_edit(before, after), "W6 on blocks 5 to 7");
  after = before;
  after.bits[3] = {4, 4};
  EXPECT_EQ(describe_edit(before, after), "W4A4 on block 3");
  after = before;
  after.fixed_layers = 4;
  after.area_mm2 = 2.25;
  EXPECT_EQ(describe_edit(before, after), "4 fixed layers, 2.25 mm²");
  after = before;
  after.tap_layer = 4;
  EXPECT_EQ(describe_edit(before, after), "tap after 4 layers");
  EXPECT_EQ(describe_edit(after, before), "no tap");
  after = before;
  after.model = CostModelKind::kPaper;
  EXPECT_EQ(describe_edit(before, after), "paper's model");
}

}  // namespace
}  // namespace fixynn::gui
