// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "gui/panels/panels.h"
#include "gui/ui/widgets.h"

namespace fixynn::gui {

// Small things that several panels share.

/// Small and dim, with the word's definition of terms.h (or `otherwise`) as its tooltip.
void caption(const PanelContext& context, std::string_view mark, std::string_view shown,
             std::string_view term, std::string_view otherwise = {});
/// A heading with room for `icons` square buttons at its right; `draw` draws them on one line. Without an
/// icon font they are words and stand below.
void heading_with_icons(Ui& ui, std::string_view title, std::string_view detail, int icons,
                        const std::function<void()>& draw);
/// Small text in a colour, broken at the width that is left.
void note_wrapped(Ui& ui, ImU32 colour, std::string_view text);
/// Small text in a colour on one line.
void text_small_coloured(Ui& ui, ImU32 colour, std::string_view text);

/// "Undo (Ctrl+Z)": the first keys of the command, where it has some.
std::string with_keys(const PanelContext& context, std::string_view text, std::string_view command);
/// Why the command cannot be given; "" when it can, or when there is none of this id.
std::string command_fault(const PanelContext& context, std::string_view command);

/// "just now", "20 s ago", "3 min ago": coarse, so that an idle window is redrawn seldom.
std::string age_text(double seconds);
/// Seconds until age_text says something else.
double age_changes_in(double seconds);
/// "42 %, 3m 12s left"; "" for neither.
std::string progress_text(std::optional<double> progress, std::optional<double> eta_seconds);

BadgeKind badge_kind(RunState state);
BadgeKind badge_kind(JobState state);
/// "5 points, 2 seeds" of what is there; "3 of 10 points" while it runs.
std::string run_points_text(const RunSnapshot& run);

/// $HOME for a leading "~"; nothing is read.
std::string expand_home(std::string_view path);
/// What follows the last '/' that is not at the end.
std::string last_part(std::string_view path);

/// Gives the keyboard to the card that follows (`direction` 1) or precedes the one that has it.
void focus_next_card(const char* host, int direction);

}  // namespace fixynn::gui
