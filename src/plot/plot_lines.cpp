// SPDX-License-Identifier: Apache-2.0
#include "plot/plot_lines.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_set>

namespace fixynn {
namespace {

void keep_run(const std::vector<PixelPoint>& points, size_t begin, size_t end,
              std::vector<PixelPoint>& kept) {
  if (end - begin <= 4) {
    kept.insert(kept.end(), points.begin() + static_cast<std::ptrdiff_t>(begin),
                points.begin() + static_cast<std::ptrdiff_t>(end));
    return;
  }
  size_t lowest = begin, highest = begin;
  for (size_t i = begin + 1; i < end; ++i) {
    if (points[i].y < points[highest].y) highest = i;
    if (points[i].y > points[lowest].y) lowest = i;
  }
  const auto [first_extreme, second_extreme] = std::minmax(lowest, highest);
  size_t last_kept = begin;
  kept.push_back(points[begin]);
  for (size_t i : {first_extreme, second_extreme, end - 1}) {
    if (i == last_kept) continue;
    kept.push_back(points[i]);
    last_kept = i;
  }
}

/// Where the segment from `a` to `b` enters and leaves the box, as shares of it; false if it misses.
bool clip_segment(const PlotPixel& a, const PlotPixel& b, const PlotBox& box, double& enter, double& leave) {
  enter = 0, leave = 1;
  const auto cut = [&](double delta, double room) {
    // delta * share <= room must hold.
    if (delta == 0) return room >= 0;
    const double share = room / delta;
    if (delta > 0) {
      leave = std::min(leave, share);
    } else {
      enter = std::max(enter, share);
    }
    return enter <= leave;
  };
  const double dx = b.x - a.x, dy = b.y - a.y;
  return cut(-dx, a.x - box.left) && cut(dx, box.right - a.x) && cut(-dy, a.y - box.top) &&
         cut(dy, box.bottom - a.y);
}

PlotPixel between(const PlotPixel& a, const PlotPixel& b, double share) {
  return {a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)};
}

}  // namespace

std::vector<PixelPoint> thin_columns(const std::vector<PixelPoint>& points, double left, double right) {
  std::vector<PixelPoint> kept;
  const auto column = [&](const PixelPoint& point) {
    return std::floor(std::clamp(point.x, left - 1, right + 1));
  };
  for (size_t begin = 0; begin < points.size();) {
    const double own = column(points[begin]);
    size_t end = begin + 1;
    while (end < points.size() && column(points[end]) == own) ++end;
    keep_run(points, begin, end, kept);
    begin = end;
  }
  return kept;
}

std::vector<PixelPoint> thin_cells(const std::vector<PixelPoint>& points, double cell) {
  std::vector<PixelPoint> kept;
  std::unordered_set<std::uint64_t> taken;
  for (const PixelPoint& point : points) {
    // Far outside of any screen, cells need not be told apart.
    const double x = std::clamp(std::floor(point.x / cell), -1e6, 1e6);
    const double y = std::clamp(std::floor(point.y / cell), -1e6, 1e6);
    const auto key = static_cast<std::uint64_t>(x + 1e6) << 32 | static_cast<std::uint64_t>(y + 1e6);
    if (taken.insert(key).second) kept.push_back(point);
  }
  return kept;
}

std::vector<PlotPixel> stairs(const std::vector<PixelPoint>& points, StepDirection direction) {
  std::vector<PlotPixel> line;
  for (size_t i = 0; i < points.size(); ++i) {
    if (i > 0 && direction == StepDirection::kVerticalFirst) line.push_back({points[i - 1].x, points[i].y});
    if (i > 0 && direction == StepDirection::kHorizontalFirst) line.push_back({points[i].x, points[i - 1].y});
    line.push_back({points[i].x, points[i].y});
  }
  return line;
}

std::vector<std::vector<PlotPixel>> clip_line(const std::vector<PlotPixel>& line, const PlotBox& box) {
  std::vector<std::vector<PlotPixel>> parts;
  bool open = false;  // the last part ends where the next segment begins
  for (size_t i = 1; i < line.size(); ++i) {
    double enter = 0, leave = 1;
    if (!clip_segment(line[i - 1], line[i], box, enter, leave)) {
      open = false;
      continue;
    }
    if (!open) parts.push_back({between(line[i - 1], line[i], enter)});
    parts.back().push_back(leave < 1 ? between(line[i - 1], line[i], leave) : line[i]);
    open = leave >= 1;
  }
  return parts;
}

}  // namespace fixynn
