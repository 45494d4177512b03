// SPDX-License-Identifier: Apache-2.0
// The table of keys. To add one: a field in run_config.h and a line here.
#include "config/config_keys.h"

#include <fmt/format.h>

#include <cstdlib>
#include <type_traits>

#include "model/mobilenet.h"

namespace fixynn {
namespace {

/// Every JSON reader can hold integers up to 2^53 - 1.
constexpr double kLargestSeed = 9007199254740991.0;
constexpr double kManyImages = 100'000'000;

// A field is given as a generic lambda that returns a reference, [](auto& c) -> auto& { return
// c.train.epochs; }, which serves reading and writing alike.

template <typename Field>
ConfigKey integer_key(const char* path, double minimum, double maximum, const char* description,
                      Field field) {
  using Type = std::remove_cvref_t<decltype(field(std::declval<RunConfig&>()))>;
  ConfigKey key;
  key.path = path;
  key.kind = KeyKind::kInteger;
  key.description = description;
  key.minimum = minimum;
  key.maximum = maximum;
  key.get = [field](const RunConfig& c) -> KeyValue { return static_cast<int64_t>(field(c)); };
  key.set = [field](RunConfig& c, const KeyValue& v) { field(c) = static_cast<Type>(std::get<int64_t>(v)); };
  return key;
}

template <typename Field>
ConfigKey number_key(const char* path, double minimum, double maximum, const char* description, Field field) {
  using Type = std::remove_cvref_t<decltype(field(std::declval<RunConfig&>()))>;
  ConfigKey key;
  key.path = path;
  key.kind = KeyKind::kNumber;
  key.description = description;
  key.minimum = minimum;
  key.maximum = maximum;
  // Through the shortest decimal text, so that a float field's 0.1f is 0.1 and not 0.10000000149.
  key.get = [field](const RunConfig& c) -> KeyValue {
    return std::strtod(fmt::format("{}", field(c)).c_str(), nullptr);
  };
  key.set = [field](RunConfig& c, const KeyValue& v) { field(c) = static_cast<Type>(std::get<double>(v)); };
  return key;
}

template <typename Type, typename Field>
ConfigKey plain_key(const char* path, KeyKind kind, const char* description, Field field) {
  ConfigKey key;
  key.path = path;
  key.kind = kind;
  key.description = description;
  key.get = [field](const RunConfig& c) -> KeyValue { return field(c); };
  key.set = [field](RunConfig& c, const KeyValue& v) { field(c) = std::get<Type>(v); };
  return key;
}

template <typename Field>
ConfigKey bits_key(const char* path, const char* description, Field field) {
  ConfigKey key = integer_key(path, kMinBits, kMaxBits, description, field);
  key.kind = KeyKind::kBits;
  return key;
}

template <typename Field>
ConfigKey list_key(const char* path, double minimum, double maximum, const char* description, Field field) {
  using Type = typename std::remove_cvref_t<decltype(field(std::declval<RunConfig&>()))>::value_type;
  ConfigKey key;
  key.path = path;
  key.kind = KeyKind::kIntegerList;
  key.description = description;
  key.minimum = minimum;
  key.maximum = maximum;
  key.get = [field](const RunConfig& c) -> KeyValue {
    return std::vector<int64_t>(field(c).begin(), field(c).end());
  };
  key.set = [field](RunConfig& c, const KeyValue& v) {
    field(c).clear();
    for (const int64_t item : std::get<std::vector<int64_t>>(v)) field(c).push_back(static_cast<Type>(item));
  };
  return key;
}

template <typename Enum, typename Field>
ConfigKey choice_key(const char* path, std::vector<std::pair<std::string, Enum>> names,
                     const char* description, Field field) {
  ConfigKey key;
  key.path = path;
  key.kind = KeyKind::kChoice;
  key.description = description;
  for (const auto& [name, value] : names) key.choices.push_back(name);
  key.get = [field, names](const RunConfig& c) -> KeyValue {
    for (const auto& [name, value] : names) {
      if (value == field(c)) return name;
    }
    return names.front().first;
  };
  key.set = [field, names](RunConfig& c, const KeyValue& v) {
    for (const auto& [name, value] : names) {
      if (name == std::get<std::string>(v)) field(c) = value;
    }
  };
  return key;
}

template <typename Enum, size_t kCount, typename Field>
ConfigKey choice_key(const char* path, const ChoiceNames<Enum, kCount>& names, const char* description,
                     Field field) {
  return choice_key<Enum>(path, std::vector<std::pair<std::string, Enum>>(names.begin(), names.end()),
                          description, field);
}

/// An override of one layer's bits, absent by default.
ConfigKey layer_bits_key(int layer, std::optional<int> FfeConfig::LayerBits::*field, const char* name,
                         const char* what) {
  ConfigKey key;
  key.path = fmt::format("ffe.layers.{}.{}", layer, name);
  key.kind = KeyKind::kBits;
  key.description = fmt::format("{} of layer {}, instead of ffe.{}.", what, layer, name);
  key.minimum = kMinBits;
  key.maximum = kMaxBits;
  key.get = [layer, field](const RunConfig& c) -> KeyValue {
    const auto found = c.ffe.layers.find(layer);
    if (found == c.ffe.layers.end() || !(found->second.*field)) return std::monostate{};
    return static_cast<int64_t>(*(found->second.*field));
  };
  key.set = [layer, field](RunConfig& c, const KeyValue& v) {
    c.ffe.layers[layer].*field = static_cast<int>(std::get<int64_t>(v));
  };
  return key;
}

using Keys = std::vector<ConfigKey>;

void add_general_keys(Keys& keys) {
  ConfigKey parent;
  parent.path = "parent";
  parent.kind = KeyKind::kPath;
  parent.description =
      "Configuration file that gives the values not set here; relative to this file's folder.";
  parent.get = [](const RunConfig&) -> KeyValue { return std::monostate{}; };
  parent.set = [](RunConfig&, const KeyValue&) {};
  keys.push_back(parent);
  keys.push_back(plain_key<std::string>(
      "name", KeyKind::kName, "Name of the run in reports and in the default run directory.",
      [](auto& c) -> auto& { return c.name; }));
}

void add_data_keys(Keys& keys) {
  keys.push_back(choice_key<DatasetKind>(
      "data.kind",
      {{"gtsrb", DatasetKind::kGtsrb},
       {"cifar10", DatasetKind::kCifar10},
       {"cifar100", DatasetKind::kCifar100},
       {"folder", DatasetKind::kFolder},
       {"list", DatasetKind::kList}},
      "Layout of the data set; list holds test images only.", [](auto& c) -> auto& { return c.data.kind; }));
  keys.push_back(plain_key<std::string>(
      "data.root", KeyKind::kPath,
      "Folder of the data set; a relative path is taken from the working directory. "
      "Must be set.",
      [](auto& c) -> auto& { return c.data.root; }));
  keys.push_back(plain_key<std::string>(
      "data.label", KeyKind::kName,
      "Name of the data set in results, for data that only share a layout with a published set; none = the "
      "kind.",
      [](auto& c) -> auto& { return c.data.label; }));
  keys.back().may_be_empty = true;
  keys.push_back(integer_key(
      "data.size", 32, 1024, "Input pixels of the network, height = width.",
      [](auto& c) -> auto& { return c.data.size; }));
  keys.push_back(number_key(
      "data.validation_fraction", 0, 0.5,
      "Share of the training images held out for validation, whole tracks where tracks are "
      "known; 0 = none.",
      [](auto& c) -> auto& { return c.data.validation_fraction; }));
  keys.push_back(choice_key<BadImagePolicy>(
      "data.on_bad_image", {{"fail", BadImagePolicy::kFail}, {"skip", BadImagePolicy::kSkip}},
      "What to do with an image that cannot be decoded: stop, or leave it out and count it in the report.",
      [](auto& c) -> auto& { return c.data.on_bad_image; }));
  keys.push_back(integer_key(
      "data.max_train_images", 0, kManyImages,
      "Use only so many training images, after the shuffle of data.split_seed; 0 = all.",
      [](auto& c) -> auto& { return c.data.max_train_images; }));
  keys.push_back(integer_key(
      "data.max_test_images", 0, kManyImages, "Use only so many test images; 0 = all.",
      [](auto& c) -> auto& { return c.data.max_test_images; }));
  keys.push_back(integer_key(
      "data.split_seed", 0, kLargestSeed,
      "Seed of the split into training and validation images, the same for all `seeds`.",
      [](auto& c) -> auto& { return c.data.split_seed; }));
}

void add_augment_keys(Keys& keys) {
  keys.push_back(number_key(
      "augment.rotate_degrees", 0, 180, "Rotation, uniform in +-this many degrees.",
      [](auto& c) -> auto& { return c.augment.rotate_degrees; }));
  keys.push_back(number_key(
      "augment.scale", 0, 0.9, "Zoom, uniform in [1 - this, 1 + this].",
      [](auto& c) -> auto& { return c.augment.scale; }));
  keys.push_back(number_key(
      "augment.aspect", 0, 0.9, "Horizontal / vertical stretch, uniform in [1 - this, 1 + this].",
      [](auto& c) -> auto& { return c.augment.aspect; }));
  keys.push_back(number_key(
      "augment.shear", 0, 1, "Horizontal shear, uniform in +-this fraction of the height.",
      [](auto& c) -> auto& { return c.augment.shear; }));
  keys.push_back(number_key(
      "augment.shift", 0, 0.5, "Translation of each axis, uniform in +-this fraction of the image.",
      [](auto& c) -> auto& { return c.augment.shift; }));
  keys.push_back(number_key(
      "augment.brightness", 0, 1, "Added to every pixel, uniform in +-this fraction of 255.",
      [](auto& c) -> auto& { return c.augment.brightness; }));
  keys.push_back(number_key(
      "augment.contrast", 0, 1, "Gain around mid grey, uniform in [1 - this, 1 + this].",
      [](auto& c) -> auto& { return c.augment.contrast; }));
  keys.push_back(plain_key<bool>(
      "augment.flip", KeyKind::kBoolean, "Mirror half of the images; wrong for traffic signs and digits.",
      [](auto& c) -> auto& { return c.augment.flip; }));
  keys.push_back(number_key(
      "augment.cutout", 0, 1, "Side of a grey square at a random place, as a fraction of the image.",
      [](auto& c) -> auto& { return c.augment.cutout; }));
}

void add_model_keys(Keys& keys) {
  keys.push_back(number_key(
      "model.alpha", 0.25, 1, "Width of MobileNetV1.", [](auto& c) -> auto& { return c.model.alpha; }));
  keys.back().choices = {"0.25", "0.5", "0.75", "1.0"};
  keys.push_back(plain_key<std::string>(
      "model.pretrained", KeyKind::kPath,
      "Weights to start from: a .safetensors of fixynn-import or of a run, a float .tflite, a TensorFlow "
      "checkpoint, or "
      "none for "
      "random ones; a relative path is taken from the working directory.",
      [](auto& c) -> auto& { return c.model.pretrained; }));
  keys.back().may_be_empty = true;
  keys.push_back(integer_key(
      "model.calibration_images", 16, 1'000'000,
      "Training images used to put batch norm back into a network that has it folded (.tflite).",
      [](auto& c) -> auto& { return c.model.calibration_images; }));
}

void add_hardware_keys(Keys& keys) {
  keys.push_back(list_key(
      "fixed_layers", 0, MobileNet::kLayers,
      "Numbers N of leading layers frozen in the FFE (0 = none, 14 = all but the head); one training "
      "for each N and seed.",
      [](auto& c) -> auto& { return c.fixed_layers; }));
  keys.push_back(bits_key(
      "ffe.weight_bits", "Bits of the frozen weights; one scale per output channel.",
      [](auto& c) -> auto& { return c.ffe.weight_bits; }));
  keys.push_back(bits_key(
      "ffe.activation_bits", "Bits of the FFE's activations after ReLU6.",
      [](auto& c) -> auto& { return c.ffe.activation_bits; }));
  for (int layer = 0; layer < MobileNet::kLayers; ++layer) {
    keys.push_back(layer_bits_key(layer, &FfeConfig::LayerBits::weight_bits, "weight_bits", "Weight bits"));
    keys.push_back(
        layer_bits_key(layer, &FfeConfig::LayerBits::activation_bits, "activation_bits", "Activation bits"));
  }
  keys.push_back(bits_key(
      "back_end.bits", "Bits of weights and activations after the FFE, head included.",
      [](auto& c) -> auto& { return c.back_end.bits; }));
}

void add_optimiser_keys(Keys& keys) {
  keys.push_back(integer_key(
      "train.epochs", 1, 10'000, "Passes over the training images, for each N and seed.",
      [](auto& c) -> auto& { return c.train.epochs; }));
  keys.push_back(integer_key(
      "train.batch_size", 2, 4096, "Images a step.", [](auto& c) -> auto& { return c.train.batch_size; }));
  keys.push_back(number_key(
      "train.learning_rate", 1e-7, 10, "Peak learning rate.",
      [](auto& c) -> auto& { return c.train.learning_rate; }));
  keys.push_back(choice_key<LearningRateSchedule>(
      "train.schedule",
      {{"constant", LearningRateSchedule::kConstant},
       {"cosine", LearningRateSchedule::kCosine},
       {"one_cycle", LearningRateSchedule::kOneCycle}},
      "How the learning rate changes over a training.", [](auto& c) -> auto& { return c.train.schedule; }));
  keys.push_back(number_key(
      "train.warmup_epochs", 0, 10'000,
      "Length of the rise to the peak (cosine, one_cycle); cut to half of the epochs.",
      [](auto& c) -> auto& { return c.train.warmup_epochs; }));
  keys.push_back(number_key(
      "train.momentum", 0, 0.999, "Momentum of SGD.", [](auto& c) -> auto& { return c.train.momentum; }));
  keys.push_back(plain_key<bool>(
      "train.nesterov", KeyKind::kBoolean, "Nesterov's form of momentum.",
      [](auto& c) -> auto& { return c.train.nesterov; }));
  keys.push_back(number_key(
      "train.weight_decay", 0, 0.1,
      "L2 decay of conv1, pointwise and head weights; none on depthwise, batch norm and bias.",
      [](auto& c) -> auto& { return c.train.weight_decay; }));
  keys.push_back(number_key(
      "train.label_smoothing", 0, 0.9, "Probability spread evenly over all classes.",
      [](auto& c) -> auto& { return c.train.label_smoothing; }));
}

void add_training_course_keys(Keys& keys) {
  keys.push_back(number_key(
      "train.quantise_from", 0, 1,
      "Fraction of the epochs after which activations and back-end weights are fake-quantised; "
      "frozen weights always are.",
      [](auto& c) -> auto& { return c.train.quantise_from; }));
  keys.push_back(number_key(
      "train.freeze_statistics_from", 0, 1,
      "Fraction of the epochs after which batch norm uses its running statistics; 1 = never.",
      [](auto& c) -> auto& { return c.train.freeze_statistics_from; }));
  keys.push_back(integer_key(
      "train.reestimate_images", 0, kManyImages,
      "Training images to re-estimate batch-norm statistics with after the last epoch; 0 = don't.",
      [](auto& c) -> auto& { return c.train.reestimate_images; }));
  keys.push_back(number_key(
      "train.checkpoint_seconds", 0.01, 86'400, "Longest time between two checkpoints.",
      [](auto& c) -> auto& { return c.train.checkpoint_seconds; }));
  keys.push_back(list_key(
      "seeds", 0, kLargestSeed, "Seeds of initialisation, order and augmentation; one training each.",
      [](auto& c) -> auto& { return c.seeds; }));
}

void add_engine_keys(Keys& keys) {
  keys.push_back(choice_key(
      "engine.device", kDeviceNames,
      "What computes: cpu, cuda (fails where there is none), or auto: cuda where it can be had, else cpu.",
      [](auto& c) -> auto& { return c.engine.device; }));
  keys.push_back(integer_key(
      "engine.threads", 0, 1024,
      "Threads of the CPU engine; the results do not depend on it. 0 = one for each processor.",
      [](auto& c) -> auto& { return c.engine.threads; }));
  keys.push_back(choice_key(
      "engine.precision", kPrecisionNames,
      "Arithmetic of training on a CUDA device: tf32 rounds the operands of matrix products, bf16 also "
      "stores "
      "activations and gradients in half the bytes; sums and parameters are fp32. The CPU always computes in "
      "fp32.",
      [](auto& c) -> auto& { return c.engine.precision; }));
  keys.push_back(choice_key(
      "engine.convolutions", kConvolutionsNames,
      "Who computes the convolutions of training on a CUDA device: this program's kernels or cuDNN.",
      [](auto& c) -> auto& { return c.engine.convolutions; }));
}

}  // namespace

std::vector<ConfigKey> config_keys() {
  Keys keys;
  add_general_keys(keys);
  add_data_keys(keys);
  add_augment_keys(keys);
  add_model_keys(keys);
  add_hardware_keys(keys);
  add_optimiser_keys(keys);
  add_training_course_keys(keys);
  add_engine_keys(keys);
  return keys;
}

std::vector<ConfigSection> config_sections() {
  std::vector<ConfigSection> sections = {
      {"data", "The images."},
      {"augment", "Random changes to training images; 0 = none."},
      {"model", "The network and the weights it starts from."},
      {"ffe", "The fixed-weight feature extractor: the frozen layers."},
      {"ffe.layers", "Bits of single layers: 0 = conv1, 1..13 = depthwise + pointwise blocks."},
  };
  for (int layer = 0; layer < MobileNet::kLayers; ++layer) {
    sections.push_back({fmt::format("ffe.layers.{}", layer), fmt::format("Bits of layer {}.", layer)});
  }
  sections.push_back({"back_end", "The layers after the FFE, on a programmable accelerator."});
  sections.push_back({"train", "The recipe."});
  sections.push_back({"engine", "What computes."});
  return sections;
}

}  // namespace fixynn
