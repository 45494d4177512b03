// SPDX-License-Identifier: Apache-2.0
#include "hardware/technology.h"

#include <nlohmann/json.hpp>

#include "model/fixtures.h"

namespace fixynn {
namespace {

using model_test::error_of;
using model_test::TemporaryFolder;
using testing::HasSubstr;

nlohmann::ordered_json valid() {
  return nlohmann::ordered_json::parse(technology_json(find_technology("asap7")));
}

bool is_area(const TechnologyKey& key) {
  return std::string(key.key).ends_with("_area_um2");
}

std::string error_with(const std::function<void(nlohmann::ordered_json&)>& edit) {
  nlohmann::ordered_json json = valid();
  edit(json);
  return error_of([&] { parse_technology(json.dump(), "table.json"); });
}

TEST(Technology, BuiltInTablesAreCompleteAndSourced) {
  const std::vector<std::string> names = technology_names();
  ASSERT_THAT(names, testing::IsSupersetOf({"asap7", "16nm"}));
  for (const std::string& name : names) {
    const Technology technology = find_technology(name);
    EXPECT_EQ(technology.name, name);
    for (const TechnologyKey& key : technology_keys()) {
      const Figure& figure = technology.*key.figure;
      EXPECT_GT(figure.source.size(), 3u) << name << " " << key.key;
      // What every calibrated area needs must be there.
      if (is_area(key) && !std::string(key.key).ends_with("adder_area_um2")) {
        EXPECT_TRUE(figure.value) << name << " " << key.key;
      }
    }
    EXPECT_TRUE(technology.clock_mhz.value) << name;
  }
}

TEST(Technology, SixteenNanometresIsDerivedAndLarger) {
  const Technology small = find_technology("asap7"), large = find_technology("16nm");
  for (const TechnologyKey& key : technology_keys()) {
    const Figure &from = small.*key.figure, &to = large.*key.figure;
    EXPECT_EQ(from.value.has_value(), to.value.has_value()) << key.key;
    if (!is_area(key) || !from.value) continue;
    EXPECT_EQ(to.kind, FigureKind::kDerived) << key.key;
    EXPECT_NEAR(*to.value / *from.value, 2.2, 0.01) << key.key;
    ASSERT_TRUE(to.low && to.high) << key.key;
    // Each end has one scale for all areas, those below zero too.
    EXPECT_NEAR(*to.low / from.low.value_or(*from.value), 2.0, 0.01) << key.key;
    if (to.source.find("DeepFreeze") != std::string::npos) continue;  // stretched by a publication
    EXPECT_NEAR(*to.high / from.high.value_or(*from.value), 3.8, 0.01) << key.key;
  }
}

TEST(Technology, WritesWhatItReads) {
  for (const std::string& name : technology_names()) {
    const Technology technology = find_technology(name);
    const std::string text = technology_json(technology);
    const Technology again = parse_technology(text, "again");
    EXPECT_EQ(technology_json(again), text);
    EXPECT_EQ(again.clock_mhz.value, technology.clock_mhz.value);
    EXPECT_EQ(again.clock_mhz.kind, technology.clock_mhz.kind);
  }
}

TEST(Technology, UnknownIsNullNotZero) {
  nlohmann::ordered_json json = valid();
  json["figures"]["leakage_nw_per_um2"]["value"] = nullptr;
  json["figures"]["leakage_nw_per_um2"]["low"] = nullptr;
  json["figures"]["leakage_nw_per_um2"]["high"] = nullptr;
  const Technology technology = parse_technology(json.dump(), "table.json");
  EXPECT_FALSE(technology.leakage_nw_per_um2.value);
  EXPECT_THAT(technology_json(technology), HasSubstr("null"));
}

TEST(Technology, MissingUnknownAndMistypedKeysAreNamed) {
  using Json = nlohmann::ordered_json;
  EXPECT_THAT(error_with([](Json& j) { j["figures"].erase("clock_mhz"); }),
              testing::AllOf(HasSubstr("table.json"), HasSubstr("\"clock_mhz\" is missing")));
  EXPECT_THAT(error_with([](Json& j) { j.erase("summary"); }), HasSubstr("\"summary\" is missing"));
  EXPECT_THAT(error_with([](Json& j) { j["figures"]["clock_mhz"].erase("source"); }),
              testing::AllOf(HasSubstr("figures.clock_mhz"), HasSubstr("\"source\" is missing")));
  EXPECT_THAT(error_with([](Json& j) { j["figures"]["clock_mzh"] = 1; }),
              testing::AllOf(HasSubstr("\"clock_mzh\""), HasSubstr("did you mean \"clock_mhz\"")));
  EXPECT_THAT(error_with([](Json& j) { j["figures"]["clock_mhz"]["value"] = "810"; }),
              HasSubstr("must be a finite number"));
  EXPECT_THAT(error_with([](Json& j) { j["figures"]["clock_mhz"]["unit"] = "GHz"; }),
              HasSubstr("the unit must be \"MHz\""));
  EXPECT_THAT(error_with([](Json& j) { j["figures"]["clock_mhz"]["kind"] = "guessed"; }),
              HasSubstr("\"guessed\" is not measured, published, derived or fitted"));
  EXPECT_THAT(error_with([](Json& j) { j["figures"] = 3; }), HasSubstr("expected an object"));
}

TEST(Technology, ImpossibleValuesAreRefused) {
  using Json = nlohmann::ordered_json;
  EXPECT_THAT(error_with([](Json& j) { j["figures"]["adder_bit_area_um2"]["value"] = -1; }),
              HasSubstr("negative"));
  for (const double clock : {0.0, 0.5, 1e9}) {
    EXPECT_THAT(error_with([&](Json& j) { j["figures"]["clock_mhz"]["value"] = clock; }),
                testing::AllOf(HasSubstr("figures.clock_mhz"), HasSubstr("outside 1..100000 MHz")));
  }
  EXPECT_THAT(error_with([](Json& j) {
                j["figures"]["sram_bit_area_um2"]["value"] = 1;
                j["figures"]["sram_bit_area_um2"]["low"] = 2;
                j["figures"]["sram_bit_area_um2"]["high"] = 3;
              }),
              HasSubstr("out of order"));
  EXPECT_THAT(error_with([](Json& j) {
                j["figures"]["adder_bit_activity"]["value"] = 5;
                j["figures"]["adder_bit_activity"]["high"] = 5;
              }),
              HasSubstr("figures.adder_bit_activity: 5 is above 1"));
  EXPECT_THAT(error_with([](Json& j) { j["figures"]["register_bit_area_um2"]["value"] = 1e300; }),
              HasSubstr("more than any process has"));
}

TEST(Technology, OnlyAreasBesideBitsAreBelowZeroAndNotFar) {
  using Json = nlohmann::ordered_json;
  for (const TechnologyKey& key : technology_keys()) {
    const std::string name = key.key;
    const bool beside =
        name == "adder_area_um2" || name == "full_adder_area_um2" || name == "requantiser_unit_area_um2";
    const std::string message = error_with([&](Json& j) {
      j["figures"][name]["value"] = beside ? -1e4 : -1e-3;
      j["figures"][name]["low"] = j["figures"][name]["high"] = nullptr;
    });
    EXPECT_THAT(message, testing::AllOf(HasSubstr("table.json: figures." + name),
                                        HasSubstr(beside ? "areas become negative" : "is negative")));
  }
  Json json = valid();
  json["figures"]["adder_area_um2"]["low"] = -0.9;
  json["figures"]["adder_area_um2"]["high"] = -1.2;
  EXPECT_EQ(*parse_technology(json.dump(), "table.json").adder_area_um2.low, -0.9);
  EXPECT_THAT(error_with([](Json& j) {
                j["figures"]["adder_area_um2"]["low"] = -0.1;
                j["figures"]["adder_area_um2"]["high"] = -0.2;
              }),
              HasSubstr("out of order"));
}

TEST(Technology, NumbersBeyondADoubleNameTheFileAndTheKey) {
  std::string text = valid().dump();
  const std::string before = "\"clock_mhz\":{\"value\":";
  text.insert(text.find(before) + before.size(), "1e999,\"old\":");
  EXPECT_THAT(error_of([&] { parse_technology(text, "table.json"); }),
              testing::AllOf(HasSubstr("table.json: figures.clock_mhz.value: the number is too large"),
                             testing::Not(HasSubstr("json.exception"))));
  EXPECT_THAT(error_of([] { parse_technology("-1e999", "table.json"); }),
              HasSubstr("table.json: the first value"));
}

TEST(Technology, TextsForATerminalHoldNoControlCharacters) {
  using Json = nlohmann::ordered_json;
  for (const char* bad : {"a\x1b[2J", "a\nb", "\x7f",
                          "\xc2\x9b"
                          "2J"}) {
    for (const char* key : {"name", "summary"}) {
      EXPECT_THAT(error_with([&](Json& j) { j[key] = bad; }),
                  testing::AllOf(HasSubstr("table.json: \"" + std::string(key) + "\""),
                                 HasSubstr("control character")));
    }
  }
  Json json = valid();
  json["name"] = "größe µm²";
  EXPECT_EQ(parse_technology(json.dump(), "table.json").name, "größe µm²");
}

TEST(Technology, AKeyThatStandsTwiceIsRefused) {
  std::string text = valid().dump();
  const size_t at = text.find("\"figures\":{") + 11;
  text.insert(at, "\"clock_mhz\":{\"value\":1},");
  EXPECT_THAT(error_of([&] { parse_technology(text, "table.json"); }),
              HasSubstr("\"clock_mhz\" stands twice"));
}

TEST(Technology, EveryCutFileIsOneSentence) {
  const std::string text = technology_json(find_technology("asap7"));
  for (size_t length = 0; length + 2 < text.size(); length += 37) {
    EXPECT_THAT(error_of([&] { parse_technology(text.substr(0, length), "table.json"); }),
                HasSubstr("table.json"));
  }
}

TEST(Technology, FindsFilesByTheirEndingAndNamesTheKnownOnes) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "mine.json";
  Technology mine = find_technology("asap7");
  mine.name = "mine";
  write_file_atomic(path, technology_json(mine), false);
  EXPECT_EQ(find_technology(path.string()).name, "mine");
  EXPECT_THAT(error_of([&] { find_technology((folder / "none.json").string()); }), HasSubstr("none.json"));
  const std::string unknown = error_of([] { find_technology("5nm"); });
  EXPECT_THAT(unknown, testing::AllOf(HasSubstr("\"5nm\""), HasSubstr("asap7"), HasSubstr("16nm")));
}

}  // namespace
}  // namespace fixynn
