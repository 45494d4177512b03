// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/philox.h"
#include "dataset/image_codec.h"
#include "dataset/synth/canvas.h"

namespace fixynn {

/// A square picture in floats while it is being made: [size][size] colours, nominally 0..1.
class Film {
 public:
  explicit Film(int side) : size(side), pixels_(static_cast<size_t>(side) * static_cast<size_t>(side)) {}

  const int size;

  Colour& at(int x, int y) {
    return pixels_[static_cast<size_t>(y) * static_cast<size_t>(size) + static_cast<size_t>(x)];
  }

  /// Paints a turned rectangle or ellipse; coordinates and half-lengths in -1..1.
  void blot(Point centre, float half_width, float half_height, float angle, bool rectangle, Colour colour);

  /// colour = function(position in -1..1, colour) for every pixel.
  template <typename Function>
  void change(const Function& function) {
    const float half = static_cast<float>(size) * 0.5f;
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        Colour& colour = at(x, y);
        colour = function(
            Point{(static_cast<float>(x) + 0.5f) / half - 1, (static_cast<float>(y) + 0.5f) / half - 1},
            colour);
      }
    }
  }

  /// Gaussian blur, sigma in pixels.
  void soften(float sigma);
  /// Motion blur along a line of `length` pixels.
  void smear(float length, float angle);
  /// Adds noise of this standard deviation and rounds to u8.
  Image to_image(RandomSequence& random, float noise) const;

 private:
  Colour clamped(int x, int y) const;

  std::vector<Colour> pixels_;
};

}  // namespace fixynn
