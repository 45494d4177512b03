// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cost/ffe_cost.h"
#include "cost/platform.h"
#include "hardware/technology.h"
#include "report/hardware_join.h"
#include "study/cost_study.h"

namespace fixynn {

/// Square millimetres with one decimal, or two where it has them: "3.0", "2.25".
std::string format_area(double area_mm2);

/// The figures of one cost model for one design: a sweep over areas and numbers of fixed layers.
struct ModelFigures {
  CostModelKind model = CostModelKind::kPaper;
  std::string technology;  ///< name; "" for the paper's model
  /// Evidence behind the technology's areas: "derived", or "measured, in part derived" where it differs.
  std::string area_evidence;
  bool assumed_weights = false;
  bool activity_measured = false;     ///< toggles were counted on images
  std::vector<PlatformPoint> points;  ///< any order
  std::vector<FfeCost> ffes;          ///< one a number of fixed layers
  std::map<int, FfeRange> ranges;     ///< by fixed layers, where known
  /// By fixed layers: the area from which on the platform is faster and more efficient than an NVDLA alone;
  /// no entry where it never is.
  std::map<int, double> crossings;

  /// Null when the study has not this point.
  const PlatformPoint* at(int fixed_layers, double area_mm2) const;
  const FfeCost* ffe(int fixed_layers) const;
  /// "paper model", "calibrated model, 16nm".
  std::string name() const;
};

/// A design with its accuracies and its hardware.
struct DesignReport {
  DesignRows design;
  ModelFigures paper;
  std::optional<ModelFigures> calibrated;
  std::string calibrated_missing;  ///< why it is absent, a sentence; "" when it was not asked for
  bool show_calibrated = true;     ///< the answer and the plots are of this model where it is there

  const ModelFigures& main() const { return show_calibrated && calibrated ? *calibrated : paper; }
};

struct HardwareReport {
  JoinedRuns joined;
  std::vector<DesignReport> designs;
  double area_mm2 = 3.0;
  std::vector<std::string> notes;  ///< beside joined.notes
};

/// Whether the energy of some platform with fixed layers is known; true when none can be built.
bool knows_energies(const ModelFigures& figures);

/// The model whose energies the plots take: the report's, or the paper's where the technology of the other
/// lacks figures that energies need.
const ModelFigures& energy_model(const DesignReport& design);

/// Accuracy of one row and energy of one platform.
struct TradeOff {
  size_t design = 0;  ///< index into HardwareReport::designs
  const ResultRow* row = nullptr;
  const PlatformPoint* platform = nullptr;
  double energy_uj = 0;  ///< an inference
};

/// The rows of a data set in all designs with a platform at the report's area that can be built and whose
/// energy is known.
std::vector<TradeOff> trade_offs(const HardwareReport& report, const std::string& dataset);

/// Indices of the points that no other point beats, with less energy and no less accuracy or the reverse; by
/// rising energy. Of equal points all stay.
std::vector<size_t> pareto_front(std::span<const TradeOff> points);

/// Energy of an inference at an area for the accuracies that the paper printed, all of the paper: grey points
/// of the plots.
struct PublishedTradeOff {
  int fixed_layers = 0;
  double top1_percent = 0, drop = 0;
  double energy_uj = 0;  ///< modelled
};
std::vector<PublishedTradeOff> published_trade_offs(const ModelFigures& paper, const std::string& dataset,
                                                    double area_mm2);

/// What a design comes to at the report's area.
struct Answer {
  size_t design = 0;
  std::vector<std::string> datasets;  ///< those that have a baseline
  std::optional<int> fixed_layers;    ///< the most that keep all of them within one point and can be built
  std::optional<int> deeper;          ///< more layers would be accurate enough, but cannot be built
  std::string deeper_reason;
  std::string sentence;  ///< the answer, plain text
};
Answer answer_of(const HardwareReport& report, size_t design);

/// Numbers of fixed layers of the study, rising.
std::vector<int> layers_of(const ModelFigures& figures);

}  // namespace fixynn
