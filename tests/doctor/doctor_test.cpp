// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/child_process.h"
#include "doctor/diagnosis.h"

namespace fixynn {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kGiB = uint64_t{1} << 30;

MachineFacts good_machine() {
  MachineFacts machine;
  machine.cpu_model = "Test CPU 3000";
  machine.cpu_features = "SSE4.2, AVX2, FMA";
  machine.processors = 8;
  machine.memory_bytes = 16 * kGiB;
  machine.available_bytes = 12 * kGiB;
  machine.driver_version = "580.65.06";
  machine.tools = {{"verilator", "/usr/bin/verilator", "Verilator 5.006"},
                   {"iverilog", "/usr/bin/iverilog", "Icarus Verilog version 11.0"},
                   {"yosys", "/usr/bin/yosys", "Yosys 0.23"}};
  machine.display = "DISPLAY=:0";
  machine.folder = "/home/user";
  machine.free_disk_bytes = 100 * kGiB;
  return machine;
}

DeviceFacts good_devices() {
  DeviceFacts devices;
  devices.cpu_kernels = "AVX2";
  devices.cuda_in_build = true;
  devices.cuda_version = "13.0";
  devices.driver_supports = "13.0";
  devices.cards = {{"NVIDIA H100 80GB HBM3", "9.0", 80 * kGiB}};
  devices.cudnn_in_build = true;
  devices.cudnn_version = "9.19.0";
  return devices;
}

const Finding& find(const std::vector<Finding>& findings, const std::string& key) {
  for (const Finding& finding : findings) {
    if (finding.key == key) return finding;
  }
  ADD_FAILURE() << "no finding " << key;
  return findings.front();
}

TEST(Doctor, AGoodMachine) {
  const std::vector<Finding> findings = diagnose(good_machine(), good_devices());
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.health, Health::kOk) << finding.key;
    EXPECT_EQ(finding.cost, "") << finding.key;
  }
  const std::string text = findings_text(findings);
  EXPECT_THAT(text,
              HasSubstr("ok       CPU            Test CPU 3000, 8 processors, SSE4.2, AVX2, FMA; the CPU "
                        "engine uses AVX2\n"));
  EXPECT_THAT(text,
              HasSubstr("ok       card           NVIDIA H100 80GB HBM3, 80.0 GiB, compute capability 9.0\n"));
  EXPECT_THAT(text, HasSubstr("ok       NVIDIA driver  580.65.06, supports CUDA 13.0\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<long>(findings.size()));
}

TEST(Doctor, NothingButACpu) {
  MachineFacts machine = good_machine();
  machine.driver_version.clear();
  machine.display.clear();
  for (ToolFacts& tool : machine.tools) tool = {tool.name, {}, {}};
  DeviceFacts devices;
  devices.cpu_kernels = "AVX2";
  devices.cuda_problem = "this program was built without CUDA";
  const std::vector<Finding> findings = diagnose(machine, devices);
  for (const char* key : {"cuda", "driver", "card", "cudnn", "verilator", "iverilog", "yosys", "display"}) {
    EXPECT_EQ(find(findings, key).health, Health::kMissing) << key;
    EXPECT_NE(find(findings, key).cost, "") << key;
  }
  EXPECT_EQ(find(findings, "cpu").health, Health::kOk);
  EXPECT_THAT(
      findings_text(findings),
      HasSubstr("missing  NVIDIA driver  none\n                        -> training and evaluation run on "
                "the CPU"));
}

TEST(Doctor, AnOldDriverAndASmallCard) {
  DeviceFacts devices = good_devices();
  devices.driver_supports = "12.8";
  devices.cards[0].capability = "6.1";
  devices.cuda_problem = "it needs compute capability 9.0";
  const std::vector<Finding> findings = diagnose(good_machine(), devices);
  EXPECT_EQ(find(findings, "driver").health, Health::kProblem);
  EXPECT_THAT(find(findings, "driver").cost, HasSubstr("needs CUDA 13"));
  EXPECT_EQ(find(findings, "card").health, Health::kProblem);
  EXPECT_THAT(find(findings, "card").cost, HasSubstr("compute capability 9.0"));

  devices.driver_supports = "13.2";  // newer, and so is an older minor version, by CUDA's rule
  devices.cuda_version = "13.3";
  EXPECT_EQ(find(diagnose(good_machine(), devices), "driver").health, Health::kOk);
}

TEST(Doctor, CudnnInEveryState) {
  DeviceFacts devices = good_devices();
  devices.cudnn_in_build = false;
  EXPECT_EQ(find(diagnose(good_machine(), devices), "cudnn").health, Health::kMissing);
  devices.cudnn_version = "8.9.7";
  devices.cudnn_problem = "cuDNN 8.9.7 is too old";
  EXPECT_EQ(find(diagnose(good_machine(), devices), "cudnn").health, Health::kProblem);
  devices.cudnn_version.clear();
  devices.cudnn_problem = "libcudnn.so.9 was not found";
  const Finding missing = find(diagnose(good_machine(), devices), "cudnn");
  EXPECT_EQ(missing.health, Health::kMissing);
  EXPECT_EQ(missing.text, "libcudnn.so.9 was not found");
  EXPECT_THAT(missing.cost, HasSubstr("install cuDNN 9"));
}

TEST(Doctor, LittleMemoryAndDisk) {
  MachineFacts machine = good_machine();
  machine.available_bytes = kGiB;
  machine.free_disk_bytes = kGiB / 2;
  machine.tools[0].version.clear();
  DeviceFacts devices = good_devices();
  devices.cpu_kernels.clear();
  const std::vector<Finding> findings = diagnose(machine, devices);
  for (const char* key : {"cpu", "memory", "disk", "verilator"}) {
    EXPECT_EQ(find(findings, key).health, Health::kProblem) << key;
    EXPECT_NE(find(findings, key).cost, "") << key;
  }
}

TEST(Doctor, JsonIsOneLineThatScriptsCanRead) {
  MachineFacts machine = good_machine();
  machine.cpu_model = "quotes \" and \xff bytes";
  const std::vector<Finding> findings = diagnose(machine, good_devices());
  const std::string text = findings_json("fixynn-doctor 1.0", findings, machine, good_devices());
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const nlohmann::json json = nlohmann::json::parse(text);
  EXPECT_EQ(json["program"], "fixynn-doctor 1.0");
  ASSERT_EQ(json["findings"].size(), findings.size());
  EXPECT_EQ(json["findings"][0]["key"], "cpu");
  EXPECT_EQ(json["findings"][0]["health"], "ok");
  EXPECT_EQ(json["facts"]["processors"], 8);
  EXPECT_EQ(json["facts"]["cards"][0]["memory_bytes"], 80 * kGiB);
  EXPECT_EQ(json["facts"]["cuda_usable"], true);
}

/// Scripts that take the place of tools.
class ToolTest : public testing::Test {
 protected:
  ToolTest() : root_(std::filesystem::path(testing::TempDir()) / fmt_name()) {
    std::filesystem::create_directories(root_);
  }
  ~ToolTest() override { std::filesystem::remove_all(root_); }
  std::string write(const std::string& name, const std::string& body) {
    const std::filesystem::path path = root_ / name;
    std::ofstream(path) << "#!/bin/sh\n" << body;
    ::chmod(path.c_str(), 0755);
    return path.string();
  }
  std::filesystem::path root_;

 private:
  static std::string fmt_name() { return "doctor_" + std::to_string(::getpid()); }
};

TEST_F(ToolTest, FirstLineOfWhatItSays) {
  EXPECT_EQ(first_line_of(write("a", "echo \"$1 5.006\"; echo more\n"), "--version", 10), "--version 5.006");
  EXPECT_EQ(first_line_of(write("b", "echo to standard error >&2\nexit 1\n"), "-V", 10), "to standard error");
  EXPECT_EQ(first_line_of(write("c", "exit 0\n"), "-V", 10), "");
  EXPECT_EQ(first_line_of((root_ / "none").string(), "-V", 10), "");
  EXPECT_EQ(first_line_of(write("d", "cat\necho after\n"), "-V", 10), "after") << "it reads nothing of ours";
}

TEST_F(ToolTest, OneThatHangsIsKilledWithItsChildren) {
  const auto start = std::chrono::steady_clock::now();
  const std::filesystem::path mark = root_ / "mark";
  const std::string path = write("hang", "(sleep 1; touch '" + mark.string() + "') &\nsleep 60\n");
  EXPECT_EQ(first_line_of(path, "-V", 0.3), "");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_LT(seconds, 10.0);
  ::usleep(1500000);
  EXPECT_FALSE(std::filesystem::exists(mark)) << "its child lived on";
}

TEST_F(ToolTest, IsFoundOnThePath) {
  const std::string path = write("tool", "echo x\n");
  std::filesystem::create_directories(root_ / "folder" / "tool");
  std::ofstream(root_ / "plain") << "not executable";
  EXPECT_EQ(find_program("tool", "/nonexistent::" + (root_ / "folder").string() + ":" + root_.string()),
            path);
  EXPECT_EQ(find_program("plain", root_.string()), "");
  EXPECT_EQ(find_program("tool", ""), "");
}

TEST(MachineFacts, OfThisMachine) {
  const MachineFacts machine = machine_facts();
  EXPECT_GE(machine.processors, 1);
  EXPECT_GT(machine.memory_bytes, 0u);
  EXPECT_LE(machine.available_bytes, machine.memory_bytes);
  EXPECT_EQ(machine.tools.size(), 3u);
  EXPECT_NE(machine.folder, "");
  EXPECT_THAT(findings_text(diagnose(machine, device_facts())), Not(HasSubstr("unknown model")));
}

}  // namespace
}  // namespace fixynn
