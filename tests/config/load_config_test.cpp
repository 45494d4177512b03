// SPDX-License-Identifier: Apache-2.0
#include "config/load_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config_keys.h"
#include "temporary_folder.h"

namespace fixynn {
namespace {

using ::testing::ElementsAre;

/// Some value other than the default, within the key's range.
KeyValue other_value(const ConfigKey& key, const KeyValue& value) {
  switch (key.kind) {
    case KeyKind::kBoolean:
      return !std::get<bool>(value);
    case KeyKind::kInteger:
      return static_cast<int64_t>(key.maximum);
    case KeyKind::kNumber:
      return key.choices.empty() ? key.maximum * 0.9 : 0.75;
    case KeyKind::kChoice:
      return key.choices.back() == std::get<std::string>(value) ? key.choices.front() : key.choices.back();
    case KeyKind::kBits:
      return int64_t{5};
    case KeyKind::kIntegerList:
      return std::vector<int64_t>{3, static_cast<int64_t>(key.maximum), 0};
    case KeyKind::kName:
      return std::string("1e5");  // needs quotes
    case KeyKind::kText:
    case KeyKind::kPath:
      return std::string("a \"b\"\\c: #d, [\xC3\xA9]/none");
  }
  return {};
}

TEST(LoadConfig, EveryKeySurvivesTheRoundTrip) {
  TemporaryFolder folder;
  RunConfig config;
  for (const ConfigKey& key : config_keys()) {
    if (key.path == "parent") continue;
    key.set(config, other_value(key, key.get(config)));
  }
  const LoadedConfig loaded = load_config(folder.write("c.yaml", to_yaml(config)));
  const RunConfig defaults;
  for (const ConfigKey& key : config_keys()) {
    EXPECT_EQ(key.get(loaded.config), key.get(config)) << key.path;
    if (key.path == "parent") continue;
    EXPECT_NE(key.get(loaded.config), key.get(defaults)) << key.path;
  }
  EXPECT_EQ(loaded.resolved_yaml, to_yaml(config));
}

TEST(LoadConfig, FloatAndNoneSurviveTheRoundTrip) {
  TemporaryFolder folder;
  RunConfig config;
  config.data.root = "none";
  config.model.pretrained = "";
  config.ffe.weight_bits = config.ffe.activation_bits = config.back_end.bits = kFloatBits;
  config.train.weight_decay = 1e-5;
  const std::string yaml = to_yaml(config);
  EXPECT_THAT(yaml, ::testing::HasSubstr("  root: \"none\"\n"));
  EXPECT_THAT(yaml, ::testing::HasSubstr("  pretrained: none\n"));
  EXPECT_THAT(yaml, ::testing::HasSubstr("  weight_bits: float\n"));
  EXPECT_THAT(yaml, ::testing::HasSubstr("  weight_decay: 1.0e-05\n"));
  EXPECT_EQ(load_config(folder.write("c.yaml", yaml)).resolved_yaml, yaml);
}

TEST(LoadConfig, FloatFieldsEchoAsWritten) {
  TemporaryFolder folder;
  const auto path =
      folder.write("c.yaml", "data: {root: x, validation_fraction: 0.07}\naugment: {shift: 0.1}\n");
  const LoadedConfig loaded = load_config(path);
  EXPECT_EQ(loaded.config.augment.shift, 0.1f);
  EXPECT_THAT(loaded.resolved_yaml, ::testing::HasSubstr("  validation_fraction: 0.07\n"));
}

TEST(LoadConfig, DefaultsAreThoseOfTheStructs) {
  TemporaryFolder folder;
  const RunConfig config = load_config(folder.write("c.yaml", "data: {root: x}\n")).config;
  RunConfig defaults;
  defaults.data.root = "x";
  EXPECT_EQ(to_yaml(config), to_yaml(defaults));
}

TEST(LoadConfig, ChildReplacesItsParentKeyByKey) {
  TemporaryFolder folder;
  folder.write("bases/deep/root.yaml",
               "name: root\ndata: {root: x, size: 96}\nfixed_layers: [0, 4, 7]\nseeds: [1, 2]\n"
               "ffe: {layers: {3: {weight_bits: 6, activation_bits: 5}}}\n");
  folder.write("bases/middle.yaml", "parent: deep/root.yaml\nname: middle\ntrain: {epochs: 7}\n");
  const auto path =
      folder.write("c.yaml",
                   "fixed_layers: [14]\nffe: {layers: {3: {weight_bits: 4}, 5: {weight_bits: 2}}}\n"
                   "data: {size: 32}\nparent: bases/middle.yaml\n");
  const RunConfig config = load_config(path).config;
  EXPECT_EQ(config.name, "middle");
  EXPECT_EQ(config.data.root, "x");
  EXPECT_EQ(config.data.size, 32);
  EXPECT_EQ(config.train.epochs, 7);
  EXPECT_THAT(config.fixed_layers, ElementsAre(14));
  EXPECT_THAT(config.seeds, ElementsAre(1, 2));
  ASSERT_EQ(config.ffe.layers.size(), 2u);
  EXPECT_EQ(config.ffe.layers.at(3).weight_bits, 4);
  EXPECT_EQ(config.ffe.layers.at(3).activation_bits, 5);
  EXPECT_EQ(config.ffe.layers.at(5).activation_bits, std::nullopt);
}

TEST(LoadConfig, ParentsThatCannotBeFollowed) {
  TemporaryFolder folder;
  const auto self = folder.write("self.yaml", "parent: self.yaml\n");
  EXPECT_EQ(error_of(self), self.string() + ":1:9: parent: '" + self.string() +
                                "' is this file itself or one of its children; a chain of parents must end");
  const auto a = folder.write("a.yaml", "parent: sub/b.yaml\n");
  const auto b = folder.write("sub/b.yaml", "name: b\nparent: ../a.yaml\n");
  EXPECT_EQ(error_of(a), b.string() + ":2:9: parent: '" + folder.path("sub/../a.yaml").string() +
                             "' is this file itself or one of its children; a chain of parents must end");
  const auto orphan = folder.write("orphan.yaml", "name: a\nparent: nobody.yaml\n");
  EXPECT_EQ(error_of(orphan), orphan.string() + ":2:9: parent: " + folder.path("nobody.yaml").string() +
                                  ": cannot read the configuration: No such file or directory");
  const auto null_parent = folder.write("null.yaml", "parent:\n");
  EXPECT_EQ(error_of(null_parent), null_parent.string() + ":1:1: parent: expected a path, got nothing");
  // A parent's own mistakes are reported in the parent, even where the child replaces the value.
  const auto bad = folder.write("bad.yaml", "data: {root: x, size: 5}\n");
  EXPECT_EQ(error_of(folder.write("child.yaml", "parent: bad.yaml\ndata: {size: 64}\n")),
            bad.string() + ":1:23: data.size: expected an integer in 32..1024, got '5'");
}

TEST(LoadConfig, EightParentsAreEnough) {
  TemporaryFolder folder;
  for (int i = 0; i < 9; ++i) {
    folder.write("c" + std::to_string(i) + ".yaml", "parent: c" + std::to_string(i + 1) + ".yaml\n");
  }
  folder.write("c9.yaml", "data: {root: x}\n");
  EXPECT_EQ(error_of(folder.path("c1.yaml")), "no error");
  EXPECT_EQ(error_of(folder.path("c0.yaml")),
            folder.path("c8.yaml").string() +
                ":1:9: parent: more than 8 parents in a row; merge some of the files");
}

TEST(LoadConfig, Overrides) {
  TemporaryFolder folder;
  const auto path = folder.write("c.yaml", "data: {root: x}\ntrain: {epochs: 7}\n");
  const RunConfig config =
      load_config(path, {"train.epochs=9", "fixed_layers=[1, 2]", "ffe.layers.3.weight_bits=6",
                         "ffe={weight_bits: 5}", "train.epochs=3", "data.root=a=b c",
                         "model.pretrained=w.tflite", "model.pretrained=", "seeds=12"})
          .config;
  EXPECT_EQ(config.train.epochs, 3);
  EXPECT_THAT(config.fixed_layers, ElementsAre(1, 2));
  EXPECT_EQ(config.ffe.layers.at(3).weight_bits, 6);
  EXPECT_EQ(config.ffe.weight_bits, 5);
  EXPECT_EQ(config.data.root, "a=b c");
  EXPECT_EQ(config.model.pretrained, "");
  EXPECT_THAT(config.seeds, ElementsAre(12));
}

TEST(LoadConfig, BadOverridesNameTheOverride) {
  TemporaryFolder folder;
  const auto path = folder.write("c.yaml", "data: {root: x}\ntrain: {epochs: 7, warmup_epochs: 2}\n");
  const std::pair<std::string, std::string> cases[] = {
      {"train.epochs=x", "train.epochs: expected an integer in 1..10000, got 'x'"},
      {"train.epochs=", "train.epochs: expected an integer in 1..10000, got nothing"},
      {"train.epcohs=3", "train.epcohs: unknown key; did you mean 'train.epochs'?"},
      {"train={epochs: 3, foo: 4}",
       "train.foo: unknown key; expected one of epochs, batch_size, learning_rate, schedule, warmup_epochs, "
       "momentum, "
       "nesterov, weight_decay, label_smoothing, quantise_from, freeze_statistics_from, reestimate_images, "
       "checkpoint_seconds in 'train'"},
      {"ffe.layers.33.weight_bits=6",
       "ffe.layers.33.weight_bits: unknown key; expected a layer's number in 0..13"},
      {"train", "expected KEY=VALUE, for example train.epochs=3"},
      {"=3", "expected KEY=VALUE, for example train.epochs=3"},
      {"parent=a.yaml", "parent can only be set in a file"},
      {"name=[", "the bracket '[' that opens here is never closed"},
      {"fixed_layers=[3, 3]", "fixed_layers[1]: expected a list without repeats, got 3 twice"},
      {"train={epochs: 3, epochs: 4}", "epochs: duplicate key; remove one of the two"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(error_of(path, {text}), "--set " + text + ": " + message);
  }
}

TEST(LoadConfig, WindowsLineEndsAndByteOrderMark) {
  TemporaryFolder folder;
  const RunConfig config = load_config(folder.write("c.yaml",
                                                    "\xEF\xBB\xBF"
                                                    "data:\r\n  root: x\r\ntrain:\r\n  epochs: 3\r\n"))
                               .config;
  EXPECT_EQ(config.data.root, "x");
  EXPECT_EQ(config.train.epochs, 3);
}

TEST(LoadConfig, EveryShippedConfigurationLoads) {
  const std::filesystem::path configs = std::filesystem::path(FIXYNN_SOURCE_DIR) / "configs";
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(configs)) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    // Bases leave the folder of the data open.
    const bool is_base = entry.path().parent_path().filename() == "bases";
    const auto overrides = is_base ? std::vector<std::string>{"data.root=x"} : std::vector<std::string>{};
    EXPECT_EQ(error_of(entry.path(), overrides), "no error");
  }
  EXPECT_GE(count, 5);
  const RunConfig gtsr = load_config(configs / "gtsr.yaml").config;
  EXPECT_EQ(gtsr.name, "gtsr");
  EXPECT_EQ(gtsr.data.kind, DatasetKind::kGtsrb);
  EXPECT_FALSE(gtsr.augment.flip);
  EXPECT_THAT(gtsr.fixed_layers, ElementsAre(0, 4, 7, 11, 14));
  EXPECT_EQ(gtsr.ffe.weight_bits, 8);
}

}  // namespace
}  // namespace fixynn
