// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fixynn {

/// Decoded, labelled images, all of one size, kept as u8 for the whole run.
struct ImageSet {
  int width = 0, height = 0;    ///< stored size
  std::vector<uint8_t> pixels;  ///< [image][height][width][3], RGB
  std::vector<int32_t> labels;  ///< in [0, class_names.size())
  std::vector<int32_t> tracks;  ///< images of one physical object share a number (GTSRB); empty when unknown
  std::vector<std::string> names;  ///< file (or file:record) of each image, relative to the root
  std::vector<std::string> class_names;
  std::vector<std::string> skipped;  ///< one sentence for each bad image left out under on_bad_image: skip

  size_t count() const { return labels.size(); }
  int classes() const { return static_cast<int>(class_names.size()); }
  size_t image_bytes() const { return static_cast<size_t>(width) * static_cast<size_t>(height) * 3; }
  std::span<const uint8_t> image(size_t i) const {
    return {pixels.data() + i * image_bytes(), image_bytes()};
  }
};

}  // namespace fixynn
