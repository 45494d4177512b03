// SPDX-License-Identifier: Apache-2.0
#include "study/cost_output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/text.h"
#include "hardware/adder_graph_json.h"
#include "study/cost_command.h"
#include "study/study_fixtures.h"

namespace fixynn {
namespace {

using study_test::error_of;
using study_test::small_design;
using study_test::TemporaryFolder;
using testing::HasSubstr;
using Json = nlohmann::json;

CostStudy study_of(CostModelKind model, std::vector<int> layers, std::vector<double> areas,
                   bool instant = false) {
  CostRequest request;
  request.model = model;
  request.fixed_layers = std::move(layers);
  request.areas_mm2 = std::move(areas);
  request.instant = instant;
  AdderGraphCache cache;
  return run_cost_study(small_design(8, 0.5, 224), request, cache);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Cells of a CSV line; quoted commas do not separate.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      cells.emplace_back();
    } else if (c != '"') {
      cells.back() += c;
    }
  }
  return cells;
}

TEST(CostOutput, TablesAreNarrowAndHaveNoHoles) {
  const CostStudy studies[] = {
      study_of(CostModelKind::kCalibrated, {0, 3}, {3.0}),
      study_of(CostModelKind::kCalibrated, {0, 7, 14}, {0.4, 3.0, 12.0}, true),
      study_of(CostModelKind::kPaper, {0, 4, 7, 11, 14}, {3.0}),
      study_of(CostModelKind::kDeepFreeze, {0, 4, 14}, {3.0}),
  };
  for (const CostStudy& study : studies) {
    const std::string text = cost_table(study, true);
    for (const std::string& line : lines_of(text)) EXPECT_LE(line.size(), 110u) << line;
    EXPECT_EQ(text.find("nan"), std::string::npos) << text;
    EXPECT_EQ(text.find(" inf "), std::string::npos) << text;
  }
}

TEST(CostOutput, TableOfThePaperModelPrintsResidualsAndReasons) {
  const std::string text = cost_table(study_of(CostModelKind::kPaper, {0, 4, 7, 11, 14}, {3.0}), false);
  EXPECT_THAT(text, HasSubstr("infeasible"));
  EXPECT_THAT(text, HasSubstr("14 fixed layers are infeasible at 3 mm2: the FFE needs 2.76 mm2"));
  EXPECT_THAT(text, HasSubstr("25.86"));
  EXPECT_THAT(text, HasSubstr("Largest residual"));
}

TEST(CostOutput, TableOfTheCalibratedModelSaysWhatItIsModelledFrom) {
  const std::string text = cost_table(study_of(CostModelKind::kCalibrated, {0, 2}, {3.0}), true);
  EXPECT_THAT(text, HasSubstr("16nm"));
  EXPECT_THAT(text, HasSubstr("derived"));
  EXPECT_THAT(text, HasSubstr("no placement"));
  EXPECT_THAT(text, HasSubstr("assumed weights"));
  EXPECT_THAT(text, HasSubstr("l01_pointwise"));
}

TEST(CostOutput, JsonHasTheFieldsOfTheManual) {
  const CostStudy study = study_of(CostModelKind::kCalibrated, {0, 2, 14}, {3.0}, true);
  const Json json = Json::parse(cost_json(study));
  EXPECT_EQ(json.at("model"), "calibrated");
  EXPECT_EQ(json.at("area_mm2"), 3.0);
  ASSERT_EQ(json.at("points").size(), 3u);
  const char* keys[] = {"fixed_layers",
                        "fixed_ops_percent",
                        "feasible",
                        "reason",
                        "ffe_area_mm2",
                        "programmable_area_mm2",
                        "throughput_tops",
                        "latency_us",
                        "energy_efficiency_tops_per_w",
                        "relative_throughput",
                        "relative_efficiency",
                        "energy_per_inference_uj",
                        "dram_energy_uj",
                        "ffe_copies",
                        "required_pixels_per_clock",
                        "throughput_cap_tops",
                        "used_layers",
                        "area_mm2"};
  for (const Json& point : json.at("points")) {
    for (const char* key : keys) EXPECT_TRUE(point.contains(key)) << key;
  }
  EXPECT_EQ(json.at("points")[0].at("relative_throughput"), 1.0);
  EXPECT_TRUE(json.at("points")[0].at("required_pixels_per_clock").is_null());
  EXPECT_EQ(json.at("points")[1].at("throughput_tops"), *study.points[1].throughput_tops);
  ASSERT_EQ(json.at("layers").size(), 27u + 1);  // the interfaces
  int64_t weights = 0;
  double area_um2 = 0;
  for (const Json& layer : json.at("layers")) {
    weights += layer.at("weights").get<int64_t>();
    area_um2 += layer.at("area_um2").get<double>();
    double parts = 0;
    for (const auto& part : layer.at("area_parts_um2")) parts += part.get<double>();
    EXPECT_NEAR(parts, layer.at("area_um2").get<double>(), 1e-6);
    for (const char* key :
         {"zeros", "csd_digits", "adders", "adder_bits", "registers", "memories", "energy_nj"}) {
      EXPECT_TRUE(layer.contains(key)) << key;
    }
  }
  EXPECT_EQ(weights, study.plans[2].weights());
  EXPECT_NEAR(area_um2 * 1e-6, json.at("ffes")[2].at("area_mm2").get<double>(), 1e-9);
  const Json& figure = json.at("technology").at("figures").at("adder_bit_area_um2");
  EXPECT_EQ(figure.at("kind"), "derived");
  EXPECT_GT(figure.at("source").get<std::string>().size(), 3u);
}

TEST(CostOutput, JsonOfAnInfeasiblePointIsNullWithAReason) {
  const Json json = Json::parse(cost_json(study_of(CostModelKind::kPaper, {14}, {3.0})));
  const Json& point = json.at("points")[0];
  EXPECT_EQ(point.at("feasible"), false);
  EXPECT_THAT(point.at("reason").get<std::string>(), HasSubstr("mm2"));
  EXPECT_TRUE(point.at("throughput_tops").is_null());
  EXPECT_TRUE(point.at("energy_per_inference_uj").is_null());
  EXPECT_TRUE(point.at("programmable_area_mm2").is_null());
  EXPECT_NEAR(point.at("ffe_area_mm2").get<double>(), 2.76, 0.01);
  EXPECT_TRUE(json.at("technology").is_null());
  EXPECT_GT(json.at("paper").size(), 20u);
}

/// Nothing of a layer's registers and energy lies outside of the parts that the manual names.
TEST(CostOutput, PartsOfLayersSumToTheLayers) {
  const Json json = Json::parse(cost_json(study_of(CostModelKind::kCalibrated, {2}, {3.0}, true)));
  const Json& layers = json.at("layers");
  ASSERT_EQ(layers.size(), 4u);
  for (const Json& layer : layers) {
    double energy_pj = 0;
    for (const auto& part : layer.at("energy_parts_pj").items()) energy_pj += part.value().get<double>();
    EXPECT_NEAR(energy_pj * 1e-3, layer.at("energy_nj").get<double>(), 1e-6) << layer.at("name");
    if (layer.at("layer").is_null()) continue;  // the interfaces have no parts
    int64_t bits = 0;
    for (const auto& part : layer.at("registers").items()) {
      if (part.key() != "bits") bits += part.value().get<int64_t>();
    }
    EXPECT_EQ(bits, layer.at("registers").at("bits").get<int64_t>()) << layer.at("name");
  }
  EXPECT_TRUE(layers.back().at("layer").is_null());
  EXPECT_EQ(layers.back().at("name"), "interfaces");
}

TEST(CostOutput, SweepsCarryTheirAreas) {
  const Json json = Json::parse(cost_json(study_of(CostModelKind::kPaper, {0, 4}, {1.0, 2.5})));
  EXPECT_TRUE(json.at("area_mm2").is_null());
  EXPECT_EQ(json.at("areas_mm2"), Json({1.0, 2.5}));
  EXPECT_EQ(json.at("points")[3].at("area_mm2"), 2.5);
}

TEST(CostOutput, CsvRowsHaveAllColumns) {
  const CostStudy study = study_of(CostModelKind::kPaper, {0, 4, 14}, {1.0, 3.0});
  const auto points = lines_of(cost_csv(study, false));
  ASSERT_EQ(points.size(), 7u);
  const auto head = cells_of(points[0]);
  for (const std::string& line : points) EXPECT_EQ(cells_of(line).size(), head.size()) << line;
  const auto column = [&](const std::string& name) {
    return static_cast<size_t>(std::find(head.begin(), head.end(), name) - head.begin());
  };
  const auto last = cells_of(points[6]);
  EXPECT_EQ(last.at(column("feasible")), "false");
  EXPECT_EQ(last.at(column("throughput_tops")), "");
  EXPECT_THAT(last.at(column("reason")), HasSubstr("smallest NVDLA"));
  EXPECT_EQ(std::stod(cells_of(points[4]).at(column("throughput_tops"))), *study.points[3].throughput_tops);
  const auto layers = lines_of(cost_csv(study_of(CostModelKind::kDeepFreeze, {0, 4}, {3.0}), true));
  ASSERT_EQ(layers.size(), 8u);
  for (const std::string& line : layers) EXPECT_EQ(cells_of(line).size(), cells_of(layers[0]).size());
}

TEST(CostOutput, LayerListsAreReadOrRefused) {
  EXPECT_EQ(parse_layer_list("0,4,7"), (std::vector<int>{0, 4, 7}));
  EXPECT_EQ(parse_layer_list("1..3"), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(parse_layer_list("0,12..14,14"), (std::vector<int>{0, 12, 13, 14}));
  for (const char* text : {"15", "-1", "", "a", "1,", "4..2", "1..15", "1...3", "1.5", "1 2"}) {
    EXPECT_THAT(error_of([&] { parse_layer_list(text); }), HasSubstr("give numbers 0..14")) << text;
  }
}

TEST(CostOutput, TheWholeCommandRunsAndItsGraphsComputeTheMatrices) {
  const TemporaryFolder folder;
  const IntegerNetwork network = study_test::write_small_network(folder / "net.safetensors", 4);
  CostCommand command;
  command.design.path = folder / "net.safetensors";
  command.request.fixed_layers = {0, 2};
  command.fixed_layers_given = true;
  command.cache = folder / "cache";
  command.dump_graphs = folder / "graphs";
  const CostStudy study = run_cost_command(command);
  EXPECT_EQ(study.ffes.size(), 2u);
  EXPECT_FALSE(std::filesystem::is_empty(command.cache));
  const Json json = Json::parse(read_text_file(folder / "graphs" / "l01_pointwise.json"));
  const Json& graph = json.at("graphs").at(0);
  EXPECT_EQ(graph.at("weights").size(), 8u);
  EXPECT_EQ(graph.at("weights")[0][0].get<int>(), network.convs[2].weights.codes[0]);
  // Evaluated from the file alone, with input i = i + 1.
  std::vector<int64_t> nodes;
  const int inputs = graph.at("inputs"), outputs = graph.at("outputs");
  for (int i = 0; i < inputs; ++i) nodes.push_back(i + 1);
  for (const Json& adder : graph.at("adders")) {
    const auto term = [&](size_t at) {
      const int64_t value = nodes.at(adder.at(at).get<size_t>()) << adder.at(at + 1).get<int>();
      return adder.at(at + 2).get<int>() != 0 ? -value : value;
    };
    nodes.push_back(term(0) + term(3));
  }
  for (int o = 0; o < outputs; ++o) {
    int64_t expected = 0;
    for (int i = 0; i < inputs; ++i) {
      expected +=
          graph.at("weights")[static_cast<size_t>(i)][static_cast<size_t>(o)].get<int64_t>() * (i + 1);
    }
    const Json& row = graph.at("graph_outputs").at(static_cast<size_t>(o));
    int64_t value = 0;
    if (row.at(0).get<int>() >= 0) value = nodes.at(row.at(0).get<size_t>()) << row.at(1).get<int>();
    if (row.at(2).get<int>() != 0) value = -value;
    EXPECT_EQ(value, expected) << o;
  }
}

TEST(CostOutput, CommandsThatCannotBeAreOneSentence) {
  const TemporaryFolder folder;
  study_test::write_small_model(folder / "model.safetensors");
  const auto with = [&](const std::function<void(CostCommand&)>& edit) {
    CostCommand command;
    command.design.path = folder / "model.safetensors";
    command.request.fixed_layers = {0, 1};
    edit(command);
    return error_of([&] { run_cost_command(command); });
  };
  EXPECT_THAT(with([](CostCommand& c) {
                c.request.model = CostModelKind::kPaper;
                c.request.instant = true;
              }),
              HasSubstr("--instant"));
  EXPECT_THAT(with([](CostCommand& c) { c.activity = "somewhere"; }), HasSubstr("somewhere"));
  const auto given = [&](CostModelKind model, const std::string& option) {
    return with([&](CostCommand& c) {
      c.request.model = model;
      c.given = {option};
      c.request.fixed_layers = {15};  // refused later, where the option is not
    });
  };
  for (const char* option : {"--bits", "--sparsity", "--technology", "--levels-per-stage", "--fold",
                             "--sharing", "--adder-cells", "--no-clock-gating"}) {
    EXPECT_THAT(given(CostModelKind::kPaper, option),
                HasSubstr(std::string(option) + " changes nothing in the paper model; leave it out"));
    EXPECT_THAT(given(CostModelKind::kCalibrated, option), HasSubstr("15 is outside"));
  }
  for (const char* option : {"--fold", "--clock-mhz"}) {
    EXPECT_THAT(given(CostModelKind::kDeepFreeze, option), HasSubstr("in the deepfreeze model"));
  }
  EXPECT_THAT(given(CostModelKind::kDeepFreeze, "--bits"), HasSubstr("15 is outside"));
  EXPECT_THAT(given(CostModelKind::kCalibrated, "--deepfreeze-faults"), HasSubstr("--model deepfreeze"));
  EXPECT_THAT(given(CostModelKind::kCalibrated, "--images"), HasSubstr("--activity ROOT"));
  EXPECT_THAT(with([](CostCommand& c) {
                c.request.instant = true;
                c.dump_graphs = "somewhere";
              }),
              HasSubstr("--dump-graphs"));
  EXPECT_THAT(with([](CostCommand& c) { c.design.bits = "9"; }), HasSubstr("give weight bits"));
  EXPECT_THAT(with([](CostCommand& c) { c.design.input_size = 7; }), HasSubstr("7"));
}

// Where an FFE has a highest rate, several may be built: the table says how many.
TEST(CostOutput, TablesOfModelsWithARateShowTheCopies) {
  const CostStudy deepfreeze = study_of(CostModelKind::kDeepFreeze, {0, 7}, {3.0, 8.0});
  ASSERT_GT(deepfreeze.points[3].ffe_copies, 1);
  const std::string text = cost_table(deepfreeze, false);
  EXPECT_THAT(text, HasSubstr(" FFEs"));
  EXPECT_THAT(text, HasSubstr(fmt::format("{:>8.4f}{:>5}", deepfreeze.points[3].ffe_area_mm2,
                                          deepfreeze.points[3].ffe_copies)));
  EXPECT_THAT(text, HasSubstr("copies of the FFE that share the work"));
  for (const std::string& line : lines_of(text)) EXPECT_LE(line.size(), 110u) << line;
  EXPECT_THAT(cost_table(study_of(CostModelKind::kPaper, {0, 7}, {3.0}), false),
              testing::Not(HasSubstr("FFEs")));
}

TEST(CostOutput, AnEarlyTapLeavesOutSmallerDefaults) {
  const TemporaryFolder folder;
  study_test::write_small_model(folder / "model.safetensors");
  CostCommand command;
  command.design.path = folder / "model.safetensors";
  command.request.model = CostModelKind::kPaper;
  command.request.used_layers = 7;
  const CostStudy study = run_cost_command(command);
  EXPECT_EQ(study.request.fixed_layers, (std::vector<int>{0, 7, 11, 14}));
}

}  // namespace
}  // namespace fixynn
