// SPDX-License-Identifier: Apache-2.0
#include "dataset/synth/synth_data.h"

#include <cmath>
#include <map>
#include <set>

#include "dataset/inspect.h"
#include "dataset/synth/scene.h"
#include "dataset/synth/shape_art.h"
#include "dataset/synth/sign_art.h"
#include "dataset/synth/stroke_font.h"
#include "fixtures.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;

/// SHA-256 of every file by its relative path.
std::map<std::string, std::string> fingerprints(const fs::path& root) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file())
      out[fs::relative(entry.path(), root).string()] = sha256(read_file(entry.path()));
  }
  return out;
}

SynthSpec small_spec() {
  return {.train_per_class = 4, .test_per_class = 1, .size = 24, .frames_per_track = 2, .seed = 5};
}

TEST(Synth, SignsAreTheSameBytesForAnyThreadCount) {
  const TempFolder root;
  write_synth_signs(root / "one", small_spec(), 1);
  write_synth_signs(root / "three", small_spec(), 3);
  const auto one = fingerprints(root / "one");
  EXPECT_EQ(one.size(), 43u * 4 + 43 + 43 + 1 + 1);  // images, tables, test images, table, note
  EXPECT_EQ(one, fingerprints(root / "three"));
  SynthSpec other = small_spec();
  other.seed = 6;
  write_synth_signs(root / "other", other, 2);
  EXPECT_NE(one, fingerprints(root / "other"));
}

TEST(Synth, SignsLoadAsGtsrb) {
  const TempFolder root;
  const SynthCounts counts = write_synth_signs(root / "signs", small_spec(), 2);
  EXPECT_EQ(counts.train_images, 43 * 4);
  LoadOptions options;
  options.root = root / "signs";
  options.kind = detect_dataset_kind(options.root);
  ASSERT_EQ(options.kind, DatasetKind::kGtsrb);
  const ImageSet train = load_images(options, Split::kTrain), test = load_images(options, Split::kTest);
  EXPECT_EQ(train.count(), 43u * 4);
  EXPECT_EQ(test.count(), 43u);
  EXPECT_EQ(std::set<int32_t>(train.tracks.begin(), train.tracks.end()).size(), 43u * 2);
  std::set<std::string> different;
  for (size_t i = 0; i < train.count(); ++i) different.insert(sha256(train.image(i)));
  for (size_t i = 0; i < test.count(); ++i) different.insert(sha256(test.image(i)));
  EXPECT_EQ(different.size(), train.count() + test.count());
}

TEST(Synth, ShapesLoadAsFoldersAndDoNotDependOnThreads) {
  const TempFolder root;
  SynthSpec spec = small_spec();
  spec.train_per_class = 2;
  write_synth_shapes(root / "one", spec, 1);
  write_synth_shapes(root / "two", spec, 2);
  EXPECT_EQ(fingerprints(root / "one"), fingerprints(root / "two"));
  LoadOptions options;
  options.root = root / "one";
  options.kind = detect_dataset_kind(options.root);
  const ImageSet train = load_images(options, Split::kTrain);
  EXPECT_EQ(train.classes(), 64);
  EXPECT_EQ(train.count(), 128u);
}

TEST(Synth, AFolderWithFilesIsLeftAlone) {
  const TempFolder root;
  write_text(root / "precious.txt", "keep");
  EXPECT_THROW(write_synth_signs(root.path(), small_spec(), 1), Error);
  EXPECT_EQ(read_text_file(root / "precious.txt"), "keep");
  SynthSpec spec = small_spec();
  spec.size = 3;
  EXPECT_THROW(write_synth_signs(root / "new", spec, 1), Error);
}

/// Mean absolute difference of two drawings' pixels.
double difference(const Canvas& a, const Canvas& b) {
  double sum = 0;
  for (size_t i = 0; i < a.rgba().size(); ++i) sum += std::abs(a.rgba()[i] - b.rgba()[i]);
  return sum / static_cast<double>(a.rgba().size());
}

TEST(Synth, NoTwoSignsLookAlike) {
  std::vector<Canvas> signs;
  for (int label = 0; label < 43; ++label) signs.push_back(draw_sign(label, 48));
  for (size_t i = 0; i < signs.size(); ++i) {
    for (size_t k = 0; k < i; ++k) EXPECT_GT(difference(signs[i], signs[k]), 0.004) << i << " and " << k;
  }
}

TEST(Synth, ColoursAreTheSigns) {
  const auto centre = [](int label, float x, float y) {
    const Canvas sign = draw_sign(label, 64);
    const size_t px = static_cast<size_t>((x + 1) * 32), py = static_cast<size_t>((y + 1) * 32);
    const float* rgba = &sign.rgba()[(py * 64 + px) * 4];
    return Colour{rgba[0], rgba[1], rgba[2]};
  };
  const Colour stop = centre(14, 0, -0.6f), blue = centre(35, 0.5f, 0), yellow = centre(12, 0, 0),
               ring = centre(1, 0, -0.82f);
  EXPECT_GT(stop.r, 3 * stop.b);
  EXPECT_GT(blue.b, 3 * blue.r);
  EXPECT_GT(yellow.g, 3 * yellow.b);
  EXPECT_GT(ring.r, 3 * ring.g);
  const Canvas sign = draw_sign(15, 64);
  EXPECT_EQ(sign.rgba()[3], 0.0f) << "corners are transparent";
}

TEST(Synth, EveryFrameOfATrackShowsTheSameSignElsewhere) {
  const Canvas art = draw_sign(2, 128);
  const Scene near = photograph(art, {1, 7, 0, 1.0f}, 48), again = photograph(art, {1, 7, 0, 1.0f}, 48);
  const Scene next = photograph(art, {1, 7, 1, 1.0f}, 48);
  EXPECT_EQ(near.image.pixels, again.image.pixels);
  EXPECT_NE(near.image.pixels, next.image.pixels);
  EXPECT_LT(near.x0, near.x1);
  EXPECT_LT(near.x1, 48);
}

TEST(StrokeFont, HasEveryCharacterOfTheClassNames) {
  EXPECT_TRUE(text_strokes(" ").empty());
  for (const char c : std::string("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ()/-.:_!")) {
    EXPECT_FALSE(text_strokes(std::string(1, c)).empty()) << c;
    for (const auto& line : text_strokes(std::string(1, c))) EXPECT_GE(line.size(), 2u) << c;
  }
  EXPECT_EQ(text_strokes("a").size(), text_strokes("A").size());
}

TEST(Inspect, DescribesAndDrawsASheet) {
  const TempFolder root;
  write_synth_signs(root / "signs", small_spec(), 2);
  LoadOptions options;
  options.root = root / "signs";
  options.kind = DatasetKind::kGtsrb;
  std::string problem;
  auto splits = load_splits(options, "", problem);
  ASSERT_EQ(splits.size(), 2u);
  EXPECT_EQ(problem, "");
  const std::string text = describe_splits(splits);
  EXPECT_NE(text.find("train 172 images of 24 x 24 pixels, 43 classes of 4 to 4 images, 86 tracks"),
            std::string::npos);
  EXPECT_NE(text.find("14  Stop"), std::string::npos);
  const Image sheet = make_contact_sheet(splits[0].images, 3, 24);
  EXPECT_EQ(sheet.height, 43 * 27 + 3);
  // The last cell of a row holds an image of that class, unscaled.
  const auto pixels = splits[0].images.image(4 * 10 + 4 * 5 / 6);
  const size_t at = (static_cast<size_t>(3 + 10 * 27) * static_cast<size_t>(sheet.width) +
                     static_cast<size_t>(sheet.width - 27)) *
                    3;
  EXPECT_TRUE(
      std::equal(pixels.begin(), pixels.begin() + 24 * 3, sheet.pixels.begin() + static_cast<ptrdiff_t>(at)));
  fs::remove_all(root / "signs/GTSRB/Final_Test");
  EXPECT_EQ(load_splits(options, "", problem).size(), 1u);
  EXPECT_NE(problem.find("Final_Test"), std::string::npos);
}

}  // namespace
}  // namespace fixynn
