// SPDX-License-Identifier: Apache-2.0
#include "study/calibrate_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "calibrate/gate_energy.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/text.h"
#include "study/load_design.h"
#include "study/study_images.h"
#include "study/synthesis_runs.h"

namespace fixynn {
namespace {

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

EnergyFit fit_energies(const CalibrateCommand& command, const CalibrationRequest& request,
                       AdderGraphCache& cache) {
  EnergyRequest energy;
  energy.small = request.small;
  energy.threads = request.threads;
  std::optional<IntegerNetwork> network;
  if (!command.network.empty()) {
    DesignRequest design;
    design.path = command.network;
    network = activity_network(load_design(design), MobileNet::kLayers).network;
    energy.network = &*network;
  }
  if (!command.images.empty())
    energy.image = study_images(command.images, 1, network->network.input_size).front();
  return calibrate_energy(Synthesizer(request.yosys), energy, cache);
}

std::string written_text(const Technology& technology, const std::filesystem::path& path) {
  std::string text = fmt::format("technology {}: {}\n", technology.name, path.string());
  std::vector<std::string> missing, taken;
  for (const TechnologyKey& key : technology_keys()) {
    const Figure& figure = technology.*key.figure;
    if (!figure.value) missing.push_back(key.key);
    if (figure.value && figure.source.starts_with("taken from")) taken.push_back(key.key);
  }
  if (!taken.empty()) {
    text += fmt::format(
        "Taken from another technology as they are, not scaled to this process: {}. Areas and energies that "
        "rest on "
        "them are those of two processes; give the file values of this one.\n",
        fmt::join(taken, ", "));
  }
  if (missing.empty()) return text;
  return text + fmt::format(
                    "Not measured and unknown in it: {}. --base NAME|FILE.json takes them from another "
                    "technology, --energy fits energies; areas and the clock are needed before --technology "
                    "can use it.\n",
                    fmt::join(missing, ", "));
}

/// Throws Error too when `request.yosys.stop` ended it.
void calibrate_and_write(const CalibrateCommand& command, const std::optional<Technology>& base,
                         const CalibrationRequest& request,
                         const std::function<void(const std::string&)>& print) {
  Log log(stderr);
  AdderGraphCache cache(AdderGraphCache::default_folder());
  const Calibration calibration = calibrate(request, cache, synthesis_progress(log));
  print(calibration_text(calibration));
  Technology measured = calibration.technology;
  if (command.energy) {
    const EnergyFit fit = fit_energies(command, request, cache);
    merge_energy(measured, fit);
    print("\n" + energy_fit_text(fit));
  }
  if (!command.out.empty()) {
    Technology technology = base ? merge_technology(*base, measured) : measured;
    if (base) technology.summary += fmt::format("; what was not measured is {}'s", base->name);
    write_file_atomic(command.out, technology_json(technology));
    print(written_text(technology, command.out));
  } else {
    print("\nNo technology file was asked for; --out FILE.json writes one, and finds these results again.\n");
  }
  if (!calibration.faults.empty())
    fail("the laws do not fit {}: {}", command.liberty.string(), fmt::join(calibration.faults, "; "));
}

}  // namespace

CalibrationRequest calibration_request(const CalibrateCommand& command) {
  CalibrationRequest request;
  request.yosys.yosys = command.yosys;
  request.yosys.liberty = command.liberty;
  request.yosys.work = command.work.empty() ? default_synthesis_folder() : command.work;
  request.name = command.name;
  request.small = command.blocks == "small";
  if (!request.small && !command.blocks.empty()) request.blocks = split_at_commas(command.blocks);
  request.full_adders = command.full_adders;
  request.layers = command.layers;
  request.threads = command.threads;
  if (command.network.empty()) return request;
  for (const char* bits : {"8", "6", "4"}) {
    DesignRequest design;
    design.path = command.network;
    design.bits = bits;
    request.designs.push_back(load_design(design).design);
  }
  return request;
}

void run_calibrate_command(const CalibrateCommand& command,
                           const std::function<void(const std::string&)>& print) {
  if (!command.images.empty() && (!command.energy || command.network.empty())) {
    fail_usage(
        "--images needs --energy and a network or float model in --network; give both, or leave it out");
  }
  if (const auto folder = command.out.parent_path();
      !folder.empty() && !std::filesystem::is_directory(folder)) {
    fail("--out {}: there is no folder {}; make it first", command.out.string(), folder.string());
  }
  std::optional<Technology> base;
  if (!command.base.empty()) base = find_technology(command.base);
  CalibrationRequest request = calibration_request(command);
  run_stoppable(request.yosys, [&] { calibrate_and_write(command, base, request, print); });
}

}  // namespace fixynn
