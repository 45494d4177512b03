// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"
#include "doctor/diagnosis.h"

namespace fixynn {
namespace {

const ManualPage kManual = {
    .name = "fixynn-doctor",
    .summary = "says what this machine has, and what each missing thing costs",
    .synopsis = "fixynn-doctor [--json]",
    .description =
        "Looks at the processor and its vector instructions, memory, CUDA, the NVIDIA driver, cards and "
        "cuDNN, "
        "simulators on the PATH, the display and the disk of the current folder, and prints a line for each: "
        "ok, missing (the workbench does without it), or problem. It changes nothing and needs a few seconds "
        "at "
        "most.",
    .examples =
        "  fixynn-doctor\n"
        "  fixynn-doctor --json | jq -r '.findings[] | select(.health != \"ok\") | .key'",
    .exit_status = " 0  done, whatever is missing\n 2  the command line is wrong",
};

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  bool json = false;
  app.add_flag("--json", json, "Prints one line of JSON, for scripts.");
  if (!parse_arguments(app, argc, argv)) return 0;
  const MachineFacts machine = machine_facts();  // first: CUDA starts threads, and this forks
  const DeviceFacts devices = device_facts();
  const std::vector<Finding> findings = diagnose(machine, devices);
  const std::string program = version_text(kManual.name);
  if (json) {
    fmt::print("{}", findings_json(program, findings, machine, devices));
  } else {
    fmt::print("{}\n\n{}", program, findings_text(findings));
  }
  return 0;
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
