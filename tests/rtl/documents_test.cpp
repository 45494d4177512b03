// SPDX-License-Identifier: Apache-2.0
#include "rtl/documents.h"

#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/version.h"
#include "package_fixture.h"
#include "rtl/document_parts.h"

namespace fixynn {
namespace {

using test::output_of;
using test::random_ffe;
using test::RandomFfe;
using testing::HasSubstr;
using testing::Not;

/// Three layers by default, so that a tap can be after the first or the second one.
struct Package {
  RandomFfe random;
  FfeRtl ffe;
  std::vector<RtlFile> documents;

  explicit Package(int tap_layer, uint64_t seed = 7, Fold fold = Fold::kBurst, int layers = 3)
      : random(random_ffe(seed, {.layers = layers, .size = 12, .fold = static_cast<int>(fold)})),
        ffe(build_ffe(random.network, random.plan, {.tap_layer = tap_layer})),
        documents(document_files(ffe, true)) {}

  const std::string& text(const std::string& path) const {
    for (const RtlFile& file : documents) {
      if (file.path == path) return file.text;
    }
    throw std::logic_error("no file " + path);
  }
  std::vector<RtlFile> all() const {
    std::vector<RtlFile> files = verilog_files(ffe);
    for (const auto& more :
         {testbench_files(ffe), vector_files(ffe, random.network, random.images), documents})
      files.insert(files.end(), more.begin(), more.end());
    const ParameterFiles parameters =
        parameter_files(parameter_map(ffe), random.network, {"network", "network"});
    files.insert(files.end(), {parameters.hex, parameters.header});
    return files;
  }
};

std::set<std::string> paths_of(const std::vector<RtlFile>& files) {
  std::set<std::string> paths;
  for (const RtlFile& file : files) paths.insert(file.path);
  return paths;
}

TEST(Documents, AreThoseOfThePackageAndTheSameEachTime) {
  const Package package(0), again(0);
  EXPECT_THAT(paths_of(package.documents),
              testing::ElementsAre("Makefile", "README.md", "block_diagram.svg", "ffe_top.sdc",
                                   "fixynn_ffe.core", "register_map.md", "synth.ys"));
  for (size_t i = 0; i < package.documents.size(); ++i) {
    const RtlFile& file = package.documents[i];
    EXPECT_EQ(file.text, again.documents[i].text) << file.path;
    EXPECT_EQ(file.text.back(), '\n') << file.path;
    for (const char* place : {"/home/", "/tmp/", "/work/", "/root/"})
      EXPECT_THAT(file.text, Not(HasSubstr(place))) << file.path;
  }
}

TEST(Documents, ReadmeHasTheFiguresAndNamesOnlyFilesThatAreThere) {
  const Package package(1);
  const std::string& text = package.text("README.md");
  const FfeRtl& ffe = package.ffe;
  EXPECT_THAT(text, HasSubstr(ffe.weights_sha256));
  EXPECT_THAT(text, HasSubstr(fmt::format("{} clocks from the first pixel accepted",
                                          ffe.plan.latency_cycles() + kOutputCycles)));
  EXPECT_THAT(text, HasSubstr("a frame every 144 clocks"));
  EXPECT_THAT(text, HasSubstr("`tap_axis`"));
  EXPECT_THAT(Package(0).text("README.md"), Not(testing::AnyOf(HasSubstr("TAP_ON"), HasSubstr("tap_axis"))));
  std::set<std::string> paths = paths_of(package.all());
  paths.insert("manifest.json");
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, '`');) {
    const bool is_path = word.find_first_of(" {\n") == std::string::npos &&
                         (word.rfind("rtl/", 0) == 0 || word.rfind(".md") != std::string::npos);
    EXPECT_TRUE(!is_path || paths.contains(word)) << word;
  }
}

TEST(Documents, RegisterMapGivesTheAddressesOfTheParameters) {
  const Package package(2);
  const std::string& text = package.text("register_map.md");
  const std::vector<ParameterWrite> writes = parameter_writes(package.ffe, package.random.network);
  size_t next = 0;
  for (size_t i = 0; i < package.ffe.plan.convs.size(); ++i) {
    const Conv& conv = package.ffe.plan.convs[i].conv;
    const uint32_t first = writes.at(next).address;
    for (int c = 0; c < conv.out_channels; ++c) {
      EXPECT_EQ(writes.at(next++).address, parameter_address(package.ffe, i, c, false));
      EXPECT_EQ(writes.at(next++).address, parameter_address(package.ffe, i, c, true));
    }
    EXPECT_THAT(text, HasSubstr(fmt::format("| {} {} | {} | {} | 0x{:05X} | 0x{:05X} |", i, conv.name,
                                            conv.out_channels, package.ffe.shifts[i], first,
                                            writes.at(next - 1).address)));
  }
  EXPECT_EQ(next, writes.size());
  EXPECT_THAT(text, HasSubstr("| SHAPE | read | 0x0302000C: "));
  EXPECT_THAT(text, HasSubstr("MAIN_OFF = 1"));
  EXPECT_THAT(Package(0).text("register_map.md"), HasSubstr("there is no tap"));
}

TEST(Documents, RegisterMapNamesChannelsWhoseSumsAreNegated) {
  const Package package(0);
  const std::vector<ParameterWrite> writes = parameter_writes(package.ffe, package.random.network);
  size_t negated = 0, next = 0;
  for (size_t i = 0; i < package.ffe.plan.convs.size(); ++i) {
    std::string channels;
    const IntegerConv& conv = package.random.network.convs[i];
    for (size_t c = 0; c < conv.requantizers.size(); ++c, next += 2) {
      const auto written = static_cast<int16_t>(writes.at(next).data);
      if (written == conv.requantizers[c].multiplier) continue;
      channels += fmt::format("{}{}", channels.empty() ? "" : ", ", c);
      ++negated;
    }
    if (channels.empty()) continue;
    EXPECT_THAT(package.text("register_map.md"),
                HasSubstr(fmt::format("- {}: {}\n", conv.conv.name, channels)));
  }
  EXPECT_GT(negated, 0U) << "choose a seed with negated sums";
}

/// Every tag is closed in its order; the texts of text elements.
std::vector<std::string> svg_texts(const std::string& svg) {
  std::vector<std::string> open, texts;
  for (size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
    const size_t end = svg.find('>', at);
    if (end == std::string::npos) throw std::runtime_error("a tag without end");
    const std::string tag = svg.substr(at + 1, end - at - 1), name = tag.substr(0, tag.find(' '));
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) throw std::runtime_error("unexpected <" + tag + ">");
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
      if (name == "text") texts.push_back(svg.substr(end + 1, svg.find('<', end) - end - 1));
    }
  }
  if (!open.empty()) throw std::runtime_error("<" + open.back() + "> is not closed");
  return texts;
}

TEST(Documents, BlockDiagramShowsEveryPartOfThePlan) {
  Package package(2);
  package.ffe.network_name = "a<b>&c.safetensors";
  const std::vector<std::string> texts = svg_texts(block_diagram_svg(package.ffe));
  const auto shown = [&texts](const std::string& text) {
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& t) { return t.find(text) != std::string::npos; });
  };
  for (const ConvPlan& conv : package.ffe.plan.convs) {
    EXPECT_TRUE(shown(conv.conv.name));
    EXPECT_TRUE(shown(fmt::format("{} adders, {}-bit weights", conv.adders, conv.quant.weight_bits)));
    if (conv.line_buffer.rows > 0) {
      EXPECT_TRUE(shown(conv.conv.name + "_rows"));
      EXPECT_TRUE(shown(fmt::format("{} memory bits", conv.line_buffer.memory_bits())));
    }
  }
  for (const char* part :
       {"input_stage", "registers", "tap_stage", "output_stage", "Layer 2", "a&lt;b&gt;&amp;c"})
    EXPECT_TRUE(shown(part)) << part;
  EXPECT_THAT(texts, testing::Contains("&amp;"));  // both outputs' rooms make `go`
  EXPECT_THAT(svg_texts(Package(0).text("block_diagram.svg")),
              testing::AllOf(Not(testing::Contains("tap_axis")), Not(testing::Contains("&amp;"))));
}

TEST(Documents, FuseSocCoreNamesFilesOfThePackageAlone) {
  const Package package(1);
  const std::string& text = package.text("fixynn_ffe.core");
  ASSERT_EQ(text.rfind("CAPI=2:\n", 0), 0U);
  const YAML::Node core = YAML::Load(text.substr(text.find('\n')));
  const std::set<std::string> paths = paths_of(package.all());
  std::set<std::string> named;
  for (const auto& fileset : core["filesets"]) {
    for (const YAML::Node& file : fileset.second["files"]) {
      named.insert(file.IsMap() ? file.begin()->first.as<std::string>() : file.as<std::string>());
    }
  }
  for (const std::string& path : named) EXPECT_TRUE(paths.contains(path)) << path;
  for (const std::string& path : paths) {
    const bool needed = path.rfind("rtl/", 0) == 0 || path.rfind("vectors/", 0) == 0 ||
                        (path.rfind("tb/", 0) == 0 && path.ends_with(".h"));
    EXPECT_TRUE(!needed || named.contains(path)) << path;
  }
  for (const char* target : {"default", "lint", "sim", "sim_icarus", "synth"}) {
    ASSERT_TRUE(core["targets"][target]) << target;
    for (const YAML::Node& fileset : core["targets"][target]["filesets"])
      EXPECT_TRUE(core["filesets"][fileset.as<std::string>()]) << target;
  }
}

/// Without vectors nothing names them, and make says in one sentence why it cannot simulate.
TEST(Documents, WithoutVectorsNothingIsSimulated) {
  const Package package(1);
  std::filesystem::path folder = test::test_folder();
  const std::vector<RtlFile> documents = document_files(package.ffe, false);
  for (const auto& files : {verilog_files(package.ffe), testbench_files(package.ffe), documents})
    test::write_files(folder, files);
  const std::string text = read_text_file(folder / "fixynn_ffe.core");
  EXPECT_THAT(text, Not(HasSubstr("vectors/")));
  const YAML::Node core = YAML::Load(text.substr(text.find('\n')));
  for (const auto& target : core["targets"]) {
    for (const YAML::Node& fileset : target.second["filesets"])
      EXPECT_TRUE(core["filesets"][fileset.as<std::string>()]);
  }
  EXPECT_TRUE(core["targets"]["lint"] && core["targets"]["synth"]);
  EXPECT_FALSE(core["targets"]["sim"] || core["targets"]["sim_icarus"]);
  if (std::system("make -v > /dev/null 2>&1") != 0) return;  // NOLINT: no user input
  for (const char* target : {"sim", "sim-icarus"}) {
    const std::string log = output_of(folder, std::string("! make ") + target);
    EXPECT_THAT(log, testing::StartsWith("There is nothing to simulate with: ")) << target;
  }
  std::filesystem::remove_all(folder);
}

TEST(Documents, ParametersAreThoseOfTheNetworkAsTextAndForC) {
  const Package package(0);
  const ParameterFiles files =
      parameter_files(parameter_map(package.ffe), package.random.network, {"a*/ b.safetensors", "task"});
  const std::vector<ParameterWrite> writes = parameter_writes(package.ffe, package.random.network);
  EXPECT_EQ(files.writes, writes.size());
  EXPECT_TRUE(is_parameter_file(files.hex.text) && is_parameter_file(files.header.text));
  EXPECT_FALSE(is_parameter_file("#include <stdio.h>\n"));
  std::istringstream lines(files.hex.text);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line.rfind("// ", 0), 0U);
  EXPECT_THAT(line, HasSubstr("b.safetensors, SHA-256 " + files.digest));
  EXPECT_THAT(files.header.text, HasSubstr("b.safetensors, whose writes have the SHA-256 " + files.digest));
  for (const ParameterWrite& write : writes) {
    std::getline(lines, line);
    EXPECT_EQ(line, fmt::format("{:08x}{:08x}", write.address, write.data));
  }
  EXPECT_FALSE(std::getline(lines, line));
  if (std::system("cc --version > /dev/null 2>&1") != 0)  // NOLINT: no user input
    GTEST_SKIP() << "a C compiler is needed (Debian: apt install gcc)";
  const std::filesystem::path folder = test::test_folder();
  // Another task of the same hardware beside it.
  const IntegerNetwork other = with_other_batch_norm(package.random.network);
  const ParameterFiles others = parameter_files(parameter_map(package.ffe), other, {"other", "other"});
  EXPECT_NE(others.digest, files.digest);
  test::write_files(folder, {files.hex, files.header, {"other.h", others.header.text}});
  write_file_atomic(
      folder / "main.c",
      "#include \"parameters.h\"\n#include \"other.h\"\n#include \"parameters.h\"\n"
      "#include <stdio.h>\nint main(void) {\n"
      "  const struct ffe_parameter_write *task[2] = {task_parameters, other_parameters};\n"
      "  for (int i = 0; i < TASK_PARAMETER_WRITES + OTHER_PARAMETER_WRITES; i++) {\n"
      "    int t = i >= TASK_PARAMETER_WRITES, at = t ? i - TASK_PARAMETER_WRITES : i;\n"
      "    printf(\"%08x%08x\\n\", (unsigned)task[t][at].address, (unsigned)task[t][at].data);\n"
      "  }\n  return TASK_WEIGHTS_WORD != OTHER_WEIGHTS_WORD;\n}\n",
      false);
  output_of(folder, "cc -std=c99 -Wall -Wextra -Werror -pedantic -o main main.c");
  const auto data = [](const RtlFile& hex) { return hex.text.substr(hex.text.find('\n') + 1); };
  EXPECT_EQ(output_of(folder, "./main"), data(files.hex) + data(others.hex));
  // Two networks of one name: the second must not be left out in silence.
  const ParameterFiles twin = parameter_files(parameter_map(package.ffe), other, {"other", "task"});
  write_file_atomic(folder / "other.h", twin.header.text, false);
  EXPECT_THAT(output_of(folder, "! cc -std=c99 -fsyntax-only main.c 2>&1"),
              HasSubstr("Two networks have the name task"));
  std::filesystem::remove_all(folder);
}

TEST(Documents, PrefixesAreNamesInC) {
  for (const auto& [name, prefix] :
       {std::pair{"fixed_07.safetensors", "fixed_07"}, std::pair{"7 signs-v2.safetensors", "ffe_7_signs_v2"},
        std::pair{"_x.safetensors", "ffe__x"}, std::pair{"\xc3\xa4.safetensors", "ffe___"},
        std::pair{"", "ffe_"}}) {
    EXPECT_EQ(c_prefix(name), prefix);
    EXPECT_TRUE(is_c_prefix(c_prefix(name)));
  }
  for (const char* name : {"", "7", "_a", "a b", "a-b", "\xc3\xa4"}) EXPECT_FALSE(is_c_prefix(name)) << name;
}

TEST(Documents, ConstraintsNameEveryPortOnce) {
  const Package package(1);
  std::map<std::string, int> found;
  std::istringstream words(package.text("ffe_top.sdc"));
  for (std::string line; std::getline(words, line);) {
    if (line.rfind("set ffe_inputs", 0) != 0 && line.rfind("set ffe_outputs", 0) != 0) continue;
    const size_t open = line.find('{');
    std::istringstream ports(line.substr(open + 1, line.size() - open - 2));
    for (std::string port; ports >> port;) ++found[port];
  }
  const RtlModule& top = package.ffe.generated.back();
  for (const RtlPort& port : top.ports) {
    const std::string& name = top.nets[static_cast<size_t>(port.net)].name;
    EXPECT_EQ(found[name], name == "clk" ? 0 : 1) << name;
  }
  EXPECT_THAT(package.text("ffe_top.sdc"), HasSubstr("set FFE_CLOCK_MHZ 810"));
}

TEST(Documents, ManifestHasCountsLayersAndHashes) {
  const Package package(1, 9, Fold::kMean);
  const std::vector<RtlFile> files = package.all();
  const auto json = nlohmann::json::parse(manifest_json(package.ffe, files, {}));
  EXPECT_TRUE(json.at("verify").is_null());
  EXPECT_EQ(json.at("generator").at("version"), kVersion);
  EXPECT_EQ(json.at("options").at("fixed_layers"), 3);
  EXPECT_EQ(json.at("options").at("tap_layer"), 1);
  EXPECT_EQ(json.at("options").at("fold"), "mean");
  const RtlCounts& counts = package.ffe.counts;
  EXPECT_EQ(json.at("counts").at("adders"), counts.adders);
  EXPECT_EQ(json.at("counts").at("adder_bits"), counts.adder_bits);
  EXPECT_EQ(json.at("counts").at("register_bits"), counts.register_bits);
  EXPECT_EQ(json.at("counts").at("memory_bits"), counts.memory_bits);
  EXPECT_EQ(json.at("counts").at("multipliers"), counts.multipliers);
  EXPECT_EQ(json.at("initiation_interval_cycles"), package.ffe.plan.frame_cycles());
  EXPECT_EQ(json.at("layers").size(), 5U);
  int64_t adders = 0;
  for (const auto& layer : json.at("layers")) adders += layer.at("adders").get<int64_t>();
  EXPECT_EQ(adders, counts.adders);
  ASSERT_EQ(json.at("files").size(), files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string& text = files[i].text;
    EXPECT_EQ(json.at("files")[i].at("path"), files[i].path);
    EXPECT_EQ(json.at("files")[i].at("sha256"),
              sha256({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  }
}

TEST(Documents, ManifestSaysWhatWasVerified) {
  const Package package(0);
  VerifyReport report;
  report.simulator_version = "Verilator 5.006";
  report.images = 3;
  report.frames = 4;
  report.values_compared = 12345;
  report.build_s = 1.25;
  auto json = nlohmann::json::parse(manifest_json(package.ffe, package.all(), report));
  EXPECT_EQ(json.at("verify").at("images"), 3);
  EXPECT_EQ(json.at("verify").at("frames"), 4);
  EXPECT_EQ(json.at("verify").at("passes"), 2);
  EXPECT_EQ(json.at("verify").at("values_compared"), 12345);
  EXPECT_TRUE(json.at("verify").at("frame_interval_cycles").is_null());
  EXPECT_EQ(json.at("verify").at("mismatches"), 0);
  EXPECT_TRUE(json.at("verify").at("first_mismatch").is_null());
  // How long it took is no fact of the package: equal inputs give equal bytes.
  VerifyReport later = report;
  later.build_s = later.simulate_s = 77;
  EXPECT_EQ(manifest_json(package.ffe, package.all(), report),
            manifest_json(package.ffe, package.all(), later));
}

TEST(Documents, MakefileLintsTheDesignAndNoticesWarnings) {
  FIXYNN_NEEDS_VERILATOR();
  FIXYNN_NEEDS_ICARUS();
  if (std::system("yosys -V > /dev/null 2>&1 && make -v > /dev/null 2>&1") != 0)  // NOLINT: no user input
    GTEST_SKIP() << "Yosys and make are needed (Debian: apt install yosys make)";
  const Package package(1);
  const std::filesystem::path folder = test::test_folder();
  test::write_files(folder, package.all());
  output_of(folder, "make lint");
  // Each tool alone must stop at what it warns of.
  const std::string gate = read_text_file(folder / "rtl" / "ffe_gate.v");
  write_file_atomic(folder / "rtl" / "ffe_gate.v",
                    gate.substr(0, gate.rfind("endmodule")) + "  assign misspelt = in_valid;\nendmodule\n");
  output_of(folder, "! make lint IVERILOG=true YOSYS=true");
  output_of(folder, "! make lint VERILATOR=true YOSYS=true");
  output_of(folder, "! make lint VERILATOR=true IVERILOG=true");
  output_of(folder, "make clean && test ! -e build");
  std::filesystem::remove_all(folder);
}

TEST(Documents, YosysScriptKeepsMemoriesAsBlackBoxes) {
  if (std::system("yosys -V > /dev/null 2>&1") != 0)  // NOLINT: no user input
    GTEST_SKIP() << "Yosys is needed (Debian: apt install yosys)";
  const Package package(0, 7, Fold::kBurst, 1);
  const std::filesystem::path folder = test::test_folder();
  test::write_files(folder, package.all());
  const std::string log = output_of(folder, "make synth");
  EXPECT_THAT(log, HasSubstr("All modules together"));
  EXPECT_THAT(log, HasSubstr("Number of memories:               0"));
  // Two memories of the line buffer, and the output FIFO.
  EXPECT_THAT(log, testing::ContainsRegex("ffe_row_memory  *3"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fixynn
