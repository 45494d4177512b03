// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/workbench_app.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "core/error.h"
#include "core/text.h"

namespace fixynn::gui {
namespace {

// Data ages are shown in whole steps of this; a live run also draws when it brings something new.
constexpr double kAgeSeconds = 5;
constexpr double kStudySeconds = 0.25;
constexpr double kSaveSeconds = 2.1;

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

[[noreturn]] void refuse(const std::string& text) {
  fail_usage(
      "--select {}: give run=TITLE, n=0..14, area=MM2, tap=LAYER|none, bits=LAYERS:W[/A], layers=LAYERS, "
      "tab=NAME or "
      "command=ID, LAYERS being 4, 4..6 or all",
      printable(text));
}

int whole(std::string_view text, int low, int high, const std::string& all) {
  const std::optional<double> value = number(text);
  if (!value || *value < low || *value > high || *value != static_cast<int>(*value)) refuse(all);
  return static_cast<int>(*value);
}

std::vector<int> layer_list(std::string_view text, const std::string& all) {
  constexpr int kLast = MobileNet::kLayers - 1;
  int first = 0, last = kLast;
  if (text != "all") {
    const size_t dots = text.find("..");
    first = whole(text.substr(0, dots), 0, kLast, all);
    last = dots == std::string_view::npos ? first : whole(text.substr(dots + 2), first, kLast, all);
  }
  std::vector<int> layers;
  for (int layer = first; layer <= last; ++layer) layers.push_back(layer);
  return layers;
}

SetBits bits_selection(std::string_view value, const std::string& text) {
  const size_t colon = value.find(':');
  if (colon == std::string_view::npos) refuse(text);
  const std::string_view widths = value.substr(colon + 1);
  const size_t slash = widths.find('/');
  SetBits bits{
      layer_list(value.substr(0, colon), text), whole(widths.substr(0, slash), kMinBits, kMaxBits, text), {}};
  if (slash != std::string_view::npos) {
    bits.activation_bits = whole(widths.substr(slash + 1), kMinBits, kMaxBits, text);
  }
  return bits;
}

Action run_selection(const Session& session, std::string_view title) {
  std::vector<std::string> known;
  for (const OpenRun& open : session.runs()) {
    if (open.run->title == title || open.run->root.filename() == title) return ActivateRun{open.run->id};
    known.push_back(open.run->title);
  }
  const std::string near = nearest_name(title, known);
  fail_usage("--select run={}: no open run has this title{}", printable(title),
             near.empty() ? "" : "; did you mean " + near + "?");
}

Action tab_selection(std::string_view value, const std::string& text) {
  const auto lower = [](std::string_view name) {
    std::string folded;
    for (const char c : name) {
      if (c != '-' && c != ' ' && c != '_')
        folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return folded;
  };
  for (size_t i = 0; i < tab_names().size(); ++i) {
    if (lower(tab_names()[i]) == lower(value)) return SetTab{static_cast<Tab>(i)};
  }
  refuse(text);
}

Actions command_selection(const Session& session, const std::vector<Command>& commands, std::string_view id) {
  const Command* command = find_command(commands, id);
  if (command == nullptr) {
    std::vector<std::string> known;
    for (const Command& candidate : commands) known.push_back(candidate.id);
    const std::string near = nearest_name(id, known);
    fail_usage("--select command={}: there is no such command{}", printable(id),
               near.empty() ? "" : "; did you mean " + near + "?");
  }
  if (const std::string fault = command->fault ? command->fault(session) : ""; !fault.empty()) {
    fail_usage("--select command={}: {}", id, fault);
  }
  return command->actions(session);
}

}  // namespace

std::optional<double> WorkbenchApp::frame(Ui& ui) {
  session.poll();
  const Actions actions = draw_workbench(ui, session, commands, state);
  session.apply(actions);
  if (const std::optional<std::string> text = session.take_clipboard())
    ImGui::SetClipboardText(text->c_str());
  if (!actions.empty()) return 0;
  // Exact costs come from a thread that wakes nobody.
  if (session.cost_book().busy()) return kStudySeconds;
  const bool live = std::any_of(session.runs().begin(), session.runs().end(), [](const OpenRun& open) {
    return is_live(*open.run) || open.run->state == RunState::kUnreachable;
  });
  std::optional<double> next = live ? std::optional(kAgeSeconds) : std::nullopt;
  // Saving is put off for a while after a change: the frame that does it comes even when nothing else
  // happens.
  if (session.unsaved()) next = std::min(next.value_or(kSaveSeconds), kSaveSeconds);
  return next;
}

Actions parse_selection(const Session& session, const std::vector<Command>& commands,
                        const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) refuse(text);
  const std::string key = text.substr(0, equals);
  const std::string_view value = std::string_view(text).substr(equals + 1);
  if (key == "run") return {run_selection(session, value)};
  if (key == "n") return {SetFixedLayers{whole(value, 0, MobileNet::kLayers, text)}};
  if (key == "area") {
    const std::optional<double> area = number(value);
    if (!area || *area < kLeastAreaMm2 || *area > kMostDesignAreaMm2) refuse(text);
    return {SetArea{*area}};
  }
  if (key == "tap") {
    if (value == "none") return {SetTap{std::nullopt}};
    return {SetTap{whole(value, 1, MobileNet::kLayers - 1, text)}};
  }
  if (key == "bits") return {bits_selection(value, text)};
  if (key == "layers") return {SelectLayers{layer_list(value, text)}};
  if (key == "tab") return {tab_selection(value, text)};
  if (key == "command") return command_selection(session, commands, value);
  refuse(text);
}

bool wait_until_settled(Session& session, double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (;;) {
    session.poll();
    const bool reading = std::any_of(session.runs().begin(), session.runs().end(), [](const OpenRun& open) {
      return open.run->state == RunState::kReading || open.basis_loading;
    });
    if (!reading && session.pending() == 0 && !session.cost_book().busy()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace fixynn::gui
