// SPDX-License-Identifier: Apache-2.0
// Key screens against the pictures in golden/, and the layout rules at many sizes and scales.
//   FIXYNN_UPDATE_GOLDEN=1 test_gui --gtest_filter='Golden*'   writes the pictures anew
#include <gtest/gtest.h>
#include <png.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "gui/app_rig.h"
#include "gui_model/session_fixture.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;

constexpr double kMostDiffering = 0.002;  ///< share of pixels
constexpr int kTolerance = 16;            ///< of a channel: colours that are not among the picture's 256

int difference(ImU32 a, ImU32 b) {
  int most = 0;
  for (int shift = 0; shift < 24; shift += 8)
    most = std::max(most, std::abs(static_cast<int>(a >> shift & 255) - static_cast<int>(b >> shift & 255)));
  return most;
}

/// 256 colours so that every one of the picture is near one of them: the most frequent ones, which are flat
/// areas, then always the one that is farthest from those chosen.
std::vector<ImU32> make_palette(const std::map<ImU32, size_t>& counts) {
  constexpr size_t kMost = 256, kFrequent = 128;
  std::vector<std::pair<size_t, ImU32>> colours;
  for (const auto& [colour, count] : counts) colours.emplace_back(count, colour);
  std::sort(colours.rbegin(), colours.rend());
  std::vector<ImU32> palette;
  std::vector<int> distances(colours.size(), 256);
  while (palette.size() < std::min(kMost, colours.size())) {
    const size_t next =
        palette.size() < kFrequent
            ? palette.size()
            : static_cast<size_t>(std::max_element(distances.begin(), distances.end()) - distances.begin());
    palette.push_back(colours[next].second);
    for (size_t i = 0; i < colours.size(); ++i)
      distances[i] = std::min(distances[i], difference(colours[i].second, palette.back()));
  }
  return palette;
}

/// A third of the size of one with all colours.
void write_small_png(const Picture& picture, const fs::path& path) {
  std::map<ImU32, size_t> counts;
  for (const ImU32 pixel : picture.pixels) ++counts[pixel];
  const std::vector<ImU32> colours = make_palette(counts);
  std::map<ImU32, uint8_t> nearest;
  for (const auto& [colour, count] : counts) {
    const auto best =
        std::min_element(colours.begin(), colours.end(), [wanted = colour](const ImU32 a, const ImU32 b) {
          return difference(a, wanted) < difference(b, wanted);
        });
    nearest[colour] = static_cast<uint8_t>(best - colours.begin());
  }
  std::vector<uint8_t> indices, palette;
  for (const ImU32 pixel : picture.pixels) indices.push_back(nearest[pixel]);
  for (const ImU32 colour : colours)
    for (int shift = 0; shift < 24; shift += 8) palette.push_back(static_cast<uint8_t>(colour >> shift));
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_RGB_COLORMAP;
  image.colormap_entries = static_cast<png_uint_32>(colours.size());
  ASSERT_TRUE(png_image_write_to_file(&image, path.c_str(), 0, indices.data(), 0, palette.data()))
      << path << ": " << image.message;
}

/// The workbench with two finished runs of made-up figures.
class Screens : public testing::Test {
 protected:
  static SessionOptions options() {
    SessionOptions options;
    options.exact_costs = false;
    options.run_store.poll_seconds = 0.02;
    return options;
  }

  void open(const NullPlatformOptions& platform) {
    rig_ = std::make_unique<AppRig>(options(), platform);
    RunOnDisk signs, coarse;
    signs.seeds = {1, 2};
    coarse.name = "coarse";
    coarse.weight_bits = 6;
    for (const RunOnDisk& run : {coarse, signs}) {
      rig_->session().apply(OpenPath{write_run(run, folder_.path() / run.name)});
      ASSERT_TRUE(rig_->driver.until(
          [&] {
            const OpenRun* active = rig_->session().active_run();
            return active != nullptr && active->run->root.filename() == run.name && active->basis;
          },
          20));
    }
    ASSERT_TRUE(rig_->settles());
  }

  void give(const Action& action) { rig_->session().apply(action); }

  const TestFolder folder_;
  std::unique_ptr<AppRig> rig_;
};

class Golden : public Screens {
 protected:
  void SetUp() override {
    if (!fs::exists(kPlainFace))
      GTEST_SKIP() << kPlainFace << " is not there: letters would be others than the pictures'";
  }

  void open_screen(ThemeName theme, int width = 1280, int height = 800) {
    NullPlatformOptions platform = rig_platform(width, height);
    platform.fonts.only_face = kPlainFace;
    open(platform);
    Settings settings = rig_->session().settings();
    settings.light = theme == ThemeName::kLight;
    give(ChangeSettings{settings});
    rig_->follow_settings();
  }

  void expect_picture(const std::string& name) {
    rig_->driver.move_away();
    rig_->driver.step(3);
    const Picture drawn = rig_->driver.screenshot();
    const fs::path golden = fs::path(FIXYNN_SOURCE_DIR) / "tests/gui/golden" / (name + ".png");
    if (const char* update = std::getenv("FIXYNN_UPDATE_GOLDEN"); update != nullptr && *update == '1') {
      write_small_png(drawn, golden);
      return;
    }
    ASSERT_TRUE(fs::exists(golden)) << golden << " is missing: FIXYNN_UPDATE_GOLDEN=1 writes it";
    const double share = differing_share(drawn, read_picture(golden), kTolerance);
    if (share <= kMostDiffering) return;
    const fs::path seen = fs::path(FIXYNN_BINARY_DIR) / "tests/gui" / (name + ".png");
    write_png(drawn, seen);
    ADD_FAILURE() << 100 * share << " % of the pixels differ from " << golden << "; what was drawn is in "
                  << seen << ", and FIXYNN_UPDATE_GOLDEN=1 accepts it";
  }
};

TEST_F(Golden, TradeOffDark) {
  open_screen(ThemeName::kDark);
  expect_picture("trade_off_dark");
}

TEST_F(Golden, LayersWithASelectionLight) {
  open_screen(ThemeName::kLight);
  give(SetTab{Tab::kLayers});
  give(SetBits{{4, 5, 6}, 6, {}});
  give(SelectLayers{{4, 5, 6}});
  expect_picture("layers_light");
}

TEST_F(Golden, Training) {
  open_screen(ThemeName::kDark);
  give(SetTab{Tab::kTraining});
  expect_picture("training_dark");
}

TEST_F(Golden, CompareWithTwoPins) {
  open_screen(ThemeName::kLight);
  give(PinDesign{});
  give(SetFixedLayers{4});
  give(SetBits{{0, 1}, 4, {}});
  give(PinDesign{});
  give(SetFixedLayers{11});
  give(SetTab{Tab::kCompare});
  expect_picture("compare_light");
}

TEST_F(Golden, Palette) {
  open_screen(ThemeName::kDark);
  rig_->driver.key("Ctrl+P");
  rig_->driver.type("la");
  expect_picture("palette_dark");
}

TEST_F(Screens, APointOnTheFrontIsTheRunsOwn) {
  ASSERT_NO_FATAL_FAILURE(open(rig_platform(1600, 1000)));
  const std::vector<int> layers = RunOnDisk{}.fixed_layers;
  for (size_t i = 0; i < 4; ++i) {
    give(SetFixedLayers{14});
    rig_->driver.step(2);
    rig_->driver.click(fmt::format("trade_off.point.signs.{}", i));
    EXPECT_EQ(rig_->design().fixed_layers, layers[i]);
  }
}

// Layout rules.

struct Size {
  int width, height;
  float scale;
};

std::string prefix(const std::string& name) {
  return name.substr(0, name.find('.'));
}

bool is_name_within(const std::string& inner, const std::string& outer) {
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '.';
}

/// Points and bars are data: they may lie on each other.
bool is_data(const std::string& name) {
  return name.find(".point.") != std::string::npos || name.find(".bar.") != std::string::npos;
}

bool overlap(const Mark& a, const Mark& b) {
  return std::min(a.right, b.right) - std::max(a.left, b.left) > 1 &&
         std::min(a.bottom, b.bottom) - std::max(a.top, b.top) > 1;
}

bool contains(const Mark& outer, const Mark& inner) {
  return inner.left >= outer.left - 1 && inner.top >= outer.top - 1 && inner.right <= outer.right + 1 &&
         inner.bottom <= outer.bottom + 1;
}

std::string box_text(const std::string& name, const Mark& m) {
  return fmt::format("{} ({:.0f}, {:.0f})..({:.0f}, {:.0f})", name, m.left, m.top, m.right, m.bottom);
}

class Layouts : public Screens, public testing::WithParamInterface<Size> {
 protected:
  /// Two widgets of a panel never lie on each other, and none is cut by the window.
  void check(const std::string& screen) {
    rig_->driver.step(3);
    const auto& marks = rig_->driver.ui().marks;
    const ImVec2 display = ImGui::GetIO().DisplaySize;
    const Mark window{0, 0, display.x, display.y};
    // While a dialog is open, what is behind it is not reached.
    const auto dialog = marks.find("dialog");
    std::vector<std::pair<std::string, Mark>> seen;
    for (const auto& [name, mark] : marks) {
      if (!mark.visible || is_data(name)) continue;
      EXPECT_TRUE(contains(window, mark)) << screen << ": " << box_text(name, mark) << " leaves the window";
      seen.emplace_back(name, mark);
    }
    EXPECT_GT(seen.size(), 20u);
    for (size_t i = 0; i < seen.size(); ++i) {
      for (size_t j = i + 1; j < seen.size(); ++j) {
        const auto& [a, first] = seen[i];
        const auto& [b, second] = seen[j];
        if (prefix(a) != prefix(b) || !overlap(first, second)) continue;
        const bool within = (is_name_within(a, b) && contains(second, first)) ||
                            (is_name_within(b, a) && contains(first, second));
        EXPECT_TRUE(within || is_row_of(a, b) || is_row_of(b, a))
            << screen << ": " << box_text(a, first) << " and " << box_text(b, second) << " lie on each other";
      }
    }
    check_cards(screen, dialog == marks.end() ? nullptr : &dialog->second);
  }

  /// "runs.1.row" is what all of "runs.1" stands on; "runs.1.title" is the text of the row's own widget.
  static bool is_row_of(const std::string& row, const std::string& part) {
    if (!row.ends_with(".row")) return false;
    const std::string stem = row.substr(0, row.size() - 4);
    return part == stem || is_name_within(part, stem);
  }

  /// A control that is seen lies whole within its card.
  void check_cards(const std::string& screen, const Mark* dialog) {
    const auto& marks = rig_->driver.ui().marks;
    for (const auto& [name, mark] : marks) {
      const Mark* card = is_data(name) ? nullptr : card_of(name, dialog);
      if (card == nullptr) continue;
      // Up and down cards scroll; sideways only the table of layers does.
      const float middle = (mark.top + mark.bottom) / 2;
      if (middle < card->top || middle > card->bottom) continue;
      if (!mark.visible && name.starts_with("layers.")) continue;
      EXPECT_GE(mark.left, card->left - 1) << screen << ": " << box_text(name, mark);
      EXPECT_LE(mark.right, card->right + 1) << screen << ": " << box_text(name, mark);
    }
  }

  const Mark* card_of(const std::string& name, const Mark* dialog) const {
    const auto& marks = rig_->driver.ui().marks;
    const std::string first = prefix(name);
    for (const auto& [part, card] : {std::pair{"trade_off", "plots"},
                                     {"area_sweep", "plots"},
                                     {"training", "plots"},
                                     {"layers_chart", "plots"},
                                     {"compare", "plots"},
                                     {"tabs", "plots"},
                                     {"layers", "layers"},
                                     {"inspector", "inspector"},
                                     {"runs", "runs"},
                                     {"design", "design"},
                                     {"jobs", "jobs"}}) {
      if (first != part) continue;
      const auto found = marks.find(card);
      return found == marks.end() ? nullptr : &found->second;
    }
    for (const char* part : {"open", "palette", "new_run", "keys", "about", "messages", "log", "run", "quit"})
      if (first == part) return dialog;
    return nullptr;
  }
};

TEST_P(Layouts, NothingIsCutOrLiesOnSomethingElse) {
  const Size size = GetParam();
  NullPlatformOptions platform = rig_platform(size.width, size.height);
  platform.scale = size.scale;
  if (fs::exists(kPlainFace)) platform.fonts.only_face = kPlainFace;
  ASSERT_NO_FATAL_FAILURE(open(platform));
  give(PinDesign{});
  give(SetFixedLayers{4});
  give(PinDesign{});
  give(Notify{"a sentence in the status bar that is long enough to be cut where there is little room", true});
  for (int folded = 0; folded < 4; ++folded) {
    rig_->app.state.folded_tab = folded;
    for (size_t tab = 0; tab < tab_names().size(); ++tab) {
      give(SetTab{static_cast<Tab>(tab)});
      check(fmt::format("{} (folded {})", tab_names()[tab], folded));
    }
  }
  using Kind = OpenDialog::Kind;
  const int run = rig_->session().active_run()->run->id;
  for (const auto& [kind, id] : {std::pair{Kind::kPalette, 0},
                                 {Kind::kOpen, 0},
                                 {Kind::kNewRun, 0},
                                 {Kind::kKeys, 0},
                                 {Kind::kAbout, 0},
                                 {Kind::kMessages, 0},
                                 {Kind::kLog, -run},
                                 {Kind::kRunDetails, run},
                                 {Kind::kQuit, 0}}) {
    give(OpenDialog{kind, id, ""});
    check(fmt::format("dialog {}", static_cast<int>(kind)));
    give(OpenDialog{Kind::kNone, 0, ""});
    rig_->driver.step(2);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Layouts,
                         testing::Values(Size{800, 500, 1}, Size{1280, 800, 1}, Size{1600, 1000, 1},
                                         Size{1600, 1000, 1.5}, Size{1600, 1000, 2}, Size{3840, 2160, 2}),
                         [](const auto& size) {
                           return fmt::format("{}x{}Scale{:.0f}Percent", size.param.width, size.param.height,
                                              100 * size.param.scale);
                         });

}  // namespace
}  // namespace fixynn::gui
