// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace fixynn {

/// What 'fixynn-rtl parameters' is asked for.
struct ParametersCommand {
  std::filesystem::path network;  ///< network or run directory
  std::filesystem::path package;  ///< folder of the hardware
  std::filesystem::path out;      ///< a C header if it ends in ".h", otherwise lines of address and data
  std::string name;               ///< prefix of the names in the header; empty: of the network's file
  bool force = false;             ///< replace whatever `out` is
};

struct ParametersOutcome {
  std::filesystem::path network;  ///< the file
  std::string digest;             ///< as in ParameterFiles
  std::string prefix;             ///< of the header's names; empty where no header was written
  size_t writes = 0;
};

/// Writes the batch norms of the network. Throws one sentence for a folder that is no package, for a network
/// whose weights or shifts are not the package's, and for a file that is there and not of this kind.
ParametersOutcome run_parameters_command(const ParametersCommand& command);

}  // namespace fixynn
