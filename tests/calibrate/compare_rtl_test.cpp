// SPDX-License-Identifier: Apache-2.0
#include "calibrate/compare_rtl.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <functional>

#include "core/error.h"
#include "core/files.h"
#include "hardware/optimise_adders.h"
#include "rtl/simulation.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Debian's qflow-tech-osu018.
const fs::path kOsu018 = "/usr/share/qflow/tech/osu018/osu018_stdcells.lib";

#define FIXYNN_NEEDS_YOSYS()                                                            \
  if (std::system("yosys -V > /dev/null 2>&1") != 0 || !fs::exists(kOsu018)) /*NOLINT*/ \
  GTEST_SKIP() << "Yosys and osu018 are needed (Debian: apt install yosys qflow-tech-osu018)"

class TemporaryFolder {
 public:
  TemporaryFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = fs::path(testing::TempDir()) / (std::string("fixynn_compare_") + test->name());
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

const ConstantMatrix kMatrix{
    .inputs = 3, .outputs = 4, .weights = {3, 0, -127, -1, -5, 0, 77, -64, 0, 0, 100, 93}};

TEST(PlainSums, AreOneExpressionAnOutputAsWideAsTheyCanGet) {
  EXPECT_EQ(plain_sums_verilog({{{.inputs = 2, .outputs = 3, .weights = {3, 0, -1, -5, 0, 0}}}}, {0, 15}),
            "module block (\n  input [3:0] x0,\n  input [3:0] x1,\n  output [7:0] y0,\n  output [0:0] y1,\n"
            "  output [4:0] y2\n);\n"
            "  assign y0 =\n      (3'sd3 * $signed({1'b0, x0}))\n    - (4'sd5 * $signed({1'b0, x1}));\n"
            "  assign y1 =\n    1'b0;\n"
            "  assign y2 =\n    - (2'sd1 * $signed({1'b0, x0}));\nendmodule\n");
}

/// The exact interval of an output of kMatrix.
Interval sum_interval(int output, Interval input) {
  Interval sum{0, 0};
  for (int i = 0; i < kMatrix.inputs; ++i) {
    const int64_t weight = kMatrix.at(i, output);
    sum.min += std::min(weight * input.min, weight * input.max);
    sum.max += std::max(weight * input.min, weight * input.max);
  }
  return sum;
}

/// "wire signed [8:0]": the narrowest type that holds the interval. Icarus warns where a port has another
/// width.
std::string net_type(const char* kind, Interval values) {
  const bool is_signed = values.min < 0;
  int bits = 1;
  while (is_signed ? values.min < -(int64_t{1} << (bits - 1)) || values.max >= int64_t{1} << (bits - 1)
                   : values.max >= int64_t{1} << bits)
    ++bits;
  return fmt::format("{} {}[{}:0]", kind, is_signed ? "signed " : "", bits - 1);
}

/// Two matrices side by side in Icarus, on corners and random inputs.
TEST(PlainSums, EqualTheMatrix) {
  FIXYNN_NEEDS_ICARUS();
  constexpr int kVectors = 40;
  for (const Interval input : {Interval{0, 255}, Interval{-128, 127}}) {
    std::string nets, ports, drive, show;
    for (int i = 0; i < 6; ++i) {
      nets += fmt::format("  {} x{};\n", net_type("reg", input), i);
      ports += fmt::format(".x{0}(x{0}), ", i);
      drive += fmt::format("    x{} = n == 0 ? {} : n == 1 ? {} : $random;\n", i, input.max, input.min);
      show += fmt::format("    $display(\"%0d\", x{});\n", i);
    }
    for (int o = 0; o < 8; ++o) {
      nets += fmt::format("  {} y{};\n", net_type("wire", sum_interval(o % 4, input)), o);
      ports += fmt::format(".y{0}(y{0}){1}", o, o < 7 ? ", " : "");
      show += fmt::format("    $display(\"%0d\", y{});\n", o);
    }
    const std::vector<int64_t> numbers = simulate(
        plain_sums_verilog({{kMatrix, kMatrix}}, input) + "module bench;\n" + nets + "  block dut (" + ports +
        ");\n  integer n;\n  initial for (n = 0; n < " + std::to_string(kVectors) + "; n = n + 1) begin\n" +
        drive + "    #1;\n" + show + "  end\nendmodule\n");
    ASSERT_EQ(numbers.size(), size_t{kVectors} * 14);
    for (size_t n = 0; n < kVectors; ++n) {
      const int64_t* x = &numbers[n * 14];
      for (int o = 0; o < 8; ++o) {
        int64_t sum = 0;
        for (int i = 0; i < 3; ++i) sum += kMatrix.at(i, o % 4) * x[o / 4 * 3 + i];
        EXPECT_EQ(x[6 + o], sum) << o;
      }
    }
  }
}

/// Yosys proves for all inputs that products keep their value, and that none is left.
TEST(ConstantProducts, MappingIsProved) {
  FIXYNN_NEEDS_YOSYS();
  const TemporaryFolder folder;
  write_file_atomic(folder.path() / "map.v", constant_product_techmap(), false);
  std::string verilog = plain_sums_verilog({{kMatrix}}, {0, 15});
  verilog +=
      "module products (input signed [4:0] a, input [3:0] b, output signed [12:0] y0, y1, output [8:0] y2);\n"
      "  assign y0 = 8'sd127 * a;\n  assign y1 = 8'sd1 * a - 9'sd171 * a;\n  assign y2 = 5'd21 * b;\n"
      "endmodule\n";
  write_file_atomic(folder.path() / "sums.v", verilog, false);
  for (const char* module : {"block", "products"}) {
    write_file_atomic(folder.path() / "prove.ys",
                      fmt::format("read_verilog sums.v\nproc\nopt_expr\nwreduce\nopt_clean\ncopy {0} mapped\n"
                                  "techmap -map map.v mapped\nselect -assert-none mapped/t:$mul\n"
                                  "miter -equiv -flatten {0} mapped miter\n"
                                  "sat -verify -prove trigger 0 miter\n",
                                  module),
                      false);
    const std::string command = "cd '" + folder.path().string() + "' && yosys -q -s prove.ys > log 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << read_text_file(folder.path() / "log");  // NOLINT
  }
}

HardwareDesign small_design() {
  const MobileNet network = make_mobilenet(0.25, 32, 2);
  return assumed_design(network, std::vector<ConvQuant>(network.convs.size(), ConvQuant{4, 3}), 0.25);
}

CompareRequest small_request(const TemporaryFolder& folder, AdderMapping mapping) {
  CompareRequest request;
  request.yosys.liberty = kOsu018;
  request.yosys.work = folder.path() / "work";
  request.convs = {"l01_depthwise"};
  request.mapping = mapping;
  request.threads = 1;
  return request;
}

TEST(CompareRtl, SharedAddersAreSmallerThanProducts) {
  FIXYNN_NEEDS_YOSYS();
  const TemporaryFolder folder;
  AdderGraphCache cache;
  CompareRequest request = small_request(folder, AdderMapping::kGates);
  int runs = 0, known = 0;
  const auto count = [&](const SynthesisJob&, const SynthesisResult& result, int, int total,
                         std::optional<double>) {
    ++runs;
    known += result.cached;
    EXPECT_EQ(total, 4);
  };
  const Comparison comparison = compare_rtl(small_design(), request, cache, count);
  EXPECT_EQ(runs, 4);
  ASSERT_EQ(comparison.convs.size(), 1U);
  const ConvComparison& conv = comparison.convs.front();
  EXPECT_EQ(conv.name, "l01_depthwise");
  EXPECT_GT(conv.adders.digits_ratio(), 1.0);
  EXPECT_GT(conv.adders.plain_ratio(), conv.adders.digits_ratio());
  EXPECT_GT(conv.layer.area_um2, conv.adders.shared.area_um2);
  EXPECT_FALSE(conv.model) << "no technology has the name of osu018's library";
  EXPECT_THAT(comparison_text(comparison),
              testing::AllOf(HasSubstr("l01_depthwise"), HasSubstr("give one with --technology")));

  // With a technology the model stands beside the layer. It is another library's: the error is large.
  request.technology = find_technology("asap7");
  const Comparison modelled = compare_rtl(small_design(), request, cache, count);
  EXPECT_EQ(known, 4) << "results are kept in the work folder";
  ASSERT_TRUE(modelled.convs.front().model);
  const LayerCheck& model = *modelled.convs.front().model;
  EXPECT_GT(model.predicted_um2, 0);
  EXPECT_NEAR(model.error_percent, 100 * (model.predicted_um2 / conv.layer.area_um2 - 1), 1e-9);
  EXPECT_THAT(comparison_text(modelled), HasSubstr("(technology asap7)"));
}

TEST(CompareRtl, AllFormsBecomeFullAdderCells) {
  FIXYNN_NEEDS_YOSYS();
  const TemporaryFolder folder;
  AdderGraphCache cache;
  const Comparison comparison =
      compare_rtl(small_design(), small_request(folder, AdderMapping::kFullAdders), cache);
  const ConvComparison& conv = comparison.convs.front();
  for (const SynthesisResult* result :
       {&conv.adders.shared, &conv.adders.digits, &conv.adders.plain, &conv.layer})
    EXPECT_TRUE(result->cells.contains("FAX1"));
  // Products too, not only their sums.
  int techmaps = 0;
  for (const auto& file : fs::directory_iterator(folder.path() / "work")) {
    const std::string name = file.path().filename().string();
    const bool plain = name.find("_plain_") != std::string::npos;
    if (name.ends_with(".ys")) {
      EXPECT_EQ(read_text_file(file.path()).find(".first.v\n") != std::string::npos, plain) << name;
      techmaps += plain;
    }
  }
  EXPECT_EQ(techmaps, 1);
  EXPECT_GT(conv.adders.plain_ratio(), 1.0);
  EXPECT_THAT(comparison_text(comparison), HasSubstr("full-adder cells"));
}

TEST(CompareRtl, UnknownConvolutionIsOneSentence) {
  AdderGraphCache cache;
  CompareRequest request;
  const auto message = [&](const char* name) -> std::string {
    request.convs = {name};
    try {
      compare_rtl(small_design(), request, cache);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage);
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("l01_pointwize"),
            "the network has no convolution 'l01_pointwize'; did you mean 'l01_pointwise'?");
  EXPECT_EQ(message("7"), "the network has no convolution '7'; there are l00_conv1 to l13_pointwise");
}

}  // namespace
}  // namespace fixynn
