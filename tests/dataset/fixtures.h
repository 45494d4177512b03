// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.h"
#include "core/files.h"
#include "dataset/image_codec.h"
#include "dataset/load_dataset.h"

namespace fixynn {

/// An empty folder that is removed at the end.
class TempFolder {
 public:
  TempFolder() {
    static std::atomic<int> next{0};
    path_ = std::filesystem::temp_directory_path() /
            ("fixynn_dataset_" + std::to_string(::getpid()) + "_" + std::to_string(next++));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline void write_bytes(const std::filesystem::path& path, const std::vector<uint8_t>& bytes) {
  write_text(path, std::string(bytes.begin(), bytes.end()));
}

/// A picture whose pixels depend on `tag`.
inline Image make_image(int width, int height, int tag) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height * 3; ++i)
    image.pixels.push_back(static_cast<uint8_t>((i * 7 + tag * 31) ^ (i >> 3)));
  return image;
}

/// A smooth picture, which lossy compression keeps well.
inline Image make_smooth_image(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixels.push_back(static_cast<uint8_t>(20 + 200 * x / width));
      image.pixels.push_back(static_cast<uint8_t>(20 + 200 * y / height));
      image.pixels.push_back(static_cast<uint8_t>(120 + 40 * x / width));
    }
  }
  return image;
}

/// GTSRB in its official layout: `per_class` images in tracks of 3 frames, 86 test images.
inline void write_gtsrb(const std::filesystem::path& root, int per_class) {
  const std::string header = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n";
  for (int label = 0; label < 43; ++label) {
    const auto folder = root / "GTSRB" / "Final_Training" / "Images" / fmt::format("{:05}", label);
    std::string table = header;
    for (int i = 0; i < per_class; ++i) {
      const std::string name = fmt::format("{:05}_{:05}.ppm", i / 3, i % 3);
      write_bytes(folder / name, encode_ppm(make_image(8, 8, label + i)));
      table += fmt::format("{};8;8;1;1;6;6;{}\n", name, label);
    }
    write_text(folder / fmt::format("GT-{:05}.csv", label), table);
  }
  std::string table = header;
  for (int i = 0; i < 86; ++i) {
    const std::string name = fmt::format("{:05}.ppm", i);
    write_bytes(root / "GTSRB" / "Final_Test" / "Images" / name, encode_ppm(make_image(8, 8, i)));
    table += fmt::format("{};8;8;1;1;6;6;{}\n", name, i % 43);
  }
  write_text(root / "GTSRB" / "Final_Test" / "GT-final_test.csv", table);
}

/// What loading says, "" when it succeeds.
inline std::string load_error(const LoadOptions& options, Split split) {
  try {
    load_images(options, split);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace fixynn
