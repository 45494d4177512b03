// SPDX-License-Identifier: Apache-2.0
// From a finished sweep to verified Verilog, as a user goes: by widgets, and with the real programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/child_process.h"
#include "core/files.h"
#include "gui/app_rig.h"
#include "gui_model/model_fixture.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path == nullptr ? "" : path;
}

/// What the user does with a run.
struct Flow {
  fs::path run;
  int fixed_layers = 2;     ///< has a point in the run
  size_t point = 1;         ///< which of the run's points that is
  int first = 0, last = 1;  /// layers that get 6 bits
  double wait_s = 60;       ///< for the training, and for the simulation
};

class FlowTest : public testing::Test {
 protected:
  void SetUp() override {
    if (find_program("verilator", search_path()).empty())
      GTEST_SKIP() << "verilator is not in PATH: the Verilog cannot be simulated";
  }

  void run_program(std::vector<std::string> words) const {
    words.front() = find_program(words.front(), search_path());
    ASSERT_FALSE(words.front().empty()) << "fixynn's programs are not in PATH";
    const fs::path log = folder_.path() / "program.log";
    const ChildResult result = run_child({.words = words, .folder = folder_.path(), .log = log});
    ASSERT_TRUE(result.succeeded()) << read_text_file(log);
  }

  SessionOptions options() const {
    SessionOptions options;
    options.exact_costs = false;
    options.export_folder = folder_.path();
    options.run_store.poll_seconds = 0.1;
    return options;
  }

  /// A small sweep over drawn signs, untrained to speak of.
  fs::path sweep_signs() const {
    const fs::path signs = folder_.path() / "signs", config = folder_.path() / "flow.yaml";
    run_program({"fixynn-data", "synth-signs", signs.string(), "--size", "32", "--train-per-class", "6",
                 "--test-per-class", "2", "--frames-per-track", "2"});
    write_text(config, fmt::format("name: flow\n"
                                   "data: {{kind: gtsrb, root: {}, label: synth-signs, size: 32}}\n"
                                   "model: {{pretrained: none}}\n"
                                   "fixed_layers: [0, 2]\n"
                                   "train: {{epochs: 1, batch_size: 32, warmup_epochs: 0, "
                                   "reestimate_images: 64}}\n",
                                   signs.string()));
    run_program({"fixynn-train", config.string(), "--run-dir", (folder_.path() / "run").string()});
    return folder_.path() / "run";
  }

  /// A finished sweep over GTSRB that the environment names, as a copy; "" when it names none.
  fs::path gtsrb_run() const {
    const char* finished = std::getenv("FIXYNN_GTSRB_RUN");
    const char* data = std::getenv("FIXYNN_DATA");
    const fs::path copy = folder_.path() / "run";
    if (finished != nullptr) {
      fs::copy(finished, copy, fs::copy_options::recursive);
      return copy;
    }
    if (data == nullptr || !fs::is_directory(fs::path(data) / "GTSRB" / "Final_Training")) return "";
    run_program({"fixynn-train", std::string(FIXYNN_SOURCE_DIR) + "/configs/gtsr.yaml", "--run-dir",
                 copy.string(), "--set", "data.root=" + (fs::path(data) / "GTSRB").string(), "--set",
                 "data.size=32", "--set", "model.pretrained=none", "--set", "train.epochs=1", "--set",
                 "train.warmup_epochs=0", "--set", "fixed_layers=[0, 7]"});
    return copy;
  }

  void walk(const Flow& flow);
  void open_run(const Flow& flow);
  void choose_point(const Flow& flow);
  void give_six_bits(const Flow& flow);
  void evaluate(const Flow& flow);
  void export_design(const Flow& flow);
  void check_package(const Flow& flow, const fs::path& package) const;

  const TestFolder folder_;
  std::unique_ptr<AppRig> rig_;
};

void FlowTest::open_run(const Flow& flow) {
  Driver& driver = rig_->driver;
  driver.key("Ctrl+O");
  driver.key("Ctrl+A");
  driver.type(flow.run.string());
  driver.click("open.open");
  ASSERT_TRUE(driver.until([&] { return !rig_->session().runs().empty(); }, 10));
  ASSERT_TRUE(rig_->settles());
  const OpenRun* open = rig_->session().active_run();
  ASSERT_NE(open, nullptr);
  EXPECT_EQ(open->run->root, flow.run);
  EXPECT_EQ(open->run->state, RunState::kFinished) << open->run->message;
  EXPECT_EQ(open->basis_error, "");
}

void FlowTest::choose_point(const Flow& flow) {
  Driver& driver = rig_->driver;
  // Away from the point first, so that the click has something to do.
  driver.click_at("design.fixed_layers", 0.99f, 0.5f);
  ASSERT_EQ(rig_->design().fixed_layers, 14);
  driver.click(fmt::format("trade_off.point.{}.{}", rig_->session().active_run()->run->title, flow.point));
  ASSERT_EQ(rig_->design().fixed_layers, flow.fixed_layers);
  EXPECT_FALSE(rig_->session().accuracy().stale);
  EXPECT_TRUE(driver.find("inspector.export").enabled) << rig_->session().export_fault();
}

void FlowTest::give_six_bits(const Flow& flow) {
  Driver& driver = rig_->driver;
  driver.click(fmt::format("layers.{}.name", flow.first));
  driver.shift_click(fmt::format("layers.{}.name", flow.last));
  ASSERT_EQ(rig_->session().selected_layers().size(), static_cast<size_t>(flow.last - flow.first + 1));
  // The frame that changes the design has its costs and the state of its accuracy.
  Design last = rig_->design();
  double area = rig_->session().costs().ffe().area_mm2;
  int changes = 0;
  rig_->after_frame = [&] {
    const Session& session = rig_->session();
    if (session.design() == last) return;
    EXPECT_EQ(session.costs().design, session.design());
    EXPECT_LT(session.costs().ffe().area_mm2, area) << "fewer bits are a smaller extractor";
    EXPECT_TRUE(session.accuracy().stale);
    last = session.design();
    area = session.costs().ffe().area_mm2;
    ++changes;
  };
  const std::string cell = fmt::format("layers.{}.weight_bits", flow.first);
  driver.double_click(cell);
  driver.key("Ctrl+A");
  driver.type("6");
  driver.key("Return");
  rig_->after_frame = nullptr;
  EXPECT_EQ(changes, 1);
  for (int layer = 0; layer < MobileNet::kLayers; ++layer)
    EXPECT_EQ(rig_->design().bits[static_cast<size_t>(layer)].weight_bits,
              layer >= flow.first && layer <= flow.last ? 6 : 8)
        << layer;
  EXPECT_FALSE(driver.find("inspector.export").enabled);
  EXPECT_THAT(rig_->session().export_fault(), HasSubstr("evaluate it first"));
}

void FlowTest::evaluate(const Flow& flow) {
  Driver& driver = rig_->driver;
  const Session& session = rig_->session();
  ASSERT_TRUE(driver.find("inspector.evaluate").enabled) << session.evaluate_fault();
  driver.click("inspector.evaluate");
  ASSERT_TRUE(driver.until([&] { return !session.jobs().empty(); }, 10));
  EXPECT_TRUE(driver.until([&] { return session.jobs().front()->state != JobState::kRunning; }, flow.wait_s));
  ASSERT_EQ(session.jobs().front()->state, JobState::kDone) << session.jobs().front()->message;
  ASSERT_TRUE(driver.until([&] { return !session.accuracy().stale; }, 10)) << session.accuracy().note;
  ASSERT_TRUE(session.accuracy().point);
  const MeasuredPoint& point = *session.accuracy().point;
  EXPECT_EQ(point.run->root.parent_path(), flow.run / "designs");
  EXPECT_EQ(point.row.fixed_layers, flow.fixed_layers);
  EXPECT_TRUE(same_bits(point.bits, rig_->design().bits, flow.fixed_layers));
  EXPECT_TRUE(session.accuracy().drop) << "N = 0 of the sweep is what it is compared with";
  EXPECT_EQ(session.active_run()->run->root, flow.run) << "an evaluation does not push its run aside";
  ASSERT_EQ(session.runs().size(), 2u);
  EXPECT_EQ(session.runs().back().parent, session.runs().front().run->id);
}

void FlowTest::export_design(const Flow& flow) {
  Driver& driver = rig_->driver;
  const Session& session = rig_->session();
  ASSERT_TRUE(driver.find("inspector.export").enabled) << session.export_fault();
  driver.click("inspector.export");
  ASSERT_TRUE(driver.until([&] { return session.jobs().size() == 2; }, 10));
  const int id = session.jobs().back()->id;
  EXPECT_TRUE(driver.until([&] { return !session.jobs().back()->is_active(); }, flow.wait_s));
  ASSERT_EQ(session.jobs().back()->state, JobState::kDone) << session.jobs().back()->message;
  ASSERT_TRUE(driver.until([&] { return !session.job_result(id).empty(); }, 10));
  EXPECT_THAT(session.job_result(id),
              AllOf(StartsWith("Verilog verified on 2 images"), HasSubstr(", 0 different")));
  EXPECT_FALSE(session.messages().back().failure) << session.messages().back().text;
  check_package(flow, *session.jobs().back()->spec.result);
}

void FlowTest::check_package(const Flow& flow, const fs::path& package) const {
  EXPECT_TRUE(fs::is_directory(package / "verilog" / "rtl"));
  EXPECT_TRUE(fs::is_regular_file(package / "report" / "report.html"));
  const auto manifest = nlohmann::json::parse(read_text_file(package / "verilog" / "manifest.json"));
  EXPECT_EQ(manifest.at("options").at("fixed_layers"), flow.fixed_layers);
  EXPECT_EQ(manifest.at("verify").at("mismatches"), 0);
  EXPECT_GT(manifest.at("verify").at("values_compared"), 0);
  EXPECT_EQ(manifest.at("layers").size(), static_cast<size_t>(MobileNet::convs_in_layers(flow.fixed_layers)));
  for (const auto& layer : manifest.at("layers")) {
    const size_t index = layer.at("layer").get<size_t>();
    EXPECT_EQ(layer.at("weight_bits"), rig_->design().bits[index].weight_bits) << layer.at("name");
  }
  const auto design = nlohmann::json::parse(read_text_file(package / "design.json"));
  EXPECT_EQ(design.at("layers").size(), static_cast<size_t>(flow.fixed_layers));
  EXPECT_EQ(design.at("layers").at(static_cast<size_t>(flow.first)).at("weight_bits"), 6);
}

void FlowTest::walk(const Flow& flow) {
  rig_ = std::make_unique<AppRig>(options());
  for (void (FlowTest::*step)(const Flow&) :
       {&FlowTest::open_run, &FlowTest::choose_point, &FlowTest::give_six_bits, &FlowTest::evaluate,
        &FlowTest::export_design}) {
    ASSERT_NO_FATAL_FAILURE((this->*step)(flow));
  }
  for (const Message& message : rig_->session().messages()) EXPECT_FALSE(message.failure) << message.text;
}

TEST_F(FlowTest, FromASweepOfGeneratedSignsToVerifiedVerilog) {
  const fs::path run = sweep_signs();
  if (HasFatalFailure()) return;
  walk({.run = run, .fixed_layers = 2, .point = 1, .first = 0, .last = 1, .wait_s = 240});
}

TEST_F(FlowTest, FromASweepOfRealTrafficSignsToVerifiedVerilog) {
  const fs::path run = gtsrb_run();
  if (HasFatalFailure()) return;
  if (run.empty())
    GTEST_SKIP()
        << "neither FIXYNN_GTSRB_RUN names a finished sweep over GTSRB nor FIXYNN_DATA a folder with "
           "GTSRB/Final_Training";
  const std::string config = read_text_file(run / "config.yaml");
  const size_t point = config.find("[0, 7]") != std::string::npos ? 1 : 2;
  walk({.run = run,

        .fixed_layers = 7,
        .point = point,
        .first = 5,
        .last = 7,
        .wait_s = 2400});
}

}  // namespace
}  // namespace fixynn::gui
