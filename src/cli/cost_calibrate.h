// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "calibrate/calibrate.h"
#include "calibrate/gate_energy.h"
#include "cli/program.h"
#include "core/files.h"
#include "core/log.h"
#include "core/text.h"
#include "study/load_design.h"
#include "study/study_images.h"

// The subcommand 'fixynn-cost calibrate'.

namespace fixynn {

struct CalibrateArguments {
  std::string liberty, network, images, out, base, work, blocks;
  std::string name = "calibrated", yosys = "yosys", full_adders = "on";
  bool layers = false, energy = false;
  int threads = 0;
};

inline CLI::App* add_calibrate(CLI::App& app, CalibrateArguments& arguments) {
  CLI::App* command = app.add_subcommand("calibrate");
  set_manual(
      *command,
      {.name = "calibrate",
       .summary = "fit the area laws to a cell library with Yosys",
       .synopsis = "fixynn-cost calibrate --liberty FILE [OPTIONS]",
       .description =
           "Synthesises golden blocks (random matrices and, with --network, the first convolutions of a real "
           "network), registers and requantisers with Yosys, fits the constants of the area laws, prints "
           "the error of every block and writes a technology file for --technology.\n\nAreas are sums of "
           "cell "
           "areas: no placement, no routing, no timing. Results are kept in the work folder, so that a "
           "second run is quick and an interrupted one goes on.",
       .examples = "  fixynn-cost calibrate --liberty osu018_stdcells.lib --blocks small --base asap7 --out "
                   "osu018.json\n"
                   "  fixynn-cost calibrate --liberty asap7.lib --network mobilenet.safetensors --layers "
                   "--out asap7.json",
       .exit_status = " 0  done\n 1  the work failed, or a law misses its blocks by more than its limit\n"
                      " 2  the command line is wrong"});
  command->add_option("--liberty", arguments.liberty, "The cell library, Liberty text.")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--network", arguments.network,
                   "Also calibrate on the first layers of this network or float model, at 8, 6 and 4 bits.")
      ->type_name("FILE");
  command->add_option("--name", arguments.name, "Name of the technology.")->type_name("NAME");
  command->add_option("--out", arguments.out, "Write the technology file.")->type_name("FILE.json");
  command
      ->add_option("--base", arguments.base,
                   "Technology that gives the figures that are not measured here (memories, energies, "
                   "clock); default: "
                   "they are unknown.")
      ->type_name("NAME|FILE.json");
  command
      ->add_option("--blocks", arguments.blocks,
                   "'small' for what takes seconds, or names of golden blocks; default: all.")
      ->type_name("LIST");
  command->add_flag("--layers", arguments.layers, "Also synthesise whole layers of the network and compare.");
  command
      ->add_option("--images", arguments.images,
                   "Data set whose image --energy feeds to an integer network; default: a made-up one.")
      ->type_name("ROOT");
  command->add_flag("--energy", arguments.energy,
                    "Also simulate the mapped gates and fit the energies: on the codes of the network's own "
                    "layers when --network is an integer network, else on made-up streams.");
  command
      ->add_option("--full-adders", arguments.full_adders, "Also map adders to full-adder cells: on or off.")
      ->type_name("on|off")
      ->check(CLI::IsMember({"on", "off"}).description(""));
  command
      ->add_option("--work", arguments.work,
                   "Folder for scripts, logs and results; default: calibrate in the cache folder.")
      ->type_name("DIR");
  command->add_option("--threads", arguments.threads, "Yosys runs at a time; 0 = one for each processor.")
      ->type_name("N")
      ->check(CLI::Range(0, 1024).description(""));
  command->add_option("--yosys", arguments.yosys, "The program.")->type_name("PATH");
  return command;
}

inline CalibrationRequest calibration_request(const CalibrateArguments& arguments) {
  CalibrationRequest request;
  request.yosys.yosys = arguments.yosys;
  request.yosys.liberty = arguments.liberty;
  request.yosys.work = arguments.work;
  if (arguments.work.empty()) {
    const std::filesystem::path cache = AdderGraphCache::default_folder();
    request.yosys.work = cache.empty() ? std::filesystem::temp_directory_path() / "fixynn-calibrate"
                                       : cache.parent_path() / "calibrate";
  }
  request.name = arguments.name;
  request.small = arguments.blocks == "small";
  if (!request.small && !arguments.blocks.empty()) request.blocks = CLI::detail::split(arguments.blocks, ',');
  request.full_adders = arguments.full_adders == "on";
  request.layers = arguments.layers;
  request.threads = arguments.threads;
  if (!arguments.network.empty()) {
    for (const char* bits : {"8", "6", "4"}) {
      DesignRequest design;
      design.path = arguments.network;
      design.bits = bits;
      request.designs.push_back(load_design(design).design);
    }
  }
  return request;
}

inline EnergyFit fit_energies(const CalibrateArguments& arguments, const CalibrationRequest& request,
                              AdderGraphCache& cache) {
  EnergyRequest energy;
  energy.small = request.small;
  energy.threads = request.threads;
  std::optional<IntegerNetwork> network;
  if (!arguments.network.empty()) {
    DesignRequest design;
    design.path = arguments.network;
    network = load_design(design).integer_network;
  }
  if (network) energy.network = &*network;
  if (!arguments.images.empty()) {
    if (!network || !arguments.energy)
      fail_usage("--images needs --energy and an integer network in --network");
    energy.image = study_images(arguments.images, 1, network->network.input_size).front();
  }
  return calibrate_energy(Synthesizer(request.yosys), energy, cache);
}

/// Returns the exit code.
inline int run_calibrate(const CalibrateArguments& arguments) {
  std::optional<Technology> base;
  if (!arguments.base.empty()) base = find_technology(arguments.base);
  const CalibrationRequest request = calibration_request(arguments);
  Log log(stderr);
  AdderGraphCache cache(AdderGraphCache::default_folder());
  const Calibration calibration =
      calibrate(request, cache,
                [&log](const SynthesisJob& job, const SynthesisResult& result, int done, int total,
                       std::optional<double> left) {
                  log.info("[{}/{}] {}: {:.1f} um2 ({}){}", done, total, job.name, result.area_um2,
                           result.cached ? "known" : format_duration(result.seconds),
                           left && done < total ? ", about " + format_duration(*left) + " left" : "");
                });
  fmt::print("{}", calibration_text(calibration));
  Technology measured = calibration.technology;
  if (arguments.energy) {
    const EnergyFit fit = fit_energies(arguments, request, cache);
    merge_energy(measured, fit);
    fmt::print("\n{}", energy_fit_text(fit));
  }
  if (!arguments.out.empty()) {
    Technology technology = base ? merge_technology(*base, measured) : measured;
    if (base) technology.summary += fmt::format("; what was not measured is {}'s", base->name);
    write_file_atomic(arguments.out, technology_json(technology));
    fmt::print("technology {}: {}\n", technology.name, arguments.out);
    std::vector<std::string> missing;
    for (const TechnologyKey& key : technology_keys()) {
      if (!(technology.*key.figure).value) missing.push_back(key.key);
    }
    if (!missing.empty()) {
      fmt::print(
          "Not measured and unknown in it: {}. --base NAME|FILE.json takes them from another technology, "
          "--energy fits energies; areas and the clock are needed before --technology can use it.\n",
          fmt::join(missing, ", "));
    }
  }
  if (!calibration.faults.empty())
    fail("the laws do not fit {}: {}", arguments.liberty, fmt::join(calibration.faults, "; "));
  return 0;
}

}  // namespace fixynn
