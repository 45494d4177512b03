// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "cli/program.h"
#include "gui/app/options.h"

namespace fixynn::gui {
namespace {

const ManualPage kManual = {
    .name = "fixynn-gui",
    .summary = "the workbench: accuracy against energy and area, live",
    .synopsis = "fixynn-gui [RUN...] [OPTIONS]",
    .description =
        "Opens a window on run directories of fixynn-train, or folders of some; without any, what the last "
        "session had "
        "open. It shows accuracy against energy for every number of fixed layers while a training runs, what "
        "every "
        "layer costs at which bits, and what the chip becomes; starts, stops and resumes trainings; and "
        "exports the "
        "Verilog of a design with the result of its simulation.\n\n"
        "Trainings and exports are the programs beside this one, as processes of their own: they may go on "
        "when the "
        "window is closed. A run on another machine is watched through a mounted folder in the same way.\n\n"
        "--screenshot renders the same interface into a file, without display or OpenGL. F1 lists the keys, "
        "Ctrl+P all "
        "commands. Everything that the window does is done by fixynn-train, fixynn-cost, fixynn-report and "
        "fixynn-rtl "
        "on the command line as well.",
    .examples =
        "  fixynn-gui runs/gtsr\n"
        "  fixynn-gui runs configs/gtsr.yaml\n"
        "  fixynn-gui runs/gtsr --screenshot window.png --size 1600x1000 --theme light \\\n"
        "      --select n=7 --select bits=5..6:6 --select tab=trade-off",
};

constexpr ChoiceNames<ThemeName, 2> kThemeNames = {
    {{"dark", ThemeName::kDark}, {"light", ThemeName::kLight}}};

void add_options(CLI::App& app, AppOptions& options, std::string& size, ThemeName& theme) {
  app.add_option("RUN", options.paths, "Run directories, folders of some, or a configuration to start from.");
  app.add_option("--screenshot", options.screenshot, "Render into this PNG and exit; needs no display.")
      ->type_name("FILE");
  app.add_option("--size", size, "In pixels; default: 1600x1000 of a picture, 1440x900 of a window.")
      ->type_name("WxH");
  app.add_option("--scale", options.scale,
                 "Of everything on the screen, 0.5 to 3; default: the last session's.")
      ->check(CLI::Range(0.5, 3.0).description(""))
      ->type_name("S");
  add_choice(app, "--theme", theme, kThemeNames, "dark or light; default: the last session's, dark at first.")
      ->default_str("");
  app.add_option("--select", options.selections,
                 "Before the first frame: run=TITLE, n=N, area=MM2, tap=K, bits=LAYERS:W[/A], layers=LAYERS, "
                 "tab=NAME, "
                 "command=ID (a wrong one is answered with the nearest); may be repeated.")
      ->type_name("KEY=VALUE");
  app.add_option("--wait", options.wait_s, "Of --screenshot: for runs to be read and costs to be exact.")
      ->check(CLI::Range(0.0, 3600.0).description(""))
      ->type_name("SECONDS");
  app.add_flag("--estimates", options.estimates,
               "Costs without adder graphs, at once and the same every time.");
  app.add_option("--font", options.font, "One face for every text, or none for the built-in bitmap font.")
      ->type_name("FILE");
  app.add_option("--session", options.session, "Session file, or none; default: in the user's configuration.")
      ->type_name("FILE");
  app.add_option("--export-dir", options.export_folder, "Where saved plots and tables go; default: here.")
      ->type_name("DIR");
  app.add_option(
         "--dump", options.dump,
         "Write where every widget is and the session's state, as JSON, after each frame: for scripts.")
      ->type_name("FILE");
  app.add_flag("--low-bandwidth", options.low_bandwidth,
               "For remote desktops: at most 15 frames a second, no fades.");
  app.add_flag("--bench", options.bench,
               "Measure edits, events and start-up without a window, print a table, exit.");
}

void parse_size(const std::string& text, AppOptions& options) {
  if (text.empty()) return;
  int width = 0, height = 0;
  char end = 0;
  if (std::sscanf(text.c_str(), "%5dx%5d%c", &width, &height, &end) != 2 || width < 320 || height < 240 ||
      width > 16384 || height > 16384) {
    fail_usage("--size {}: give pixels as WIDTHxHEIGHT, 320x240 to 16384x16384", printable(text));
  }
  options.width = width;
  options.height = height;
  options.size_given = true;
}

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  AppOptions options;
  std::string size;
  ThemeName theme = ThemeName::kDark;
  add_options(app, options, size, theme);
  if (!parse_arguments(app, argc, argv)) return 0;
  parse_size(size, options);
  if (app.count("--theme") > 0) options.theme = theme;
  if (options.bench) return run_bench(options);
  return options.screenshot.empty() ? run_window(options) : take_screenshot(options);
}

}  // namespace
}  // namespace fixynn::gui

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::gui::run);
}
