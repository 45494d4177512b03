// SPDX-License-Identifier: Apache-2.0
#include "dataset/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

#include "core/error.h"
#include "core/philox.h"
#include "dataset/render_pixel.h"

namespace fixynn {
namespace {

constexpr int32_t kOne = 1 << kLerpBits;
constexpr int kFractionShift = kCoordinateBits - kLerpBits;
constexpr int kMaxSize = 4096, kMaxSource = 16384;  ///< pixels a side; fix_augment counts on them

int64_t clamp_coordinate(int64_t value, int64_t last) {
  return std::clamp<int64_t>(value, 0, last);
}

/// A row of a draw without rotation or shear: each destination row blends two source rows, and each column
/// two of those blended pixels, so that columns are computed once an image.
struct Column {
  int32_t left, right;  ///< byte offsets
  int32_t fraction;
};

void render_axis_aligned(const uint8_t* source, const FixedAugment& fixed, uint8_t* out, int size) {
  std::vector<Column> columns(static_cast<size_t>(size));
  for (size_t x = 0; x < columns.size(); ++x) {
    const int64_t sx = clamp_coordinate(fixed.ax * static_cast<int64_t>(x) + fixed.a0, fixed.last_x);
    const int32_t left = static_cast<int32_t>(sx >> kCoordinateBits) * 3;
    columns[x] = {left, sx < fixed.last_x ? left + 3 : left,
                  static_cast<int32_t>(sx >> kFractionShift) & (kOne - 1)};
  }
  std::vector<int32_t> blended(static_cast<size_t>(fixed.stride));
  for (int y = 0; y < size; ++y) {
    const int64_t sy = clamp_coordinate(fixed.by * y + fixed.b0, fixed.last_y);
    const int32_t fy = static_cast<int32_t>(sy >> kFractionShift) & (kOne - 1);
    const uint8_t* top = source + (sy >> kCoordinateBits) * fixed.stride;
    const uint8_t* bottom = sy < fixed.last_y ? top + fixed.stride : top;
    for (size_t i = 0; i < blended.size(); ++i) blended[i] = top[i] * (kOne - fy) + bottom[i] * fy;
    for (const Column& column : columns) {
      const int32_t* left = blended.data() + column.left;
      const int32_t* right = blended.data() + column.right;
      const int32_t fx = column.fraction;
      for (int c = 0; c < 3; ++c) *out++ = finish_value(left[c] * (kOne - fx) + right[c] * fx, fixed);
    }
  }
}

template <bool kPlain>
void render_affine(const uint8_t* source, FixedAugment fixed, uint8_t* out, int size) {
  fixed.plain = kPlain ? 1 : 0;
  const uint64_t last_x = static_cast<uint64_t>(fixed.last_x);
  const uint64_t last_y = static_cast<uint64_t>(fixed.last_y);
  for (int y = 0; y < size; ++y) {
    int64_t sx = fixed.ay * y + fixed.a0;
    int64_t sy = fixed.by * y + fixed.b0;
    for (int x = 0; x < size; ++x, out += 3, sx += fixed.ax, sy += fixed.bx) {
      if (static_cast<uint64_t>(sx) >= last_x || static_cast<uint64_t>(sy) >= last_y) {
        FixedAugment uncut = fixed;
        uncut.cutout_x1 = 0;
        render_pixel(source, uncut, x, y, out);
        continue;
      }
      const int32_t fx = static_cast<int32_t>(sx >> kFractionShift) & (kOne - 1);
      const int32_t fy = static_cast<int32_t>(sy >> kFractionShift) & (kOne - 1);
      const uint8_t* p = source + (sy >> kCoordinateBits) * fixed.stride + (sx >> kCoordinateBits) * 3;
      const uint8_t* q = p + fixed.stride;
      for (int c = 0; c < 3; ++c) {
        const int32_t top = (p[c] << kLerpBits) + (p[c + 3] - p[c]) * fx;
        const int32_t bottom = (q[c] << kLerpBits) + (q[c + 3] - q[c]) * fx;
        out[c] = finish_value((top << kLerpBits) + (bottom - top) * fy, fixed);
      }
    }
  }
}

void paint_cutout(const FixedAugment& fixed, uint8_t* out, int size) {
  const int x0 = std::clamp(fixed.cutout_x0, 0, size), x1 = std::clamp(fixed.cutout_x1, 0, size);
  const int y0 = std::clamp(fixed.cutout_y0, 0, size), y1 = std::clamp(fixed.cutout_y1, 0, size);
  if (x0 >= x1) return;
  for (int y = y0; y < y1; ++y)
    std::memset(out + (static_cast<ptrdiff_t>(y) * size + x0) * 3, 128, (x1 - x0) * 3u);
}

}  // namespace

AugmentParams draw_augment(const AugmentSpec& spec, uint64_t seed, uint32_t epoch, uint32_t sample,
                           int source_width, int source_height, int size) {
  RandomSequence random(seed, RandomStream::kAugment, sample, epoch);
  const auto around = [&](double half_range) { return half_range * (2.0 * random.uniform() - 1.0); };
  // Every number is drawn whatever the specification says, so that switching one change off leaves the others
  // alone.
  const double angle = around(spec.rotate_degrees) * std::numbers::pi / 180.0;
  const double zoom = std::max(0.05, 1.0 + around(spec.scale));
  const double stretch = std::max(0.05, 1.0 + around(spec.aspect));
  const double shear = around(spec.shear);
  const double shift_x = around(spec.shift), shift_y = around(spec.shift);
  const double brightness = around(spec.brightness);
  const double contrast = std::max(0.0, 1.0 + around(spec.contrast));
  const bool mirror = random.uniform() < 0.5f && spec.flip;
  const double cut_x = random.uniform(), cut_y = random.uniform();

  // In units of the image, origin at its centre: source = (rotate * shear * stretch)^-1 (destination -
  // shift).
  const double wide = zoom * std::sqrt(stretch), high = zoom / std::sqrt(stretch);
  const double cosine = std::cos(angle), sine = std::sin(angle);
  double m[2][2] = {{(cosine + shear * sine) / wide, (sine - shear * cosine) / wide},
                    {-sine / high, cosine / high}};
  if (mirror) {
    m[0][0] = -m[0][0];
    m[0][1] = -m[0][1];
  }
  const double pixel = 1.0 / size;
  const double u0 = 0.5 * pixel - 0.5 - shift_x, v0 = 0.5 * pixel - 0.5 - shift_y;
  AugmentParams params{};
  params.ax = static_cast<float>(m[0][0] * pixel * source_width);
  params.ay = static_cast<float>(m[0][1] * pixel * source_width);
  params.a0 = static_cast<float>((m[0][0] * u0 + m[0][1] * v0 + 0.5) * source_width - 0.5);
  params.bx = static_cast<float>(m[1][0] * pixel * source_height);
  params.by = static_cast<float>(m[1][1] * pixel * source_height);
  params.b0 = static_cast<float>((m[1][0] * u0 + m[1][1] * v0 + 0.5) * source_height - 0.5);
  params.gain = static_cast<float>(contrast);
  params.offset = static_cast<float>(128.0 * (1.0 - contrast) + 255.0 * brightness);
  const int side = static_cast<int>(std::lround(spec.cutout * static_cast<float>(size)));
  if (side > 0) {
    params.cutout_x0 = static_cast<int>(cut_x * size) - side / 2;
    params.cutout_y0 = static_cast<int>(cut_y * size) - side / 2;
    params.cutout_x1 = std::min(params.cutout_x0 + side, size);
    params.cutout_y1 = std::min(params.cutout_y0 + side, size);
    params.cutout_x0 = std::max(params.cutout_x0, 0);
    params.cutout_y0 = std::max(params.cutout_y0, 0);
  }
  return params;
}

AugmentParams identity_augment(int source_width, int source_height, int size) {
  const double x_scale = static_cast<double>(source_width) / size;
  const double y_scale = static_cast<double>(source_height) / size;
  AugmentParams params{};
  params.ax = static_cast<float>(x_scale);
  params.a0 = static_cast<float>(0.5 * x_scale - 0.5);
  params.by = static_cast<float>(y_scale);
  params.b0 = static_cast<float>(0.5 * y_scale - 0.5);
  params.gain = 1.0f;
  return params;
}

void render_image(const uint8_t* source, int source_width, int source_height, const AugmentParams& params,
                  uint8_t* destination, int size) {
  if (source_width < 1 || source_height < 1 || size < 1 || size > kMaxSize || source_width > kMaxSource ||
      source_height > kMaxSource) {
    fail("an image of {} x {} pixels cannot be rendered to {} x {}", source_width, source_height, size, size);
  }
  const FixedAugment fixed = fix_augment(params, source_width, source_height);
  const bool straight = fixed.ay == 0 && fixed.bx == 0;
  const bool same = straight && fixed.plain && source_width == size && source_height == size &&
                    params.ax == 1 && params.by == 1 && params.a0 == 0 && params.b0 == 0;
  if (same) {
    std::memcpy(destination, source, static_cast<size_t>(size) * static_cast<size_t>(size) * 3);
  } else if (straight) {
    render_axis_aligned(source, fixed, destination, size);
  } else if (fixed.plain) {
    render_affine<true>(source, fixed, destination, size);
  } else {
    render_affine<false>(source, fixed, destination, size);
  }
  paint_cutout(fixed, destination, size);
}

}  // namespace fixynn
