// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/files.h"
#include "random_network.h"
#include "rtl/package.h"
#include "rtl/testbench.h"
#include "simulation.h"

namespace fixynn::test {

inline bool has_verilator() {
  return std::system("verilator --version > /dev/null 2>&1") == 0;  // NOLINT: no user input
}

#define FIXYNN_NEEDS_VERILATOR()      \
  if (!fixynn::test::has_verilator()) \
  GTEST_SKIP() << "Verilator is not installed (Debian: apt install verilator)"

/// An empty folder of the running test's own.
inline std::filesystem::path test_folder(const std::string& suffix = "") {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string("fixynn_") + test->test_suite_name() + "_" + test->name() + suffix;
  for (char& c : name) {
    if (c == '/') c = '_';
  }
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

inline void write_files(const std::filesystem::path& folder, const std::vector<RtlFile>& files) {
  for (const RtlFile& file : files) {
    std::filesystem::create_directories((folder / file.path).parent_path());
    write_file_atomic(folder / file.path, file.text, false);
  }
}

/// rtl/, tb/ and vectors/ of a feature extractor.
inline void write_package(const std::filesystem::path& folder, const FfeRtl& ffe,
                          const IntegerNetwork& network, const std::vector<std::vector<uint8_t>>& images) {
  write_files(folder, verilog_files(ffe));
  write_files(folder, testbench_files(ffe));
  write_files(folder, vector_files(ffe, network, images));
}

/// What a program prints on a folder; fails the test when its status is not 0.
inline std::string output_of(const std::filesystem::path& folder, const std::string& command) {
  const std::string log = (folder / "output.log").string();
  const std::string line = "cd '" + folder.string() + "' && { " + command + "; } > '" + log + "' 2>&1";
  const int status = std::system(line.c_str());  // NOLINT: the test's own names
  EXPECT_EQ(status, 0) << command << "\n" << read_text_file(log);
  return read_text_file(log);
}

}  // namespace fixynn::test
