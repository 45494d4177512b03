// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "gui/model/commands.h"
#include "gui/model/plot_parts.h"
#include "hardware/technology.h"
#include "plot/plot_text.h"

namespace fixynn::gui {
namespace {

constexpr double kLetter = 1, kWordBeginning = 2, kInARow = 1.5;
constexpr double kOfDetail = 0.6;  // a match in the detail is worth less than one in the title
constexpr double kDisabled = 0.7;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// An entry that gives this action.
PaletteEntry entry(std::string title, std::string detail, std::string fault, Action action) {
  return {std::move(title), std::move(detail), "", std::move(fault),
          [action = std::move(action)](const Session&) { return Actions{action}; }};
}

std::string letters_of(std::string_view query) {
  std::string letters;
  for (const char c : query) {
    if (c != ' ' && c != '\t') letters += lower(c);
  }
  return letters;
}

void add_runs(const Session& session, std::vector<PaletteEntry>& entries) {
  for (const OpenRun& open : session.runs()) {
    const RunSnapshot& run = *open.run;
    entries.push_back(entry("Run " + run.title,
                            fmt::format("{}, {}", state_name(run.state), run.root.string()), "",
                            ActivateRun{run.id}));
  }
}

void add_points(const Session& session, std::vector<PaletteEntry>& entries) {
  const OpenRun* active = session.active_run();
  if (active == nullptr) return;
  for (const MeasuredPoint& point : measured_points(active->run)) {
    if (point.row.dataset != first_dataset(*active->run)) continue;
    entries.push_back(entry(fmt::format("N = {} of {}", point.row.fixed_layers, active->run->title),
                            format_fixed(point.row.top1_mean, 2) + " %", "",
                            AdoptPoint{active->run->id, point.row.fixed_layers}));
  }
}

void add_layers(const Session& session, std::vector<PaletteEntry>& entries) {
  const Design& design = session.design();
  for (int layer = 0; layer < MobileNet::kLayers; ++layer) {
    const ConvQuant& quant = design.bits[static_cast<size_t>(layer)];
    entries.push_back(entry("Select " + layer_name(layer),
                            fmt::format("layer, W{}A{}, {}", quant.weight_bits, quant.activation_bits,
                                        layer < design.fixed_layers ? "fixed" : "not fixed"),
                            "", SelectLayers{{layer}}));
  }
}

void add_technologies(const Session& session, std::vector<PaletteEntry>& entries) {
  for (const std::string& name : technology_names()) {
    const bool own = name == session.design().technology;
    entries.push_back(entry("Technology " + name, "area and energy of adders, registers and memories",
                            own ? "it is the design's already" : "", SetTechnology{name}));
  }
}

double entry_score(std::string_view query, const PaletteEntry& own) {
  const double score = std::max(fuzzy_score(query, own.title), kOfDetail * fuzzy_score(query, own.detail));
  return own.fault.empty() ? score : kDisabled * score;
}

}  // namespace

std::vector<PaletteEntry> palette_entries(const Session& session, const std::vector<Command>& commands,
                                          std::string_view query) {
  std::vector<PaletteEntry> all;
  for (const Command& command : commands) {
    if (command.id == "show.palette") continue;
    const std::string keys = command.keys.substr(0, command.keys.find(' '));
    const std::string fault = command.fault ? command.fault(session) : "";
    all.push_back({command.title, command.help, keys, fault, command.actions});
  }
  add_runs(session, all);
  add_points(session, all);
  add_layers(session, all);
  add_technologies(session, all);
  if (letters_of(query).empty()) return all;

  std::vector<std::pair<double, size_t>> ranked;
  for (size_t i = 0; i < all.size(); ++i) {
    if (const double score = entry_score(query, all[i]); score > 0) ranked.emplace_back(score, i);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<PaletteEntry> entries;
  for (const auto& [score, index] : ranked) entries.push_back(std::move(all[index]));
  return entries;
}

double fuzzy_score(std::string_view query, std::string_view text) {
  const std::string letters = letters_of(query);
  if (letters.empty()) return 1;
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  // best[j]: of the letters so far, the last one at text[j].
  std::vector<double> best(text.size(), kNone), next(text.size(), kNone);
  for (size_t i = 0; i < letters.size(); ++i) {
    double before = i == 0 ? 0 : kNone;  // the best that ended earlier
    for (size_t j = 0; j < text.size(); ++j) {
      const double in_a_row = i > 0 && j > 0 ? best[j - 1] + kInARow : kNone;
      const double from = std::max(before, in_a_row);
      const bool beginning = j == 0 || !is_letter(text[j - 1]);
      next[j] = lower(text[j]) == letters[i] ? from + kLetter + (beginning ? kWordBeginning : 0) : kNone;
      if (i > 0) before = std::max(before, best[j]);
    }
    best.swap(next);
  }
  const auto highest = std::max_element(best.begin(), best.end());
  if (highest == best.end() || *highest == kNone) return 0;
  // Of equal matches the shorter text.
  return *highest + 1.0 / (1.0 + static_cast<double>(text.size()));
}

}  // namespace fixynn::gui
