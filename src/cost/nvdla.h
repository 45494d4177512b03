// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

namespace fixynn {

/// One configuration of NVIDIA's Deep Learning Accelerator at 1 GHz, int8, 16 nm, ResNet-50.
struct NvdlaPoint {
  int macs;
  double area_mm2;    ///< synthesis area with memories: nvdla.org, primer
  double power_mw;    ///< Hot Chips 30 (2018)
  double tops_per_w;  ///< Hot Chips 30 (2018)
  bool recalled;      ///< the last two figures were not checked against the slides
  double tops() const { return power_mw * 1e-3 * tops_per_w; }
};

/// By rising area.
std::span<const NvdlaPoint> nvdla_points();

/// A programmable accelerator of some area.
struct Programmable {
  double tops = 0;
  double tops_per_w = 0;
  bool extrapolated = false;  ///< larger than the largest published configuration
};

/// TOPS and TOPS/W, each linear in area between the points. Absent below the smallest point (0.55 mm2). Above
/// the largest (3.3 mm2): several of the largest, so TOPS grow with area and TOPS/W stay; marked
/// extrapolated.
std::optional<Programmable> nvdla_at(double area_mm2);

}  // namespace fixynn
