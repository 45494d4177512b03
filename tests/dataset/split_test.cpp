// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "fixtures.h"

namespace fixynn {
namespace {

/// `tracks` tracks of `frames` images for each of 5 classes.
ImageSet make_tracks(int tracks, int frames) {
  ImageSet set;
  set.class_names.assign(5, "c");
  for (int label = 0; label < 5; ++label) {
    for (int track = 0; track < tracks; ++track) {
      for (int frame = 0; frame < frames; ++frame) {
        set.labels.push_back(label);
        set.tracks.push_back(label * 1000 + track);
      }
    }
  }
  return set;
}

TEST(Split, TracksStayTogetherAndEveryImageIsUsedOnce) {
  const ImageSet set = make_tracks(20, 30);
  const TrainValidation split = split_train_validation(set, 0.1, 1);
  EXPECT_EQ(split.train.size() + split.validation.size(), set.count());
  std::set<int32_t> train_tracks, validation_tracks;
  for (const uint32_t i : split.train) train_tracks.insert(set.tracks[i]);
  for (const uint32_t i : split.validation) validation_tracks.insert(set.tracks[i]);
  for (const int32_t track : validation_tracks) EXPECT_FALSE(train_tracks.contains(track));
  std::map<int32_t, int> of_class;
  for (const uint32_t i : split.validation) ++of_class[set.labels[i]];
  for (int label = 0; label < 5; ++label) EXPECT_EQ(of_class[label], 60);
  std::set<uint32_t> all(split.train.begin(), split.train.end());
  all.insert(split.validation.begin(), split.validation.end());
  EXPECT_EQ(all.size(), set.count());
}

TEST(Split, EveryClassIsOnBothSidesWhereItCanBe) {
  for (const double fraction : {0.01, 0.5, 0.99}) {
    const ImageSet set = make_tracks(2, 10);
    const TrainValidation split = split_train_validation(set, fraction, 3);
    EXPECT_EQ(split.train.size(), 50u);
    EXPECT_EQ(split.validation.size(), 50u);
  }
  const TrainValidation single = split_train_validation(make_tracks(1, 10), 0.5, 3);
  EXPECT_EQ(single.train.size(), 50u);
  EXPECT_TRUE(single.validation.empty());
}

TEST(Split, WithoutTracksSingleImagesAreSplit) {
  ImageSet set = make_tracks(10, 10);
  set.tracks.clear();
  EXPECT_EQ(split_train_validation(set, 0.25, 1).validation.size(), 125u);
  EXPECT_TRUE(split_train_validation(set, 0.0, 1).validation.empty());
}

TEST(Split, DependsOnTheSeedAlone) {
  const ImageSet set = make_tracks(20, 3);
  EXPECT_EQ(split_train_validation(set, 0.2, 1).validation, split_train_validation(set, 0.2, 1).validation);
  EXPECT_NE(split_train_validation(set, 0.2, 1).validation, split_train_validation(set, 0.2, 2).validation);
}

TEST(Split, RefusesAFractionOutsideItsRange) {
  for (const double fraction : {-0.1, 1.0, std::nan("")}) {
    EXPECT_THROW(split_train_validation(make_tracks(2, 2), fraction, 1), Error);
  }
}

}  // namespace
}  // namespace fixynn
