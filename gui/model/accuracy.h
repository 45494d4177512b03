// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gui/model/design.h"
#include "gui/model/run_snapshot.h"
#include "report/run_summary.h"

namespace fixynn::gui {

/// Test accuracy of a run's networks with N fixed layers, over its seeds.
struct MeasuredPoint {
  RunPointer run;
  ResultRow row;
  std::array<ConvQuant, MobileNet::kLayers> bits{};  ///< of the run
};

/// Rows of one run, by data set and N. `run` without readable configuration: its points' own bits.
std::vector<MeasuredPoint> measured_points(const RunPointer& run);

/// What is known of a design's accuracy. A figure that was measured with other bits is stale: it is never
/// presented as the design's own.
struct DesignAccuracy {
  std::optional<MeasuredPoint> point;
  bool stale = false;
  std::string
      note;  ///< "measured at W8A8, not at W8/6 A8"; "2 seeds, 3 epochs at 64 px"; or why there is none
  /// Percentage points below N = 0 as drop_of has it.
  std::optional<double> drop;
};

/// Looks for the bits of the design and its number of layers used (with an early tap fewer than are built) in
/// `active` first, then in `others` (evaluations, the newest last) of the same network size and data set;
/// else the first row of that number, stale. `active` may be null.
DesignAccuracy accuracy_of(const Design& design, const RunPointer& active,
                           const std::vector<RunPointer>& others);

/// The point whose network has all the layers that the design builds, early tap or not, at its bits: what can
/// be exported.
std::optional<MeasuredPoint> built_point(const Design& design, const RunPointer& active,
                                         const std::vector<RunPointer>& others);

/// Percentage points of a point below N = 0.
struct BaselineDrop {
  double points = 0;
  std::string note;  ///< "trained 1 epoch, N = 0 30": why they do not quite compare; "" normally
};
/// Against N = 0 of the same run, else of `head` (the run that it is an evaluation of; may be null) on the
/// same data set; none without either.
std::optional<BaselineDrop> drop_of(const MeasuredPoint& point, const RunPointer& head);

/// What the run is about; "" before its first point.
std::string first_dataset(const RunSnapshot& run);

/// Whether one of its first `layers` layers is float: it cannot be built, and its accuracy is no FFE's.
bool measured_in_float(const MeasuredPoint& point, int layers);

/// The network file of that point, of its first seed; "" when it is none or not measured.
std::filesystem::path network_of(const MeasuredPoint& point);

/// The most fixed layers of `run` that lose at most `points` percentage points, of its first data set.
std::optional<int> deepest_within(const RunPointer& run, double points);

}  // namespace fixynn::gui
