// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace fixynn {

/// Icarus Verilog can be run here.
inline bool has_icarus() {
  return std::system("iverilog -V > /dev/null 2>&1") == 0;  // NOLINT: no user input
}

#define FIXYNN_NEEDS_ICARUS() \
  if (!has_icarus()) GTEST_SKIP() << "Icarus Verilog is not installed (Debian: apt install iverilog)"

/// Compiles and runs Verilog whose top module is "bench"; every number that it prints.
inline std::vector<int64_t> simulate(const std::string& verilog) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) /
      (std::string("fixynn_") + test->test_suite_name() + "_" + test->name());
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "bench.v") << verilog;
  const std::string command =
      "cd '" + folder.string() +
      "' && iverilog -g2005 -Wall -Wno-timescale -s bench -o bench.vvp bench.v > compile.log 2>&1 && vvp "
      "-n bench.vvp > numbers.txt 2>&1";
  const int status = std::system(command.c_str());  // NOLINT: the test's own names
  std::ifstream log(folder / "compile.log"), numbers(folder / "numbers.txt");
  std::ostringstream text;
  text << log.rdbuf();
  if (status != 0 || !text.str().empty()) throw std::runtime_error("iverilog: " + text.str());
  std::vector<int64_t> values;
  for (std::string word; numbers >> word;) values.push_back(std::stoll(word));
  std::filesystem::remove_all(folder);
  return values;
}

}  // namespace fixynn
