// SPDX-License-Identifier: Apache-2.0
#include "calibrate/calibrate.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <utility>

#include "calibrate/gate_energy.h"
#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Debian's qflow-tech-osu018.
const fs::path kOsu018 = "/usr/share/qflow/tech/osu018/osu018_stdcells.lib";

bool has_yosys() {
  return std::system("yosys -V > /dev/null 2>&1") == 0;  // NOLINT: no user input
}

#define FIXYNN_NEEDS_YOSYS()                \
  if (!has_yosys() || !fs::exists(kOsu018)) \
  GTEST_SKIP() << "Yosys and osu018 are needed (Debian: apt install yosys qflow-tech-osu018)"

class TemporaryFolder {
 public:
  TemporaryFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = fs::path(testing::TempDir()) / (std::string("fixynn_calibrate_") + test->name());
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// A library of which only the pins and functions of its cells matter.
std::string full_adder_library(const std::string& carry, const std::string& sum) {
  return R"(library (adders) {
  voltage_unit : "1V"; nom_voltage : 1; capacitive_load_unit (1, ff); leakage_power_unit : "1nW";
  cell (NOT_ONE) { area : 1;
    pin (A) { direction : input; } pin (B) { direction : input; } pin (C) { direction : input; }
    pin (X) { direction : output; function : "A * B + C"; }
    pin (Y) { direction : output; function : "A ^ B ^ C"; }
  }
  cell (ADDER) { area : 5;
    pin (A) { direction : input; } pin (B) { direction : input; } pin (CI) { direction : input; }
    pin (CO) { direction : output; function : ")" +
         carry + R"("; }
    pin (S) { direction : output; function : ")" +
         sum + R"("; }
  }
})";
}

LibertyLibrary library_of(const TemporaryFolder& folder, const std::string& text) {
  write_file_atomic(folder.path() / "cells.lib", text, false);
  return read_liberty(folder.path() / "cells.lib");
}

struct Polarity {
  const char *carry, *sum;
  bool carry_inverted, sum_inverted;
};
constexpr Polarity kPolarities[] = {
    {"A * B + A * CI + B * CI", "A ^ B ^ CI", false, false},
    {"(!A * !B) + (!A * !CI) + (!B * !CI)", "(A * B * !CI) + (A * !B * CI) + (!A * B * CI) + (!A * !B * !CI)",
     true, true},
    {"!((A B) | (CI (A | B)))", "A ^ (B ^ CI)", true, false},
};

TEST(FullAdder, IsFoundByItsFunctions) {
  for (const Polarity& polarity : kPolarities) {
    const TemporaryFolder folder;
    const auto cell = find_full_adder(library_of(folder, full_adder_library(polarity.carry, polarity.sum)));
    ASSERT_TRUE(cell) << polarity.carry;
    EXPECT_EQ(cell->name, "ADDER");
    EXPECT_EQ(cell->carry, "CO");
    EXPECT_EQ(cell->sum, "S");
    EXPECT_EQ(cell->carry_inverted, polarity.carry_inverted);
    EXPECT_EQ(cell->sum_inverted, polarity.sum_inverted);
  }
}

TEST(FullAdder, OtherCellsAreNone) {
  const TemporaryFolder folder;
  EXPECT_FALSE(find_full_adder(library_of(folder, full_adder_library("A * B * CI", "A ^ B ^ CI"))));
}

/// Yosys proves for all inputs that adders and subtractors keep their function, in every polarity.
TEST(FullAdder, MappingIsProved) {
  FIXYNN_NEEDS_YOSYS();
  for (const Polarity& polarity : kPolarities) {
    const TemporaryFolder folder;
    const auto cell = find_full_adder(library_of(folder, full_adder_library(polarity.carry, polarity.sum)));
    ASSERT_TRUE(cell);
    write_file_atomic(folder.path() / "map.v", full_adder_techmap(*cell), false);
    write_file_atomic(folder.path() / "sums.v", std::string_view(R"(
module sums (input [6:0] a, input signed [4:0] b, input [3:0] c,
             output [7:0] y0, y1, y2, y3, output [8:0] y4);
  assign y0 = {1'b0, a} + {{3{b[4]}}, b};
  assign y1 = {1'b0, a} - {4'b0, c};
  assign y2 = {c, 4'b0} - {1'b0, a};
  assign y3 = {{3{b[4]}}, b} - {{3{b[4]}}, b[4:0]} + {4'b0, c};
  assign y4 = {{c[3], 1'b0, b} + a, c[1:0]};
endmodule
)"),
                      false);
    write_file_atomic(
        folder.path() / "prove.ys",
        std::string_view("read_liberty -ignore_miss_func cells.lib\nread_verilog sums.v\nproc\nopt_expr\n"
                         "copy sums mapped\ntechmap -map map.v mapped\nhierarchy -check\n"
                         "select -assert-min 20 mapped/t:ADDER\nselect -assert-none mapped/t:$add\n"
                         "flatten mapped\nmiter -equiv -flatten sums mapped miter\n"
                         "sat -verify -prove trigger 0 miter\n"),
        false);
    const std::string command = "cd '" + folder.path().string() + "' && yosys -q -s prove.ys > log 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << read_text_file(folder.path() / "log");  // NOLINT
  }
}

TEST(ParseStat, ReadsCellsAndArea) {
  const SynthesisResult result = parse_stat(
      "=== block ===\n\n   Number of cells:                  3\n     INVX1                           2\n"
      "     NAND2X1                         1\n\n   Chip area for module '\\block': 56.500000\n\n",
      "block");
  EXPECT_DOUBLE_EQ(result.area_um2, 56.5);
  EXPECT_EQ(result.cells.at("INVX1"), 2);
  EXPECT_EQ(result.cells.size(), 2U);
}

TEST(ParseStat, RefusesLogicThatTheLibraryCannotExpress) {
  EXPECT_THAT(error_of([] {
                parse_stat(
                    "   Number of cells:   1\n     $_DLATCH_P_   1\n\n   Chip area for module '\\x': 0.0\n",
                    "x");
              }),
              HasSubstr("cannot express '$_DLATCH_P_'"));
  EXPECT_THAT(error_of([] { parse_stat("nothing here", "x"); }), HasSubstr("x: Yosys printed no cell area"));
}

TEST(Calibrate, MissingYosysIsOneSentence) {
  if (!fs::exists(kOsu018)) GTEST_SKIP() << "osu018 is needed (Debian: apt install qflow-tech-osu018)";
  const TemporaryFolder folder;
  YosysOptions options;
  options.yosys = "no-such-yosys";
  options.liberty = kOsu018;
  options.work = folder.path() / "work";
  EXPECT_THAT(error_of([&] { Synthesizer{options}; }),
              testing::AllOf(HasSubstr("'no-such-yosys' (not found)"), HasSubstr("--yosys")));
}

TEST(Calibrate, LibertyCutInHalfIsOneSentence) {
  if (!fs::exists(kOsu018)) GTEST_SKIP() << "osu018 is needed (Debian: apt install qflow-tech-osu018)";
  const TemporaryFolder folder;
  const std::string text = read_text_file(kOsu018);
  write_file_atomic(folder.path() / "half.lib", std::string_view(text).substr(0, text.size() / 2), false);
  YosysOptions options;
  options.liberty = folder.path() / "half.lib";
  options.work = folder.path() / "work";
  EXPECT_THAT(error_of([&] { Synthesizer{options}; }), HasSubstr("half.lib"));
}

TEST(Calibrate, FolderThatScriptsCannotNameIsOneSentence) {
  if (!fs::exists(kOsu018)) GTEST_SKIP() << "osu018 is needed (Debian: apt install qflow-tech-osu018)";
  const TemporaryFolder folder;
  YosysOptions options;
  options.liberty = kOsu018;
  for (const char* name : {"my work", "a\"b", "a#b", "a;b", "a$b", "a\nb", "wörk"}) {
    options.work = folder.path() / name;
    EXPECT_THAT(error_of([&] { Synthesizer{options}; }),
                testing::AllOf(HasSubstr("another one with --work"), testing::Not(HasSubstr("\n"))))
        << name;
    EXPECT_FALSE(fs::exists(options.work)) << name;
  }
}

/// Yosys runs in the work folder, whatever the folder that its name is relative to.
TEST(Calibrate, YosysMayBeNamedByARelativePath) {
  if (!fs::exists(kOsu018)) GTEST_SKIP() << "osu018 is needed (Debian: apt install qflow-tech-osu018)";
  const TemporaryFolder folder;
  const fs::path program = folder.path() / "myyosys";
  write_file_atomic(program, std::string_view("#!/bin/sh\necho 'Yosys 7.8 (mine)'\n"), false);
  fs::permissions(program, fs::perms::owner_all);
  YosysOptions options;
  options.yosys = fs::path(".") / fs::relative(program);
  options.liberty = kOsu018;
  options.work = folder.path() / "a-b_c.d+e=f,g@h~";
  EXPECT_EQ(Synthesizer(options).version(), "Yosys 7.8");
}

TEST(Calibrate, EnergiesNeedAVoltage) {
  const TemporaryFolder folder;
  std::string text = full_adder_library("A * B", "A ^ B");
  const std::string voltage = "nom_voltage : 1;";
  text.erase(text.find(voltage), voltage.size());
  write_file_atomic(folder.path() / "cells.lib", text, false);
  YosysOptions options;
  options.yosys = "true";  // only its version is asked for
  options.liberty = folder.path() / "cells.lib";
  options.work = folder.path() / "work";
  const Synthesizer synthesizer(options);
  EXPECT_THAT(error_of([&] { calibrate_energy(synthesizer, {}, {}, 1); }),
              testing::AllOf(HasSubstr("cells.lib"), HasSubstr("no nom_voltage above 0 V")));
}

TEST(Calibrate, FailureOfYosysShowsItsLog) {
  FIXYNN_NEEDS_YOSYS();
  const TemporaryFolder folder;
  YosysOptions options;
  options.liberty = kOsu018;
  options.work = folder.path() / "work";
  const Synthesizer yosys(options);
  SynthesisJob job;
  job.name = "broken";
  job.verilog = "module block (input a, output y); assign y = a +; endmodule\n";
  job.top = "block";
  EXPECT_THAT(error_of([&] { yosys.run(job); }),
              testing::AllOf(HasSubstr("broken: Yosys failed"), HasSubstr("ERROR")));
}

TEST(Calibrate, JoinedGraphsComputeBoth) {
  const AdderGraph first{.inputs = 1, .adders = {{{0, 0, false}, {0, 2, false}}}, .outputs = {{1, 0, false}}};
  const AdderGraph second{
      .inputs = 2, .adders = {{{0, 0, false}, {1, 1, true}}}, .outputs = {{2, 1, true}, {}}};
  const std::vector<AdderGraph> both = {first, second};
  const AdderGraph joined = join_graphs(both);
  const std::vector<int64_t> input = {3, 10, 4};
  std::vector<int64_t> nodes(5);
  evaluate_nodes(joined, input, nodes);
  ASSERT_EQ(joined.outputs.size(), 3U);
  EXPECT_EQ(output_value(joined.outputs[0], nodes), 15);
  EXPECT_EQ(output_value(joined.outputs[1], nodes), -4);
  EXPECT_EQ(joined.outputs[2].node, kNoNode);
}

/// The whole way on a few small blocks: the law fits, a law with wrong adder bits does not, a second run
/// takes everything from the work folder.
TEST(Calibrate, FitsOsu018AndNoticesABrokenLaw) {
  FIXYNN_NEEDS_YOSYS();
  const TemporaryFolder folder;
  CalibrationRequest request;
  request.yosys.liberty = kOsu018;
  request.yosys.work = folder.path() / "work";
  request.name = "osu018";
  request.small = true;
  AdderGraphCache cache;
  int runs = 0, known = 0;
  const auto count = [&](const SynthesisJob&, const SynthesisResult& result, int, int,
                         std::optional<double>) {
    ++runs;
    known += result.cached;
  };
  const Calibration calibration = calibrate(request, cache, count);
  EXPECT_EQ(known, 0);
  EXPECT_THAT(calibration.faults, testing::IsEmpty());
  ASSERT_EQ(calibration.adders.size(), 2U);
  for (const AdderLaw& law : calibration.adders) {
    EXPECT_LT(law.fit.mean_error_percent, 3);
    EXPECT_LT(law.fit.mean_error_percent, law.deepfreeze.mean_error_percent / 3);
    EXPECT_LT(law.fit.constants[1], 0);
  }
  // A full-adder cell of 120 um2 a bit at the most of its worth; gates cost more.
  EXPECT_NEAR(calibration.adders[1].fit.constants[0], 120, 20);
  EXPECT_GT(calibration.adders[0].fit.constants[0], calibration.adders[1].fit.constants[0]);
  EXPECT_DOUBLE_EQ(calibration.registers.register_bit_um2, 96);  // DFFPOSX1
  EXPECT_GT(calibration.registers.enable_bit_um2, 0);
  EXPECT_EQ(parse_technology(technology_json(calibration.technology), "written").name, "osu018");

  Calibration broken = calibration;
  for (size_t i = 0; i < broken.blocks.size(); i += 2)
    broken.blocks[i].adder_bits = broken.blocks[i].adder_bits * 4 / 3;
  broken.adders[0] = fit_adders(AdderMapping::kGates, broken.blocks, calibration.adders[0].results);
  EXPECT_THAT(limit_faults(broken, request.limits), testing::Not(testing::IsEmpty()));

  const int first_runs = runs;
  const Calibration again = calibrate(request, cache, count);
  EXPECT_EQ(known, first_runs);
  EXPECT_EQ(again.adders[0].fit.constants, calibration.adders[0].fit.constants);

  // A block that is asked for twice is mapped and fitted once.
  const std::string &a = calibration.blocks[0].name, &b = calibration.blocks[1].name,
                    &c = calibration.blocks[2].name;
  request.blocks = {a, b, c};
  runs = 0;
  const std::vector<double> constants = calibrate(request, cache, count).adders[0].fit.constants;
  const int distinct_runs = std::exchange(runs, 0);
  request.blocks = {a, b, a, c, c};
  const Calibration twice = calibrate(request, cache, count);
  EXPECT_EQ(runs, distinct_runs);
  EXPECT_EQ(twice.blocks.size(), 3U);
  EXPECT_EQ(twice.adders[0].fit.constants, constants);
}

TEST(Calibrate, UnknownBlockIsNamed) {
  FIXYNN_NEEDS_YOSYS();
  const TemporaryFolder folder;
  CalibrationRequest request;
  request.yosys.liberty = kOsu018;
  request.yosys.work = folder.path() / "work";
  request.small = true;
  request.blocks = {"8x8_8bit_1"};
  AdderGraphCache cache;
  EXPECT_THAT(error_of([&] { calibrate(request, cache); }), HasSubstr("did you mean '8x8_8bit_0'?"));
}

TEST(MergeTechnology, KeepsWhatWasNotMeasured) {
  Technology base = find_technology("asap7"), measured;
  measured.name = "mine";
  measured.register_bit_area_um2.value = 42;
  const Technology merged = merge_technology(base, measured);
  EXPECT_EQ(merged.name, "mine");
  EXPECT_EQ(merged.register_bit_area_um2.value, 42);
  EXPECT_EQ(merged.clock_mhz.value, base.clock_mhz.value);
  EXPECT_EQ(merged.mask_bit_area_um2.value, base.mask_bit_area_um2.value);
  EXPECT_EQ(merged.mask_bit_area_um2.kind, FigureKind::kDerived) << "it was measured in another process";
  EXPECT_THAT(merged.mask_bit_area_um2.source, HasSubstr("taken from asap7 as it is, not scaled"));
  measured.name = "asap7";
  EXPECT_EQ(merge_technology(base, measured).mask_bit_area_um2.kind, FigureKind::kMeasured);
}

}  // namespace
}  // namespace fixynn
