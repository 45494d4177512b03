// SPDX-License-Identifier: Apache-2.0
#include "package_fixture.h"

// Random networks as Verilog, simulated with frames back to back, with random valid and ready, and with
// parameters changed in between, against the integer executor: every value of every convolution.

namespace fixynn {
namespace {

struct Case {
  uint64_t seed;
  test::RandomShape shape;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << "seed " << c.seed << ", layers " << c.shape.layers << ", size " << c.shape.size << ", fold "
       << c.shape.fold << ", levels per stage " << c.shape.levels_per_stage;
}

/// Small sizes are where frames overlap most: all of them, then all combinations of fold and pipeline, then
/// whatever the seed says.
std::vector<Case> icarus_cases() {
  std::vector<Case> cases;
  for (int size = 1; size <= 9; ++size)
    cases.push_back({static_cast<uint64_t>(size), {.layers = 1 + size % 4, .size = size}});
  for (int fold = 0; fold < 3; ++fold) {
    for (const int levels : {0, 1, 4})
      cases.push_back(
          {static_cast<uint64_t>(100 + 10 * fold + levels), {.fold = fold, .levels_per_stage = levels}});
  }
  for (uint64_t seed = 200; seed < 214; ++seed) cases.push_back({seed, {}});
  return cases;
}

void expect_equal(const VerifyReport& report, const test::RandomFfe& random) {
  EXPECT_EQ(report.mismatches, 0) << report.first_mismatch;
  EXPECT_EQ(report.first_mismatch, "");
  EXPECT_EQ(report.images, static_cast<int>(random.images.size()));
  int64_t values = 0;
  for (const ConvPlan& conv : random.plan.convs) values += conv.output_pixels * conv.conv.out_channels;
  EXPECT_GE(report.values_compared, 2 * (report.images + 1) * values);
}

class SimulateRandom : public testing::TestWithParam<Case> {};

TEST_P(SimulateRandom, LintsCleanAndEqualsTheExecutor) {
  FIXYNN_NEEDS_ICARUS();
  const test::RandomFfe random = test::random_ffe(GetParam().seed, GetParam().shape);
  const FfeRtl ffe = build_ffe(random.network, random.plan, {.tap_layer = random.tap_layer});
  const std::filesystem::path folder = test::test_folder();
  test::write_package(folder, ffe, random.network, random.images);
  EXPECT_EQ(
      test::output_of(folder, "iverilog -g2005 -Wall -Wno-timescale -t null -s ffe_tb rtl/*.v tb/ffe_tb.v"),
      "");
  if (test::has_verilator()) {
    EXPECT_EQ(test::output_of(folder, "verilator --lint-only -Wall --top-module ffe_tb rtl/*.v tb/ffe_tb.v"),
              "");
  }
  expect_equal(run_simulation(folder, Simulator::kIcarus, {.time_limit_s = 100}), random);
  if (!HasFailure()) std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Icarus, SimulateRandom, testing::ValuesIn(icarus_cases()));

TEST(SimulateVerilator, RandomNetworksEqualTheExecutor) {
  FIXYNN_NEEDS_VERILATOR();
  for (const uint64_t seed : {300, 301}) {
    const test::RandomFfe random = test::random_ffe(seed, {.layers = 3});
    const FfeRtl ffe = build_ffe(random.network, random.plan, {.tap_layer = random.tap_layer});
    const std::filesystem::path folder = test::test_folder(std::to_string(seed));
    test::write_package(folder, ffe, random.network, random.images);
    const VerifyReport report = run_simulation(folder, Simulator::kVerilator, {.time_limit_s = 200});
    expect_equal(report, random);
    EXPECT_EQ(report.frame_interval_cycles,
              random.network.network.input_size * random.network.network.input_size +
                  random.network.network.input_size % 2)
        << "full rate: a pixel a clock, and one clock between frames of odd size";
    if (!HasFailure()) std::filesystem::remove_all(folder);
  }
}

/// The bench must find what is wrong: a changed value of the vectors.
TEST(SimulateFaults, AChangedVectorIsNamed) {
  FIXYNN_NEEDS_ICARUS();
  const test::RandomFfe random = test::random_ffe(1, {.layers = 1, .size = 4});
  const FfeRtl ffe = build_ffe(random.network, random.plan, {});
  std::vector<std::vector<uint8_t>> codes;
  const std::filesystem::path folder = test::test_folder();
  test::write_package(folder, ffe, random.network, random.images);
  const std::filesystem::path file = folder / "vectors/l00_conv1.hex";
  std::string text = read_text_file(file);
  const size_t line = text.find('\n');
  text[line - 1] = text[line - 1] == '0' ? '1' : '0';  // channel 0 of the first pixel
  write_file_atomic(file, text, false);
  const VerifyReport report = run_simulation(folder, Simulator::kIcarus, {.time_limit_s = 100});
  EXPECT_EQ(report.mismatches, 4) << "at the convolution and at the output, in two passes";
  EXPECT_EQ(report.first_mismatch.substr(0, 54), "MISMATCH l00_conv1 frame 0 row 0 column 0 channel 0 ex");
}

/// A tvalid that waits for tready, of one output and then of the other: no value is wrong, but a sink that
/// waits for tvalid would wait for ever.
TEST(SimulateFaults, AnOutputThatWaitsForTreadyIsNamed) {
  FIXYNN_NEEDS_ICARUS();
  const test::RandomFfe random = test::random_ffe(3, {.layers = 2, .size = 6});
  const FfeRtl ffe = build_ffe(random.network, random.plan, {.tap_layer = 1});
  for (const std::string output : {"tap_axis", "m_axis"}) {
    const std::filesystem::path folder = test::test_folder();
    test::write_package(folder, ffe, random.network, random.images);
    std::string top = read_text_file(folder / "rtl/ffe_top.v");
    const std::string port = ".m_tvalid(" + output + "_tvalid)";
    ASSERT_NE(top.find(port), std::string::npos);
    top.replace(top.find(port), port.size(), ".m_tvalid(offered)");
    top.insert(top.rfind("endmodule"),
               "  wire offered;\n  assign " + output + "_tvalid = offered & " + output + "_tready;\n");
    write_file_atomic(folder / "rtl/ffe_top.v", top, false);
    std::vector<Simulator> simulators = {Simulator::kIcarus};
    if (test::has_verilator() && output == "tap_axis") simulators.push_back(Simulator::kVerilator);
    for (const Simulator simulator : simulators) {
      const VerifyReport report = run_simulation(folder, simulator, {.time_limit_s = 100});
      EXPECT_GT(report.mismatches, 0);
      EXPECT_EQ(report.first_mismatch.rfind("with gaps: ERROR " + output + ": ", 0), 0U)
          << report.first_mismatch;
      EXPECT_NE(report.first_mismatch.find("depends on tready"), std::string::npos) << report.first_mismatch;
    }
  }
}

}  // namespace
}  // namespace fixynn
