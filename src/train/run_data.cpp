// SPDX-License-Identifier: Apache-2.0
#include "train/run_data.h"

#include <filesystem>
#include <numeric>
#include <span>

#include "core/error.h"
#include "core/files.h"
#include "train/schedule.h"

namespace fixynn {
namespace {

std::vector<uint32_t> first_after_shuffle(std::vector<uint32_t> indices, int limit, uint64_t seed) {
  if (limit <= 0 || static_cast<size_t>(limit) >= indices.size()) return indices;
  // An epoch number that no training reaches keeps this order apart from the epochs' own.
  indices = epoch_order(indices, seed, UINT32_MAX);
  indices.resize(static_cast<size_t>(limit));
  return indices;
}

template <typename T>
std::span<const uint8_t> bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)};
}

std::string fingerprint(const RunData& data) {
  Sha256 hash;
  hash.update(fmt::format("{} {} {}x{} {} {}x{} {}\n", data.name, data.train_set.classes(),
                          data.train_set.width, data.train_set.height, data.train_set.count(),
                          data.test_set.width, data.test_set.height, data.test_set.count()));
  hash.update(bytes_of(data.train_set.labels));
  hash.update(bytes_of(data.test_set.labels));
  for (const auto* indices : {&data.train, &data.validation, &data.test}) hash.update(bytes_of(*indices));
  return hash.finish();
}

}  // namespace

void check_data_root(const DataConfig& config) {
  if (config.root.empty()) {
    fail_usage(
        "data.root is not set: name the data set's folder in the configuration or with --set data.root=DIR");
  }
  std::error_code code;
  if (!std::filesystem::is_directory(config.root, code)) {
    fail_usage(
        "data.root: {} is not a folder; unpack the data set there or change it with --set data.root=DIR",
        config.root);
  }
}

RunData load_run_data(const DataConfig& config, const TrainServices& services) {
  check_data_root(config);
  LoadOptions options;
  options.kind = config.kind;
  options.root = config.root;
  options.size = config.size;
  options.on_bad_image = config.on_bad_image;

  RunData data;
  data.name = config.label.empty() ? dataset_kind_name(config.kind) : config.label;
  data.train_set = services.load_images(options, Split::kTrain);
  data.test_set = services.load_images(options, Split::kTest);
  if (data.train_set.class_names != data.test_set.class_names) {
    fail(
        "{}: training and test images have different classes ({} and {} of them); both splits need the same "
        "folders",
        config.root, data.train_set.classes(), data.test_set.classes());
  }
  TrainValidation split = split_train_validation(
      data.train_set, static_cast<double>(config.validation_fraction), config.split_seed);
  data.train = first_after_shuffle(std::move(split.train), config.max_train_images, config.split_seed);
  data.validation = std::move(split.validation);
  data.test.resize(data.test_set.count());
  std::iota(data.test.begin(), data.test.end(), 0u);
  data.test = first_after_shuffle(std::move(data.test), config.max_test_images, config.split_seed);
  if (data.train.empty() || data.test.empty()) {
    fail("{}: there are {} training and {} test images; both are needed", config.root, data.train.size(),
         data.test.size());
  }
  data.fingerprint = fingerprint(data);
  return data;
}

RunDataFacts data_facts(const RunData& data) {
  RunDataFacts facts;
  facts.dataset = data.name;
  facts.classes = data.train_set.classes();
  facts.image_width = data.train_set.width;
  facts.image_height = data.train_set.height;
  facts.train_images = data.train.size();
  facts.validation_images = data.validation.size();
  facts.test_images = data.test.size();
  facts.skipped = data.train_set.skipped;
  facts.skipped.insert(facts.skipped.end(), data.test_set.skipped.begin(), data.test_set.skipped.end());
  return facts;
}

}  // namespace fixynn
