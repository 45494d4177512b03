// SPDX-License-Identifier: Apache-2.0
#include "gui/ui/keys.h"

#include <imgui.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/error.h"
#include "gui/ui/imgui_compat.h"

namespace fixynn::gui {
namespace {

struct KeyName {
  const char* name;
  int key;
};

// The first name of a key is the one that is shown.
constexpr std::array<KeyName, 30> kNames = {{
    {"Return", kKeyEnter},
    {"Enter", kKeyEnter},
    {"Escape", kKeyEscape},
    {"Esc", kKeyEscape},
    {"Tab", kKeyTab},
    {"Space", kKeySpace},
    {"Backspace", kKeyBackspace},
    {"Delete", kKeyDelete},
    {"Insert", kKeyInsert},
    {"Left", kKeyLeft},
    {"Right", kKeyRight},
    {"Up", kKeyUp},
    {"Down", kKeyDown},
    {"PageUp", kKeyPageUp},
    {"PageDown", kKeyPageDown},
    {"Home", kKeyHome},
    {"End", kKeyEnd},
    {",", kKeyComma},
    {"-", kKeyMinus},
    {".", kKeyPeriod},
    {"/", kKeySlash},
    {"=", kKeyEqual},
    {"+", kKeyEqual},
    {"Plus", kKeyEqual},
    {"Minus", kKeyMinus},
    {"Ctrl", kKeyLeftControl},
    {"Shift", kKeyLeftShift},
    {"Alt", kKeyLeftAlt},
    {"KeypadAdd", kKeyKeypadAdd},
    {"KeypadSubtract", kKeyKeypadSubtract},
}};

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

int key_number(std::string_view name) {
  for (const KeyName& entry : kNames)
    if (same(name, entry.name)) return entry.key;
  if (name.size() == 1 && std::isalnum(static_cast<unsigned char>(name[0])))
    return std::toupper(static_cast<unsigned char>(name[0]));
  if (name.size() >= 2 && name.size() <= 3 && (name[0] == 'F' || name[0] == 'f')) {
    int number = 0;
    for (const char digit : name.substr(1))
      number = digit >= '0' && digit <= '9' ? number * 10 + (digit - '0') : 99;
    if (number >= 1 && number <= 12) return kKeyF1 + number - 1;
  }
  return kKeyNone;
}

}  // namespace

Chord parse_chord(std::string_view text) {
  Chord chord;
  std::string_view rest = text;
  for (;;) {
    // From the second character on, so that "+" itself and "Ctrl++" are keys.
    const size_t plus = rest.find('+', 1);
    if (plus == std::string_view::npos || plus + 1 == rest.size()) break;
    const std::string_view name = rest.substr(0, plus);
    if (same(name, "Ctrl"))
      chord.ctrl = true;
    else if (same(name, "Shift"))
      chord.shift = true;
    else if (same(name, "Alt"))
      chord.alt = true;
    else
      fail_usage("\"{}\" is no combination of keys: modifiers are Ctrl, Shift and Alt, not \"{}\"", text,
                 name);
    rest = rest.substr(plus + 1);
  }
  chord.key = key_number(rest);
  if (chord.key == kKeyNone)
    fail_usage(
        "\"{}\" is no combination of keys: \"{}\" is no key; keys are A to Z, 0 to 9, F1 to F12, Return, "
        "Escape, Tab, Space, Delete, Left, Right, Up, Down, PageUp, PageDown, Home, End, =, -",
        text, rest);
  return chord;
}

std::string chord_text(const Chord& chord) {
  std::string text;
  if (chord.ctrl) text += "Ctrl+";
  if (chord.shift) text += "Shift+";
  if (chord.alt) text += "Alt+";
  if (chord.key >= kKeyF1 && chord.key <= kKeyF12) return text + fmt::format("F{}", chord.key - kKeyF1 + 1);
  for (const KeyName& entry : kNames)
    if (entry.key == chord.key) return text + entry.name;
  return text + static_cast<char>(chord.key);
}

bool chord_pressed(const Chord& chord, bool repeat) {
  const ImGuiIO& io = ImGui::GetIO();
  return io.KeyCtrl == chord.ctrl && io.KeyShift == chord.shift && io.KeyAlt == chord.alt &&
         compat::key_pressed(chord.key, repeat);
}

bool typing_text() {
  return ImGui::GetIO().WantTextInput;
}

}  // namespace fixynn::gui
