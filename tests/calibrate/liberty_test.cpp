// SPDX-License-Identifier: Apache-2.0
#include "calibrate/liberty.h"

#include <gmock/gmock.h>

#include <array>
#include <cstdlib>

#include "calibrate/small_library.h"
#include "core/error.h"

namespace fixynn {
namespace {

using test::kSmallLibrary;
using test::message_of;
using test::small_library;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string fault_of(const std::string& from, const std::string& to) {
  return message_of([&] {
    const std::string text = replaced(kSmallLibrary, from, to);
    library_from_group(parse_liberty(text, "bad.lib"), "bad.lib");
  });
}

TEST(Liberty, TheParserKeepsEveryKindOfStatement) {
  const LibertyGroup library = parse_liberty(kSmallLibrary, "small.lib");
  EXPECT_EQ(library.name, "library");
  EXPECT_THAT(library.arguments, ElementsAre("small"));
  EXPECT_EQ(library.line, 3);
  EXPECT_EQ(*library.find("comment"), "");
  EXPECT_EQ(*library.find("date"), "brackets } in quotes; \"and quotes\"");
  EXPECT_EQ(library.attributes[2].first, "define");
  EXPECT_THAT(library.attributes[2].second, ElementsAre("made_up", "cell", "float"));
  EXPECT_EQ(library.find("nothing"), nullptr);
  const LibertyGroup& inverter = library.groups[2];
  EXPECT_EQ(inverter.name, "cell");
  EXPECT_EQ(*inverter.find("made_up"), "3 + VDD * 2");
  const LibertyGroup& output = inverter.groups.back();
  // Its direction has no semicolon.
  EXPECT_EQ(*output.find("direction"), "output");
  EXPECT_THAT(output.groups[0].groups[0].attributes[0].second, ElementsAre("9, 9", "2, 4", "9, 9"));
}

TEST(Liberty, UnitsAreConverted) {
  const LibertyLibrary plain = small_library();
  std::string text = replaced(kSmallLibrary, "(1, ff)", "(10, pf)");
  text = replaced(text, "\"1V\"", "\"100mV\"");
  text = replaced(text, "\"1nW\"", "\"10uW\"");
  const LibertyLibrary other = library_from_group(parse_liberty(text, "x"), "x");
  EXPECT_DOUBLE_EQ(plain.voltage_v, 1.0);
  EXPECT_DOUBLE_EQ(other.voltage_v, 0.1);
  EXPECT_DOUBLE_EQ(plain.cells.at("INV").find_pin("A")->capacitance_ff, 3);
  EXPECT_DOUBLE_EQ(other.cells.at("INV").find_pin("A")->capacitance_ff, 3e4);
  EXPECT_DOUBLE_EQ(*plain.cells.at("NAND2").leakage_nw, 4);
  EXPECT_DOUBLE_EQ(*other.cells.at("NAND2").leakage_nw, 4e4);
  EXPECT_DOUBLE_EQ(*plain.cells.at("NAND2").find_pin("Y")->transition_energy_fj(1), 3);
  // 10 pF * (100 mV)^2 = 100 fJ.
  EXPECT_NEAR(*other.cells.at("NAND2").find_pin("Y")->transition_energy_fj(1), 300, 1e-9);
}

TEST(Liberty, NumbersMayHaveASignAndSpaces) {
  const std::string text = replaced(kSmallLibrary, "area : 2;", "area : \" +2.5 \t\";");
  EXPECT_DOUBLE_EQ(library_from_group(parse_liberty(text, "x"), "x").cells.at("NAND2").area_um2, 2.5);
}

TEST(Liberty, AMissingVoltageIsZero) {
  const std::string text = replaced(kSmallLibrary, "nom_voltage : 1.0;", "");
  EXPECT_EQ(library_from_group(parse_liberty(text, "x"), "x").voltage_v, 0);
}

TEST(Liberty, EnergyIsTakenAtTheMiddleSlewAndTheLoadAndSummedOverRails) {
  const LibertyLibrary library = small_library();
  const LibertyPin& pin = *library.cells.at("INV").find_pin("Y");
  EXPECT_DOUBLE_EQ(*pin.transition_energy_fj(1), (2 + 0) / 2.0 + 1);
  EXPECT_DOUBLE_EQ(*pin.transition_energy_fj(2), (3 + 1) / 2.0 + 1);
  EXPECT_DOUBLE_EQ(*pin.transition_energy_fj(100), (4 + 2) / 2.0 + 1);
  EXPECT_FALSE(library.cells.at("INV").find_pin("A")->transition_energy_fj(1));
  // The entry without a state counts for VDD.
  EXPECT_DOUBLE_EQ(*library.cells.at("INV").leakage_nw, 2.5);
  EXPECT_FALSE(library.cells.at("DFF").leakage_nw);
}

TEST(Liberty, FlipFlopEnergySeparatesClockAndChange) {
  const LibertyLibrary library = small_library();
  const LibertyCell& cell = library.cells.at("DFF");
  ASSERT_TRUE(cell.is_flip_flop);
  EXPECT_EQ(cell.state, "IQ");
  EXPECT_EQ(cell.next_state, "!D");
  const auto energy = flip_flop_energy(cell, library.voltage_v);
  ASSERT_TRUE(energy);
  // QN is the state and becomes !D: D * !QN and !D * QN keep the value.
  EXPECT_DOUBLE_EQ(energy->clock_fj, 2 + 3 + 1);
  // Output arc 11, less the rising edge 2 that it includes; the data changes while the clock is high (falling
  // edge 7 instead of 3) or low (data pin: mean of 1 and 3).
  EXPECT_DOUBLE_EQ(energy->toggle_fj, 11 - 2 + (4 + 2) / 2.0);
  EXPECT_FALSE(flip_flop_energy(library.cells.at("INV"), 1));
}

TEST(Liberty, FunctionsAreEvaluatedWithTheUsualPrecedence) {
  struct Case {
    const char* function;
    uint64_t table;  // of inputs A, B, C
  };
  constexpr uint64_t a = 0xaa, b = 0xcc, c = 0xf0;
  for (const Case& example :
       {Case{"A", a}, Case{"!A", 0x55}, Case{"A'", 0x55}, Case{"!A'", a}, Case{"A B", a & b},
        Case{"A*B + C", (a & b) | c}, Case{"A + B & C", a | (b & c)}, Case{"A ^ B C", (a ^ b) & c},
        Case{"A | B ^ C", a | (b ^ c)}, Case{"(A+B)' C", ~(a | b) & c & 0xff},
        Case{"!(A B)!C", ~(a & b) & ~c & 0xff}, Case{"1", 0xff}, Case{"0 + (C)", c},
        Case{"((A B)+(B C))+(C A)", 0xe8}}) {
    const std::array<std::string, 3> inputs = {"A", "B", "C"};
    EXPECT_EQ(BooleanFunction(example.function, "x").truth_table(inputs), example.table) << example.function;
  }
  const std::array<std::string, 6> six = {"A1", "A2", "A3", "B[0]", "B[1]", "B[2]"};
  const uint64_t table = BooleanFunction("(A1 A2 A3) + (B[0] B[1] B[2])", "x").truth_table(six);
  for (uint64_t k = 0; k < 64; ++k) EXPECT_EQ(table >> k & 1, uint64_t{(k & 7) == 7 || k >> 3 == 7}) << k;
}

TEST(Liberty, BrokenFunctionsAreOneSentence) {
  const std::array<std::string, 1> a = {"A"};
  for (const std::string bad : {"", "A +", "(A", "A)", "A ? B", "!", "A ^^ B", "\x01"}) {
    const std::string message = message_of([&] { BooleanFunction(bad, "cell X"); });
    EXPECT_THAT(message, AllOf(HasSubstr("cell X"), HasSubstr("character"))) << bad;
  }
  EXPECT_THAT(message_of([&] { BooleanFunction(std::string(300, '('), "x"); }), HasSubstr("nested"));
  EXPECT_THAT(message_of([&] { BooleanFunction("A B", "x").truth_table(a); }), HasSubstr("\"B\""));
}

TEST(Liberty, FaultsNameFileAndLine) {
  EXPECT_THAT(fault_of("area : 2;", ""), HasSubstr("bad.lib:50: the cell NAND2 has no area"));
  EXPECT_THAT(fault_of("area : 2;", "area : two;"), AllOf(HasSubstr("bad.lib:50"), HasSubstr("\"two\"")));
  EXPECT_THAT(fault_of("area : 2;", "area : -2;"), HasSubstr("a negative area"));
  EXPECT_THAT(fault_of("area : 2;", "area : nan;"), HasSubstr("not a number"));
  for (const std::string empty : {"", " ", "+", "\t+ "}) {
    EXPECT_THAT(fault_of("area : 2;", "area : \"" + empty + "\";"),
                AllOf(HasSubstr("bad.lib:50: area"), HasSubstr("is not a number")))
        << empty;
  }
  EXPECT_THAT(fault_of("area : 2;", "area ;"), HasSubstr("bad.lib:51: ':' or '(' is expected after area"));
  EXPECT_THAT(fault_of("area : 2;", "area : ;"), HasSubstr("bad.lib:51: the attribute area has no value"));
  EXPECT_THAT(fault_of("\"2, 4\"", "\"2\""),
              HasSubstr("bad.lib:34: the table has 5 values where its template asks for 6"));
  EXPECT_THAT(fault_of("index_2 (\"1, 3\")", "index_2 (\"3, 1\")"),
              HasSubstr("index_2 of the table does not rise"));
  EXPECT_THAT(fault_of("(by_slew_and_load) {\n    variable_1", "(other) {\n    variable_1"),
              HasSubstr("template by_slew_and_load is not defined"));
  EXPECT_THAT(fault_of("cell (NAND2)", "cell (INV)"), HasSubstr("the cell INV is there twice"));
  EXPECT_THAT(fault_of("capacitive_load_unit (1, ff);", ""), HasSubstr("no capacitive_load_unit"));
  EXPECT_THAT(fault_of("\"1nW\"", "\"watt\""), HasSubstr("\"watt\" is not a unit"));
  EXPECT_THAT(fault_of("!(A B)", "!(A B"), HasSubstr("lacks a closing parenthesis"));
  EXPECT_THAT(fault_of("library (", "archive ("), HasSubstr("it is no Liberty file"));
  EXPECT_THAT(fault_of("next_state : \"!D\";", ""), HasSubstr("the flip-flop DFF lacks"));
  EXPECT_THAT(message_of([] { parse_liberty("", "e.lib"); }), HasSubstr("no library group"));
  EXPECT_THAT(message_of([] { parse_liberty("a : 1;", "e.lib"); }), HasSubstr("begins with library"));
  EXPECT_THAT(message_of([] { parse_liberty(std::string(kSmallLibrary) + "}", "e.lib"); }),
              HasSubstr("text after the end"));
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "a(){";
  EXPECT_THAT(message_of([&] { parse_liberty(deep, "e.lib"); }), HasSubstr("nested too deep"));
}

TEST(Liberty, AFileCutAnywhereIsASentenceWithFileAndLine) {
  const std::string text = kSmallLibrary;
  const size_t whole = text.rfind('}');
  for (size_t cut = 0; cut <= whole; cut += 7) {
    const std::string message = message_of([&] { parse_liberty(text.substr(0, cut), "cut.lib"); });
    EXPECT_THAT(message, AllOf(HasSubstr("cut.lib"), Not(HasSubstr("\n")))) << cut;
    EXPECT_THAT(message, HasSubstr(cut == 0 ? "no library group" : "cut.lib:")) << cut;
  }
  const std::string half = message_of([&] { parse_liberty(text.substr(0, text.size() / 2), "cut.lib"); });
  EXPECT_THAT(half, AllOf(HasSubstr("ends inside"), HasSubstr("begins at line"), HasSubstr("cut off")));
}

TEST(Liberty, Asap7HasItsCells) {
  const char* root = std::getenv("FIXYNN_DATA");
  const std::filesystem::path path =
      root == nullptr ? "" : std::filesystem::path(root) / "liberty" / "asap7_rvt_tt.lib";
  if (root == nullptr || !std::filesystem::exists(path)) {
    GTEST_SKIP() << "FIXYNN_DATA names no folder with liberty/asap7_rvt_tt.lib";
  }
  const LibertyLibrary library = read_liberty(path);
  EXPECT_DOUBLE_EQ(library.voltage_v, 0.7);
  EXPECT_EQ(library.cells.size(), 99u);
  const LibertyCell& adder = library.cells.at("FAx1_ASAP7_75t_R");
  EXPECT_DOUBLE_EQ(adder.area_um2, 0.20412);
  const std::array<std::string, 3> inputs = {"A", "B", "CI"};
  EXPECT_EQ(truth_table(*adder.find_pin("CON"), inputs), 0x17u);
  EXPECT_EQ(truth_table(*adder.find_pin("SN"), inputs), 0x69u);
  EXPECT_NEAR(*library.cells.at("DFFHQNx1_ASAP7_75t_R").leakage_nw, 0.2297, 1e-3);
  // What the rails' shares are derived from (liberty_energy.cpp): at the fastest output edge of an inverter
  // the two rails differ by half of C V^2 of its input.
  const LibertyCell& inverter = library.cells.at("INVx1_ASAP7_75t_R");
  double difference = 0;
  for (const LibertyPower& power : inverter.find_pin("Y")->power) {
    difference += (power.rail == "VSS" ? 1 : -1) * power.fall.energy_fj.front();
  }
  EXPECT_NEAR(difference, 0.5 * inverter.find_pin("A")->capacitance_ff * 0.49, 0.01);
}

TEST(Liberty, Osu018HasItsCells) {
  const std::filesystem::path path = "/usr/share/qflow/tech/osu018/osu018_stdcells.lib";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there; install qflow-tech-osu018";
  const LibertyLibrary library = read_liberty(path);
  EXPECT_DOUBLE_EQ(library.voltage_v, 1.8);
  EXPECT_DOUBLE_EQ(library.cells.at("INVX1").area_um2, 16);
  EXPECT_NEAR(library.cells.at("INVX1").find_pin("A")->capacitance_ff, 9.3246, 1e-3);
  EXPECT_TRUE(library.cells.at("DFFPOSX1").is_flip_flop);
  EXPECT_TRUE(flip_flop_energy(library.cells.at("DFFPOSX1"), library.voltage_v));
}

}  // namespace
}  // namespace fixynn
