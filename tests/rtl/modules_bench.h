// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>
#include <vector>

#include "core/philox.h"
#include "simulation.h"

// Benches for the handwritten modules of data/rtl. Everything counts in clocks: in clock t a bench sets the
// inputs, then looks at the outputs, then gives the rising edge.

namespace fixynn {

/// Text of a module of data/rtl, from the file. FIXYNN_RTL_FOLDER names another folder (faults.py).
inline std::string rtl_source(const std::string& name) {
  const char* other = std::getenv("FIXYNN_RTL_FOLDER");
  const std::filesystem::path folder = std::filesystem::path(FIXYNN_SOURCE_DIR) / "data" / "rtl";
  std::ifstream file((other == nullptr ? folder : std::filesystem::path(other)) / (name + ".v"));
  std::ostringstream text;
  text << file.rdbuf();
  if (text.str().empty()) throw std::runtime_error("no module " + name);
  return text.str();
}

/// Stands in for ffe_row_memory and allows what any memory macro would: a word that is read in the clock in
/// which it is written, or from an address that is not there, is unknown from then on.
constexpr const char* kStrictMemory = R"(
module ffe_row_memory #(parameter WIDTH = 8, parameter DEPTH = 16) (
  input wire clk, input wire write, input wire [(DEPTH > 1 ? $clog2(DEPTH) : 1)-1:0] write_address,
  input wire [WIDTH-1:0] write_data, input wire read,
  input wire [(DEPTH > 1 ? $clog2(DEPTH) : 1)-1:0] read_address, output reg [WIDTH-1:0] read_data);
  reg [WIDTH-1:0] words[0:DEPTH-1];
  always @(posedge clk) begin
    if (write !== 1'b0) words[write_address] <= write ? write_data : {WIDTH{1'bx}};
    if (read !== 1'b0) read_data <= words[read_address];
    if (read && (read_address >= DEPTH || (write && read_address == write_address))) begin
      $display("illegal_memory_access");
      read_data <= {WIDTH{1'bx}};
    end
    if (write && write_address >= DEPTH) $display("illegal_memory_access");
  end
endmodule
)";

/// What the modules and the bench print, all numbers; throws for anything else, such as an unknown value.
inline std::vector<int64_t> simulate_modules(std::initializer_list<const char*> modules,
                                             const std::string& bench) {
  std::string text = kStrictMemory;
  for (const char* module : modules) text += rtl_source(module);
  return simulate(text + bench);
}

/// One word of inputs a clock, for $readmemh.
class StimulusFile {
 public:
  explicit StimulusFile(const std::vector<uint64_t>& words) {
    static int files = 0;
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) /
            fmt::format("fixynn_{}_{}_{}.hex", test->test_suite_name(), test->name(), files++);
    std::ofstream file(path_);
    for (const uint64_t word : words) file << fmt::format("{:x}\n", word);
  }
  StimulusFile(StimulusFile&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  ~StimulusFile() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline RandomSequence test_random(uint32_t index, uint32_t sub_index = 0) {
  return RandomSequence(7, RandomStream::kSynthesise, index, sub_index);
}

/// Numbers cut into records of `width`.
inline std::vector<std::vector<int64_t>> records(const std::vector<int64_t>& numbers, size_t width) {
  std::vector<std::vector<int64_t>> result;
  for (size_t i = 0; i + width <= numbers.size(); i += width) {
    result.emplace_back(numbers.begin() + static_cast<std::ptrdiff_t>(i),
                        numbers.begin() + static_cast<std::ptrdiff_t>(i + width));
  }
  EXPECT_EQ(numbers.size() % width, 0U);
  return result;
}

/// Equal records, or the first difference.
inline void expect_records(const std::vector<std::vector<int64_t>>& found,
                           const std::vector<std::vector<int64_t>>& expected, const std::string& what) {
  for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    ASSERT_EQ(found[i], expected[i]) << what << ", record " << i;
  }
  ASSERT_EQ(found.size(), expected.size()) << what;
}

}  // namespace fixynn
