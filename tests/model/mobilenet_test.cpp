// SPDX-License-Identifier: Apache-2.0
#include "model/mobilenet.h"

#include <cmath>
#include <set>

#include "model/fixtures.h"

namespace fixynn {
namespace {

TEST(MobileNet, HasThePublishedShapes) {
  const MobileNet network = make_mobilenet(0.25, 224, 1001);
  ASSERT_EQ(network.convs.size(), 27u);
  EXPECT_EQ(network.convs[0].out_size, 112);
  EXPECT_EQ(network.feature_channels(), 256);
  EXPECT_EQ(network.feature_pixels(), 49);
  // 41 million multiply-accumulates at this width and size (Howard et al. 2017, table 7), the head included.
  int64_t macs = 256 * 1001;
  for (const Conv& conv : network.convs) macs += conv.macs();
  EXPECT_EQ(macs, 41'030'528);
}

TEST(MobileNet, ShareOfFixedOperationsIsThePapers) {
  const MobileNet network = make_mobilenet(0.25, 224, 1001);
  EXPECT_NEAR(fixed_ops_percent(network, 4), 27.1, 0.05);
  EXPECT_NEAR(fixed_ops_percent(network, 7), 44.3, 0.05);
  EXPECT_NEAR(fixed_ops_percent(network, 11), 77.0, 0.05);
  EXPECT_NEAR(fixed_ops_percent(network, 14), 97.0, 0.05);
}

TEST(MobileNet, PaddingIsTensorFlows) {
  EXPECT_EQ(same_padding_3(224, 2).before, 0);  // the odd row goes to the bottom
  EXPECT_EQ(same_padding_3(225, 2).before, 1);
  EXPECT_EQ(same_padding_3(7, 1).before, 1);
  EXPECT_EQ(same_padding_3(1, 2).output, 1);
}

TEST(MobileNet, ImpossibleOnesAreUsageErrors) {
  EXPECT_THROW(make_mobilenet(0.3, 224, 10), Error);
  EXPECT_THROW(make_mobilenet(0.25, 31, 10), Error);
  EXPECT_THROW(make_mobilenet(0.25, 224, 1), Error);
}

TEST(Parameters, TensorsCoverBothArraysOnce) {
  const MobileNet network = make_mobilenet(0.25, 64, 10);
  const ParameterLayout layout(network);
  std::vector<int> values(layout.value_count), statistics(layout.statistic_count);
  std::set<std::string> names;
  for (const NamedTensor& tensor : named_tensors(network)) {
    EXPECT_TRUE(names.insert(tensor.name).second);
    int64_t count = 1;
    for (const int64_t extent : tensor.shape) count *= extent;
    EXPECT_EQ(static_cast<size_t>(count), tensor.count) << tensor.name;
    auto& all = tensor.is_statistic ? statistics : values;
    for (size_t i = 0; i < tensor.count; ++i) ++all.at(tensor.offset + i);
  }
  EXPECT_THAT(values, testing::Each(1));
  EXPECT_THAT(statistics, testing::Each(1));
}

TEST(Parameters, InitialisationIsHeNormal) {
  const MobileNet network = make_mobilenet(0.25, 64, 10);
  const ModelParameters parameters = initialise_parameters(network, 1);
  const std::vector<float> weights = model_test::tensor_values(network, parameters, "l13_pointwise.weight");
  double sum = 0, squares = 0;
  for (const float weight : weights) {
    sum += weight;
    squares += static_cast<double>(weight) * weight;
  }
  const double count = static_cast<double>(weights.size());
  EXPECT_NEAR(sum / count, 0, 0.002);
  EXPECT_NEAR(std::sqrt(squares / count), std::sqrt(2.0 / 256), 0.002);
  EXPECT_EQ(parameters.values, initialise_parameters(network, 1).values);
  EXPECT_NE(parameters.values, initialise_parameters(network, 2).values);
}

}  // namespace
}  // namespace fixynn
