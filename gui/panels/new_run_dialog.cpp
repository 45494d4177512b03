// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "core/text.h"
#include "gui/panels/dialogs.h"

namespace fixynn::gui {
namespace {

bool is_config(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot != std::string_view::npos && (path.substr(dot) == ".yaml" || path.substr(dot) == ".yml");
}

void start(const PanelContext& context) {
  DialogState& state = context.dialog;
  state.config = context.session.dialog().text;
  if (!state.config.empty()) return;
  for (const std::string& path : context.session.settings().recent)
    if (is_config(path)) {
      state.config = path;
      return;
    }
}

/// KEY=VALUE, one a line; lines that are empty or begin with # do not count.
std::vector<std::string> override_lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t from = 0;
  while (from <= text.size()) {
    const size_t end = std::min(text.find('\n', from), text.size());
    std::string line = text.substr(from, end - from);
    line.erase(0, line.find_first_not_of(" \t\r"));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (!line.empty() && line[0] != '#') lines.push_back(std::move(line));
    from = end + 1;
  }
  return lines;
}

std::string list(const std::vector<int>& values) {
  return fmt::format("{}", fmt::join(values, ", "));
}

void plan(const PanelContext& context, const LoadedConfig& loaded) {
  const RunConfig& config = loaded.config;
  const TrainConfig& train = config.train;
  const size_t trainings = config.fixed_layers.size() * config.seeds.size();
  const auto row = [&](const char* name, const std::string& value) {
    fact_row(context, std::string("new_run.plan.") + name, name, value);
  };
  row("Sweep", fmt::format("N = {}  ({})", list(config.fixed_layers),
                           format_plural(static_cast<int64_t>(trainings), "training")));
  row("Seeds", fmt::format("{}", fmt::join(config.seeds, ", ")));
  row("Training", fmt::format("{}, batch {}, peak rate {:g}", format_plural(train.epochs, "epoch"),
                              train.batch_size, train.learning_rate));
  row("Data", fmt::format("{}, {} pixels, {}", yaml_scalar(loaded.resolved_yaml, {"data", "kind"}),
                          config.data.size, config.data.root.empty() ? "no root" : config.data.root));
  row("Network", fmt::format("MobileNetV1 {:g}, {}", config.model.alpha,
                             config.model.pretrained.empty() ? "random weights" : config.model.pretrained));
  row("Extractor", bits_label(run_bits(config), MobileNet::kLayers));
  const EngineOptions& engine = config.engine;
  row("Computes", fmt::format("{}{}", choice_name(kDeviceNames, engine.device),
                              engine.device == DeviceChoice::kCpu
                                  ? ""
                                  : fmt::format(", {}", choice_name(kPrecisionNames, engine.precision))));
}

/// The result of the check; null while there is none for what is typed now.
const Session::CheckedConfig* checked(const PanelContext& context, const std::string& config) {
  const auto& result = context.session.checked_config();
  return result && !config.empty() && result->path == config ? &*result : nullptr;
}

void check_box_of_plan(const PanelContext& context, const std::string& config, float height) {
  Ui& ui = context.ui;
  const Session::CheckedConfig* result = checked(context, config);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui.theme.header);
  ImGui::BeginChild("plan", ImVec2(0, height), true);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), ui.px(4)));
  if (config.empty())
    text_dim(ui, "Name a configuration: its plan is shown here before anything starts.");
  else if (result == nullptr)
    text_dim(ui, "reading");
  else if (!result->error.empty())
    note_wrapped(ui, ui.theme.bad, result->error);
  else if (result->loaded)
    plan(context, *result->loaded);
  ImGui::PopStyleVar();
  ImGui::EndChild();
  ui.mark("new_run.plan");
  ImGui::PopStyleColor();
}

void fields(const PanelContext& context, const std::string& default_directory) {
  Ui& ui = context.ui;
  DialogState& state = context.dialog;
  text_small(ui, "Configuration");
  const float browse = button_width(ui, "Browse", {.icon = Icon::kFolder});
  if (state.just_opened) ImGui::SetKeyboardFocusHere();
  input_text(ui, "new_run.config", state.config, "configs/signs.yaml",
             -browse - ImGui::GetStyle().ItemSpacing.x);
  ImGui::SameLine();
  if (button(ui, "new_run.browse", "Browse", {.icon = Icon::kFolder}))
    context.emit(OpenDialog{OpenDialog::Kind::kOpen, 0, ""});
  text_small(ui, "Run directory");
  input_text(ui, "new_run.directory", state.run_directory, default_directory, -1);
  text_small(ui, "Changes to the configuration: KEY=VALUE, one a line");
  const ImVec2 start = ImGui::GetCursorScreenPos();
  ImGui::InputTextMultiline(
      "###overrides", &state.overrides,
      ImVec2(-1, 3 * ImGui::GetTextLineHeight() + 2 * ImGui::GetStyle().FramePadding.y));
  ui.mark("new_run.overrides");
  if (state.overrides.empty() && !ImGui::IsItemActive())
    ImGui::GetWindowDrawList()->AddText(
        ImVec2(start.x + ImGui::GetStyle().FramePadding.x, start.y + ImGui::GetStyle().FramePadding.y),
        ui.theme.text_disabled, "train.epochs=3");
}

}  // namespace

void new_run_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  DialogState& state = context.dialog;
  begin_card(context, "New run", {.width = 700, .height = 560});
  if (state.just_opened) start(context);
  const std::string config = expand_home(state.config);
  const Session::CheckedConfig* result = checked(context, config);
  const bool ready = result != nullptr && result->loaded.has_value();
  const std::string default_directory = "runs/" + (ready ? result->loaded->config.name : std::string("NAME"));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), ui.px(5)));
  fields(context, default_directory);
  ImGui::PopStyleVar();
  const float bottom = ImGui::GetFrameHeight() + ui.px(14);
  check_box_of_plan(context, expand_home(state.config),
                    std::max(ui.px(60), ImGui::GetContentRegionAvail().y - bottom));
  const std::string key = state.config + "\n" + state.overrides;
  if (!state.config.empty() && key != state.checked_for) {
    state.checked_for = key;
    context.emit(CheckConfig{expand_home(state.config), override_lines(state.overrides)});
  }
  to_card_bottom(ImGui::GetFrameHeight());
  ButtonOptions options;
  options.style = ButtonStyle::kPrimary;
  options.icon = Icon::kPlay;
  options.enabled = ready;
  options.disabled_reason = "It starts when the configuration has been read without an error.";
  if (button(ui, "new_run.start", "Start", options)) {
    close_dialog(context);
    context.emit(
        StartSweep{config, state.run_directory.empty() ? default_directory : expand_home(state.run_directory),
                   override_lines(state.overrides)});
    context.emit(SetTab{Tab::kTraining});
  }
  ImGui::SameLine();
  if (button(ui, "new_run.cancel", "Cancel")) close_dialog(context);
  end_card();
}

}  // namespace fixynn::gui
