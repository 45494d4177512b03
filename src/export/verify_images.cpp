// SPDX-License-Identifier: Apache-2.0
#include "export/verify_images.h"

#include <algorithm>

#include "core/error.h"
#include "dataset/augment.h"
#include "dataset/image_codec.h"
#include "dataset/load_dataset.h"
#include "dataset/resize.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

std::vector<uint8_t> rendered(const uint8_t* pixels, int width, int height, int size) {
  std::vector<uint8_t> image(static_cast<size_t>(size) * static_cast<size_t>(size) * 3);
  render_image(pixels, width, height, identity_augment(width, height, size), image.data(), size);
  return image;
}

/// As load_images does: larger images are reduced with a filter, others are kept.
std::vector<uint8_t> file_image(const fs::path& path, int size) {
  Image image = read_image(path);
  if (image.width > size || image.height > size) image = resize_image(image, size, size);
  return rendered(image.pixels.data(), image.width, image.height, size);
}

/// Image files directly in the folder, sorted.
std::vector<fs::path> image_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (is_image_file(entry.path())) files.push_back(entry.path());
  }
  if (error) fail("{}: cannot be read ({})", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::vector<uint8_t>> dataset_images(const fs::path& root, int count, int size) {
  LoadOptions options;
  options.root = root;
  options.kind = detect_dataset_kind(root);
  options.size = size;
  const ImageSet set = load_images(options, Split::kTest);
  const size_t wanted = std::min(set.count(), static_cast<size_t>(count));
  if (wanted == 0) fail("{}: holds no test images to verify with", root.string());
  std::vector<std::vector<uint8_t>> images;
  for (size_t i = 0; i < wanted; ++i) {
    images.push_back(rendered(set.image(i * set.count() / wanted).data(), set.width, set.height, size));
  }
  return images;
}

}  // namespace

std::vector<std::vector<uint8_t>> verify_images(const fs::path& path, int count, int size) {
  if (count < 1) fail_usage("--images {}: a simulation needs at least one image", count);
  std::error_code error;
  if (!fs::exists(path, error)) fail_usage("--verify {}: there is no such file or folder", path.string());
  if (!fs::is_directory(path, error)) return {file_image(path, size)};
  const std::vector<fs::path> files = image_files(path);
  if (files.empty() || fs::exists(path / "index.csv")) return dataset_images(path, count, size);
  std::vector<std::vector<uint8_t>> images;
  for (size_t i = 0; i < std::min(files.size(), static_cast<size_t>(count)); ++i) {
    images.push_back(file_image(files[i], size));
  }
  return images;
}

}  // namespace fixynn
