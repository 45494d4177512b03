// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dataset/image_set.h"
#include "dataset/load_dataset.h"

// One reader an official layout; each fills a whole ImageSet for one split. load_images calls them and checks
// the result.
namespace fixynn {

ImageSet read_gtsrb(const LoadOptions& options, Split split);
ImageSet read_cifar(const LoadOptions& options, Split split);  ///< CIFAR-10 and CIFAR-100
ImageSet read_folder(const LoadOptions& options, Split split);
ImageSet read_list(const LoadOptions& options, Split split);

/// ROOT or ROOT/`inner`, whichever holds `marker`; empty when neither does.
std::filesystem::path find_base(const std::filesystem::path& root, const std::string& inner,
                                const std::string& marker);

/// Files or folders directly in a folder, sorted by name, names that begin with '.' left out. Throws when
/// unreadable.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder, bool folders);

/// The 43 classes of the German Traffic Sign Recognition Benchmark, in its order.
const std::vector<std::string>& gtsrb_class_names();

/// An image file still to be decoded.
struct ImageRecord {
  std::filesystem::path path;
  int32_t label = 0;
  int32_t track = -1;
};

/// Decodes the records in order on all processors into `set` (pixels, labels, tracks where known, names,
/// skipped), at the common size or options.size as LoadOptions::size says. The result does not depend on the
/// number of threads.
void decode_records(const std::vector<ImageRecord>& records, const LoadOptions& options, ImageSet& set);

/// Throws `sentence`, or notes it under on_bad_image: skip.
void report_bad_image(const LoadOptions& options, ImageSet& set, const std::string& sentence);

}  // namespace fixynn
