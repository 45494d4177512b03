// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/program.h"
#include "study/calibrate_command.h"

// The command line of the subcommand 'fixynn-cost calibrate'.

namespace fixynn {

inline constexpr ChoiceNames<bool, 2> kCalibrateFullAdders = {{{"on", true}, {"off", false}}};

inline CLI::App* add_calibrate(CLI::App& app, CalibrateCommand& asked) {
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
                      " 2  the command line is wrong\n 128 + signal  stopped"});
  command->add_option("--liberty", asked.liberty, "The cell library, Liberty text.")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--network", asked.network,
                   "Also calibrate on the first layers of this network or float model, at 8, 6 and 4 bits.")
      ->type_name("FILE");
  command->add_option("--name", asked.name, "Name of the technology.")->type_name("NAME");
  command->add_option("--out", asked.out, "Write the technology file.")->type_name("FILE.json");
  command
      ->add_option("--base", asked.base,
                   "Technology that gives the figures that are not measured here (memories, energies, "
                   "clock); default: "
                   "they are unknown.")
      ->type_name("NAME|FILE.json");
  command
      ->add_option("--blocks", asked.blocks,
                   "'small' for what takes seconds, or names of golden blocks; default: all.")
      ->type_name("LIST");
  command->add_flag("--layers", asked.layers, "Also synthesise whole layers of the network and compare.");
  command
      ->add_option("--images", asked.images,
                   "Data set whose image --energy feeds to the network; default: a made-up one.")
      ->type_name("ROOT");
  command->add_flag("--energy", asked.energy,
                    "Also simulate the mapped gates and fit the energies: on the codes of the network's own "
                    "layers with --network, else on made-up streams.");
  add_choice(*command, "--full-adders", asked.full_adders, kCalibrateFullAdders,
             "Also map adders to full-adder cells.");
  command
      ->add_option("--work", asked.work,
                   "Folder for scripts, logs and results; default: calibrate in the cache folder.")
      ->type_name("DIR");
  command->add_option("--threads", asked.threads, "Yosys runs at a time; 0 = one for each processor.")
      ->type_name("N")
      ->check(CLI::Range(0, 1024).description(""));
  command->add_option("--yosys", asked.yosys, "The program.")->type_name("PATH");
  return command;
}

}  // namespace fixynn
