// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dataset/image_codec.h"
#include "dataset/image_set.h"
#include "dataset/load_dataset.h"

namespace fixynn {

/// A split under the name it is shown by ("train", "test").
struct NamedSplit {
  std::string name;
  ImageSet images;
};

/// Loads both splits, or the one called `only`. A split that cannot be loaded is left out, and the first
/// reason is given in `problem`.
std::vector<NamedSplit> load_splits(const LoadOptions& options, const std::string& only,
                                    std::string& problem);

/// Counts, sizes, tracks, bad images and a histogram of the classes as text for a terminal.
std::string describe_splits(const std::vector<NamedSplit>& splits);

/// A row for each class (the first `most_classes`): its number and name in a left margin, then `samples`
/// images spread evenly over what the class has, `cell` pixels a side each.
Image make_contact_sheet(const ImageSet& images, int samples = 10, int cell = 48, int most_classes = 200);

}  // namespace fixynn
