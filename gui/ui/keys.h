// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace fixynn::gui {

/// Numbers of keys as GLFW has them (so window and null platform index ImGui's arrays alike). Letters and
/// digits are their ASCII capitals: the key that is labelled so on the user's keyboard.
enum Key : int {
  kKeyNone = 0,
  kKeySpace = 32,
  kKeyComma = 44,
  kKeyMinus = 45,
  kKeyPeriod = 46,
  kKeySlash = 47,
  kKeyEqual = 61,
  kKeyEscape = 256,
  kKeyEnter = 257,
  kKeyTab = 258,
  kKeyBackspace = 259,
  kKeyInsert = 260,
  kKeyDelete = 261,
  kKeyRight = 262,
  kKeyLeft = 263,
  kKeyDown = 264,
  kKeyUp = 265,
  kKeyPageUp = 266,
  kKeyPageDown = 267,
  kKeyHome = 268,
  kKeyEnd = 269,
  kKeyF1 = 290,
  kKeyF12 = 301,
  kKeyKeypadAdd = 334,
  kKeyKeypadSubtract = 333,
  kKeyKeypadEnter = 335,
  kKeyLeftShift = 340,
  kKeyLeftControl = 341,
  kKeyLeftAlt = 342,
  kKeyLeftSuper = 343,
  kKeyRightShift = 344,
  kKeyRightControl = 345,
  kKeyRightAlt = 346,
  kKeyRightSuper = 347,
};

/// A key with modifiers, such as "Ctrl+Shift+Z", "F5", "Left", "Ctrl+=".
struct Chord {
  int key = kKeyNone;
  bool ctrl = false, shift = false, alt = false;
  bool operator==(const Chord&) const = default;
};

/// Reads "Ctrl+Shift+Z" (names of keys in any case). Throws Error(kUsage) for a name it does not know.
Chord parse_chord(std::string_view text);
/// "Ctrl+Shift+Z".
std::string chord_text(const Chord& chord);

/// Whether the key went down in this frame (or repeats, where `repeat`) with exactly these modifiers. Whether
/// a text field should have it instead is the caller's to say: typing_text().
bool chord_pressed(const Chord& chord, bool repeat = false);
/// A text field has the keyboard: shortcuts without Ctrl or Alt are text for it.
bool typing_text();

}  // namespace fixynn::gui
