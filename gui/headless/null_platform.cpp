// SPDX-License-Identifier: Apache-2.0
#include "gui/headless/null_platform.h"

#include "gui/ui/imgui_compat.h"
#include "gui/ui/keys.h"

namespace fixynn::gui {
namespace {

void map_keys(ImGuiIO& io) {
  io.KeyMap[ImGuiKey_Tab] = kKeyTab;
  io.KeyMap[ImGuiKey_LeftArrow] = kKeyLeft;
  io.KeyMap[ImGuiKey_RightArrow] = kKeyRight;
  io.KeyMap[ImGuiKey_UpArrow] = kKeyUp;
  io.KeyMap[ImGuiKey_DownArrow] = kKeyDown;
  io.KeyMap[ImGuiKey_PageUp] = kKeyPageUp;
  io.KeyMap[ImGuiKey_PageDown] = kKeyPageDown;
  io.KeyMap[ImGuiKey_Home] = kKeyHome;
  io.KeyMap[ImGuiKey_End] = kKeyEnd;
  io.KeyMap[ImGuiKey_Insert] = kKeyInsert;
  io.KeyMap[ImGuiKey_Delete] = kKeyDelete;
  io.KeyMap[ImGuiKey_Backspace] = kKeyBackspace;
  io.KeyMap[ImGuiKey_Space] = kKeySpace;
  io.KeyMap[ImGuiKey_Enter] = kKeyEnter;
  io.KeyMap[ImGuiKey_Escape] = kKeyEscape;
  io.KeyMap[ImGuiKey_KeyPadEnter] = kKeyKeypadEnter;
  for (const auto& [name, key] : {std::pair{ImGuiKey_A, 'A'},
                                  {ImGuiKey_C, 'C'},
                                  {ImGuiKey_V, 'V'},
                                  {ImGuiKey_X, 'X'},
                                  {ImGuiKey_Y, 'Y'},
                                  {ImGuiKey_Z, 'Z'}})
    io.KeyMap[name] = key;
}

}  // namespace

NullPlatform::NullPlatform(const NullPlatformOptions& options) : search_(options.fonts) {
  former_ = ImGui::GetCurrentContext();
  context_ = ImGui::CreateContext();
  ImGui::SetCurrentContext(context_);
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  io.BackendPlatformName = "none";
  io.BackendRendererName = "software";
  // Meshes of more than 65,535 vertices (plots of many points) need an offset, which the rasteriser knows.
  io.BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
  io.ConfigInputTextCursorBlink = false;
  io.DeltaTime = 1.0f / 60;
  io.ClipboardUserData = this;
  io.GetClipboardTextFn = [](void* self) {
    return static_cast<const NullPlatform*>(self)->clipboard_.c_str();
  };
  io.SetClipboardTextFn = [](void* self, const char* text) {
    static_cast<NullPlatform*>(self)->clipboard_ = text;
  };
  map_keys(io);
  ui_.frozen = options.frozen;
  ui_.scale = options.scale;
  ui_.theme = make_theme(options.theme);
  set_size(options.width, options.height);
  try {
    rebuild();
  } catch (...) {
    ImGui::DestroyContext(context_);
    ImGui::SetCurrentContext(former_);
    throw;
  }
}

NullPlatform::~NullPlatform() {
  ImGui::DestroyContext(context_);
  ImGui::SetCurrentContext(former_);
}

void NullPlatform::rebuild() {
  ui_.fonts = load_fonts(search_, ui_.scale);
  apply_theme(ui_.theme, ui_.scale);
  unsigned char* pixels = nullptr;
  int width = 0, height = 0;
  ImGui::GetIO().Fonts->GetTexDataAsAlpha8(&pixels, &width, &height);
}

void NullPlatform::set_size(int width, int height) {
  ImGui::GetIO().DisplaySize = ImVec2(static_cast<float>(width), static_cast<float>(height));
}

void NullPlatform::set_scale(float scale) {
  ui_.scale = scale;
  rebuild();
}

void NullPlatform::set_theme(ThemeName theme) {
  ui_.theme = make_theme(theme);
  apply_theme(ui_.theme, ui_.scale);
}

void NullPlatform::begin_frame() {
  ImGui::SetCurrentContext(context_);
  ui_.begin_frame();
  ImGui::NewFrame();
}

void NullPlatform::end_frame() {
  ImGui::Render();
}

Picture NullPlatform::picture() const {
  ImGui::SetCurrentContext(context_);
  return rasterise(*ImGui::GetDrawData(), *ImGui::GetIO().Fonts, ui_.theme.window);
}

}  // namespace fixynn::gui
