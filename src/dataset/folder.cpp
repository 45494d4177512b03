// SPDX-License-Identifier: Apache-2.0
// One folder a class: ROOT/train/CLASS/*.{jpg,jpeg,png,ppm} and ROOT/test/CLASS/*.
#include <algorithm>

#include "core/error.h"
#include "dataset/image_codec.h"
#include "dataset/readers.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> class_folders(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    fail("{}: is missing; a class-per-folder data set has train/CLASS/*.jpg and test/CLASS/*.jpg",
         folder.string());
  }
  std::vector<std::string> names;
  for (const fs::path& entry : list_folder(folder, true)) names.push_back(entry.filename().string());
  if (names.empty()) fail("{}: holds no class folders", folder.string());
  return names;
}

}  // namespace

ImageSet read_folder(const LoadOptions& options, Split split) {
  ImageSet set;
  set.class_names = class_folders(options.root / "train");
  const std::vector<std::string> test_names = class_folders(options.root / "test");
  if (set.class_names != test_names) {
    std::vector<std::string> odd;
    std::set_symmetric_difference(set.class_names.begin(), set.class_names.end(), test_names.begin(),
                                  test_names.end(), std::back_inserter(odd));
    fail("{}: class '{}' is in only one of train/ and test/; both need the same class folders",
         options.root.string(), odd.front());
  }
  std::vector<ImageRecord> records;
  for (size_t label = 0; label < set.class_names.size(); ++label) {
    const fs::path folder =
        options.root / (split == Split::kTrain ? "train" : "test") / set.class_names[label];
    const size_t before = records.size();
    for (const fs::path& file : list_folder(folder, false)) {
      if (is_image_file(file)) records.push_back({file, static_cast<int32_t>(label), -1});
    }
    if (records.size() == before) {
      fail("{}: holds no images (jpg, jpeg, png, ppm); add some or remove the class", folder.string());
    }
  }
  decode_records(records, options, set);
  return set;
}

}  // namespace fixynn
