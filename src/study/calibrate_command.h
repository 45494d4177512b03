// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "calibrate/calibrate.h"

namespace fixynn {

/// What 'fixynn-cost calibrate' is asked for.
struct CalibrateCommand {
  std::filesystem::path liberty;
  std::filesystem::path network;  ///< network or float model for more blocks; empty: none
  std::filesystem::path images;   ///< data set for energies; empty: a made-up image
  std::filesystem::path out;      ///< technology file to write; empty: none
  std::filesystem::path work;     ///< folder of Yosys runs; empty: in the user's cache
  std::string base;               ///< technology for what is not measured; empty: unknown
  std::string blocks;             ///< "small", or names of golden blocks with commas; empty: all
  std::string name = "calibrated", yosys = "yosys";
  bool full_adders = true, layers = false, energy = false;
  int threads = 0;
};

/// With the network's design at 8, 6 and 4 bits.
CalibrationRequest calibration_request(const CalibrateCommand& command);

/// Calibrates and writes the technology file. `print` gets each piece of the report when it is known; a line
/// a Yosys run goes to standard error. Throws one sentence, after all else is done, where a law misses its
/// blocks by more than its limit.
void run_calibrate_command(const CalibrateCommand& command,
                           const std::function<void(const std::string&)>& print);

}  // namespace fixynn
