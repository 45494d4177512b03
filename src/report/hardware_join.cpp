// SPDX-License-Identifier: Apache-2.0
#include "report/hardware_join.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/error.h"
#include "core/text.h"
#include "plot/plot_text.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

/// The lines of section `ffe`, which the program writes with every key: equal texts are equal settings.
std::string ffe_section(const std::string& config) {
  const size_t begin = ("\n" + config).find("\nffe:\n");
  if (begin == std::string::npos) return "";
  size_t end = begin;
  do {
    end = config.find('\n', end);
    if (end == std::string::npos) return config.substr(begin);
    ++end;
  } while (end < config.size() && config[end] == ' ');
  return config.substr(begin, end - begin);
}

/// False where one number of frozen layers has two sets of frozen weights.
bool same_weights(const std::map<int, std::string>& a, const std::map<int, std::string>& b) {
  return std::all_of(b.begin(), b.end(), [&](const auto& entry) {
    const auto found = a.find(entry.first);
    return found == a.end() || found->second == entry.second;
  });
}

/// A design under construction.
struct Gathering {
  DesignRows design;
  std::vector<Point> points;
  std::map<int, std::string> hashes;  ///< of the frozen weights, by N
};

using PointKey = std::tuple<std::string, int, uint64_t>;  // data set, N, seed

PointKey key_of(const Point& point) {
  return {point.dataset, point.fixed_layers, point.seed};
}

Gathering gather(const ReportRun& run, size_t index, const Point& first) {
  Gathering part;
  part.design.alpha = run.facts.alpha;
  part.design.input_size = run.facts.input_size;
  part.design.weight_bits = first.weight_bits;
  part.design.activation_bits = first.activation_bits;
  part.design.back_end_bits = first.back_end_bits;
  part.design.ffe_settings = ffe_section(run.facts.config_text);
  part.design.runs = {index};
  for (const Point& point : run.points) {
    if (point.weight_bits != first.weight_bits || point.activation_bits != first.activation_bits ||
        point.back_end_bits != first.back_end_bits) {
      continue;
    }
    part.points.push_back(point);
    if (point.fixed_layers > 0 && !point.frozen_weights_sha256.empty())
      part.hashes[point.fixed_layers] = point.frozen_weights_sha256;
  }
  return part;
}

/// The parts of a run, one for each width of its points.
std::vector<Gathering> parts_of(const ReportRun& run, size_t index) {
  std::vector<Gathering> parts;
  for (const Point& point : run.points) {
    const bool known = std::any_of(parts.begin(), parts.end(), [&](const Gathering& part) {
      return part.design.weight_bits == point.weight_bits &&
             part.design.activation_bits == point.activation_bits &&
             part.design.back_end_bits == point.back_end_bits;
    });
    if (!known) parts.push_back(gather(run, index, point));
  }
  return parts;
}

bool may_join(const Gathering& a, const Gathering& b) {
  const auto shape = [](const DesignRows& d) {
    return std::tie(d.alpha, d.input_size, d.weight_bits, d.activation_bits, d.back_end_bits, d.ffe_settings);
  };
  return shape(a.design) == shape(b.design) && same_weights(a.hashes, b.hashes);
}

void merge(const JoinedRuns& joined, Gathering& target, const Gathering& part,
           std::vector<std::string>& notes) {
  std::map<PointKey, bool> known;
  for (const Point& point : target.points) known[key_of(point)] = true;
  size_t again = 0;
  for (const Point& point : part.points) again += known.count(key_of(point));
  if (again > 0) {
    notes.push_back(fmt::format(
        "{} measured {} again that an earlier run of the list has too (the same data set, N and "
        "seed): the later run counts.",
        joined.runs[part.design.runs.front()].name, format_plural(static_cast<int64_t>(again), "point")));
  }
  target.points.insert(target.points.end(), part.points.begin(), part.points.end());
  target.hashes.insert(part.hashes.begin(), part.hashes.end());
  target.design.runs.push_back(part.design.runs.front());
}

std::vector<ReportRun> without_duplicates(std::vector<ReportRun> runs, std::vector<std::string>& notes) {
  std::vector<ReportRun> kept;
  std::vector<fs::path> seen;
  for (ReportRun& run : runs) {
    std::error_code code;
    const fs::path path = fs::weakly_canonical(run.root, code);
    if (std::find(seen.begin(), seen.end(), path) != seen.end()) {
      notes.push_back(fmt::format("{} was named twice and counts once.", run.name));
      continue;
    }
    seen.push_back(path);
    kept.push_back(std::move(run));
  }
  return kept;
}

}  // namespace

ReportRun read_report_run(const fs::path& root) {
  const RunDirectory directory(root);
  std::error_code code;
  if (!fs::exists(root, code)) fail("{}: there is no such run directory", root.string());
  if (!fs::exists(directory.file("config.yaml"), code) && !fs::exists(directory.file("points.jsonl"), code)) {
    fail(
        "{}: is not a run directory: it has neither config.yaml nor points.jsonl; name one that "
        "fixynn-train wrote",
        root.string());
  }
  ReportRun run;
  run.root = root;
  run.facts = read_run_facts(directory);
  run.status = directory.read_status();
  run.points = directory.read_points();
  fs::path folder = fs::weakly_canonical(root, code);
  const std::string leaf = folder.filename().string();
  run.name = run.facts.name.empty() || run.facts.name == leaf ? leaf : run.facts.name + " (" + leaf + ")";
  return run;
}

JoinedRuns join_runs(std::vector<ReportRun> runs) {
  JoinedRuns joined;
  joined.runs = without_duplicates(std::move(runs), joined.notes);
  std::vector<Gathering> gatherings;
  for (size_t i = 0; i < joined.runs.size(); ++i) {
    const ReportRun& run = joined.runs[i];
    if (run.points.empty())
      joined.notes.push_back(fmt::format("{} has no finished training yet and is left out.", run.name));
    if (run.status && run.status->state != "finished" && !run.points.empty()) {
      joined.notes.push_back(
          fmt::format("{} is not finished ({}, {:.0f} % done): only its finished trainings are here.",
                      run.name, run.status->state, 100 * run.status->progress));
    }
    for (const Gathering& part : parts_of(run, i)) {
      const auto home = std::find_if(gatherings.begin(), gatherings.end(),
                                     [&](const Gathering& other) { return may_join(other, part); });
      if (home == gatherings.end()) {
        gatherings.push_back(part);
      } else {
        merge(joined, *home, part, joined.notes);
      }
    }
  }
  for (Gathering& part : gatherings) {
    part.design.rows = summarise_points(part.points, part.design.alpha, part.design.input_size);
    joined.designs.push_back(std::move(part.design));
  }
  if (joined.designs.empty()) {
    fail(
        "{}: no training has finished yet, so there is no accuracy to set against the hardware; try again "
        "when points.jsonl has its first line",
        joined.runs.empty() ? "the runs" : joined.runs.front().root.string());
  }
  if (joined.designs.size() > 1) {
    joined.notes.push_back(fmt::format(
        "The runs hold {} feature extractors that differ in size, bits or frozen weights: each has its own "
        "hardware figures.",
        joined.designs.size()));
  }
  return joined;
}

std::string DesignRows::name() const {
  return fmt::format("{}, {} x {} pixels, alpha {}", bits_sentence(weight_bits, activation_bits), input_size,
                     input_size, format_tick(alpha, 0.05));
}

std::vector<std::string> datasets_of(const std::vector<ResultRow>& rows) {
  std::vector<std::string> names;
  for (const ResultRow& row : rows) {
    if (std::find(names.begin(), names.end(), row.dataset) == names.end()) names.push_back(row.dataset);
  }
  return names;
}

const ResultRow* find_row(const std::vector<ResultRow>& rows, const std::string& dataset, int fixed_layers) {
  for (const ResultRow& row : rows) {
    if (row.dataset == dataset && row.fixed_layers == fixed_layers) return &row;
  }
  return nullptr;
}

}  // namespace fixynn
