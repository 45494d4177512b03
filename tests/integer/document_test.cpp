// SPDX-License-Identifier: Apache-2.0
// docs/network_format.md against the program: executor_from_document.py was written from the document, and
// must give every code and logit of the C++ executor.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "core/npy.h"
#include "integer/calibrated_network.h"
#include "integer/executor.h"
#include "integer/network_file.h"

namespace fixynn {
namespace {

bool have_python() {
  return std::system("python3 -c 'import sys; assert sys.version_info >= (3, 6)' 2>&1") == 0;
}

int run_document_executor(const std::string& arguments) {
  const std::string script = FIXYNN_SOURCE_DIR "/tests/integer/executor_from_document.py";
  return std::system(("python3 '" + script + "' " + arguments).c_str());
}

class Document : public testing::Test {
 protected:
  void SetUp() override {
    if (!have_python())
      GTEST_SKIP() << "python3 is not installed; the document is not checked against the program";
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / (std::string("fixynn_document_") + info->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  /// Writes the network, the images and the C++ executor's results where the script expects them.
  void write_results(const IntegerNetwork& network, std::span<const std::vector<uint8_t>> images) {
    write_network(folder_ / "network.safetensors", network);
    std::vector<uint8_t> pixels;
    std::vector<std::vector<uint8_t>> codes(network.convs.size());
    std::vector<int64_t> logits;
    const IntegerExecutor executor(network);
    for (const auto& image : images) {
      pixels.insert(pixels.end(), image.begin(), image.end());
      const IntegerResult result = executor.run(image);
      for (size_t i = 0; i < codes.size(); ++i) {
        codes[i].insert(codes[i].end(), result.codes[i].begin(), result.codes[i].end());
      }
      logits.insert(logits.end(), result.logits.begin(), result.logits.end());
    }
    const int64_t count = static_cast<int64_t>(images.size()), size = network.network.input_size;
    write_npy<uint8_t>(folder_ / "images.npy", pixels, {count, size, size, 3});
    for (size_t i = 0; i < codes.size(); ++i) {
      const Conv& conv = network.convs[i].conv;
      write_npy<uint8_t>(folder_ / (conv.name + ".npy"), codes[i],
                         {count, conv.out_size, conv.out_size, conv.out_channels});
    }
    if (network.has_head)
      write_npy<int64_t>(folder_ / "logits.npy", logits, {count, network.network.classes});
  }

  int compare() {
    return run_document_executor("'" + (folder_ / "network.safetensors").string() + "' '" +
                                 (folder_ / "images.npy").string() + "' '" + folder_.string() + "'");
  }

  std::filesystem::path folder_;
};

TEST_F(Document, WorkedExamplesAreRight) {
  EXPECT_EQ(run_document_executor("--examples"), 0);
}

TEST_F(Document, ExecutorWrittenFromItGivesEveryCodeAndLogit) {
  const auto calibrated = test::make_calibrated(32, 10, {8, 8}, 21, 8);
  const IntegerNetwork network = calibrated.lower(7, 8);
  write_results(network, std::span(calibrated.images).first(2));
  EXPECT_EQ(compare(), 0);
}

TEST_F(Document, HoldsForOddSizesMixedBitsAndAFloatBackEnd) {
  auto calibrated = test::make_calibrated(45, 4, {8, 8}, 22, 6);
  for (size_t i = 0; i < 13; ++i)
    calibrated.quant[i] = {2 + static_cast<int>(i) % 7, 8 - static_cast<int>(i) % 5};
  for (size_t i = 13; i < 27; ++i) calibrated.quant[i] = ConvQuant{};
  calibrated.quant[9] = ConvQuant{};
  calibrated.parameters =
      test::calibrated_parameters(calibrated.network, calibrated.quant, calibrated.images, 22);
  const IntegerNetwork network = calibrated.lower(7, kFloatBits);
  ASSERT_EQ(network.convs.size(), 9u);
  write_results(network, std::span(calibrated.images).first(1));
  EXPECT_EQ(compare(), 0);
}

TEST_F(Document, ADifferenceOfOneCodeIsNoticed) {
  auto calibrated = test::make_calibrated(32, 4, {8, 8}, 23, 4);
  for (size_t i = 3; i < 27; ++i) calibrated.quant[i] = ConvQuant{};
  IntegerNetwork network = calibrated.lower(2, kFloatBits);
  write_results(network, std::span(calibrated.images).first(1));
  EXPECT_EQ(compare(), 0);
  network.convs[2].requantizers[3].bias += 1 << network.convs[2].shift;
  write_results(network, std::span(calibrated.images).first(1));
  network.convs[2].requantizers[3].bias -= 1 << network.convs[2].shift;
  write_network(folder_ / "network.safetensors", network);
  EXPECT_NE(compare(), 0);
}

TEST(Npy, HeaderIsAlignedAndShapesMustMatch) {
  const auto path = std::filesystem::path(testing::TempDir()) / "fixynn_npy_test.npy";
  write_npy<float>(path, std::vector<float>{1.5f, -2.0f, 3.0f}, {3});
  const auto bytes = std::filesystem::file_size(path);
  EXPECT_EQ(bytes, 128u + 12u);
  EXPECT_THAT(test::error_of([&] {
                write_npy<int32_t>(path, std::vector<int32_t>{1, 2, 3}, {2, 2});
              }),
              testing::AllOf(testing::HasSubstr("fixynn_npy_test.npy"), testing::HasSubstr("2 x 2")));
  EXPECT_EQ(std::filesystem::file_size(path), bytes);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fixynn
