// SPDX-License-Identifier: Apache-2.0
#include "study/calibrate_command.h"

#include "study/study_fixtures.h"

namespace fixynn {
namespace {

using study_test::error_of;
using study_test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(CalibrateCommand, BecomesARequestWithTheNetworkAtThreeWidths) {
  const TemporaryFolder folder;
  study_test::write_small_model(folder / "model.safetensors");
  CalibrateCommand command;
  command.liberty = "cells.lib";
  command.network = folder / "model.safetensors";
  command.work = folder / "work";
  command.blocks = "8x8_8bit,l01_pointwise_8bit";
  command.full_adders = false;
  const CalibrationRequest request = calibration_request(command);
  EXPECT_EQ(request.yosys.liberty, "cells.lib");
  EXPECT_EQ(request.yosys.work, folder / "work");
  EXPECT_THAT(request.blocks, ElementsAre("8x8_8bit", "l01_pointwise_8bit"));
  EXPECT_FALSE(request.small);
  EXPECT_FALSE(request.full_adders);
  ASSERT_EQ(request.designs.size(), 3u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(request.designs[i].quant[0].weight_bits, 8 - 2 * static_cast<int>(i));
  command.blocks = "small";
  EXPECT_TRUE(calibration_request(command).small);
  EXPECT_TRUE(calibration_request(command).blocks.empty());
}

TEST(CalibrateCommand, ImagesWithoutEnergiesOrANetworkAreRefused) {
  const auto refused = [](bool energy, const std::string& network) {
    CalibrateCommand command;
    command.images = "somewhere";
    command.energy = energy;
    command.network = network;
    return error_of([&] { run_calibrate_command(command, [](const std::string&) {}); });
  };
  EXPECT_THAT(refused(false, "net.safetensors"), HasSubstr("--images needs --energy"));
  EXPECT_THAT(refused(true, ""), HasSubstr("a network or float model in --network"));
}

}  // namespace
}  // namespace fixynn
