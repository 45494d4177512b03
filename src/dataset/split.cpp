// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/philox.h"
#include "dataset/load_dataset.h"

namespace fixynn {
namespace {

using Group = std::vector<uint32_t>;  ///< images that stay together

/// Each class's tracks (or single images), in order of first appearance.
std::vector<std::vector<Group>> group_by_class(const ImageSet& images) {
  std::vector<std::vector<Group>> groups(static_cast<size_t>(images.classes()));
  std::map<std::pair<int32_t, int32_t>, size_t> known;
  for (size_t i = 0; i < images.count(); ++i) {
    std::vector<Group>& of_class = groups.at(static_cast<size_t>(images.labels[i]));
    if (images.tracks.empty()) {
      of_class.push_back({static_cast<uint32_t>(i)});
      continue;
    }
    const auto [entry, is_new] = known.try_emplace({images.labels[i], images.tracks[i]}, of_class.size());
    if (is_new) of_class.emplace_back();
    of_class[entry->second].push_back(static_cast<uint32_t>(i));
  }
  return groups;
}

}  // namespace

TrainValidation split_train_validation(const ImageSet& images, double validation_fraction, uint64_t seed) {
  if (!(validation_fraction >= 0.0 && validation_fraction < 1.0)) {
    fail_usage("data.validation_fraction: {} is outside 0 <= fraction < 1", validation_fraction);
  }
  TrainValidation split;
  auto classes = group_by_class(images);
  for (size_t label = 0; label < classes.size(); ++label) {
    std::vector<Group>& groups = classes[label];
    RandomSequence random(seed, RandomStream::kSplit, static_cast<uint32_t>(label));
    for (size_t i = groups.size(); i > 1; --i) {
      std::swap(groups[i - 1], groups[random.below(static_cast<uint32_t>(i))]);
    }
    size_t total = 0;
    for (const Group& group : groups) total += group.size();
    const double wanted = validation_fraction * static_cast<double>(total);
    size_t taken_images = 0, taken_groups = 0;
    for (const Group& group : groups) {
      const bool first = taken_groups == 0;
      // A group goes over while that brings the count nearer to what is wanted.
      const bool nearer =
          static_cast<double>(taken_images) + 0.5 * static_cast<double>(group.size()) <= wanted;
      const bool take = wanted > 0 && taken_groups + 1 < groups.size() && (first || nearer);
      std::vector<uint32_t>& side = take ? split.validation : split.train;
      side.insert(side.end(), group.begin(), group.end());
      if (take) {
        taken_images += group.size();
        ++taken_groups;
      }
    }
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

}  // namespace fixynn
