// SPDX-License-Identifier: Apache-2.0
#include "gui/headless/rasteriser.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/error.h"
#include "gui/headless/null_platform.h"

namespace fixynn::gui {
namespace {

constexpr ImU32 kRed = IM_COL32(255, 0, 0, 255);
constexpr ImU32 kWhite = IM_COL32(255, 255, 255, 255);

class Rasterise : public testing::Test {
 protected:
  Rasterise() : platform_(options()) {}

  template <typename Draw>
  Picture picture(const Draw& draw) {
    platform_.begin_frame();
    draw(*ImGui::GetBackgroundDrawList());
    platform_.end_frame();
    return platform_.picture();
  }
  ImU32 background() { return platform_.ui().theme.window; }
  int count(const Picture& picture, ImU32 colour) {
    return static_cast<int>(std::count(picture.pixels.begin(), picture.pixels.end(), colour));
  }
  NullPlatform platform_;

 private:
  static NullPlatformOptions options() {
    NullPlatformOptions options;
    options.width = 100;
    options.height = 80;
    options.fonts.folders.clear();
    return options;
  }
};

TEST_F(Rasterise, RectangleFillsItsPixelsOnly) {
  const Picture drawn =
      picture([](ImDrawList& list) { list.AddRectFilled(ImVec2(10, 20), ImVec2(30, 25), kRed); });
  EXPECT_EQ(count(drawn, kRed), 20 * 5);
  EXPECT_EQ(drawn.at(10, 20), kRed);
  EXPECT_EQ(drawn.at(29, 24), kRed);
  EXPECT_EQ(drawn.at(30, 24), background());
  EXPECT_EQ(drawn.at(9, 20), background());
}

TEST_F(Rasterise, ClipsToRectangleAndPicture) {
  const Picture drawn = picture([](ImDrawList& list) {
    list.PushClipRect(ImVec2(5, 5), ImVec2(15, 10));
    list.AddRectFilled(ImVec2(-50, -50), ImVec2(500, 500), kRed);
    list.AddTriangleFilled(ImVec2(-1e7f, -50), ImVec2(1e7f, -50), ImVec2(0, 1e7f), kRed);
    list.PopClipRect();
  });
  EXPECT_EQ(count(drawn, kRed), 10 * 5);
}

TEST_F(Rasterise, BlendsByOpacity) {
  const Picture drawn = picture([](ImDrawList& list) {
    list.AddRectFilled(ImVec2(0, 0), ImVec2(50, 50), IM_COL32(0, 100, 200, 255));
    list.AddRectFilled(ImVec2(0, 0), ImVec2(50, 50), IM_COL32(200, 100, 0, 128));
  });
  EXPECT_EQ(drawn.at(20, 20), IM_COL32(100, 100, 100, 255));
}

/// Triangles about a common centre at odd places, half transparent: a pixel drawn twice or not at all has
/// another colour than its neighbours.
TEST_F(Rasterise, TrianglesThatShareEdgesCoverEveryPixelOnce) {
  const Picture drawn = picture([](ImDrawList& list) {
    list.Flags = ImDrawListFlags_None;  // No soft edges.
    list.AddRectFilled(ImVec2(0, 0), ImVec2(100, 80), IM_COL32(0, 0, 0, 255));
    constexpr int kParts = 17;
    for (int i = 0; i < kParts; ++i) {
      const auto corner = [](int part) {
        const float angle = 6.2831853f * static_cast<float>(part % kParts) / kParts;
        return ImVec2(50.3f + 300 * std::cos(angle), 40.7f + 300 * std::sin(angle));
      };
      list.AddTriangleFilled(ImVec2(50.3f, 40.7f), corner(i), corner(i + 1), IM_COL32(255, 255, 255, 128));
    }
  });
  EXPECT_EQ(count(drawn, drawn.at(0, 0)), 100 * 80);
  EXPECT_EQ(drawn.at(0, 0), IM_COL32(128, 128, 128, 255));
}

/// Edges that go exactly through pixel centres: upper and left ones own them.
TEST_F(Rasterise, PixelsOnAnEdgeBelongToOneTriangle) {
  const Picture drawn = picture([](ImDrawList& list) {
    list.Flags = ImDrawListFlags_None;
    list.AddRectFilled(ImVec2(0, 0), ImVec2(100, 80), IM_COL32(0, 0, 0, 255));
    const ImVec2 a(10.5f, 10.5f), b(60.5f, 10.5f), c(60.5f, 60.5f), d(10.5f, 60.5f);
    list.AddTriangleFilled(a, b, c, IM_COL32(255, 255, 255, 128));
    list.AddTriangleFilled(d, a, c, IM_COL32(255, 255, 255, 128));
  });
  EXPECT_EQ(count(drawn, IM_COL32(128, 128, 128, 255)), 50 * 50);
  EXPECT_EQ(count(drawn, IM_COL32(0, 0, 0, 255)), 100 * 80 - 50 * 50);
}

TEST_F(Rasterise, RoundedBarHasNoSeamsAndSoftCorners) {
  const Picture drawn = picture([](ImDrawList& list) {
    list.Flags = ImDrawListFlags_AntiAliasedFill;
    list.AddRectFilled(ImVec2(10, 10), ImVec2(90, 40), kRed, 7);
  });
  for (int y = 11; y < 39; ++y)
    for (int x = 18; x < 82; ++x) ASSERT_EQ(drawn.at(x, y), kRed) << x << ' ' << y;
  EXPECT_EQ(drawn.at(10, 10), background());
  const Picture mirrored = drawn;
  for (int y = 8; y < 42; ++y)
    for (int x = 8; x < 92; ++x) {
      const auto red = [&](int i, int j) { return static_cast<int>(mirrored.at(i, j) & 255); };
      EXPECT_NEAR(red(x, y), red(99 - x, y), 2) << x << ' ' << y;
    }
}

TEST_F(Rasterise, TextIsVisibleAndKeepsItsPlace) {
  const Picture drawn = picture([](ImDrawList& list) { list.AddText(ImVec2(10, 20), kWhite, "Hamburg"); });
  EXPECT_GT(count(drawn, kWhite), 40);
  for (int y = 0; y < drawn.height; ++y)
    for (int x = 0; x < drawn.width; ++x) {
      const bool near = x >= 10 && x < 10 + 7 * 7 && y >= 20 && y < 34;
      if (!near) {
        ASSERT_EQ(drawn.at(x, y), background()) << x << ' ' << y;
      }
    }
}

TEST_F(Rasterise, TurnedTextIsTheSameTextTurned) {
  const auto draw = [this](bool turned) {
    return picture([turned](ImDrawList& list) {
      const ImFontGlyph& glyph = *ImGui::GetFont()->FindGlyph('F');
      const float w = glyph.X1 - glyph.X0, h = glyph.Y1 - glyph.Y0;
      list.PushTextureID(ImGui::GetIO().Fonts->TexID);
      list.PrimReserve(6, 4);
      const ImVec2 a(glyph.U0, glyph.V0), b(glyph.U1, glyph.V0), c(glyph.U1, glyph.V1), d(glyph.U0, glyph.V1);
      if (turned)
        list.PrimQuadUV(ImVec2(20, 20 + w), ImVec2(20, 20), ImVec2(20 + h, 20), ImVec2(20 + h, 20 + w), a, b,
                        c, d, kWhite);
      else
        list.PrimQuadUV(ImVec2(20, 20), ImVec2(20 + w, 20), ImVec2(20 + w, 20 + h), ImVec2(20, 20 + h), a, b,
                        c, d, kWhite);
      list.PopTextureID();
    });
  };
  const Picture upright = draw(false), turned = draw(true);
  EXPECT_GT(count(upright, kWhite), 5);
  EXPECT_EQ(count(upright, kWhite), count(turned, kWhite));
}

TEST_F(Rasterise, ManyVerticesAreDrawn) {
  const Picture drawn = picture([](ImDrawList& list) {
    for (int i = 0; i < 40000; ++i) list.AddRectFilled(ImVec2(1, 1), ImVec2(3, 3), kRed);
    list.AddRectFilled(ImVec2(50, 50), ImVec2(60, 60), kWhite);
  });
  EXPECT_EQ(count(drawn, kWhite), 100);
}

TEST_F(Rasterise, TwiceTheSameBytes) {
  const auto draw = [](ImDrawList& list) {
    list.AddCircleFilled(ImVec2(40.3f, 30.2f), 22.7f, IM_COL32(10, 200, 30, 120));
    list.AddBezierCubic(ImVec2(1, 2), ImVec2(70, 3), ImVec2(9, 60), ImVec2(95, 71), kRed, 2.3f);
    list.AddRectFilledMultiColor(ImVec2(50, 5), ImVec2(80, 60), kRed, kWhite, IM_COL32_BLACK, kRed);
    list.AddText(ImVec2(10, 20), kWhite, "the same");
  };
  const Picture first = picture(draw), second = picture(draw);
  EXPECT_EQ(first.pixels, second.pixels);
  EXPECT_EQ(differing_share(first, second), 0);
}

TEST_F(Rasterise, PngComesBackAndDifferencesAreCounted) {
  const Picture drawn =
      picture([](ImDrawList& list) { list.AddRectFilled(ImVec2(0, 0), ImVec2(10, 8), kRed); });
  const auto path =
      std::filesystem::temp_directory_path() / ("fixynn_raster_" + std::to_string(::getpid()) + ".png");
  write_png(drawn, path);
  const Picture read = read_picture(path);
  std::filesystem::remove(path);
  EXPECT_EQ(read.pixels, drawn.pixels);
  const Picture empty = picture([](ImDrawList&) {});
  EXPECT_DOUBLE_EQ(differing_share(drawn, empty), 0.01);
  EXPECT_EQ(differing_share(drawn, Picture{1, 1, {kRed}}), 1);
  EXPECT_THROW(write_png(drawn, "/nowhere/at/all.png"), Error);
}

}  // namespace
}  // namespace fixynn::gui
