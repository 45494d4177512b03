// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fixynn {

/// A program that others call.
struct ToolFacts {
  std::string name;     ///< "verilator"
  std::string path;     ///< empty: not on the PATH
  std::string version;  ///< first line that it says about itself; empty: it did not answer in time
};

/// What the operating system says about this machine. Empty or 0: not known.
struct MachineFacts {
  std::string cpu_model;
  std::string cpu_features;  ///< "SSE4.2, AVX2, FMA"
  int processors = 0;        ///< that this process may use
  uint64_t memory_bytes = 0, available_bytes = 0;
  std::string driver_version;  ///< of the NVIDIA kernel module, "580.65.06"
  std::vector<ToolFacts> tools;
  std::string display;  ///< "DISPLAY=:0"
  std::string folder;   ///< the current one
  uint64_t free_disk_bytes = 0;
};

/// Never throws, and takes a few seconds at most: a tool that does not answer is killed.
MachineFacts machine_facts();

/// Runs `path argument` and returns the first line of its output; empty when there is none within
/// `limit_seconds`, and then the process is killed with its children.
std::string first_line_of(const std::string& path, const std::string& argument, double limit_seconds);

}  // namespace fixynn
