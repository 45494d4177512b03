// SPDX-License-Identifier: Apache-2.0
#include "cost/nvdla.h"

#include <algorithm>
#include <array>

namespace fixynn {
namespace {

// Areas: published, nvdla.org, primer, "Performance" table, 16 nm column. The primer also has 32 MACs
// (0.51 mm2), for which no power was published.
// Power and TOPS/W: published at Hot Chips 30 (2018), int8 ResNet-50. Only the pair of 2048 MACs was seen in
// a source; the others are recalled. What speaks for them: power x TOPS/W / (frames a second of the primer)
// is the same 7.6 to 7.9 GOP a frame for all six, and they give the FixyNN paper's 1.91 TOPS and 5.58 TOPS/W.
constexpr std::array<NvdlaPoint, 6> kPoints = {{
    {.macs = 64, .area_mm2 = 0.55, .power_mw = 28, .tops_per_w = 2.0, .recalled = true},
    {.macs = 128, .area_mm2 = 0.84, .power_mw = 41, .tops_per_w = 3.8, .recalled = true},
    {.macs = 256, .area_mm2 = 1.0, .power_mw = 64, .tops_per_w = 5.6, .recalled = true},
    {.macs = 512, .area_mm2 = 1.4, .power_mw = 107, .tops_per_w = 6.8, .recalled = true},
    {.macs = 1024, .area_mm2 = 1.8, .power_mw = 185, .tops_per_w = 6.3, .recalled = true},
    {.macs = 2048, .area_mm2 = 3.3, .power_mw = 388, .tops_per_w = 5.4, .recalled = false},
}};

}  // namespace

std::span<const NvdlaPoint> nvdla_points() {
  return kPoints;
}

std::optional<Programmable> nvdla_at(double area_mm2) {
  if (!(area_mm2 >= kPoints.front().area_mm2)) return std::nullopt;
  const NvdlaPoint& largest = kPoints.back();
  if (area_mm2 > largest.area_mm2) {
    // Nothing larger is published. Several of the largest side by side is what could be built from what is
    // known; it keeps TOPS per mm2 and TOPS/W and is continuous at 3.3 mm2.
    return Programmable{.tops = largest.tops() * area_mm2 / largest.area_mm2,
                        .tops_per_w = largest.tops_per_w,
                        .extrapolated = true};
  }
  const auto above = std::find_if(kPoints.begin() + 1, kPoints.end() - 1,
                                  [&](const NvdlaPoint& point) { return area_mm2 <= point.area_mm2; });
  const NvdlaPoint& high = *above;
  const NvdlaPoint& low = *(above - 1);
  const double share = (area_mm2 - low.area_mm2) / (high.area_mm2 - low.area_mm2);
  return Programmable{.tops = low.tops() + share * (high.tops() - low.tops()),
                      .tops_per_w = low.tops_per_w + share * (high.tops_per_w - low.tops_per_w),
                      .extrapolated = false};
}

}  // namespace fixynn
