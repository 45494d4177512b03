// SPDX-License-Identifier: Apache-2.0
#include "calibrate/yosys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "core/child_process.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// ABC's own default script needs minutes for a 27 x 8 matrix and the result is no smaller.
constexpr const char* kAbcScript = "+strash;ifraig;dc2;map,-a;topo";
// Before a techmap: adders and products no wider than they need to be.
constexpr const char* kPrepare = "proc\nopt_expr\nwreduce\nopt_clean\n";
constexpr int kNotFound = 127;  // of a shell

/// Runs a program in `folder` with its output in `log` and at most `limit_s` of processor time for it and
/// each of its children. Returns its exit status, or 128 + signal. Throws Error when `stop` ended it.
int run_program(const std::vector<std::string>& words, const fs::path& folder, const fs::path& log,
                int limit_s, const std::function<bool()>& stop) {
  constexpr double kNoLimit_s = 1e9;  // processor time is what is limited
  ChildProcess child{
      .words = {"sh", "-c", "ulimit -t \"$1\" && shift && exec \"$@\"", "sh", std::to_string(limit_s)},
      .folder = folder,
      .log = log,
      .limit_s = kNoLimit_s,
      .stop = stop};
  child.words.insert(child.words.end(), words.begin(), words.end());
  const ChildResult result = run_child(child);
  if (result.end == ChildResult::End::kStopped) fail("{}: stopped", words.front());
  return result.end == ChildResult::End::kExited ? result.status : 128 + result.status;
}

/// The lines of a log that say what went wrong: errors, else the last three.
std::string last_words(const std::string& log) {
  std::vector<std::string> lines, errors;
  std::istringstream stream(log);
  for (std::string line; std::getline(stream, line);) {
    if (line.empty()) continue;
    if (line.rfind("ERROR", 0) == 0) errors.push_back(line);
    lines.push_back(line);
  }
  if (!errors.empty()) return errors.back();
  std::string text;
  for (size_t i = lines.size() - std::min<size_t>(lines.size(), 3); i < lines.size(); ++i) {
    text += (text.empty() ? "" : " | ") + lines[i];
  }
  return text.empty() ? "nothing" : text;
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

std::optional<SynthesisResult> read_result(const fs::path& path) {
  std::error_code problem;
  if (!fs::exists(path, problem)) return std::nullopt;
  try {
    const Json json = Json::parse(read_text_file(path));
    SynthesisResult result;
    result.area_um2 = json.at("area_um2").get<double>();
    result.seconds = json.at("seconds").get<double>();
    result.cells = json.at("cells").get<std::map<std::string, int64_t>>();
    result.cached = true;
    return result;
  } catch (const std::exception&) {
    return std::nullopt;  // damaged: made anew
  }
}

void write_result(const fs::path& path, const SynthesisResult& result) {
  const Json json = {{"area_um2", result.area_um2}, {"seconds", result.seconds}, {"cells", result.cells}};
  write_file_atomic(path, json.dump(1) + "\n", false);
}

/// ABC's and Yosys' scripts cannot quote: the library gets a plain name in a folder with a plain name.
void check_work_folder(const fs::path& folder) {
  const std::string name = folder.string();
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-+=,@~").find(c) != std::string_view::npos;
  });
  if (plain) return;
  fail(
      "{}: ABC works only in folders whose names have ASCII letters, digits and / . _ - + = , @ ~ alone; "
      "name another one with --work",
      printable(name, 200));
}

std::string file_stem(const SynthesisJob& job, const std::string& hash) {
  std::string stem;
  for (const char c : job.name) stem += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return stem + "-" + hash.substr(0, 16);
}

}  // namespace

Synthesizer::Synthesizer(const YosysOptions& options) : options_(options) {
  library_ = read_liberty(options.liberty);
  full_adder_ = find_full_adder(library_);
  Sha256 hash;
  hash.update(read_text_file(options.liberty));
  library_hash_ = hash.finish();
  // Scripts run in the work folder. A name without a slash is looked for in PATH.
  if (options_.yosys.find('/') != std::string::npos) options_.yosys = fs::absolute(options_.yosys).string();
  options_.work = fs::absolute(options_.work);
  check_work_folder(options_.work);
  create_folders(options_.work);
  const fs::path link = options_.work / ("library-" + library_hash_.substr(0, 16) + ".lib");
  std::error_code problem;
  fs::remove(link, problem);
  fs::create_symlink(fs::absolute(options.liberty), link, problem);
  if (problem)
    fail("{}: the link cannot be made ({}); name another folder with --work", link.string(),
         problem.message());
  const fs::path log = options_.work / "version.log";
  const int status = run_program({options_.yosys, "-V"}, options_.work, log, 60, options_.stop);
  if (status != 0) {
    fail("Yosys cannot be run as '{}' ({}); install it (Debian: apt install yosys) or name it with --yosys",
         options_.yosys, status == kNotFound ? "not found" : fmt::format("exit status {}", status));
  }
  const std::string text = read_text_file(log);
  version_ = text.substr(0, text.find(" ("));
  while (!version_.empty() && std::isspace(static_cast<unsigned char>(version_.back()))) version_.pop_back();
}

std::string Synthesizer::script(const SynthesisJob& job, const std::string& stem) const {
  const std::string liberty = "library-" + library_hash_.substr(0, 16) + ".lib";
  std::string text;
  const bool full_adders = job.mapping == AdderMapping::kFullAdders;
  if (full_adders) text += "read_liberty -lib -ignore_miss_func " + liberty + "\n";
  text += "read_verilog " + stem + ".v\n";
  for (const auto& [name, value] : job.parameters)
    text += fmt::format("chparam -set {} {} {}\n", name, value, job.top);
  text += "hierarchy -check -top " + job.top + "\n";
  if (!job.first_techmap.empty()) text += fmt::format("{}techmap -map {}.first.v\n", kPrepare, stem);
  if (full_adders)
    text += fmt::format("{}techmap -map {}.techmap.v {}\n", kPrepare, stem, job.full_adder_modules);
  text += "synth -flatten -top " + job.top + "\n";
  text += "dfflibmap -liberty " + liberty + "\n";
  text += fmt::format("abc -liberty {} -script {}\n", liberty, quoted(kAbcScript));
  text += "opt_clean -purge\nstat -liberty " + liberty + "\n";
  if (job.keep_netlist) text += "write_json " + stem + ".netlist.json\n";
  return text;
}

void Synthesizer::execute(const SynthesisJob& job, const std::string& stem) const {
  const fs::path base = options_.work / stem;
  write_file_atomic(base.string() + ".v", job.verilog, false);
  write_file_atomic(base.string() + ".ys", script(job, stem), false);
  if (job.mapping == AdderMapping::kFullAdders) {
    write_file_atomic(base.string() + ".techmap.v", full_adder_techmap(*full_adder_), false);
  }
  if (!job.first_techmap.empty()) write_file_atomic(base.string() + ".first.v", job.first_techmap, false);
  const fs::path log = base.string() + ".log";
  const int status = run_program({options_.yosys, "-Q", "-T", "-s", stem + ".ys"}, options_.work, log,
                                 options_.time_limit_s, options_.stop);
  if (status == 0) return;
  const bool out_of_time = status == 128 + SIGXCPU || status == 128 + SIGKILL;
  fail("{}: Yosys {}; its log {} ends with: {}", job.name,
       out_of_time ? fmt::format("was stopped (limit {} s of processor time)", options_.time_limit_s)
                   : fmt::format("failed with status {}", status),
       log.string(), last_words(read_text_file(log)));
}

SynthesisResult Synthesizer::run(const SynthesisJob& job) const {
  if (job.mapping == AdderMapping::kFullAdders && !full_adder_) {
    fail("{}: the library {} has no full-adder cell; calibrate with --full-adders off", job.name,
         library_.name);
  }
  Sha256 hash;
  hash.update(version_ + "\n" + library_hash_ + "\n" + script(job, "block"));
  if (job.mapping == AdderMapping::kFullAdders) hash.update(full_adder_techmap(*full_adder_));
  hash.update(job.first_techmap);
  hash.update(job.verilog);
  const std::string stem = file_stem(job, hash.finish());
  const fs::path result_path = options_.work / (stem + ".json");
  fs::path netlist;
  if (job.keep_netlist) netlist = options_.work / (stem + ".netlist.json");
  if (auto known = read_result(result_path); known && (netlist.empty() || fs::exists(netlist))) {
    known->netlist = netlist;
    return *known;
  }
  const auto start = std::chrono::steady_clock::now();
  execute(job, stem);
  SynthesisResult result = parse_stat(read_text_file((options_.work / stem).string() + ".log"), job.name);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  write_result(result_path, result);
  result.netlist = netlist;
  return result;
}

SynthesisResult parse_stat(const std::string& log, const std::string& what) {
  const size_t statistics = log.rfind("Number of cells:");
  const size_t area = statistics == std::string::npos ? statistics : log.find("Chip area for", statistics);
  if (area == std::string::npos) {
    fail("{}: Yosys printed no cell area; use Yosys 0.23 or a newer one and a library with areas", what);
  }
  SynthesisResult result;
  std::istringstream lines(log.substr(statistics, area - statistics));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string cell, rest;
    int64_t count = 0;
    if (words >> cell >> count && !(words >> rest)) result.cells[cell] = count;
    if (line.find("is unknown") != std::string::npos || cell.rfind('$', 0) == 0) {
      fail(
          "{}: the library cannot express '{}'; it needs NAND, NOR, an inverter and a D flip-flop with areas",
          what, cell);
    }
  }
  const size_t colon = log.find(':', area);
  result.area_um2 = colon == std::string::npos ? 0 : std::strtod(log.c_str() + colon + 1, nullptr);
  return result;
}

}  // namespace fixynn
