// SPDX-License-Identifier: Apache-2.0
#include "dataset/synth/stroke_font.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace fixynn {
namespace {

struct Glyph {
  char character;
  /// Lines on a grid 7 wide and 10 high, separated by spaces; each point is a digit x (0..6) and a digit y
  /// (0..9, down);
  /// '~' makes a line a smooth curve through its points.
  std::string_view lines;
};

constexpr std::array kGlyphs = {
    Glyph{'0', "~30636639060330"},
    Glyph{'1', "123039"},
    Glyph{'2', "~0230625509 0969"},
    Glyph{'3', "~01306234 ~34663908"},
    Glyph{'4', "59500666"},
    Glyph{'5', "601004 ~0433663908"},
    Glyph{'6', "~50130639663406"},
    Glyph{'7', "006029"},
    Glyph{'8', "~3062340230 ~3466390634"},
    Glyph{'9', "~19566330033563"},
    Glyph{'A', "093069 1656"},
    Glyph{'B', "0009 ~0040524404 ~0444664909"},
    Glyph{'C', "~613003063968"},
    Glyph{'D', "0009 ~003063663909"},
    Glyph{'E', "60000969 0444"},
    Glyph{'F', "600009 0444"},
    Glyph{'G', "~613003063968 356568"},
    Glyph{'H', "0009 6069 0464"},
    Glyph{'I', "3039"},
    Glyph{'J', "~50563907"},
    Glyph{'K', "0009 6005 2469"},
    Glyph{'L', "000969"},
    Glyph{'M', "0900356069"},
    Glyph{'N', "09006960"},
    Glyph{'O', "~30636639060330"},
    Glyph{'P', "0009 ~0040624505"},
    Glyph{'Q', "~30636639060330 4669"},
    Glyph{'R', "0009 ~0040624505 3569"},
    Glyph{'S', "~61300234673908"},
    Glyph{'T', "0060 3039"},
    Glyph{'U', "~0006396660"},
    Glyph{'V', "003960"},
    Glyph{'W', "0019345960"},
    Glyph{'X', "0069 6009"},
    Glyph{'Y', "003460 3439"},
    Glyph{'Z', "00600969"},
    Glyph{'(', "~40232649"},
    Glyph{')', "~20434629"},
    Glyph{'/', "6009"},
    Glyph{'-', "1555"},
    Glyph{'+', "1555 3337"},
    Glyph{'.', "3839"},
    Glyph{',', "3829"},
    Glyph{':', "3334 3738"},
    Glyph{'!', "3036 3839"},
    Glyph{'_', "0969"},
};

std::vector<Point> parse_line(std::string_view digits, float x0) {
  const bool smooth = digits.starts_with('~');
  if (smooth) digits.remove_prefix(1);
  std::vector<Point> points;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    points.push_back({x0 + static_cast<float>(digits[i] - '0'), static_cast<float>(digits[i + 1] - '0')});
  }
  return smooth ? smooth_curve(points) : points;
}

}  // namespace

float text_width(std::string_view line) {
  return line.empty() ? 0 : static_cast<float>(line.size() - 1) * kGlyphAdvance + kGlyphWidth;
}

std::vector<std::vector<Point>> text_strokes(std::string_view line) {
  std::vector<std::vector<Point>> strokes;
  for (size_t i = 0; i < line.size(); ++i) {
    const char capital = static_cast<char>(std::toupper(static_cast<unsigned char>(line[i])));
    const auto glyph =
        std::find_if(kGlyphs.begin(), kGlyphs.end(), [=](const Glyph& g) { return g.character == capital; });
    if (glyph == kGlyphs.end()) continue;
    const float x0 = static_cast<float>(i) * kGlyphAdvance;
    std::string_view rest = glyph->lines;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(' '), rest.size());
      strokes.push_back(parse_line(rest.substr(0, end), x0));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return strokes;
}

}  // namespace fixynn
