// SPDX-License-Identifier: Apache-2.0
#include "doctor/diagnosis.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace fixynn {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr uint64_t kLittleMemory = 2 * kGiB;
constexpr uint64_t kLittleDisk = 1 * kGiB;

std::string gib(uint64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / static_cast<double>(kGiB));
}

Finding cpu(const MachineFacts& machine, const DeviceFacts& devices) {
  Finding finding{"cpu", "CPU", Health::kOk, {}, {}};
  finding.text = fmt::format("{}, {} {}", machine.cpu_model.empty() ? "unknown model" : machine.cpu_model,
                             machine.processors, machine.processors == 1 ? "processor" : "processors");
  if (!machine.cpu_features.empty()) finding.text += ", " + machine.cpu_features;
  if (devices.cpu_kernels.empty()) {
    finding.health = Health::kProblem;
    finding.cost = "the CPU engine needs SSE4.2 and cannot run here";
  } else {
    finding.text += fmt::format("; the CPU engine uses {}", devices.cpu_kernels);
  }
  return finding;
}

Finding memory(const MachineFacts& machine) {
  Finding finding{"memory", "memory", Health::kOk, {}, {}};
  if (machine.memory_bytes == 0) {
    finding.text = "not known";
    return finding;
  }
  finding.text = fmt::format("{}, {} available", gib(machine.memory_bytes), gib(machine.available_bytes));
  if (machine.available_bytes < kLittleMemory) {
    finding.health = Health::kProblem;
    finding.cost = "large batches may not fit: lower train.batch_size, or close other programs";
  }
  return finding;
}

Finding cuda_build(const DeviceFacts& devices) {
  if (devices.cuda_in_build) {
    return {"cuda",
            "CUDA",
            Health::kOk,
            fmt::format("this program was built with CUDA {}", devices.cuda_version),
            {}};
  }
  return {"cuda", "CUDA", Health::kMissing, "this program was built without CUDA",
          "training and evaluation run on the CPU, whatever card there is: install the CUDA toolkit 13 and "
          "build again"};
}

/// Whether version `a` is older than `b`; "12.8" is older than "13.0".
bool is_older(const std::string& a, const std::string& b) {
  const auto number = [](const std::string& text) {
    const size_t dot = text.find('.');
    return std::pair(std::atoi(text.c_str()),
                     dot == std::string::npos ? 0 : std::atoi(text.c_str() + dot + 1));
  };
  return number(a) < number(b);
}

Finding driver(const MachineFacts& machine, const DeviceFacts& devices) {
  Finding finding{"driver", "NVIDIA driver", Health::kOk, {}, {}};
  if (machine.driver_version.empty() && devices.driver_supports.empty()) {
    finding.health = Health::kMissing;
    finding.text = "none";
    finding.cost =
        "training and evaluation run on the CPU, many times slower than on a card: with an NVIDIA card, "
        "install its driver";
    return finding;
  }
  finding.text = machine.driver_version.empty() ? "version not known" : machine.driver_version;
  if (!devices.driver_supports.empty()) {
    finding.text += fmt::format(", supports CUDA {}", devices.driver_supports);
  }
  // Minor versions of one major version work together.
  const std::string major = devices.cuda_version.substr(0, devices.cuda_version.find('.'));
  if (!devices.driver_supports.empty() && !major.empty() && is_older(devices.driver_supports, major)) {
    finding.health = Health::kProblem;
    finding.cost =
        fmt::format("this program needs CUDA {}, so the card is not used: install a newer driver", major);
  }
  return finding;
}

std::vector<Finding> cards(const DeviceFacts& devices) {
  const std::string cost = "training and evaluation run on the CPU, many times slower than on a card";
  std::vector<Finding> findings;
  for (const CardFacts& card : devices.cards) {
    findings.push_back(
        {"card",
         "card",
         Health::kOk,
         fmt::format("{}, {}, compute capability {}", card.name, gib(card.memory_bytes), card.capability),
         {}});
  }
  if (findings.empty()) {
    const std::string reason = devices.cuda_in_build ? "none" : "not looked for";
    findings.push_back({"card", "card", Health::kMissing, reason, cost});
  } else if (!devices.cuda_problem.empty()) {  // the engine takes the first
    findings.front().health = Health::kProblem;
    findings.front().cost = fmt::format("{}; until then {}", devices.cuda_problem, cost);
  }
  return findings;
}

Finding cudnn(const DeviceFacts& devices) {
  Finding finding{"cudnn", "cuDNN", Health::kMissing, {}, {}};
  const std::string cost = "engine.convolutions: cudnn cannot be used; the default, custom, needs no cuDNN";
  if (!devices.cuda_in_build) {
    finding.text = "not looked for";
    finding.cost = cost;
  } else if (!devices.cudnn_problem.empty()) {
    finding.text = devices.cudnn_problem;
    finding.cost = cost + ". To compare the two, install cuDNN 9 for CUDA 13";
    if (!devices.cudnn_version.empty()) finding.health = Health::kProblem;
  } else if (!devices.cudnn_in_build) {
    finding.text = fmt::format("{}, but this program was built without cudnn.h", devices.cudnn_version);
    finding.cost = cost;
  } else {
    finding.text = devices.cudnn_version;
    finding.health = Health::kOk;
  }
  return finding;
}

Finding tool(const ToolFacts& facts) {
  Finding finding{facts.name, facts.name, Health::kOk, facts.version, {}};
  if (facts.path.empty()) {
    finding.health = Health::kMissing;
    finding.text = "not on the PATH";
    finding.cost =
        facts.name == "yosys"
            ? "generated hardware cannot be synthesised: install the Debian package yosys"
            : fmt::format("generated hardware cannot be simulated with {}: install the Debian package {}",
                          facts.name, facts.name);
  } else if (facts.version.empty()) {
    finding.health = Health::kProblem;
    finding.text = fmt::format("{} does not tell its version", facts.path);
    finding.cost = fmt::format("it may not work: try '{}' by hand", facts.name);
  }
  return finding;
}

Finding display(const MachineFacts& machine) {
  if (!machine.display.empty()) return {"display", "display", Health::kOk, machine.display, {}};
  return {"display", "display", Health::kMissing, "none (neither DISPLAY nor WAYLAND_DISPLAY is set)",
          "no window can be opened; the programs of the command line need none"};
}

Finding disk(const MachineFacts& machine) {
  Finding finding{"disk", "disk", Health::kOk, {}, {}};
  if (machine.folder.empty()) {
    finding.health = Health::kProblem;
    finding.text = "the current folder cannot be read";
    finding.cost = "runs cannot be written here: change to another folder";
    return finding;
  }
  finding.text = fmt::format("{} free in {}", gib(machine.free_disk_bytes), machine.folder);
  if (machine.free_disk_bytes < kLittleDisk) {
    finding.health = Health::kProblem;
    finding.cost = "checkpoints and networks of a long run may not fit: free some space";
  }
  return finding;
}

const char* health_text(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kMissing:
      return "missing";
    case Health::kProblem:
      return "problem";
  }
  return "";
}

}  // namespace

std::vector<Finding> diagnose(const MachineFacts& machine, const DeviceFacts& devices) {
  std::vector<Finding> findings = {cpu(machine, devices), memory(machine), cuda_build(devices),
                                   driver(machine, devices)};
  for (Finding& card : cards(devices)) findings.push_back(std::move(card));
  findings.push_back(cudnn(devices));
  for (const ToolFacts& one : machine.tools) findings.push_back(tool(one));
  findings.push_back(display(machine));
  findings.push_back(disk(machine));
  return findings;
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:<8} {:<14} {}\n", health_text(finding.health), finding.name, finding.text);
    if (!finding.cost.empty()) text += fmt::format("{:<23} -> {}\n", "", finding.cost);
  }
  return text;
}

std::string findings_json(const std::string& program, const std::vector<Finding>& findings,
                          const MachineFacts& machine, const DeviceFacts& devices) {
  nlohmann::ordered_json json;
  json["program"] = program;
  json["findings"] = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    json["findings"].push_back({{"key", finding.key},
                                {"health", health_text(finding.health)},
                                {"text", finding.text},
                                {"cost", finding.cost}});
  }
  nlohmann::ordered_json& facts = json["facts"];
  facts["cpu_model"] = machine.cpu_model;
  facts["processors"] = machine.processors;
  facts["cpu_kernels"] = devices.cpu_kernels;
  facts["memory_bytes"] = machine.memory_bytes;
  facts["available_bytes"] = machine.available_bytes;
  facts["free_disk_bytes"] = machine.free_disk_bytes;
  facts["cuda_version"] = devices.cuda_version;
  facts["driver_version"] = machine.driver_version;
  facts["driver_supports"] = devices.driver_supports;
  facts["cuda_usable"] = devices.cuda_problem.empty();
  facts["cudnn_version"] = devices.cudnn_version;
  facts["cards"] = nlohmann::ordered_json::array();
  for (const CardFacts& card : devices.cards) {
    facts["cards"].push_back(
        {{"name", card.name}, {"compute_capability", card.capability}, {"memory_bytes", card.memory_bytes}});
  }
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace fixynn
