// SPDX-License-Identifier: Apache-2.0
#include "gui/model/tables.h"

#include <gmock/gmock.h>

#include "gui_model/session_fixture.h"

namespace fixynn::gui {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(TextTable, FieldsCannotBreakTheTable) {
  const TextTable table = {{"a", "b"}, {{"1\t2", "x\ny"}, {"p,q", "r\"s"}}};
  EXPECT_EQ(as_tsv(table), "a\tb\n1 2\tx y\np,q\tr\"s\n");
  EXPECT_EQ(as_csv(table), "a,b\n1\t2,\"x\ny\"\n\"p,q\",\"r\"\"s\"\n");
}

TEST(FlattenYaml, GivesPathsAndListsInOrder) {
  EXPECT_THAT(
      flatten_yaml("name: signs\ntrain:\n  epochs: 10\n  nested:\n    deep: \"x: y\"\n"
                   "fixed_layers: [0, 4]\nseeds:\n  - 1\n  - 2\n"),
      ElementsAre(Pair("name", "signs"), Pair("train.epochs", "10"), Pair("train.nested.deep", "x: y"),
                  Pair("fixed_layers", "[0, 4]"), Pair("seeds", "[1, 2]")));
}

TEST(FlattenYaml, WhatIsNotYamlHasNoKeys) {
  EXPECT_THAT(flatten_yaml("a: [1, 2\nb: }"), IsEmpty());
  EXPECT_THAT(flatten_yaml(""), IsEmpty());
}

TEST(FlattenYaml, ReadsEveryKeyOfAConfiguration) {
  const auto entries = flatten_yaml(to_yaml(RunConfig{}));
  EXPECT_GT(entries.size(), 40u);
  EXPECT_THAT(entries, testing::Contains(Pair("train.epochs", "10")));
}

class Tables : public SessionTest {
 protected:
  const CompareTable::Row& row_of(const CompareTable& table, const std::string& name) {
    for (const CompareTable::Row& row : table.rows) {
      if (row.name == name) return row;
    }
    ADD_FAILURE() << "no row " << name;
    return table.rows.front();
  }
};

TEST_F(Tables, TheLayerTableHasARowALayerWithNumbersForSpreadsheets) {
  session().apply(SetBits{{3}, 6, std::nullopt});
  const TextTable table = layer_table(session());
  ASSERT_EQ(table.rows.size(), 14u);
  for (const auto& row : table.rows) EXPECT_EQ(row.size(), table.headings.size());
  EXPECT_EQ(table.rows[0][0], "conv1");
  EXPECT_EQ(table.rows[3][5], "6");
  EXPECT_EQ(table.rows[6][2], "yes");
  EXPECT_EQ(table.rows[7][2], "no");
  EXPECT_EQ(table.rows[6][3].find(','), std::string::npos);
  EXPECT_NEAR(std::stod(table.rows[6][13]), *session().costs().layers[6].area_mm2, 1e-6);
}

TEST_F(Tables, WithoutPinsThereIsNothingToCompare) {
  const CompareTable table = compare_table(session());
  EXPECT_THAT(table.columns, IsEmpty());
  EXPECT_THAT(table.rows, IsEmpty());
}

TEST_F(Tables, OnePinIsComparedWithTheDesign) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetFixedLayers{4});
  session().apply(PinDesign{});
  session().apply(SetFixedLayers{7});
  const CompareTable table = compare_table(session());
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[1], "design");
  EXPECT_EQ(row_of(table, "Fixed layers").cells[0].text, "4");
  EXPECT_EQ(row_of(table, "Fixed layers").cells[1].delta, "+3");
  EXPECT_EQ(row_of(table, "Fixed layers").cells[1].better, 0);
  const CompareCell& energy = row_of(table, "Energy per inference").cells[1];
  EXPECT_EQ(energy.better, 1);
  EXPECT_THAT(energy.delta, testing::StartsWith("−"));
  EXPECT_EQ(row_of(table, "FFE area").cells[1].better, -1);
  EXPECT_EQ(row_of(table, "Accuracy").cells[1].delta, "−0.30 pp");
  EXPECT_EQ(row_of(table, "Accuracy").cells[1].better, -1);
  EXPECT_EQ(row_of(table, "Drop").cells[1].better, -1);
  EXPECT_EQ(row_of(table, "Efficiency").cells[1].better, 1);
  EXPECT_EQ(row_of(table, "Accuracy").cells[0].delta, "");
}

TEST_F(Tables, AStaleAccuracySaysSoAndIsNotCompared) {
  ASSERT_TRUE(open(write_run({}, path("signs"))));
  session().apply(SetFixedLayers{4});
  session().apply(PinDesign{});
  session().apply(SetFixedLayers{7});
  session().apply(SetBits{{5}, 4, std::nullopt});
  session().apply(PinDesign{});
  const CompareTable table = compare_table(session());
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_THAT(row_of(table, "Accuracy").cells[1].text, HasSubstr("(stale)"));
  EXPECT_EQ(row_of(table, "Accuracy").cells[1].delta, "");
  EXPECT_EQ(row_of(table, "Drop").cells[1].delta, "");
  EXPECT_EQ(row_of(table, "FFE area").cells[1].better, -1);
  EXPECT_EQ(row_of(table, "Bits").cells[1].text, "W8/4 A8");
}

TEST_F(Tables, WhatCannotBeBuiltSaysSo) {
  session().apply(SetModel{CostModelKind::kPaper});
  session().apply(SetFixedLayers{14});
  session().apply(SetArea{1.0});
  session().apply(PinDesign{});
  EXPECT_EQ(row_of(compare_table(session()), "Throughput").cells[0].text, "cannot be built");
}

TEST_F(Tables, ConfigurationsDifferWhereTheirKeysDo) {
  ASSERT_TRUE(open(write_run({.name = "a", .epochs = 10}, path("a"))));
  ASSERT_TRUE(open(write_run({.name = "b", .epochs = 3}, path("b"))));
  for (const char* name : {"a", "b"}) session().apply(PinPoint{run_at(path(name))->run->id, 7});
  const CompareTable table = compare_table(session());
  std::vector<std::string> keys;
  for (const auto& difference : table.configuration) keys.push_back(difference.key);
  EXPECT_THAT(keys, ElementsAre("name", "model.pretrained", "train.epochs"));
  EXPECT_THAT(table.configuration.back().values, ElementsAre("10", "3"));
  const TextTable text = as_text(table);
  EXPECT_EQ(text.headings.size(), 3u);
  for (const auto& row : text.rows) EXPECT_EQ(row.size(), 3u);
}

}  // namespace
}  // namespace fixynn::gui
