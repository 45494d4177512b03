// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "dataset/image_set.h"

namespace fixynn {

/// Which official layout a folder has.
///   gtsrb    ROOT[/GTSRB]/Final_Training/Images/000NN/{*.ppm,GT-000NN.csv},
///   Final_Test/Images/{*.ppm,GT-final_test.csv} cifar10
///   ROOT[/cifar-10-batches-bin]/{data_batch_1..5,test_batch}.bin cifar100
///   ROOT[/cifar-100-binary]/{train,test}.bin (fine labels) folder
///   ROOT/{train,test}/CLASS/*.{jpg,jpeg,png,ppm} list     ROOT/index.csv: a header with `file` and a label
///   column, one image a row (test only)
enum class DatasetKind { kGtsrb, kCifar10, kCifar100, kFolder, kList };
enum class BadImagePolicy { kFail, kSkip };
enum class Split { kTrain, kTest };

struct LoadOptions {
  DatasetKind kind = DatasetKind::kFolder;
  std::filesystem::path root;
  /// Images that all share one size not above `size` are kept as they are; otherwise every image is resized
  /// to size x size (whole image, antialiased bilinear) while decoding.
  int size = 64;
  BadImagePolicy on_bad_image = BadImagePolicy::kFail;
  /// Keep the central fraction of each side before resizing (ImageNet evaluation: 0.875). 1 = whole image.
  double central_crop = 1.0;
  std::string label_column = "label";  ///< for kList
};

/// Reads and decodes one split. Throws one sentence (file, fault, remedy) for a missing or half data set, a
/// truncated or wrong image under kFail, a label out of range, a class without images.
ImageSet load_images(const LoadOptions& options, Split split);

/// The kind that a folder's contents show, or a sentence saying what was looked for.
DatasetKind detect_dataset_kind(const std::filesystem::path& root);
std::string dataset_kind_name(DatasetKind kind);

/// Indices into a training set. Whole tracks go to one side where tracks are known; each class keeps about
/// the same fraction; every class with at least two tracks (or images) has at least one on each side.
/// Deterministic in `seed`.
struct TrainValidation {
  std::vector<uint32_t> train, validation;
};
TrainValidation split_train_validation(const ImageSet& images, double validation_fraction, uint64_t seed);

}  // namespace fixynn
