// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "dataset/image_codec.h"
#include "export/ffe_network.h"
#include "export/package_folder.h"
#include "export/rtl_command.h"
#include "export/verify_images.h"
#include "integer/calibrated_network.h"
#include "integer/network_file.h"
#include "model/model_file.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using testing::HasSubstr;

/// An empty folder of the running test's own, with networks of 2 and of 4 fixed layers in it.
class Export : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    made_ = new test::CalibratedNetwork(test::make_calibrated(32, 3, {6, 5}, 3, 2));
  }
  static void TearDownTestSuite() { delete made_; }

  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              (std::string("fixynn_export_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    create_folders(folder_ / "run" / "networks");
    for (const int layers : {2, 4}) write_network(network(layers), made_->lower(layers, kFloatBits));
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path network(int layers) const {
    return folder_ / "run" / "networks" / fmt::format("fixed_{:02}.safetensors", layers);
  }

  RtlCommand command(int layers) const {
    RtlCommand command;
    command.network = network(4);
    command.out = folder_ / "out";
    command.fixed_layers = layers;
    command.threads = 1;
    return command;
  }

  static test::CalibratedNetwork* made_;
  fs::path folder_;
};
test::CalibratedNetwork* Export::made_ = nullptr;

template <typename Body>
ExitCode code_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::kFailure;
}

TEST_F(Export, NetworksAreFoundInRuns) {
  EXPECT_EQ(load_ffe_network(folder_ / "run", 2, {}).path, network(2));
  EXPECT_EQ(load_ffe_network(folder_ / "run", 1, {}).path, network(2));
  EXPECT_EQ(load_ffe_network(folder_ / "run", 3, {}).path, network(4));
  EXPECT_EQ(load_ffe_network(network(4), 1, {}).path, network(4));
  EXPECT_THAT(error_of([&] { (void)load_ffe_network(folder_ / "run", 5, {}); }),
              HasSubstr("4 fixed layers at most"));
  EXPECT_THAT(error_of([&] { (void)load_ffe_network(folder_, 1, {}); }), HasSubstr("no run"));
}

TEST_F(Export, SizesChangeShapesOnly) {
  const FfeNetwork resized = load_ffe_network(network(4), 4, 48);
  EXPECT_EQ(resized.network.network.input_size, 48);
  EXPECT_EQ(resized.network.convs[1].conv.in_size, 24);
  EXPECT_EQ(resized.design.network.convs[1].in_size, 24);
  EXPECT_EQ(resized.network.convs[1].weights.codes,
            load_ffe_network(network(4), 4, {}).network.convs[1].weights.codes);
  EXPECT_THAT(error_of([&] { (void)load_ffe_network(network(4), 4, 31); }), HasSubstr("too small"));
  EXPECT_THAT(error_of([&] { (void)load_ffe_network(network(4), 4, 1025); }), HasSubstr("too large"));
}

TEST_F(Export, WhatCannotBeBuiltIsSaid) {
  for (const int layers : {0, -1, 15}) {
    const auto load = [&] { (void)load_ffe_network(network(4), layers, {}); };
    EXPECT_THAT(error_of(load), HasSubstr("1..14"));
    EXPECT_EQ(code_of(load), ExitCode::kUsage);
  }
  EXPECT_THAT(error_of([&] { (void)load_ffe_network(network(4), 5, {}); }),
              HasSubstr("has 4 fixed layers where 5"));
  EXPECT_THAT(error_of([&] { (void)load_ffe_network(folder_ / "none.safetensors", 1, {}); }),
              HasSubstr("no such"));
  std::ofstream(folder_ / "text.txt") << "text";
  EXPECT_THAT(error_of([&] { (void)load_ffe_network(folder_ / "text.txt", 1, {}); }),
              HasSubstr("no network"));
  ModelFile model;
  model.network = made_->network;
  model.parameters = made_->parameters;
  write_model(folder_ / "float.safetensors", model);
  EXPECT_THAT(error_of([&] { (void)load_ffe_network(folder_ / "float.safetensors", 1, {}); }),
              HasSubstr("without quantisation"));
}

TEST_F(Export, LayersInFloatAreNamed) {
  test::CalibratedNetwork partly = *made_;
  for (size_t i = 3; i < partly.quant.size(); ++i) partly.quant[i] = {};
  write_network(network(4), partly.lower(4, kFloatBits));
  EXPECT_EQ(load_ffe_network(network(4), 2, {}).network.convs.size(), 3u);
  EXPECT_THAT(error_of([&] { (void)load_ffe_network(network(4), 3, {}); }), HasSubstr("layer 3 is in float"));
}

TEST_F(Export, FoldersWithOtherContentAreRefused) {
  EXPECT_NO_THROW(check_package_folder(folder_ / "new", false));
  create_folders(folder_ / "empty");
  EXPECT_NO_THROW(check_package_folder(folder_ / "empty", false));
  const auto check = [&] { check_package_folder(folder_ / "run", false); };
  EXPECT_THAT(error_of(check), HasSubstr("holds other files"));
  EXPECT_EQ(code_of(check), ExitCode::kUsage);
  EXPECT_NO_THROW(check_package_folder(folder_ / "run", true));
  EXPECT_THAT(error_of([&] { check_package_folder(network(2), true); }), HasSubstr("is no folder"));
  // A manifest of something else.
  std::ofstream(folder_ / "empty" / "manifest.json") << R"({"generator": {"program": "other"}})";
  EXPECT_THAT(error_of([&] { check_package_folder(folder_ / "empty", false); }),
              HasSubstr("holds other files"));
}

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), folder).string()] = read_text_file(entry.path());
  }
  return files;
}

TEST_F(Export, PackagesReplacePackagesAndNothingElse) {
  const RtlOutcome large = run_rtl_command(command(2));
  EXPECT_EQ(contents(folder_ / "out").size(), large.files);
  EXPECT_TRUE(fs::exists(folder_ / "out" / "rtl" / "ffe_l01_pointwise.v"));
  std::ofstream(folder_ / "out" / "notes.txt") << "mine";
  const std::map<std::string, std::string> first = contents(folder_ / "out");

  RtlCommand one = command(1);
  one.plan.fold = Fold::kMean;
  (void)run_rtl_command(one);
  EXPECT_FALSE(fs::exists(folder_ / "out" / "rtl" / "ffe_l01_pointwise.v"));
  EXPECT_TRUE(fs::exists(folder_ / "out" / "rtl" / "ffe_accumulator_fifo.v"));
  EXPECT_EQ(read_text_file(folder_ / "out" / "notes.txt"), "mine");

  (void)run_rtl_command(command(2));
  EXPECT_EQ(contents(folder_ / "out"), first);
}

TEST_F(Export, NothingSaysWhereItWasMade) {
  (void)run_rtl_command(command(1));
  for (const auto& [path, text] : contents(folder_ / "out")) {
    EXPECT_EQ(text.find(folder_.string()), std::string::npos) << path;
  }
}

TEST_F(Export, ListedPathsOutsideAreLeftAlone) {
  create_folders(folder_ / "out");
  std::ofstream(folder_ / "precious") << "x";
  std::ofstream(folder_ / "out" / "old.v") << "x";
  std::ofstream(folder_ / "out" / "manifest.json")
      << R"({"generator": {"program": "fixynn-rtl"}, "files": [{"path": "../precious"}, {"path": "old.v"}, {"path": ")"
      << (folder_ / "precious").string() << R"("}, {"path": "rtl/../../precious"}, 7, {"path": 8}]})";
  (void)run_rtl_command(command(1));
  EXPECT_TRUE(fs::exists(folder_ / "precious"));
  EXPECT_FALSE(fs::exists(folder_ / "out" / "old.v"));
}

TEST_F(Export, TapsAndImagesAreCheckedFirst) {
  RtlCommand tapped = command(2);
  tapped.rtl.tap_layer = 2;
  EXPECT_THAT(error_of([&] { (void)run_rtl_command(tapped); }), HasSubstr("give 1..1"));
  tapped.fixed_layers = tapped.rtl.tap_layer = 1;
  EXPECT_THAT(error_of([&] { (void)run_rtl_command(tapped); }), HasSubstr("leave it out"));
  RtlCommand verified = command(1);
  verified.simulator = Simulator::kIcarus;
  verified.verify = folder_ / "none";
  const std::string error = error_of([&] { (void)run_rtl_command(verified); });
  EXPECT_TRUE(error.find("no such file") != std::string::npos ||
              error.find("not installed") != std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

void write_png(const fs::path& path, int width, int height, uint8_t value) {
  Image image{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3), value)};
  write_file_atomic(path, encode_png(image));
}

TEST_F(Export, ImagesComeFromFilesFoldersAndDataSets) {
  create_folders(folder_ / "images");
  write_png(folder_ / "images" / "b.png", 64, 20, 9);
  write_png(folder_ / "images" / "a.png", 8, 8, 5);
  write_png(folder_ / "images" / "c.png", 32, 32, 7);
  const auto one = verify_images(folder_ / "images" / "b.png", 10, 32);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0], std::vector<uint8_t>(32 * 32 * 3, 9));
  const auto two = verify_images(folder_ / "images", 2, 32);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0][0], 5);
  EXPECT_EQ(two[1][0], 9);
  for (const char* name : {"train/x", "train/y", "test/x", "test/y"}) {
    create_folders(folder_ / "set" / name);
    for (int i = 0; i < 3; ++i)
      write_png(folder_ / "set" / name / fmt::format("{}.png", i), 32, 32, static_cast<uint8_t>(i));
  }
  EXPECT_EQ(verify_images(folder_ / "set", 4, 32).size(), 4u);
  EXPECT_EQ(verify_images(folder_ / "set", 100, 32).size(), 6u);
  EXPECT_THAT(error_of([&] { (void)verify_images(folder_ / "run", 1, 32); }), HasSubstr("no data set"));
  EXPECT_THAT(error_of([&] { (void)verify_images(folder_ / "set", 0, 32); }), HasSubstr("at least one"));
}

TEST_F(Export, VerifiesWithIcarus) {
  if (std::system("iverilog -V > /dev/null 2>&1") != 0) {  // NOLINT: no user input
    GTEST_SKIP() << "Icarus Verilog is not installed (Debian: apt install iverilog)";
  }
  create_folders(folder_ / "images");
  for (const size_t i : {0, 1, 2}) {  // the interval is that of the first two starts; the last frame waits
    write_file_atomic(folder_ / "images" / fmt::format("{}.png", i),
                      encode_png({32, 32, made_->images[i % 2]}));
  }
  RtlCommand verified = command(2);
  verified.verify = folder_ / "images";
  verified.simulator = Simulator::kIcarus;
  verified.rtl.tap_layer = 1;
  const RtlOutcome outcome = run_rtl_command(verified);
  ASSERT_TRUE(outcome.verify);
  EXPECT_EQ(outcome.verify->mismatches, 0) << outcome.verify->first_mismatch;
  EXPECT_EQ(outcome.verify->images, 3);
  EXPECT_EQ(outcome.verify->first_output_cycles, outcome.ffe.plan.latency_cycles() + kOutputCycles);
  EXPECT_EQ(outcome.verify->frame_interval_cycles, outcome.ffe.plan.frame_cycles());
  EXPECT_THAT(read_text_file(folder_ / "out" / "manifest.json"), HasSubstr("\"mismatches\": 0"));
  EXPECT_THAT(rtl_outcome_text(verified, outcome),
              HasSubstr("2 passes over 4 frames (one with other parameters): all equal"));
  // Every code of the three convolutions, and of both outputs once more.
  int64_t values = 0;
  for (const ConvPlan& conv : outcome.ffe.plan.convs) values += conv.output_pixels * conv.conv.out_channels;
  for (const size_t output : {size_t{0}, size_t{2}}) {
    const ConvPlan& conv = outcome.ffe.plan.convs[output];
    values += conv.output_pixels * conv.conv.out_channels;
  }
  EXPECT_EQ(outcome.verify->values_compared, 2 * 4 * values);
}

}  // namespace
}  // namespace fixynn
