// SPDX-License-Identifier: Apache-2.0
// Somebody who presses everything at random, while runs grow and vanish: nothing falls over, and the design
// stays one that can be built. FIXYNN_MONKEY_STEPS and FIXYNN_MONKEY_SEED make it longer, or another one.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <random>

#include "gui/app_rig.h"
#include "gui/ui/imgui_compat.h"
#include "gui_model/session_fixture.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

class Monkey : public testing::Test {
 protected:
  void SetUp() override {
    // Programs are looked for in PATH: without it, jobs fail instead of training something.
    path_ = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
    const fs::path empty = folder_.path() / "no_programs";
    fs::create_directories(empty);
    ::setenv("PATH", empty.c_str(), 1);
    start_folder_ = fs::current_path();
    fs::current_path(folder_.path());
    SessionOptions options;
    options.exact_costs = false;
    options.export_folder = folder_.path() / "exports";
    options.session_file = folder_.path() / "session.json";
    options.run_store.poll_seconds = 0.02;
    NullPlatformOptions platform = rig_platform();
    if (fs::exists(kPlainFace)) platform.fonts.only_face = kPlainFace;
    platform.frozen = false;
    rig_ = std::make_unique<AppRig>(options, platform);
    RunOnDisk signs;
    signs.losses = true;
    write_run(signs, folder_.path() / "runs" / "signs");
    grow();
    rig_->session().apply(OpenPath{folder_.path() / "runs"});
    rig_->driver.until([&] { return rig_->session().runs().size() == 2; }, 10);
    ASSERT_TRUE(rig_->settles());
  }
  void TearDown() override {
    rig_.reset();
    fs::current_path(start_folder_);
    ::setenv("PATH", path_.c_str(), 1);
  }

  /// 0..below-1. Not a distribution of the library: these differ from one to another.
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  float fraction() { return static_cast<float>(pick(1001)) / 1000; }
  void note(std::string step) {
    steps_.push_back(std::move(step));
    if (steps_.size() > 40) steps_.pop_front();
  }
  std::string last_steps() const {
    std::string text;
    for (const std::string& step : steps_) text += "\n  " + step;
    return text;
  }

  // Hands.
  void move(ImVec2 to) {
    compat::set_mouse_position(ImGui::GetIO(), to);
    rig_->driver.step();
  }
  void button(int which, bool down) {
    compat::set_mouse_button(ImGui::GetIO(), which, down);
    rig_->driver.step();
  }
  void modifiers(bool ctrl, bool shift) {
    ImGuiIO& io = ImGui::GetIO();
    compat::set_key(io, kKeyLeftControl, ctrl);
    compat::set_key(io, kKeyLeftShift, shift);
    compat::set_modifiers(io, ctrl, shift, false);
  }
  /// A widget that can be reached, and a place in it.
  std::optional<ImVec2> aim(std::string& name);

  void step(int number);
  void press();
  void drag();
  void wheel();
  void type();
  void key();
  void change_window();
  void grow();
  void change_runs();
  void stay_at_home();
  void check();

  const TestFolder folder_;
  std::string path_;
  fs::path start_folder_;
  std::mt19937 random_{static_cast<unsigned>(from_environment("FIXYNN_MONKEY_SEED", 1))};
  std::unique_ptr<AppRig> rig_;
  std::deque<std::string> steps_;
  int grown_ = 0;
};

std::optional<ImVec2> Monkey::aim(std::string& name) {
  std::vector<const std::pair<const std::string, Mark>*> found;
  for (const auto& entry : rig_->driver.ui().marks)
    if (entry.second.visible && (entry.second.enabled || pick(8) == 0)) found.push_back(&entry);
  if (found.empty()) return std::nullopt;
  const auto& [chosen, mark] = *found[static_cast<size_t>(pick(static_cast<int>(found.size())))];
  name = chosen;
  const bool middle = pick(3) != 0;
  const float across = middle ? 0.5f : fraction(), down = middle ? 0.5f : fraction();
  return ImVec2(mark.left + (mark.right - mark.left) * across, mark.top + (mark.bottom - mark.top) * down);
}

void Monkey::press() {
  std::string name;
  const std::optional<ImVec2> at = aim(name);
  if (!at) return;
  const int which = pick(6) == 0 ? 1 : 0, clicks = pick(6) == 0 ? 2 : 1;
  const bool ctrl = pick(10) == 0, shift = pick(10) == 0;
  note(fmt::format("press {} button {} x {}{}{}", name, which, clicks, ctrl ? " Ctrl" : "",
                   shift ? " Shift" : ""));
  move(*at);
  modifiers(ctrl, shift);
  for (int i = 0; i < clicks; ++i) {
    button(which, true);
    button(which, false);
  }
  modifiers(false, false);
}

void Monkey::drag() {
  std::string name;
  const std::optional<ImVec2> at = aim(name);
  if (!at) return;
  const ImVec2 by(static_cast<float>(pick(401) - 200), static_cast<float>(pick(301) - 150));
  const int which = pick(4) == 0 ? 1 : 0;
  note(fmt::format("drag {} by ({}, {}) button {}", name, by.x, by.y, which));
  move(*at);
  button(which, true);
  for (int i = 1; i <= 3; ++i)
    move(ImVec2(at->x + by.x * static_cast<float>(i) / 3, at->y + by.y * static_cast<float>(i) / 3));
  button(which, false);
}

void Monkey::wheel() {
  std::string name;
  const std::optional<ImVec2> at = aim(name);
  if (!at) return;
  note("wheel over " + name);
  move(*at);
  modifiers(pick(4) == 0, pick(4) == 0);
  compat::add_wheel(ImGui::GetIO(), static_cast<float>(pick(9) - 4));
  rig_->driver.step();
  modifiers(false, false);
}

void Monkey::type() {
  static constexpr std::array<const char*, 9> kTexts = {"6",
                                                        "-3",
                                                        "1e9",
                                                        "signs",
                                                        "train.epochs=3",
                                                        "\xc2\xb5m \xe6\xbc\xa2",
                                                        "nan",
                                                        "",
                                                        "99999999999999999999"};
  const std::string text = kTexts[static_cast<size_t>(pick(kTexts.size()))];
  note("type " + text);
  if (pick(2) == 0) rig_->driver.key("Ctrl+A");
  rig_->driver.type(text);
  static constexpr std::array<const char*, 5> kEnds = {"Return", "Tab", "Escape", "Backspace", "Down"};
  rig_->driver.key(kEnds[static_cast<size_t>(pick(kEnds.size()))]);
}

void Monkey::key() {
  static constexpr std::array<const char*, 14> kPlain = {"Escape", "Return", "Tab",      "Shift+Tab", "Space",
                                                         "Up",     "Down",   "Left",     "Right",     "F6",
                                                         "Delete", "Home",   "PageDown", "Ctrl+V"};
  std::string chord = kPlain[static_cast<size_t>(pick(kPlain.size()))];
  if (pick(2) == 0) {
    const Command& command =
        rig_->app.commands[static_cast<size_t>(pick(static_cast<int>(rig_->app.commands.size())))];
    chord = command.keys.substr(0, command.keys.find(' '));
    if (chord.empty() || command.id == "file.quit") return;
  }
  note("key " + chord);
  rig_->driver.key(chord);
}

void Monkey::change_window() {
  static constexpr std::array<std::pair<int, int>, 7> kSizes = {
      {{1280, 800}, {800, 500}, {1600, 1000}, {320, 200}, {1180, 560}, {2560, 1440}, {700, 1400}}};
  const auto [width, height] = kSizes[static_cast<size_t>(pick(kSizes.size()))];
  note(fmt::format("window {} x {}", width, height));
  rig_->driver.platform().set_size(width, height);
  if (pick(6) == 0) {
    Settings settings = rig_->session().settings();
    settings.ui_scale = 0.5 + 0.5 * pick(6);
    settings.light = pick(2) == 0;
    note(fmt::format("scale {}", settings.ui_scale));
    rig_->session().apply(ChangeSettings{settings});
  }
  rig_->driver.step();
}

/// One more point and some lines of training of a run that is being trained.
void Monkey::grow() {
  const fs::path root = folder_.path() / "runs" / "live";
  RunOnDisk run;
  run.name = "live";
  run.weights = false;
  run.losses = true;
  if (!fs::exists(root / "config.yaml")) {
    run.fixed_layers = {0};
    write_run(run, root);
    grown_ = 0;
    return;
  }
  if (grown_ >= MobileNet::kLayers) return;
  const RunDirectory directory(root);
  write_training(run, directory, ++grown_, 1);
  directory.append_point(made_up_point(run, grown_, 1));
  RunStatus status;
  status.state = "training";
  status.progress = grown_ / 14.0;
  directory.write_status(status);
}

void Monkey::change_runs() {
  const fs::path runs = folder_.path() / "runs";
  switch (pick(6)) {
    case 0:
      note("live vanishes");
      fs::remove_all(runs / "live");
      break;
    case 1:
      note("half a line");
      append_text(runs / "live" / "points.jsonl", "{\"fixed_la");
      break;
    case 2:
      note("garbage");
      append_text(runs / "live" / "metrics.jsonl", std::string("\0\xff\n[]\n{}\n", 9));
      break;
    case 3:
      note("opened again");
      rig_->session().apply(OpenPath{runs});
      break;
    default:
      note("live grows");
      grow();
  }
  rig_->driver.step(2);
}

/// The dialog that opens files could be led to folders of this machine.
void Monkey::stay_at_home() {
  const OpenDialog::Kind kind = rig_->session().dialog().kind;
  if (kind != OpenDialog::Kind::kOpen) return;
  const std::string& query = rig_->app.state.dialog.query;
  if (query.starts_with(folder_.path().string() + "/")) return;
  note("back from " + query);
  rig_->session().apply(OpenDialog{OpenDialog::Kind::kNone, 0, ""});
  rig_->driver.step(2);
}

void Monkey::check() {
  const Session& session = rig_->session();
  const Design& design = session.design();
  ASSERT_GE(design.fixed_layers, 0);
  ASSERT_LE(design.fixed_layers, MobileNet::kLayers);
  ASSERT_GE(design.area_mm2, kLeastAreaMm2);
  ASSERT_LE(design.area_mm2, kMostDesignAreaMm2);
  for (const ConvQuant& quant : design.bits) {
    ASSERT_GE(std::min(quant.weight_bits, quant.activation_bits), kMinBits);
    ASSERT_LE(std::max(quant.weight_bits, quant.activation_bits), kMaxBits);
  }
  if (design.tap_layer) {
    ASSERT_GE(*design.tap_layer, 1);
    ASSERT_LT(*design.tap_layer, design.fixed_layers);
  }
  ASSERT_EQ(session.costs().design, design);
  ASSERT_EQ(session.costs().layers.size(), static_cast<size_t>(MobileNet::kLayers));
  ASSERT_LE(session.pins().size(), kMostPins);
  ASSERT_GE(session.settings().ui_scale, 0.5);
  ASSERT_LE(session.settings().ui_scale, 3);
  for (const int layer : session.selected_layers()) ASSERT_TRUE(layer >= 0 && layer < MobileNet::kLayers);
  ASSERT_TRUE(session.runs().empty() || session.active_run() != nullptr);
  for (const auto& [name, mark] : rig_->driver.ui().marks)
    ASSERT_TRUE(std::isfinite(mark.left) && std::isfinite(mark.bottom)) << name;
}

void Monkey::step(int number) {
  stay_at_home();
  const int what = pick(100);
  if (what < 45) {
    press();
  } else if (what < 60) {
    drag();
  } else if (what < 70) {
    wheel();
  } else if (what < 78) {
    type();
  } else if (what < 92) {
    key();
  } else if (what < 96) {
    change_window();
  } else {
    change_runs();
  }
  // Dialogs hide everything else: left after a while, as a person does.
  if (number % 12 == 0) rig_->driver.key("Escape");
  rig_->follow_settings();
  rig_->driver.step();
  if (number % 10 != 0) return;
  const Design before = rig_->design();
  if (!rig_->session().history().can_undo()) return;
  rig_->session().apply(Undo{});
  ASSERT_NE(rig_->design(), before) << "an undo that does nothing";
  rig_->session().apply(Redo{});
  ASSERT_EQ(rig_->design(), before) << "redo is not the way back";
}

TEST_F(Monkey, NothingFallsOver) {
  const int steps = from_environment("FIXYNN_MONKEY_STEPS", 1500);
  for (int number = 1; number <= steps; ++number) {
    try {
      ASSERT_NO_FATAL_FAILURE(step(number)) << "step " << number << " of" << last_steps();
    } catch (const std::exception& problem) {
      FAIL() << problem.what() << " in step " << number << " of" << last_steps();
    }
    ASSERT_NO_FATAL_FAILURE(check()) << "step " << number << " of" << last_steps();
  }
}

/// Found by the monkey: ImGui kept the undo steps of a field whose text was thrown away with its dialog.
TEST_F(Monkey, AFieldThatIsOpenedAgainUndoesNothingOfBefore) {
  Driver& driver = rig_->driver;
  for (int i = 0; i < 3; ++i) {
    driver.key("F1");
    driver.click("keys.query");
    for (int undo = 0; undo < 4; ++undo) driver.key("Ctrl+Z");
    EXPECT_EQ(rig_->app.state.dialog.query, "");
    driver.type("a long search");
    driver.key("Ctrl+A");
    driver.type("x");
    for (int undo = 0; undo < 2; ++undo) driver.key("Ctrl+Z");
    EXPECT_EQ(rig_->app.state.dialog.query, "a long search") << "while it is open, it does undo";
    driver.key("Ctrl+A");
    driver.type("yz");
    driver.key("Escape");
    driver.key("Escape");
    EXPECT_EQ(rig_->session().dialog().kind, OpenDialog::Kind::kNone);
  }
}

}  // namespace
}  // namespace fixynn::gui
