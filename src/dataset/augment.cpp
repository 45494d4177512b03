// SPDX-License-Identifier: Apache-2.0
#include "dataset/augment.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

constexpr int kMaxSize = 4096, kMaxSource = 16384;  ///< pixels a side; fix_augment counts on them

/// Left (or upper) of the two pixels that a coordinate lies between, and how far it is to the other. The last
/// pixel is reached as its neighbour's full fraction, so that two pixels can always be read.
struct Place {
  int64_t index;
  int32_t fraction;  ///< 0 .. 1 << kFractionBits
};

inline Place place_of(int64_t coordinate, int64_t last) {
  const int64_t inside = std::clamp<int64_t>(coordinate, 0, last);
  const int64_t index = std::min(inside >> kCoordinateBits, (last >> kCoordinateBits) - 1);
  const int64_t fraction = (inside >> (kCoordinateBits - kFractionBits)) - (index << kFractionBits);
  return {index, static_cast<int32_t>(fraction)};
}

#if defined(__SSE2__)

inline __m128i pair(int32_t low, int32_t high) {
  return _mm_set1_epi32(static_cast<int32_t>(static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 16));
}

/// Six bytes r g b R G B become 16-bit pairs (r, R) (g, G) (b, B).
inline __m128i neighbours(uint64_t bytes) {
  const __m128i left = _mm_cvtsi64_si128(static_cast<int64_t>(bytes));
  const __m128i right = _mm_cvtsi64_si128(static_cast<int64_t>(bytes >> 24));
  return _mm_unpacklo_epi8(_mm_unpacklo_epi8(left, right), _mm_setzero_si128());
}

inline uint64_t load8(const uint8_t* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

/// render_pixel's sums for the three channels at once; the source has at least two pixels a side.
template <bool kPlain>
inline uint32_t blend(const uint8_t* source, const FixedAugment& fixed, const Place& column,
                      const Place& row) {
  const LerpWeights w = lerp_weights(column.fraction, row.fraction);
  const uint8_t* top = source + row.index * fixed.stride + column.index * 3;
  // Eight bytes are read where six are needed: after the upper pair there is the lower row, before the lower
  // pair the upper row, so both stay inside the image.
  const __m128i upper = neighbours(load8(top));
  const __m128i lower = neighbours(load8(top + fixed.stride - 2) >> 16);
  __m128i sum = _mm_add_epi32(_mm_madd_epi16(upper, pair(w.top_left, w.top_right)),
                              _mm_madd_epi16(lower, pair(w.bottom_left, w.bottom_right)));
  if constexpr (kPlain) {
    sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(1 << (kWeightBits - 1))), kWeightBits);
  } else {
    constexpr int kDrop = kWeightBits - kValueBits;
    sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(1 << (kDrop - 1))), kDrop);
    sum = _mm_add_epi32(_mm_madd_epi16(sum, _mm_set1_epi32(fixed.gain)), _mm_set1_epi32(fixed.offset));
    sum = _mm_srai_epi32(sum, kGainBits + kValueBits);
  }
  sum = _mm_packs_epi32(sum, sum);
  return static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum)));
}

template <bool kPlain>
void render_all(const uint8_t* source, const FixedAugment& fixed, uint8_t* out, int size) {
  const uint8_t* const last = out + static_cast<ptrdiff_t>(size) * size * 3 - 3;
  const bool straight = fixed.ay == 0 && fixed.bx == 0;
  std::vector<Place> columns(straight ? static_cast<size_t>(size) : 0);
  for (size_t x = 0; x < columns.size(); ++x) {
    columns[x] = place_of(fixed.ax * static_cast<int64_t>(x) + fixed.a0, fixed.last_x);
  }
  // Four bytes are stored for a pixel; the next pixel overwrites the fourth.
  const auto store = [last](uint8_t* where, uint32_t rgb) {
    std::memcpy(where, &rgb, where == last ? 3 : 4);
  };
  for (int y = 0; y < size; ++y) {
    int64_t sx = fixed.ay * y + fixed.a0;
    int64_t sy = fixed.by * y + fixed.b0;
    const Place row = place_of(sy, fixed.last_y);
    if (straight) {
      for (const Place& column : columns) {
        store(out, blend<kPlain>(source, fixed, column, row));
        out += 3;
      }
      continue;
    }
    for (int x = 0; x < size; ++x, out += 3, sx += fixed.ax, sy += fixed.bx) {
      store(out, blend<kPlain>(source, fixed, place_of(sx, fixed.last_x), place_of(sy, fixed.last_y)));
    }
  }
}

#endif

void render_by_definition(const uint8_t* source, FixedAugment fixed, uint8_t* out, int size) {
  fixed.cutout_x1 = fixed.cutout_x0;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x, out += 3) render_pixel(source, fixed, x, y, out);
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
  const bool same = fixed.plain && source_width == size && source_height == size && params.ax == 1 &&
                    params.by == 1 && params.ay == 0 && params.bx == 0 && params.a0 == 0 && params.b0 == 0;
  if (same) {
    std::memcpy(destination, source, static_cast<size_t>(size) * static_cast<size_t>(size) * 3);
#if defined(__SSE2__)
  } else if (source_width >= 2 && source_height >= 2) {
    const auto render = fixed.plain ? render_all<true> : render_all<false>;
    render(source, fixed, destination, size);
#endif
  } else {
    render_by_definition(source, fixed, destination, size);
  }
  paint_cutout(fixed, destination, size);
}

}  // namespace fixynn
