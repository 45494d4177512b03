// SPDX-License-Identifier: Apache-2.0
#include "run/run_directory.h"

#include <algorithm>
#include <sstream>

#include "core/error.h"
#include "core/files.h"
#include "run/json_lines.h"
#include "run/run_json.h"

namespace fixynn {
namespace {

template <typename Value>
std::vector<Value> read_values(const std::filesystem::path& path) {
  std::vector<Value> values;
  for (const JsonLine& line : read_json_lines(path)) {
    try {
      values.push_back(line.value.get<Value>());
    } catch (const nlohmann::json::exception& error) {
      fail("{}:{}: a key is missing or of the wrong type ({}); the file was not written by this program",
           path.string(), line.number, error.what());
    }
  }
  return values;
}

std::optional<nlohmann::json> parse_file(const std::filesystem::path& path) {
  nlohmann::json value = nlohmann::json::parse(read_text_file(path), nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

}  // namespace

void RunDirectory::create() const {
  for (const char* folder : {"checkpoints", "networks", "evaluations", "control"})
    create_folders(root_ / folder);
}

void RunDirectory::write_status(const RunStatus& status) const {
  write_file_atomic(file("status.json"), json_text(status, 2) + "\n", false);
}

std::optional<RunStatus> RunDirectory::read_status() const {
  if (!std::filesystem::exists(file("status.json"))) return std::nullopt;
  const std::optional<nlohmann::json> value = parse_file(file("status.json"));
  if (!value) return std::nullopt;
  try {
    return value->get<RunStatus>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;  // another version's, or damaged: it is rewritten within a second of the next start
  }
}

void RunDirectory::append_metrics(const EpochMetrics& metrics) const {
  append_json_line(file("metrics.jsonl"), nlohmann::json(metrics));
}

std::vector<EpochMetrics> RunDirectory::read_metrics() const {
  return read_values<EpochMetrics>(file("metrics.jsonl"));
}

void RunDirectory::write_metrics(const std::vector<EpochMetrics>& metrics) const {
  std::string text;
  for (const EpochMetrics& line : metrics) text += json_text(line) + "\n";
  write_file_atomic(file("metrics.jsonl"), text);
}

bool RunDirectory::append_loss(const LiveLoss& loss) const noexcept {
  try {
    append_json_line(file("losses.jsonl"), nlohmann::json(loss), false);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

std::vector<LiveLoss> RunDirectory::read_losses() const {
  std::vector<LiveLoss> losses;
  if (!std::filesystem::exists(file("losses.jsonl"))) return losses;
  std::istringstream text(read_text_file(file("losses.jsonl")));
  for (std::string line; std::getline(text, line);) {
    // Nothing is computed from these lines, so a damaged one is no reason to refuse the rest.
    const nlohmann::json value = nlohmann::json::parse(line, nullptr, false);
    try {
      if (value.is_object()) add_loss(losses, value.get<LiveLoss>());
    } catch (const nlohmann::json::exception&) {
    }
  }
  return losses;
}

void RunDirectory::append_point(const Point& point) const {
  append_json_line(file("points.jsonl"), nlohmann::json(point));
}

std::vector<Point> RunDirectory::read_points() const {
  return read_values<Point>(file("points.jsonl"));
}

void RunDirectory::write_evaluation(const std::string& stem, const Evaluation& evaluation) const {
  write_file_atomic(root_ / "evaluations" / (stem + ".json"), json_text(evaluation) + "\n");
}

Evaluation RunDirectory::read_evaluation(const std::string& stem) const {
  const std::filesystem::path path = root_ / "evaluations" / (stem + ".json");
  const std::optional<nlohmann::json> value = parse_file(path);
  if (!value) fail("{}: is not JSON; evaluate the network again with fixynn-eval", path.string());
  try {
    return value->get<Evaluation>();
  } catch (const nlohmann::json::exception& error) {
    fail("{}: a key is missing or of the wrong type ({})", path.string(), error.what());
  }
}

bool RunDirectory::stop_requested() const {
  std::error_code code;
  return std::filesystem::exists(root_ / "control" / "stop.json", code);
}

void RunDirectory::clear_stop_request() const {
  std::error_code code;
  std::filesystem::remove(root_ / "control" / "stop.json", code);
}

std::string RunDirectory::network_stem(int fixed_layers, uint64_t seed, bool first_seed) {
  const std::string stem = fmt::format("fixed_{:02d}", fixed_layers);
  return first_seed ? stem : fmt::format("{}_seed_{}", stem, seed);
}

void add_loss(std::vector<LiveLoss>& losses, const LiveLoss& next) {
  const auto is_same = [&](const LiveLoss& line) {
    return line.fixed_layers == next.fixed_layers && line.seed == next.seed;
  };
  const auto last = std::find_if(losses.rbegin(), losses.rend(), is_same);
  if (last != losses.rend() && last->step >= next.step) {
    std::erase_if(losses, [&](const LiveLoss& line) { return is_same(line) && line.step >= next.step; });
  }
  losses.push_back(next);
}

}  // namespace fixynn
