// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "report/trade_off.h"

namespace fixynn {

/// One self-contained HTML page (no scripts, no outside references): the answer, Table 1 with our columns,
/// Figure 2, accuracy against energy, the platforms, and the layers of the chosen FFE.
std::string render_hardware_report(const HardwareReport& report);

/// The tables and plots as files: name -> contents (table_1.csv, platforms.csv, trade_offs.csv,
/// ffe_layers.csv, *.svg).
std::map<std::string, std::string> hardware_report_files(const HardwareReport& report);

/// The answer and the tables for a terminal, at most 110 columns, ending with '\n'.
std::string hardware_report_text(const HardwareReport& report);

// Parts.

/// Numbers of frozen layers whose layer table is shown: the answer's, else the deepest measured one that can
/// be built.
std::optional<int> shown_layers(const HardwareReport& report, const Answer& answer);

/// The tables as CSV, one line a figure's subject.
std::string platforms_csv(const HardwareReport& report);
std::string trade_offs_csv(const HardwareReport& report);
std::string ffe_layers_csv(const HardwareReport& report);

/// Platforms at the report's area, and the layers of the FFE with `fixed_layers` layers, as HTML.
std::string platform_table_html(const ModelFigures& figures, double area_mm2);
std::string ffe_layers_html(const ModelFigures& figures, int fixed_layers);

/// Energy and throughput at 3.0 mm2 by the paper's model, for the page of a single run: instant, needs no
/// weights. "" where the network's size is none that the model knows or nothing was measured.
std::string paper_hardware_section(const std::vector<ResultRow>& rows, double alpha, int input_size);

}  // namespace fixynn
