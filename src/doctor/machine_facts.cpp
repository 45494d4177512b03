// SPDX-License-Identifier: Apache-2.0
#include "doctor/machine_facts.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "core/child_process.h"
#include "core/text.h"

namespace fixynn {
namespace {

constexpr double kToolSeconds = 2.0;

/// What follows the colon on the first line of `file` that starts with `key`.
std::string field_of(const char* file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const size_t colon = line.find(':', key.size());
    const size_t begin = colon == std::string::npos ? colon : line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? std::string() : line.substr(begin);
  }
  return {};
}

/// "16318480 kB" of /proc/meminfo.
uint64_t memory_field(const std::string& key) {
  return std::strtoull(field_of("/proc/meminfo", key).c_str(), nullptr, 10) * 1024;
}

/// The features that the CPU engine's kernels are built for.
std::string vector_features() {
  static constexpr std::array<std::pair<const char*, const char*>, 6> kFeatures = {{{"sse4_2", "SSE4.2"},
                                                                                    {"avx2", "AVX2"},
                                                                                    {"fma", "FMA"},
                                                                                    {"avx512f", "AVX-512"},
                                                                                    {"avx512_vnni", "VNNI"},
                                                                                    {"asimd", "NEON"}}};
  const std::string x86 = field_of("/proc/cpuinfo", "flags");
  const std::string flags = " " + (x86.empty() ? field_of("/proc/cpuinfo", "Features") : x86) + " ";
  std::string found;
  for (const auto& [flag, name] : kFeatures) {
    if (flags.find(" " + std::string(flag) + " ") == std::string::npos) continue;
    found += (found.empty() ? "" : ", ") + std::string(name);
  }
  return found;
}

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());
}

/// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun ..." has it as the first word that starts
/// with a digit and has a dot.
std::string kernel_module_version() {
  std::istringstream words(field_of("/proc/driver/nvidia/version", "NVRM version"));
  for (std::string word; words >> word;) {
    if (word[0] >= '0' && word[0] <= '9' && word.find('.') != std::string::npos) return word;
  }
  return {};
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string find_display() {
  for (const char* name : {"WAYLAND_DISPLAY", "DISPLAY"}) {
    const std::string value = variable(name);
    if (!value.empty()) return std::string(name) + "=" + printable(value);
  }
  return {};
}

/// Reads from `descriptor` until a line is complete, the other side has closed it, or time is up.
std::string read_line(int descriptor, double limit_seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(limit_seconds);
  std::string text;
  while (text.size() < 4096 && text.find('\n') == std::string::npos) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd waiting{descriptor, POLLIN, 0};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return {};
    std::array<char, 512> buffer;
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(count));
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::string first_line_of(const std::string& path, const std::string& argument, double limit_seconds) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  std::string program = path, option = argument;
  char* const arguments[] = {program.data(), option.data(), nullptr};
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);  // so that its children go with it
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    execv(program.c_str(), arguments);
    _exit(127);
  }
  close(ends[1]);
  std::string line;
  if (child > 0) {
    setpgid(child, child);  // whoever of the two comes first
    line = read_line(ends[0], limit_seconds);
    kill(-child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  close(ends[0]);
  return printable(line, 100);
}

MachineFacts machine_facts() {
  MachineFacts facts;
  facts.cpu_model = printable(field_of("/proc/cpuinfo", "model name"), 100);
  facts.cpu_features = vector_features();
  facts.processors = usable_processors();
  facts.memory_bytes = memory_field("MemTotal");
  facts.available_bytes = memory_field("MemAvailable");
  facts.driver_version = kernel_module_version();
  const std::string search_path = variable("PATH");
  for (const auto& [name, option] :
       {std::pair<const char*, const char*>{"verilator", "--version"}, {"iverilog", "-V"}, {"yosys", "-V"}}) {
    ToolFacts tool{name, find_program(name, search_path), {}};
    if (!tool.path.empty()) tool.version = first_line_of(tool.path, option, kToolSeconds);
    facts.tools.push_back(tool);
  }
  facts.display = find_display();
  std::error_code problem;
  const std::filesystem::path folder = std::filesystem::current_path(problem);
  if (!problem) {
    facts.folder = printable(folder.string(), 200);
    const std::filesystem::space_info space = std::filesystem::space(folder, problem);
    if (!problem) facts.free_disk_bytes = space.available;
  }
  return facts;
}

}  // namespace fixynn
