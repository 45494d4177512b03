// SPDX-License-Identifier: Apache-2.0
#include "dataset/load_dataset.h"

#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "dataset/readers.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

void check_options(const LoadOptions& options) {
  if (options.size < 1 || options.size > 4096)
    fail_usage("data.size: {} pixels is outside 1..4096", options.size);
  if (!(options.central_crop > 0.0 && options.central_crop <= 1.0)) {
    fail_usage("the central crop {} is outside 0 < fraction <= 1", options.central_crop);
  }
  std::error_code error;
  if (!fs::is_directory(options.root, error)) {
    fail("{}: {}; data.root must name the folder of the data set", options.root.string(),
         error && error != std::errc::no_such_file_or_directory ? error.message()
         : is_there(options.root)                               ? "is not a folder"
                                                                : "does not exist");
  }
}

/// What holds for every data set: some images, and in training some of each class.
void check_classes(const ImageSet& set, const LoadOptions& options, Split split) {
  const std::string& some_reason = set.skipped.empty() ? options.root.string() : set.skipped.front();
  if (set.count() == 0) {
    if (set.skipped.empty()) fail("{}: holds no images of this split", options.root.string());
    fail("{}: no usable image is left, {} were skipped, the first because: {}", options.root.string(),
         set.skipped.size(), some_reason);
  }
  if (split != Split::kTrain) return;
  std::vector<size_t> count(set.class_names.size());
  for (const int32_t label : set.labels) ++count[static_cast<size_t>(label)];
  const auto empty = std::find(count.begin(), count.end(), 0u);
  if (empty != count.end()) {
    const size_t label = static_cast<size_t>(empty - count.begin());
    fail("{}: class {} ({}) has no {}training image; get the data set again", options.root.string(), label,
         set.class_names[label], set.skipped.empty() ? "" : "usable ");
  }
}

}  // namespace

fs::path find_base(const fs::path& root, const std::string& inner, const std::string& marker) {
  if (is_there(root / marker)) return root;
  if (is_there(root / inner / marker)) return root / inner;
  return {};
}

std::vector<fs::path> list_folder(const fs::path& folder, bool folders) {
  std::vector<fs::path> entries;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with('.')) continue;
      if (folders ? entry.is_directory() : entry.is_regular_file()) entries.push_back(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    fail("{}: the folder cannot be read: {}", folder.string(), error.code().message());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

ImageSet load_images(const LoadOptions& options, Split split) {
  check_options(options);
  ImageSet set;
  try {
    switch (options.kind) {
      case DatasetKind::kGtsrb:
        set = read_gtsrb(options, split);
        break;
      case DatasetKind::kCifar10:
      case DatasetKind::kCifar100:
        set = read_cifar(options, split);
        break;
      case DatasetKind::kFolder:
        set = read_folder(options, split);
        break;
      case DatasetKind::kList:
        set = read_list(options, split);
        break;
    }
  } catch (const fs::filesystem_error& error) {
    fail("{}: cannot be read: {}", error.path1().string(), error.code().message());
  }
  check_classes(set, options, split);
  return set;
}

DatasetKind detect_dataset_kind(const fs::path& root) {
  std::error_code ignored;
  if (!fs::is_directory(root, ignored))
    fail("{}: is no folder; name the folder of a data set", root.string());
  for (const char* marker : {"Final_Training", "Final_Test"}) {
    if (!find_base(root, "GTSRB", marker).empty()) return DatasetKind::kGtsrb;
  }
  for (const char* marker : {"data_batch_1.bin", "test_batch.bin"}) {
    if (!find_base(root, "cifar-10-batches-bin", marker).empty()) return DatasetKind::kCifar10;
  }
  if (!find_base(root, "cifar-100-binary", "train.bin").empty()) return DatasetKind::kCifar100;
  if (is_there(root / "index.csv")) return DatasetKind::kList;
  if (is_there(root / "train") || is_there(root / "test")) return DatasetKind::kFolder;
  fail(
      "{}: no data set was recognised: looked for Final_Training (gtsrb), data_batch_1.bin (cifar10), "
      "train.bin "
      "(cifar100), index.csv (list) and train/CLASS (folder)",
      root.string());
}

std::string dataset_kind_name(DatasetKind kind) {
  switch (kind) {
    case DatasetKind::kGtsrb:
      return "gtsrb";
    case DatasetKind::kCifar10:
      return "cifar10";
    case DatasetKind::kCifar100:
      return "cifar100";
    case DatasetKind::kFolder:
      return "folder";
    case DatasetKind::kList:
      return "list";
  }
  return "unknown";
}

}  // namespace fixynn
