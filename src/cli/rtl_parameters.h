// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/cost_options.h"
#include "cli/program.h"
#include "core/text.h"
#include "export/parameters_command.h"

// The subcommand 'fixynn-rtl parameters'.

namespace fixynn {

inline CLI::App* add_rtl_parameters(CLI::App& app, ParametersCommand& arguments) {
  CLI::App* command = app.add_subcommand("parameters");
  set_manual(
      *command,
      {.name = "parameters",
       .summary = "batch norms of another task for hardware that is there",
       .synopsis = "fixynn-rtl parameters NETWORK --for DIR --out FILE [OPTIONS]",
       .description =
           "Writes M and B of NETWORK, as addresses and data, for the package in DIR, which was made of "
           "a network with the same frozen weights and shifts; a layer in which they differ is named.\n\n"
           "A program in C can include the headers of several tasks, and the package's own, if each has "
           "another "
           "NAME: the array is NAME_parameters.",
       .examples = "  fixynn-rtl parameters runs/other --for ffe --out other.h --name other\n"
                   "  fixynn-rtl parameters fixed_07.safetensors --for ffe --out other.hex"});
  command->add_option("NETWORK", arguments.network, "Network file or run directory.")->required();
  command->add_option("--for", arguments.package, "The package.")->type_name("DIR")->required();
  command
      ->add_option("--out", arguments.out,
                   "C header if the name ends in .h, otherwise lines as in parameters.hex.")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--name", arguments.name,
                   "How names in the C header begin; default: the name of the network's file, fixed_07.")
      ->type_name("NAME");
  command->add_flag("--force", arguments.force, "Replace FILE even if it is something else.");
  return command;
}

/// Returns the exit code.
inline int run_rtl_parameters(const CLI::App& app, const ParametersCommand& arguments) {
  (void)given_options(app);  // refuses empty values
  const ParametersOutcome outcome = run_parameters_command(arguments);
  fmt::print("{}: {} writes of {}, SHA-256 {}...{}\n", arguments.out.string(), outcome.writes,
             printable(outcome.network.string(), 200), outcome.digest,
             outcome.prefix.empty() ? "" : fmt::format(", as {}_parameters", outcome.prefix));
  return 0;
}

}  // namespace fixynn
