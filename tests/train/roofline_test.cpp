// SPDX-License-Identifier: Apache-2.0
#include "train/roofline.h"

#include <gtest/gtest.h>

namespace fixynn {
namespace {

const MobileNet kImageNet = make_mobilenet(0.25, 224, 1000);
constexpr double kBandwidth = 3.0e12;  // copies on an H100, measured

TEST(Roofline, TrainingAt224PixelsCostsTheKnownWork) {
  const ImageWork work = training_work(kImageNet, 0, 2);
  EXPECT_EQ(inference_work(kImageNet, 2).macs, 40'774'272 + 256'000);
  EXPECT_EQ(work.macs, 3 * (40'774'272 + 256'000));
  // 3 touches of every input and 5 of every output; the 27 outputs hold 1,260,672 values, the inputs those
  // and the image without the last output's 12,544.
  EXPECT_EQ(work.bytes, 2 * (3 * (150'528 + 1'260'672 - 12'544) + 5 * 1'260'672));
  EXPECT_NEAR(static_cast<double>(work.bytes), 21.0e6, 0.05e6);
  EXPECT_EQ(training_work(kImageNet, 0, 4).bytes, 2 * work.bytes);
}

TEST(Roofline, FloorOfABandwidth) {
  EXPECT_NEAR(*floor_images_per_second(training_work(kImageNet, 0, 2), {0, kBandwidth}), 143e3, 0.5e3);
  EXPECT_NEAR(*floor_images_per_second(training_work(kImageNet, 0, 4), {0, kBandwidth}), 71.4e3, 0.3e3);
  const MobileNet small = make_mobilenet(0.25, 32, 10);
  EXPECT_NEAR(*floor_images_per_second(training_work(small, 0, 2), {0, kBandwidth}), 7.0e6, 0.05e6);
}

TEST(Roofline, FrozenLayersCostLess) {
  const ImageWork none = training_work(kImageNet, 0, 2), all = training_work(kImageNet, 14, 2);
  // Without weight gradients, and without anything of conv1 but its forward pass.
  EXPECT_EQ(none.bytes - all.bytes,
            2 * (150'528 + 1'260'672 - 12'544 + 2 * 1'260'672 + 150'528 + 2 * 100'352));
  EXPECT_EQ(none.macs - all.macs, 40'774'272 + kImageNet.convs[0].macs());
  EXPECT_LT(training_work(kImageNet, 7, 2).bytes, training_work(kImageNet, 4, 2).bytes);
}

TEST(Roofline, TheSlowerOfTheTwoLimits) {
  const ImageWork work{100, 10};
  EXPECT_EQ(floor_images_per_second(work, {}), std::nullopt);
  EXPECT_EQ(floor_images_per_second(work, {1000, 0}), 10.0);
  EXPECT_EQ(floor_images_per_second(work, {0, 1000}), 100.0);
  EXPECT_EQ(floor_images_per_second(work, {1000, 1000}), 10.0);
}

}  // namespace
}  // namespace fixynn
