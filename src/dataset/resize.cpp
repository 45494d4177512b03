// SPDX-License-Identifier: Apache-2.0
#include "dataset/resize.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace fixynn {
namespace {

constexpr int kWeightBits = 22;

/// For each destination pixel: the first source pixel and its taps' fixed-point weights, which sum to
/// about 1.
struct Taps {
  size_t most = 0;  ///< weights stored for each destination pixel
  std::vector<size_t> first, count;
  std::vector<int32_t> weights;
};

Taps make_taps(int source_size, int size) {
  const double scale = static_cast<double>(source_size) / size;
  const double support = std::max(1.0, scale);
  Taps taps;
  taps.most = static_cast<size_t>(std::ceil(support)) * 2 + 1;
  taps.weights.assign(taps.most * static_cast<size_t>(size), 0);
  std::vector<double> real(taps.most);
  for (int i = 0; i < size; ++i) {
    const double centre = (i + 0.5) * scale;
    const int low = std::max(0, static_cast<int>(centre - support + 0.5));
    const int high = std::min(source_size, static_cast<int>(centre + support + 0.5));
    const size_t count = static_cast<size_t>(high - low);
    double sum = 0;
    for (size_t k = 0; k < count; ++k) {
      const double distance = (low + static_cast<double>(k) - centre + 0.5) / support;
      real[k] = std::max(0.0, 1.0 - std::abs(distance));
      sum += real[k];
    }
    for (size_t k = 0; k < count; ++k) {
      taps.weights[static_cast<size_t>(i) * taps.most + k] =
          static_cast<int32_t>(std::lround(real[k] / sum * (1 << kWeightBits)));
    }
    taps.first.push_back(static_cast<size_t>(low));
    taps.count.push_back(count);
  }
  return taps;
}

uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

Image resize_columns(const Image& source, int width) {
  const Taps taps = make_taps(source.width, width);
  Image out{width, source.height, {}};
  out.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(source.height) * 3);
  uint8_t* write = out.pixels.data();
  for (int y = 0; y < source.height; ++y) {
    const uint8_t* row =
        source.pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(source.width) * 3;
    for (size_t x = 0; x < static_cast<size_t>(width); ++x) {
      const int32_t* weights = &taps.weights[x * taps.most];
      const uint8_t* read = row + taps.first[x] * 3;
      int32_t sum[3] = {1 << (kWeightBits - 1), 1 << (kWeightBits - 1), 1 << (kWeightBits - 1)};
      for (size_t k = 0; k < taps.count[x]; ++k, read += 3) {
        for (size_t c = 0; c < 3; ++c) sum[c] += weights[k] * read[c];
      }
      for (const int32_t value : sum) *write++ = to_byte(value);
    }
  }
  return out;
}

Image resize_rows(const Image& source, int height) {
  const Taps taps = make_taps(source.height, height);
  const size_t row_bytes = static_cast<size_t>(source.width) * 3;
  Image out{source.width, height, {}};
  out.pixels.resize(row_bytes * static_cast<size_t>(height));
  std::vector<int32_t> sums(row_bytes);
  for (size_t y = 0; y < static_cast<size_t>(height); ++y) {
    std::fill(sums.begin(), sums.end(), 1 << (kWeightBits - 1));
    for (size_t k = 0; k < taps.count[y]; ++k) {
      const int32_t weight = taps.weights[y * taps.most + k];
      const uint8_t* row = source.pixels.data() + (taps.first[y] + k) * row_bytes;
      for (size_t i = 0; i < row_bytes; ++i) sums[i] += weight * row[i];
    }
    std::transform(sums.begin(), sums.end(), out.pixels.begin() + static_cast<ptrdiff_t>(y * row_bytes),
                   to_byte);
  }
  return out;
}

}  // namespace

Image resize_image(const Image& source, int width, int height) {
  if (width < 1 || height < 1 || width > kMaxImageSide || height > kMaxImageSide) {
    fail("an image cannot be resized to {} x {} pixels", width, height);
  }
  if (source.width == width && source.height == height) return source;
  if (source.width == width) return resize_rows(source, height);
  Image columns = resize_columns(source, width);
  return source.height == height ? columns : resize_rows(columns, height);
}

Image centre_crop(const Image& source, double fraction) {
  const auto kept = [fraction](int side) {
    return std::clamp(static_cast<int>(std::lround(side * fraction)), 1, side);
  };
  Image out{kept(source.width), kept(source.height), {}};
  if (out.width == source.width && out.height == source.height) return source;
  const size_t x0 = static_cast<size_t>((source.width - out.width) / 2);
  const size_t y0 = static_cast<size_t>((source.height - out.height) / 2);
  const size_t row_bytes = static_cast<size_t>(out.width) * 3;
  for (size_t y = 0; y < static_cast<size_t>(out.height); ++y) {
    const uint8_t* row = source.pixels.data() + ((y0 + y) * static_cast<size_t>(source.width) + x0) * 3;
    out.pixels.insert(out.pixels.end(), row, row + row_bytes);
  }
  return out;
}

}  // namespace fixynn
