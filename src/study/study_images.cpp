// SPDX-License-Identifier: Apache-2.0
#include "study/study_images.h"

#include <algorithm>

#include "core/error.h"
#include "dataset/augment.h"
#include "dataset/load_dataset.h"

namespace fixynn {

std::vector<std::vector<uint8_t>> study_images(const std::filesystem::path& root, int count, int size) {
  if (count < 1) fail_usage("images: {} are too few to count activity on; give 1 or more", count);
  LoadOptions options;
  options.root = root;
  options.kind = detect_dataset_kind(root);
  options.size = size;
  const ImageSet set = load_images(options, Split::kTest);
  if (set.count() == 0) fail("{}: holds no test images to count activity on", root.string());
  const AugmentParams whole = identity_augment(set.width, set.height, size);
  std::vector<std::vector<uint8_t>> images;
  const size_t wanted = std::min(set.count(), static_cast<size_t>(count));
  for (size_t i = 0; i < wanted; ++i) {
    std::vector<uint8_t> image(static_cast<size_t>(size) * static_cast<size_t>(size) * 3);
    render_image(set.image(i * set.count() / wanted).data(), set.width, set.height, whole, image.data(),
                 size);
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace fixynn
