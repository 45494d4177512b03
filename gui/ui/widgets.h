// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <imgui.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gui/ui/ui.h"

namespace fixynn::gui {

// Small parts that panels are made of. `mark` names the widget for tests and for --dump and is also its ImGui
// id, so it is unique in a frame ("layers.3.weights"). Lengths given to these functions are pixels (use
// Ui::px); a width of 0 is the natural one, a negative one leaves that much free at the right. Texts are
// shown through display_text.

enum class ButtonStyle { kNormal, kPrimary, kSubtle, kDanger };

struct ButtonOptions {
  ButtonStyle style = ButtonStyle::kNormal;
  std::optional<Icon> icon = std::nullopt;
  bool enabled = true;
  std::string_view tooltip = {};          ///< shown when the mouse has rested on it
  std::string_view disabled_reason = {};  ///< shown instead while it is disabled
  float width = 0;
};

/// True in the frame in which it was clicked.
bool button(Ui& ui, std::string_view mark, std::string_view label, const ButtonOptions& options = {});
/// A square with an icon only; `tooltip` says what it does. Without an icon font its stand-in text is shown.
bool icon_button(Ui& ui, std::string_view mark, Icon icon, std::string_view tooltip,
                 const ButtonOptions& options = {});
/// How wide button() will be.
float button_width(const Ui& ui, std::string_view label, const ButtonOptions& options = {});

void text(Ui& ui, std::string_view text);
void text_dim(Ui& ui, std::string_view text);
void text_small(Ui& ui, std::string_view text);  ///< small and dim: captions
void text_coloured(Ui& ui, ImU32 colour, std::string_view text);
void text_wrapped(Ui& ui, std::string_view text);
/// In the small dim face, broken at the width that is left.
void text_small_wrapped(Ui& ui, std::string_view text);
/// Right-aligned in the width that is left (of a table's cell, too). nullptr: the figures' face.
void text_right(Ui& ui, std::string_view text, ImFont* font = nullptr, ImU32 colour = 0);
/// Cut with an ellipsis at `width` (0: what is left); the whole text is then a tooltip.
void text_clipped(Ui& ui, std::string_view mark, std::string_view text, float width = 0);
/// Bold, with `detail` dim behind it, and a line under both.
void heading(Ui& ui, std::string_view title, std::string_view detail = {});
/// A value in the big face with its dim unit, under a caption; `note` in `note_colour` below.
void big_figure(Ui& ui, std::string_view caption, std::string_view value, std::string_view unit,
                std::string_view note = {}, ImU32 note_colour = 0);

/// A tooltip for the last item, disabled or not, when the mouse has rested on it for 0.4 s. `key` tells items
/// apart.
void tooltip(Ui& ui, std::string_view key, std::string_view text);
/// Whether the mouse has rested on the last item for 0.4 s: for tooltips with contents of their own, between
/// begin_tooltip and end_tooltip.
bool tooltip_due(Ui& ui, std::string_view key);
void begin_tooltip(Ui& ui);
void end_tooltip(Ui& ui);

struct BarPart {
  std::string label;
  double value = 0;  ///< of any unit; shares of the sum are drawn, negative ones as 0
  std::string text;  ///< the value with its unit, for the legend
  ImU32 colour = 0;
};
/// One rounded bar cut into shares. With `legend`, a line a part under it. Parts have marks MARK.0, MARK.1,
/// ... and tooltips. Returns the part that is hovered.
std::optional<int> split_bar(Ui& ui, std::string_view mark, std::span<const BarPart> parts, float width = 0,
                             bool legend = true);
/// `fraction` 0..1; nullopt: begun, but not known how far. `text` stands right of it.
void progress_bar(Ui& ui, std::string_view mark, std::optional<double> fraction, float width = 0,
                  std::string_view text = {}, ImU32 colour = 0);

/// A row of choices that look like tabs; entry i has the mark MARK.i. True when `chosen` changed.
bool segmented(Ui& ui, std::string_view mark, std::span<const std::string> labels, int& chosen);
/// Tabs over a panel with a line under them, as wide as what is left.
bool tabs(Ui& ui, std::string_view mark, std::span<const std::string> labels, int& chosen);
/// A switch with its label right of it.
bool toggle(Ui& ui, std::string_view mark, std::string_view label, bool& on, bool enabled = true);
/// A check box; `colour` draws the tick (0: the accent): a run's series.
bool check_box(Ui& ui, std::string_view mark, std::string_view label, bool& on, ImU32 colour = 0,
               bool enabled = true);
/// A list that folds out; its entries have the marks MARK.0, MARK.1, ... while it is open.
bool combo(Ui& ui, std::string_view mark, std::span<const std::string> choices, int& chosen, float width = 0,
           bool enabled = true);
/// True when the text changed. `password` is not needed here. Return and Escape end the editing.
bool input_text(Ui& ui, std::string_view mark, std::string& text, std::string_view hint = {}, float width = 0,
                bool enabled = true);
/// input_text with a magnifier, and a cross that empties it.
bool search_field(Ui& ui, std::string_view mark, std::string& text, std::string_view hint, float width = 0);

/// What an edit of a number did: changed in this frame, and whether the edit has ended (released, Return): a
/// command is merged with the one before until `ended`.
struct Edit {
  bool changed = false;
  bool ended = false;
  explicit operator bool() const { return changed; }
};
/// Sliders keep `value` within [low, high]; `format` is printf's ("%.2f"). Ctrl+click types a number.
Edit slider(Ui& ui, std::string_view mark, int& value, int low, int high, const char* format = "%d",
            float width = 0, bool enabled = true);
Edit slider(Ui& ui, std::string_view mark, double& value, double low, double high,
            const char* format = "%.2f", float width = 0, bool enabled = true);
/// A number to drag or to type (double-click) in a table's cell.
Edit drag_number(Ui& ui, std::string_view mark, int& value, int low, int high, float width = 0,
                 bool enabled = true, const char* format = "%d");

enum class BadgeKind { kNeutral, kAccent, kGood, kWarning, kBad };
/// A small rounded label: "live", "stale", "published".
void badge(Ui& ui, std::string_view text, BadgeKind kind = BadgeKind::kNeutral);
/// Text in the figures' face; a click copies it (and a tooltip says so). True when it was copied.
bool copyable_text(Ui& ui, std::string_view mark, std::string_view text);
/// A dot or square of a series before its name.
void colour_spot(Ui& ui, ImU32 colour);
/// A dim line of text in the middle of what is left: "No runs yet: drop a run folder here".
void empty_note(Ui& ui, std::string_view text);

/// A card with a border at `min` (screen pixels); contents scroll when `scroll`. Always end_panel after it.
bool begin_panel(Ui& ui, std::string_view mark, ImVec2 min, ImVec2 size, bool scroll = true);
void end_panel(Ui& ui);

/// The text with ², µ, ×, – and the like as ASCII where only ImGui's bitmap font is there; unchanged
/// otherwise.
std::string display_text(const Ui& ui, std::string_view text);

/// `colour` with its opacity times `opacity` (0..1).
ImU32 with_opacity(ImU32 colour, float opacity);
/// `amount` 0: a, 1: b.
ImU32 mix(ImU32 a, ImU32 b, float amount);

}  // namespace fixynn::gui
