// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gui/model/plot_models.h"

namespace fixynn::gui {

// What the plots' models share.

/// Adds a series with what its points stand for; one without points is left out, and then nullopt.
std::optional<size_t> add_series(PlotModel& model, PlotSeries series,
                                 std::vector<std::optional<PlotTarget>> targets);

/// The name of each shown run in legends. Different for all of them: a legend entry hides what has its name.
std::map<int, std::string> legend_names(const Session& session);

/// The run that this one is an evaluation of, when it is open; else null: the run stands for itself.
const OpenRun* parent_of(const Session& session, const OpenRun& open);

/// "3.0 mm²".
std::string area_words(double area_mm2);

/// A small number with three figures that count: "0.412", "12.3"; "0.00012" keeps two.
std::string short_number(double value);

/// "a", "a and b", "a, b and c".
std::string joined(const std::vector<std::string>& parts);

/// Of Table 1: the paper's network.
bool is_paper_network(const MobileNet& network);

}  // namespace fixynn::gui
