// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "config/config_keys.h"
#include "config/load_config.h"

namespace fixynn {
namespace {

/// Paths of all properties that are not sections.
void collect_leaves(const nlohmann::json& object, const std::string& path, std::set<std::string>& leaves) {
  EXPECT_EQ(object.at("additionalProperties"), false) << path;
  for (const auto& [name, property] : object.at("properties").items()) {
    const std::string child = path.empty() ? name : path + "." + name;
    EXPECT_FALSE(property.at("description").get<std::string>().empty()) << child;
    if (property.contains("properties")) {
      collect_leaves(property, child, leaves);
    } else {
      leaves.insert(child);
    }
  }
}

TEST(Schema, IsJsonAndListsEveryKey) {
  const auto schema = nlohmann::json::parse(json_schema());
  EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  std::set<std::string> leaves, expected;
  collect_leaves(schema, "", leaves);
  for (const ConfigKey& key : config_keys()) expected.insert(key.path);
  EXPECT_EQ(leaves, expected);
}

TEST(Schema, HasTypesRangesChoicesAndDefaults) {
  const auto schema = nlohmann::json::parse(json_schema());
  const auto& data = schema.at("properties").at("data").at("properties");
  EXPECT_EQ(data.at("size").at("type"), "integer");
  EXPECT_EQ(data.at("size").at("minimum"), 32);
  EXPECT_EQ(data.at("size").at("maximum"), 1024);
  EXPECT_EQ(data.at("size").at("default"), 64);
  EXPECT_EQ(data.at("kind").at("enum").size(), 5u);
  const auto& train = schema.at("properties").at("train").at("properties");
  EXPECT_EQ(train.at("weight_decay").at("default"), 4e-5);
  const auto& bits = schema.at("properties").at("ffe").at("properties").at("weight_bits");
  EXPECT_EQ(bits.at("oneOf").at(0).at("minimum"), 2);
  EXPECT_EQ(bits.at("oneOf").at(1).at("const"), "float");
  EXPECT_EQ(schema.at("properties").at("fixed_layers").at("default"), nlohmann::json({0, 4, 7, 11, 14}));
}

TEST(Schema, DefaultsLieInTheirRanges) {
  const RunConfig defaults;
  for (const ConfigKey& key : config_keys()) {
    const KeyValue value = key.get(defaults);
    double number = key.minimum;
    if (const auto* integer = std::get_if<int64_t>(&value)) number = static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&value)) number = *real;
    EXPECT_GE(number, key.minimum) << key.path;
    EXPECT_LE(number, key.maximum) << key.path;
  }
}

/// docs/configuration.md holds the table that the program's own keys give.
TEST(Schema, TheManualListsEveryKeyAsItIs) {
  std::ifstream file(std::string(FIXYNN_SOURCE_DIR) + "/docs/configuration.md");
  std::stringstream manual;
  manual << file.rdbuf();
  const std::string expected_path = std::string(FIXYNN_BINARY_DIR) + "/configuration_keys.md";
  std::ofstream(expected_path) << key_reference_markdown();
  EXPECT_NE(manual.str().find(key_reference_markdown()), std::string::npos)
      << "the keys have changed: put the table of " << expected_path << " into docs/configuration.md";
}

TEST(Schema, KindNamesAreTheDataModulesOwn) {
  for (const ConfigKey& key : config_keys()) {
    if (key.path != "data.kind") continue;
    for (const DatasetKind kind : {DatasetKind::kGtsrb, DatasetKind::kCifar10, DatasetKind::kCifar100,
                                   DatasetKind::kFolder, DatasetKind::kList}) {
      RunConfig config;
      config.data.kind = kind;
      EXPECT_EQ(std::get<std::string>(key.get(config)), dataset_kind_name(kind));
    }
  }
}

}  // namespace
}  // namespace fixynn
