// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>
#include <imgui_internal.h>

/// Every name of Dear ImGui that changed after 1.86, so that a newer one needs changes in this file alone.
/// The code is compiled against 1.86; the other branches are from its change log.
namespace fixynn::gui::compat {

inline float font_pixels(const ImFont& font) {
  return font.FontSize;
}
inline bool has_glyph(const ImFont& font, ImWchar code) {
  return font.FindGlyphNoFallback(code) != nullptr;
}

/// The glyph, or the face's own stand-in for a missing one.
inline const ImFontGlyph* find_glyph(ImFont& font, ImWchar code) {
  return font.FindGlyph(code);
}

/// The last item takes the wheel: the window does not scroll at the same time.
inline void take_wheel() {
  ImGui::SetItemUsingMouseWheel();
}

/// Shows where the keyboard is, as after a press of Tab.
inline void show_keyboard_focus() {
  GImGui->NavDisableHighlight = false;
  GImGui->NavDisableMouseHover = true;
}

#if IMGUI_VERSION_NUM >= 18942
constexpr ImGuiSelectableFlags kSelectableAllowsOverlap = ImGuiSelectableFlags_AllowOverlap;
#else
constexpr ImGuiSelectableFlags kSelectableAllowsOverlap = ImGuiSelectableFlags_AllowItemOverlap;
#endif

/// The last item was submitted between BeginDisabled and EndDisabled.
inline bool last_item_disabled() {
  return (GImGui->LastItemData.InFlags & ImGuiItemFlags_Disabled) != 0;
}

/// 1.86 has no input queue: the state of keys is an array by the platform's own numbers.
inline void set_key(ImGuiIO& io, int key, bool down) {
  if (key >= 0 && key < IM_ARRAYSIZE(io.KeysDown)) io.KeysDown[key] = down;
}
inline bool key_down(const ImGuiIO& io, int key) {
  return key >= 0 && key < IM_ARRAYSIZE(io.KeysDown) && io.KeysDown[key];
}
inline bool key_pressed(int key, bool repeat) {
  return ImGui::IsKeyPressed(key, repeat);
}
inline void set_mouse_position(ImGuiIO& io, ImVec2 position) {
  io.MousePos = position;
}
inline void set_mouse_button(ImGuiIO& io, int button, bool down) {
  io.MouseDown[button] = down;
}
inline void add_wheel(ImGuiIO& io, float steps) {
  io.MouseWheel += steps;
}
inline void set_modifiers(ImGuiIO& io, bool ctrl, bool shift, bool alt) {
  io.KeyCtrl = ctrl;
  io.KeyShift = shift;
  io.KeyAlt = alt;
}

/// 1.86's GLFW backend polls the mouse, past any queue: what the queue says is put over it, after the
/// backend's NewFrame. Newer ones take events alone.
inline void override_mouse(ImGuiIO& io, ImVec2 position, const bool (&down)[3]) {
#if IMGUI_VERSION_NUM < 18700
  io.MousePos = position;
  for (int button = 0; button < 3; ++button) io.MouseDown[button] = down[button];
#else
  static_cast<void>(io), static_cast<void>(position), static_cast<void>(down);
#endif
}

/// Newer backends find a key's label themselves.
constexpr bool kKeysNeedLabels = IMGUI_VERSION_NUM < 18700;

/// To be called at the beginning of a frame. A text field keeps its undo steps after it was left; come back
/// to, with a text that was changed meanwhile, ImGui 1.86 applies them to the wrong text and writes outside
/// of it.
inline void forget_left_text_field() {
  ImGuiContext& context = *ImGui::GetCurrentContext();
  if (context.ActiveId != context.InputTextState.ID) context.InputTextState.ID = 0;
}

}  // namespace fixynn::gui::compat
