// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine_options.h"
#include "core/error.h"
#include "core/stop_signal.h"
#include "core/text.h"
#include "core/version.h"

// What every program's main shares. A main is:
//
//   int main(int argc, char** argv) {
//     return fixynn::run_main(argc, argv, [](int count, char** values) {
//       CLI::App app;
//       fixynn::set_manual(app, {.name = "fixynn-x", .summary = "does x", .description = "...", .examples =
//       "..."}); app.add_option(...); if (!fixynn::parse_arguments(app, count, values)) return 0;  // --help
//       or --version was printed
//       ...
//       return 0;
//     });
//   }

namespace fixynn {

/// The first line of --version: "fixynn-data 0.1.0 (1a2b3c4d5e6f)".
inline std::string version_text(const std::string& program) {
  return fmt::format("{} {} ({})", program, kVersion, kRevision);
}

/// The parts of a manual page that the options do not give. Paragraphs are separated by an empty line; lines
/// of a paragraph are filled to the width of the page, lines that begin with a space are kept as they are.
struct ManualPage {
  std::string name{};         ///< of the program, "fixynn-data", or of the subcommand, "inspect"
  std::string summary{};      ///< one line without a full stop
  std::string synopsis{};     ///< default: the usage that the options give
  std::string description{};  ///< some paragraphs
  std::string examples{};     ///< lines "  command"
  std::string exit_status =
      " 0  done\n 1  the work failed; one sentence on standard error says why\n"
      " 2  the command line or the configuration is wrong";
};

/// Lays --help out like a manual page.
class ManualFormatter : public CLI::Formatter {
 public:
  explicit ManualFormatter(ManualPage page) : page_(std::move(page)) {}

  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    const std::string full_name =
        app->get_parent() == nullptr ? page_.name : app->get_parent()->get_name() + " " + page_.name;
    std::string page = "NAME\n" + fill(full_name + " - " + page_.summary, kIndent);
    std::string synopsis = page_.synopsis;
    if (synopsis.empty()) {
      synopsis = make_usage(app, full_name);
      synopsis = synopsis.substr(synopsis.find(": ") + 2);
    }
    page += "\nSYNOPSIS\n" + fill(" " + synopsis, kIndent - 1);
    if (!page_.description.empty()) page += "\nDESCRIPTION\n" + fill(page_.description, kIndent);
    page += list_subcommands(app) + list_options(app);
    page += "\nEXIT STATUS\n" + fill(page_.exit_status, kIndent - 1);
    if (!page_.examples.empty()) page += "\nEXAMPLES\n" + fill(page_.examples, kIndent - 2);
    return page;
  }

 private:
  static constexpr size_t kIndent = 7;
  static constexpr size_t kWidth = 80;

  static std::string fill(const std::string& text, size_t indent) {
    std::string out, line;
    std::istringstream lines(text);
    const std::string margin(indent, ' ');
    const auto flush = [&] {
      if (!line.empty()) out += margin + line + "\n";
      line.clear();
    };
    for (std::string source; std::getline(lines, source);) {
      if (source.empty() || source[0] == ' ') {
        flush();
        out += source.empty() ? "\n" : margin + source + "\n";
        continue;
      }
      std::istringstream words(source);
      for (std::string word; words >> word;) {
        if (!line.empty() && indent + line.size() + 1 + word.size() > kWidth) flush();
        line += (line.empty() ? "" : " ") + word;
      }
    }
    flush();
    return out;
  }

  static std::string list_subcommands(const CLI::App* app) {
    const auto commands = app->get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); });
    if (commands.empty()) return {};
    std::string out = "\nCOMMANDS\n";
    for (const CLI::App* command : commands) {
      out += std::string(kIndent, ' ') + command->get_name() + "\n" +
             fill(command->get_description(), kIndent + 6);
    }
    return out + fill("'" + app->get_name() + " COMMAND --help' describes a command.", kIndent);
  }

  static std::string list_options(const CLI::App* app) {
    std::string out = "\nOPTIONS\n";
    const auto options =
        app->get_options([](const CLI::Option* option) { return !option->get_group().empty(); });
    for (const bool positional : {true, false}) {
      for (const CLI::Option* option : options) {
        if (option->get_positional() != positional) continue;
        std::string head = option->get_name(positional, !positional);
        for (size_t comma = head.find(','); comma != std::string::npos; comma = head.find(',', comma + 2)) {
          head.replace(comma, 1, ", ");
        }
        if (!positional && option->get_type_size() != 0 && !option->get_type_name().empty()) {
          head += " " + option->get_type_name();
        }
        std::string text = option->get_description();
        const std::string preset = option->get_default_str();
        if (!preset.empty() && preset != "[]" && preset != "false" && preset != "\"\"")
          text += " (default " + preset + ")";
        out += std::string(kIndent, ' ') + head + "\n" + fill(text, kIndent + 6);
      }
    }
    return out;
  }

  ManualPage page_;
};

/// Gives a program or a subcommand its manual page; a program also gets --version.
inline void set_manual(CLI::App& app, const ManualPage& page) {
  app.name(page.name);
  app.description(page.summary);
  app.formatter(std::make_shared<ManualFormatter>(page));
  app.set_help_flag("-h,--help", "Print this page and exit.");
  app.option_defaults()->always_capture_default();
  if (app.get_parent() == nullptr) {
    app.set_version_flag("--version", version_text(page.name), "Print version and git revision and exit.");
  }
}

/// Options that are misspelt or lack their value, which the parser names in the wrong order or not at all:
/// --out --force would write a file "--force". Throws Error(kUsage).
inline void check_long_options(const CLI::App& app, int argc, char** argv) {
  const CLI::App* scope = &app;
  std::string name = app.get_name();
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") return;
    if (!word.starts_with("--")) {
      for (const CLI::App* command : scope->get_subcommands([](const CLI::App*) { return true; })) {
        if (command->get_name() != word) continue;
        scope = command;
        name += " " + command->get_name();
        break;
      }
      continue;
    }
    const std::string option_name(word.substr(0, word.find('=')));
    const CLI::Option* option = scope->get_option_no_throw(option_name);
    if (option == nullptr) {
      std::vector<std::string> known;
      for (const CLI::Option* candidate : scope->get_options()) {
        for (const std::string& long_name : candidate->get_lnames()) known.push_back("--" + long_name);
      }
      const std::string near = nearest_name(option_name, known);
      fail_usage("there is no option {}; {}", printable(option_name),
                 near.empty() ? fmt::format("see '{} --help'", name) : fmt::format("did you mean {}?", near));
    }
    if (option->get_items_expected_max() == 0 || word.find('=') != std::string_view::npos) continue;
    if (i + 1 == argc || std::string_view(argv[i + 1]).starts_with("--")) {
      fail_usage("{} needs a value; see '{} --help'", option_name, name);
    }
    ++i;
  }
}

/// Parses the command line. False: --help or --version was printed and the program should return 0. Throws
/// Error(kUsage), one sentence that points to --help.
inline bool parse_arguments(CLI::App& app, int argc, char** argv) {
  try {
    check_long_options(app, argc, argv);
    app.parse(argc, argv);
    return true;
  } catch (const CLI::Success& request) {
    app.exit(request);
    return false;
  } catch (const CLI::ParseError& problem) {
    std::string text = problem.what();
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '.'))
      text.pop_back();
    for (char& c : text) {
      if (c == '\n') c = ' ';
    }
    const auto commands = app.get_subcommands();
    fail_usage("{}; see '{}{} --help'", text, app.get_name(),
               commands.empty() ? "" : " " + commands.front()->get_name());
  }
}

/// An option that takes one of `names` into `value`, whose present value is shown as the default.
template <typename Enum, size_t kCount>
CLI::Option* add_choice(CLI::App& app, const std::string& flag, Enum& value,
                        const ChoiceNames<Enum, kCount>& names, const std::string& description) {
  const auto take = [&value, &names](const CLI::results_t& given) {
    for (const auto& [name, choice] : names) {
      if (name == given.front()) value = choice;
    }
    return true;
  };
  std::vector<std::string> allowed;
  for (const auto& [name, choice] : names) allowed.emplace_back(name);
  // Where the description does not name them all.
  const bool named = std::all_of(allowed.begin(), allowed.end(), [&](const std::string& name) {
    return description.find(name) != std::string::npos;
  });
  const std::string values = named ? "" : fmt::format(" One of {}.", fmt::join(allowed, ", "));
  CLI::Option* option = app.add_option(flag, take, description + values);
  option->check(CLI::IsMember(allowed).description(""));
  option->default_str(std::string(choice_name(names, value)));
  std::string type = flag.substr(flag.find_first_not_of('-'));
  for (char& c : type) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return option->type_name(type);
}

inline CLI::Option* add_threads(CLI::App& app, int& threads) {
  return app.add_option("--threads", threads, "Threads of the CPU engine; 0 = one for each processor.")
      ->check(CLI::Range(0, 1024).description(""))
      ->type_name("N");
}

inline CLI::Option* add_precision(CLI::App& app, Precision& precision) {
  return add_choice(app, "--precision", precision, kPrecisionNames,
                    "Float arithmetic on a CUDA device: fp32, tf32 (matrix products rounded to tf32) or bf16 "
                    "(activations and gradients in half the bytes).");
}

/// Those and --device and --convolutions: in the order of EngineOptions.
inline std::array<CLI::Option*, 4> add_engine_options(CLI::App& app, EngineOptions& engine) {
  CLI::Option* device = add_choice(app, "--device", engine.device, kDeviceNames,
                                   "auto (cuda where it can be had, else cpu), cpu or cuda.");
  CLI::Option* threads = add_threads(app, engine.threads);
  CLI::Option* precision = add_precision(app, engine.precision);
  return {device, threads, precision,
          add_choice(app, "--convolutions", engine.convolutions, kConvolutionsNames,
                     "Who computes the convolutions of training on a CUDA device: custom (this program's "
                     "kernels) or cudnn.")};
}

/// Runs `body(argc, argv)`, which returns the exit code, and turns every exception into "error: sentence" on
/// standard error and its exit code; StoppedBySignal into its message and 128 + signal.
template <typename Body>
int run_main(int argc, char** argv, Body&& body) {
  const auto report = [](std::string_view message) {
    std::fflush(stdout);
    fmt::print(stderr, "error: {}\n", message);
  };
  try {
    const int code = std::forward<Body>(body)(argc, argv);
    if (std::fflush(stdout) != 0) {
      report("the output cannot be written to standard output");
      return 1;
    }
    return code;
  } catch (const StoppedBySignal& stop) {
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", stop.message);
    return 128 + stop.signal;
  } catch (const Error& error) {
    report(error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    report("out of memory; use a smaller size or batch, or a machine with more memory");
  } catch (const std::exception& error) {
    report(error.what());
  }
  return 1;
}

}  // namespace fixynn
