// SPDX-License-Identifier: Apache-2.0
// CIFAR-10 and CIFAR-100, binary version. A record is one label byte (CIFAR-100: coarse, fine) and 3072
// bytes, the red, green and blue planes of 32 x 32 pixels.
#include <sstream>

#include "core/error.h"
#include "core/files.h"
#include "dataset/readers.h"
#include "dataset/resize.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;
constexpr size_t kSide = 32, kPlane = kSide * kSide, kPixelBytes = 3 * kPlane;

struct Layout {
  std::string folder, names_file;
  size_t label_bytes;  ///< the last of them is the label
  size_t classes;
  std::vector<std::string> files;
};

Layout layout_of(DatasetKind kind, Split split) {
  const bool train = split == Split::kTrain;
  if (kind == DatasetKind::kCifar100) {
    return {"cifar-100-binary", "fine_label_names.txt", 2, 100, {train ? "train.bin" : "test.bin"}};
  }
  Layout layout{"cifar-10-batches-bin", "batches.meta.txt", 1, 10, {"test_batch.bin"}};
  if (train) {
    layout.files.clear();
    for (int i = 1; i <= 5; ++i) layout.files.push_back(fmt::format("data_batch_{}.bin", i));
  }
  return layout;
}

std::vector<std::string> read_class_names(const fs::path& base, const Layout& layout) {
  std::vector<std::string> names;
  if (fs::is_regular_file(base / layout.names_file)) {
    std::istringstream text(read_text_file(base / layout.names_file));
    for (std::string line; std::getline(text, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) names.push_back(line);
    }
    if (names.size() != layout.classes) {
      fail("{}: names {} classes, {} were expected; get the file again or remove it",
           (base / layout.names_file).string(), names.size(), layout.classes);
    }
  } else if (layout.classes == 10) {
    names = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  } else {
    for (size_t i = 0; i < layout.classes; ++i) names.push_back(fmt::format("class {}", i));
  }
  return names;
}

void append_record(const uint8_t* planes, int size, ImageSet& set) {
  Image image{kSide, kSide, std::vector<uint8_t>(kPixelBytes)};
  for (size_t i = 0; i < kPlane; ++i) {
    for (size_t c = 0; c < 3; ++c) image.pixels[i * 3 + c] = planes[c * kPlane + i];
  }
  if (size < static_cast<int>(kSide)) image = resize_image(image, size, size);
  set.pixels.insert(set.pixels.end(), image.pixels.begin(), image.pixels.end());
}

}  // namespace

ImageSet read_cifar(const LoadOptions& options, Split split) {
  const Layout layout = layout_of(options.kind, split);
  const fs::path base = find_base(options.root, layout.folder, layout.files[0]);
  if (base.empty()) {
    fail(
        "{}: has no {} (looked there and in {}/); unpack the binary version of the data set into this folder",
        options.root.string(), layout.files[0], layout.folder);
  }
  ImageSet set;
  set.class_names = read_class_names(base, layout);
  set.width = set.height = std::min(static_cast<int>(kSide), options.size);
  const size_t record_bytes = layout.label_bytes + kPixelBytes;
  size_t first_records = 0;
  for (const std::string& name : layout.files) {
    const fs::path path = base / name;
    if (!fs::is_regular_file(path)) fail("{}: is missing; unpack the whole archive", path.string());
    const std::vector<uint8_t> bytes = read_file(path);
    const size_t records = bytes.size() / record_bytes;
    if (records == 0 || bytes.size() % record_bytes != 0 ||
        (first_records != 0 && records != first_records)) {
      fail(
          "{}: is truncated or damaged: {} bytes are no whole number of {}-byte records{}; get the file "
          "again",
          path.string(), bytes.size(), record_bytes,
          first_records != 0 ? fmt::format(", or not the {} of the first batch", first_records) : "");
    }
    first_records = records;
    set.pixels.reserve(set.pixels.size() +
                       records * set.image_bytes() * (set.count() == 0 ? layout.files.size() : 1));
    for (size_t i = 0; i < records; ++i) {
      const uint8_t* record = bytes.data() + i * record_bytes;
      const int label = record[layout.label_bytes - 1];
      if (label >= static_cast<int>(layout.classes)) {
        report_bad_image(options, set,
                         fmt::format("{}: record {} has label {}, labels are 0..{}; get the file again",
                                     path.string(), i, label, layout.classes - 1));
        continue;
      }
      append_record(record + layout.label_bytes, options.size, set);
      set.labels.push_back(label);
      set.names.push_back(fmt::format("{}:{}", name, i));
    }
  }
  return set;
}

}  // namespace fixynn
