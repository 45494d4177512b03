// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "report/trade_off.h"

namespace fixynn {

/// Where a figure of the report comes from. Each has a sign beside the figure, not only a colour.
enum class Mark { kMeasured, kModelled, kPublished };
std::string mark_sign(Mark mark);  ///< "●", "○", "◆"
std::string mark_name(Mark mark);  ///< "measured", "modelled", "published"
/// The signs and what they mean, as a line of HTML.
std::string mark_legend();

/// A cell: a figure with its mark, or nothing and why.
struct MarkedFigure {
  std::optional<double> value;
  Mark mark = Mark::kModelled;
  int decimals = 2;
  std::optional<double> low, high;  ///< range over seeds
  size_t seeds = 0;
  std::string why_absent;  ///< "" prints n/a
};
/// "2.32 ○" as HTML, "n/a", or "–" with the number of the note that says why.
std::string figure_html(const MarkedFigure& figure, std::vector<std::string>& notes);

/// Accuracy on one data set, published and ours.
struct AccuracyPair {
  MarkedFigure published, measured;
};

/// TOPS, relative, TOPS/W, relative.
using HardwareColumns = std::array<MarkedFigure, 4>;

struct Table1Row {
  int fixed_layers = 0;
  double fixed_ops_percent = 0;
  std::optional<double> published_ops_percent;
  std::vector<AccuracyPair> accuracies;  ///< by Table1::datasets
  HardwareColumns published, paper, calibrated;
};

/// Table 1 of the paper with columns of our own.
struct Table1 {
  std::vector<PaperDataset> datasets;  ///< the paper's six, then further measured ones
  std::vector<Table1Row> rows;         ///< the paper's N and the measured ones
  double area_mm2 = 3.0;               ///< of the modelled columns
  bool has_calibrated = false;
  std::string paper_name, calibrated_name;
};

/// Of one design of the report.
Table1 make_table_1(const HardwareReport& report, size_t design);

/// Two tables under one heading, accuracy and hardware, with notes for what cannot be built.
std::string table_1_html(const Table1& table);
/// A line a row; a column's name says what it is and where it comes from.
std::string table_1_csv(const Table1& table);

/// A field of a CSV file, quoted where it must be.
std::string csv_field(const std::string& text);
/// "" for an absent value.
std::string csv_number(const std::optional<double>& value, int decimals);

}  // namespace fixynn
