// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plot/plot_spec.h"
#include "plot/plot_view.h"

namespace fixynn {

// Charts as SVG. Inline ones take their colours from the style sheet of the page (plot_style(),
// plot_colours()), so that light and dark modes share one drawing. All texts are escaped here.

/// The view of reports: everything, without the minor grid.
PlotView report_view();

/// Inline, of spec.width x spec.height.
std::string render_plot(const PlotSpec& spec, const PlotView& view = report_view());
/// The same as a file of its own, with its title above it and colours that need no page. `view`: as on the
/// screen.
std::string render_plot_file(const PlotSpec& spec, const PlotView& view = report_view());

std::string render_bars(const BarSpec& spec);
std::string render_bars_file(const BarSpec& spec);

std::string render_heat_map(const HeatMapSpec& spec);

/// Style rules that the charts need (no <style> tags).
std::string plot_style();
/// The custom properties that plot_style() and the pages use: light, and dark where the reader prefers it.
std::string plot_colours();

}  // namespace fixynn
