// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <cctype>

#include "gui/panels/dialogs.h"

namespace fixynn::gui {
namespace {

using Entry = Session::Listing::Entry;

// In the window's own storage: frames in which the caret is put behind what a field was filled with, because
// a field that gets the keyboard selects all of its text.
constexpr ImGuiID kCaretFrames = 1;

struct Field {
  std::string completed;
  int move = 0;
  bool to_end = false;
};

int on_field_event(ImGuiInputTextCallbackData* data) {
  Field& field = *static_cast<Field*>(data->UserData);
  if (data->EventFlag == ImGuiInputTextFlags_CallbackHistory)
    field.move += data->EventKey == ImGuiKey_UpArrow ? -1 : 1;
  if (data->EventFlag == ImGuiInputTextFlags_CallbackCompletion && !field.completed.empty()) {
    data->DeleteChars(0, data->BufTextLen);
    data->InsertChars(0, field.completed.c_str());
  }
  if (data->EventFlag == ImGuiInputTextFlags_CallbackAlways && field.to_end)
    data->CursorPos = data->SelectionStart = data->SelectionEnd = data->BufTextLen;
  return 0;
}

std::string folder_part(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

bool begins_with(std::string_view name, std::string_view start) {
  return name.size() >= start.size() &&
         std::equal(start.begin(), start.end(), name.begin(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

/// Entries that begin with what is typed behind the last '/'. Hidden ones only when a dot is typed.
std::vector<const Entry*> matching(const Session::Listing& listing, const std::string& start) {
  std::vector<const Entry*> found;
  for (const Entry& entry : listing.entries)
    if (begins_with(entry.name, start) && (entry.name[0] != '.' || !start.empty())) found.push_back(&entry);
  return found;
}

/// As far as all that match agree; a single folder with its '/'.
std::string completion(const std::string& query, const std::vector<const Entry*>& found) {
  if (found.empty()) return "";
  std::string common = found.front()->name;
  for (const Entry* entry : found) {
    const auto end = std::mismatch(common.begin(), common.end(), entry->name.begin(), entry->name.end());
    common.erase(end.first, common.end());
  }
  if (found.size() == 1 && found.front()->folder) common += '/';
  const std::string folder = folder_part(query), typed = query.substr(folder.size());
  return common.size() < typed.size() ? "" : folder + common;
}

void open_path(const PanelContext& context, const std::string& path) {
  if (path.empty()) return;
  // First closed: a configuration opens the dialog that starts runs.
  close_dialog(context);
  context.emit(OpenPath{expand_home(path)});
}

void enter_folder(const PanelContext& context, const std::string& folder) {
  DialogState& state = context.dialog;
  state.query = folder;
  state.chosen = -1;
  state.just_opened = true;
  ImGui::GetStateStorage()->SetInt(kCaretFrames, 3);
}

std::string parent_of(const std::string& folder) {
  std::string path = folder;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "../" : path.substr(0, slash + 1);
}

/// Folders are entered; runs and configurations are opened.
void take(const PanelContext& context, const Entry& entry) {
  const std::string path = folder_part(context.dialog.query) + entry.name;
  if (entry.folder && !entry.run)
    enter_folder(context, path + "/");
  else
    open_path(context, path);
}

void start(const PanelContext& context) {
  DialogState& state = context.dialog;
  state.query = context.session.dialog().text;
  state.chosen = -1;
  state.checked_for = "none yet";
  if (state.query.empty()) {
    std::error_code ignored;
    state.query = std::filesystem::current_path(ignored).string();
  }
  if (state.query.empty() || state.query.back() != '/') state.query += '/';
  ImGui::GetStateStorage()->SetInt(kCaretFrames, 3);
}

/// The path field with what Tab, Up, Down and Return do in it. True when Return was pressed.
bool path_field(const PanelContext& context, const std::vector<const Entry*>& found) {
  DialogState& state = context.dialog;
  ImGuiStorage& storage = *ImGui::GetStateStorage();
  const int frames = storage.GetInt(kCaretFrames);
  storage.SetInt(kCaretFrames, std::max(0, frames - 1));
  if (frames > 0) context.ui.request_redraw(0);
  Field field{completion(state.query, found), 0, frames > 0};
  if (state.just_opened) ImGui::SetKeyboardFocusHere();
  const std::string before = state.query;
  ImGui::SetNextItemWidth(-1);
  const bool entered = ImGui::InputTextWithHint(
      "###path", "Folder of a run, folder of runs, or configuration", &state.query,
      ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_CallbackHistory |
          ImGuiInputTextFlags_CallbackCompletion | ImGuiInputTextFlags_CallbackAlways,
      on_field_event, &field);
  context.ui.mark("open.path");
  if (before != state.query) state.chosen = -1;
  state.chosen = std::clamp(state.chosen + field.move, -1, static_cast<int>(found.size()) - 1);
  return entered;
}

void entry_row(const PanelContext& context, const Entry& entry, int index) {
  Ui& ui = context.ui;
  DialogState& state = context.dialog;
  const std::string mark = "open.entry." + entry.name;
  const ImVec2 at = ImGui::GetCursorPos();
  const float height = ImGui::GetTextLineHeight() + ui.px(6);
  const bool clicked = ImGui::Selectable(("###" + mark).c_str(), index == state.chosen,
                                         ImGuiSelectableFlags_AllowDoubleClick, ImVec2(0, height));
  ui.mark(mark);
  const ImVec2 next = ImGui::GetCursorPos();
  if (clicked) {
    // A folder opens at once; what would close the dialog wants a double click, or Return.
    const bool twice = ImGui::IsMouseDoubleClicked(0) || !ImGui::IsMouseReleased(0);
    if ((entry.folder && !entry.run) || twice)
      take(context, entry);
    else
      enter_folder(context, folder_part(state.query) + entry.name);
  }
  ImGui::SetCursorPos(ImVec2(at.x + ui.px(6), at.y + ui.px(3)));
  const Icon icon = entry.run ? Icon::kChip : entry.folder ? Icon::kFolder : Icon::kFile;
  const bool known = entry.folder || entry.run || entry.config;
  const std::string drawn = icon_text(ui.fonts, icon);
  text_coloured(ui, known ? ui.theme.text_dim : ui.theme.text_disabled, ui.fonts.icons ? drawn : "");
  ImGui::SameLine(at.x + ui.px(32));
  text_coloured(ui, known ? ui.theme.text : ui.theme.text_disabled,
                entry.folder && !entry.run ? entry.name + "/" : entry.name);
  if (entry.run || entry.config) {
    ImGui::SameLine();
    badge(ui, entry.run ? "run" : "configuration", entry.run ? BadgeKind::kAccent : BadgeKind::kNeutral);
  }
  ImGui::SetCursorPos(next);
}

void entries_list(const PanelContext& context, const std::vector<const Entry*>& found, ImVec2 size,
                  bool scroll) {
  Ui& ui = context.ui;
  const Session::Listing& listing = context.session.listing();
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(8), 0));
  ImGui::BeginChild("entries", size);
  const Entry up{"..", true, false, false};
  if (ImGui::Selectable("###up", false, 0, ImVec2(0, ImGui::GetTextLineHeight() + ui.px(6))))
    enter_folder(context, parent_of(folder_part(context.dialog.query)));
  ui.mark("open.up");
  const ImVec2 min = ImGui::GetItemRectMin();
  ImGui::GetWindowDrawList()->AddText(ImVec2(min.x + ui.px(6), min.y + ui.px(3)), ui.theme.text_dim,
                                      display_text(ui, "..  parent folder").c_str());
  for (int i = 0; i < static_cast<int>(found.size()); ++i) {
    entry_row(context, *found[static_cast<size_t>(i)], i);
    if (scroll && i == context.dialog.chosen) ImGui::SetScrollHereY(0.5f);
  }
  if (!listing.error.empty())
    note_wrapped(ui, ui.theme.bad, listing.error);
  else if (listing.reading && found.empty())
    text_small_wrapped(ui, "reading");
  else if (found.empty())
    text_small_wrapped(ui, "Nothing here begins with this.");
  ImGui::EndChild();
  ImGui::PopStyleVar();
}

void recent_list(const PanelContext& context) {
  Ui& ui = context.ui;
  ImGui::BeginGroup();
  text_small(ui, "Opened before");
  const std::vector<std::string>& recent = context.session.settings().recent;
  if (recent.empty()) text_small_wrapped(ui, "Nothing yet.");
  for (size_t i = 0; i < recent.size(); ++i) {
    const std::string mark = fmt::format("open.recent.{}", i);
    const ImVec2 at = ImGui::GetCursorPos();
    const bool clicked =
        ImGui::Selectable(("###" + mark).c_str(), false, 0, ImVec2(0, ImGui::GetTextLineHeight()));
    ui.mark(mark);
    tooltip(ui, mark, recent[i]);
    if (clicked) open_path(context, recent[i]);
    ImGui::SetCursorPos(at);
    text_clipped(ui, mark + ".text", last_part(recent[i]));
  }
  ImGui::EndGroup();
}

}  // namespace

void open_dialog(const PanelContext& context) {
  Ui& ui = context.ui;
  DialogState& state = context.dialog;
  begin_card(context, "Open", {.width = 780, .height = 480});
  if (state.just_opened && state.checked_for.empty()) start(context);
  const Session::Listing& listing = context.session.listing();
  const std::vector<const Entry*> found =
      matching(listing, state.query.substr(folder_part(state.query).size()));
  const int before = state.chosen;
  const bool entered = path_field(context, found);
  const float bottom = ImGui::GetFrameHeight() + ui.px(12);
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float left = std::floor(0.64f * room.x);
  entries_list(context, found, ImVec2(left, room.y - bottom), before != state.chosen);
  ImGui::SameLine(0, ui.px(16));
  ImGui::BeginChild("recent", ImVec2(0, room.y - bottom));
  recent_list(context);
  ImGui::EndChild();
  if (entered && state.chosen >= 0)
    take(context, *found[static_cast<size_t>(state.chosen)]);
  else if (entered)
    open_path(context, state.query);
  if (folder_part(state.query) != state.checked_for) {
    state.checked_for = folder_part(state.query);
    context.emit(OpenDialog{OpenDialog::Kind::kOpen, 0, expand_home(state.checked_for)});
  }
  to_card_bottom(ImGui::GetFrameHeight());
  ButtonOptions options;
  options.style = ButtonStyle::kPrimary;
  options.tooltip = "A run, every run in this folder, or a configuration for a new run";
  if (button(ui, "open.open", "Open", options)) open_path(context, state.query);
  ImGui::SameLine();
  if (button(ui, "open.cancel", "Cancel")) close_dialog(context);
  ImGui::SameLine();
  ImGui::AlignTextToFramePadding();
  text_small(ui, "Tab completes, Up and Down choose, Return opens");
  end_card();
}

}  // namespace fixynn::gui
