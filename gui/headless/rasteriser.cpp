// SPDX-License-Identifier: Apache-2.0
// Corners are rounded to 1/256 pixel, and a pixel belongs to the triangle whose edges (whole numbers from
// there on) say so: two triangles that share an edge share no pixel and leave none out, so bars have no
// seams.
#include "gui/headless/rasteriser.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "core/files.h"

namespace fixynn::gui {
namespace {

constexpr int kSubpixelBits = 8;
constexpr int64_t kOne = int64_t{1} << kSubpixelBits;
constexpr int64_t kHalf = kOne / 2;

struct Texture {
  const unsigned char* alpha = nullptr;
  int width = 0, height = 0;
};

/// First inclusive, last exclusive.
struct Bounds {
  int left, top, right, bottom;
  bool empty() const { return left >= right || top >= bottom; }
};

struct Point {
  int64_t x, y;
};

int64_t fixed(float value) {
  // Far outside of every picture, and small enough for the products of edges.
  constexpr float kLimit = 1 << 18;
  return std::llround(std::clamp(value, -kLimit, kLimit) * static_cast<float>(kOne));
}

int64_t ceil_div(int64_t a, int64_t b) {
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

struct Channels {
  float red, green, blue, alpha;
};

Channels channels(ImU32 colour) {
  const auto part = [colour](int shift) { return static_cast<float>((colour >> shift) & 255); };
  return {part(IM_COL32_R_SHIFT), part(IM_COL32_G_SHIFT), part(IM_COL32_B_SHIFT), part(IM_COL32_A_SHIFT)};
}

/// (value + 127) / 255, rounded, for 0 <= value <= 255 * 255.
unsigned by_255(unsigned value) {
  value += 128;
  return (value + (value >> 8)) >> 8;
}

ImU32 blend(ImU32 below, ImU32 colour, unsigned alpha) {
  const unsigned rest = 255 - alpha;
  const auto part = [&](int shift) {
    return by_255(((colour >> shift) & 255) * alpha + ((below >> shift) & 255) * rest) << shift;
  };
  return part(IM_COL32_R_SHIFT) | part(IM_COL32_G_SHIFT) | part(IM_COL32_B_SHIFT) | IM_COL32_A_MASK;
}

class Rasteriser {
 public:
  Rasteriser(Picture& picture, const Texture& texture) : picture_(picture), texture_(texture) {}

  void draw(const ImDrawList& list, ImVec2 offset);

 private:
  struct Corner {
    Point point;
    const ImDrawVert* vertex;
  };
  using Triangle = std::array<Corner, 3>;

  bool draw_rectangle(const ImDrawVert* vertices, const ImDrawIdx* indices, ImVec2 offset,
                      const Bounds& clip);
  void draw_triangle(Triangle triangle, const Bounds& clip);
  void fill_span(int y, int left, int right, ImU32 colour, unsigned alpha);
  void shade_span(int y, int left, int right, const Triangle& triangle, double area);
  unsigned texel(int u, int v) const {
    u = std::clamp(u, 0, texture_.width - 1);
    v = std::clamp(v, 0, texture_.height - 1);
    return texture_
        .alpha[static_cast<size_t>(v) * static_cast<size_t>(texture_.width) + static_cast<size_t>(u)];
  }
  /// Bilinear; u and v in texels. 0..255.
  float sample(float u, float v) const;
  ImU32* row(int y) {
    return picture_.pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(picture_.width);
  }

  Picture& picture_;
  Texture texture_;
};

float Rasteriser::sample(float u, float v) const {
  const float left = std::floor(u - 0.5f), top = std::floor(v - 0.5f);
  const float across = u - 0.5f - left, down = v - 0.5f - top;
  const int x = static_cast<int>(left), y = static_cast<int>(top);
  const auto at = [this](int i, int j) { return static_cast<float>(texel(i, j)); };
  const float upper = at(x, y) + (at(x + 1, y) - at(x, y)) * across;
  const float lower = at(x, y + 1) + (at(x + 1, y + 1) - at(x, y + 1)) * across;
  return upper + (lower - upper) * down;
}

void Rasteriser::fill_span(int y, int left, int right, ImU32 colour, unsigned alpha) {
  ImU32* pixels = row(y);
  if (alpha == 255) {
    std::fill(pixels + left, pixels + right, colour | IM_COL32_A_MASK);
  } else if (alpha > 0) {
    for (int x = left; x < right; ++x) pixels[x] = blend(pixels[x], colour, alpha);
  }
}

/// Text and filled rectangles without rounding: two triangles (0 1 2, 0 2 3) of one colour over an upright
/// rectangle. Most of what an interface draws.
bool Rasteriser::draw_rectangle(const ImDrawVert* vertices, const ImDrawIdx* indices, ImVec2 offset,
                                const Bounds& clip) {
  if (indices[3] != indices[0] || indices[4] != indices[2]) return false;
  const ImDrawVert &a = vertices[indices[0]], &b = vertices[indices[1]], &c = vertices[indices[2]],
                   &d = vertices[indices[5]];
  if (a.col != b.col || a.col != c.col || a.col != d.col) return false;
  if (a.pos.y != b.pos.y || b.pos.x != c.pos.x || c.pos.y != d.pos.y || d.pos.x != a.pos.x) return false;
  if (a.pos.x > c.pos.x || a.pos.y > c.pos.y) return false;
  if (a.uv.y != b.uv.y || b.uv.x != c.uv.x || c.uv.y != d.uv.y || d.uv.x != a.uv.x) return false;
  // A pixel is inside when left <= centre < right: the rule of draw_triangle for upright edges.
  const auto first = [](float edge) { return static_cast<int>(ceil_div(fixed(edge) - kHalf, kOne)); };
  const float x0 = a.pos.x - offset.x, y0 = a.pos.y - offset.y, x1 = c.pos.x - offset.x,
              y1 = c.pos.y - offset.y;
  const Bounds area = {std::max(clip.left, first(x0)), std::max(clip.top, first(y0)),
                       std::min(clip.right, first(x1)), std::min(clip.bottom, first(y1))};
  if (area.empty()) return true;
  const unsigned alpha = (a.col >> IM_COL32_A_SHIFT) & 255;
  const float width = static_cast<float>(texture_.width), height = static_cast<float>(texture_.height);
  if (a.uv.x == c.uv.x && a.uv.y == c.uv.y) {
    const unsigned constant =
        by_255(alpha * static_cast<unsigned>(sample(a.uv.x * width, a.uv.y * height) + 0.5f));
    for (int y = area.top; y < area.bottom; ++y) fill_span(y, area.left, area.right, a.col, constant);
    return true;
  }
  const float du = (c.uv.x - a.uv.x) * width / (x1 - x0), dv = (c.uv.y - a.uv.y) * height / (y1 - y0);
  const float u0 = a.uv.x * width - x0 * du, v0 = a.uv.y * height - y0 * dv;
  const auto near = [](float value, float to) { return std::abs(value - to) < 1e-3f; };
  const bool exact = near(du, 1) && near(dv, 1) && near(u0, std::round(u0)) && near(v0, std::round(v0));
  const int shift_u = static_cast<int>(std::round(u0)), shift_v = static_cast<int>(std::round(v0));
  for (int y = area.top; y < area.bottom; ++y) {
    ImU32* pixels = row(y);
    for (int x = area.left; x < area.right; ++x) {
      const unsigned coverage = exact
                                    ? texel(x + shift_u, y + shift_v)
                                    : static_cast<unsigned>(sample(u0 + du * (static_cast<float>(x) + 0.5f),
                                                                   v0 + dv * (static_cast<float>(y) + 0.5f)) +
                                                            0.5f);
      if (coverage) pixels[x] = blend(pixels[x], a.col, by_255(alpha * coverage));
    }
  }
  return true;
}

void Rasteriser::shade_span(int y, int left, int right, const Triangle& t, double area) {
  // Weights of the corners at the centre of the first pixel and their steps, in whole units of the edges.
  std::array<double, 3> weight{}, step{};
  const int64_t px = left * kOne + kHalf, py = y * kOne + kHalf;
  for (size_t i = 0; i < 3; ++i) {
    const Point &from = t[(i + 1) % 3].point, &to = t[(i + 2) % 3].point;
    const int64_t edge = (to.x - from.x) * (py - from.y) - (to.y - from.y) * (px - from.x);
    weight[i] = static_cast<double>(edge) / area;
    step[i] = -static_cast<double>((to.y - from.y) * kOne) / area;
  }
  const auto mix3 = [](const std::array<double, 3>& by, float a, float b, float c) {
    return static_cast<float>(by[0] * a + by[1] * b + by[2] * c);
  };
  const ImDrawVert &a = *t[0].vertex, &b = *t[1].vertex, &c = *t[2].vertex;
  const Channels ca = channels(a.col), cb = channels(b.col), cc = channels(c.col);
  const float width = static_cast<float>(texture_.width), height = static_cast<float>(texture_.height);
  const bool one_texel = a.uv.x == b.uv.x && a.uv.x == c.uv.x && a.uv.y == b.uv.y && a.uv.y == c.uv.y;
  float u = mix3(weight, a.uv.x, b.uv.x, c.uv.x) * width, v = mix3(weight, a.uv.y, b.uv.y, c.uv.y) * height;
  const float du = mix3(step, a.uv.x, b.uv.x, c.uv.x) * width,
              dv = mix3(step, a.uv.y, b.uv.y, c.uv.y) * height;
  const float constant = one_texel ? sample(a.uv.x * width, a.uv.y * height) : 0;
  Channels now = {mix3(weight, ca.red, cb.red, cc.red), mix3(weight, ca.green, cb.green, cc.green),
                  mix3(weight, ca.blue, cb.blue, cc.blue), mix3(weight, ca.alpha, cb.alpha, cc.alpha)};
  const Channels by = {mix3(step, ca.red, cb.red, cc.red), mix3(step, ca.green, cb.green, cc.green),
                       mix3(step, ca.blue, cb.blue, cc.blue), mix3(step, ca.alpha, cb.alpha, cc.alpha)};
  const auto byte = [](float value) { return static_cast<unsigned>(std::clamp(value, 0.0f, 255.0f) + 0.5f); };
  ImU32* pixels = row(y);
  for (int x = left; x < right; ++x) {
    const float coverage = one_texel ? constant : sample(u, v);
    const unsigned alpha = byte(now.alpha * coverage / 255);
    if (alpha)
      pixels[x] = blend(pixels[x], IM_COL32(byte(now.red), byte(now.green), byte(now.blue), 255), alpha);
    now.red += by.red;
    now.green += by.green;
    now.blue += by.blue;
    now.alpha += by.alpha;
    u += du;
    v += dv;
  }
}

void Rasteriser::draw_triangle(Triangle t, const Bounds& clip) {
  int64_t area = (t[1].point.x - t[0].point.x) * (t[2].point.y - t[0].point.y) -
                 (t[1].point.y - t[0].point.y) * (t[2].point.x - t[0].point.x);
  if (area == 0) return;
  if (area < 0) {
    std::swap(t[1], t[2]);
    area = -area;
  }
  const auto [low, high] = std::minmax({t[0].point.y, t[1].point.y, t[2].point.y});
  const int top = std::max(clip.top, static_cast<int>(ceil_div(low - kHalf, kOne)));
  const int bottom = std::min(clip.bottom, static_cast<int>(ceil_div(high + kHalf + 1, kOne)));
  const ImDrawVert &a = *t[0].vertex, &b = *t[1].vertex, &c = *t[2].vertex;
  const bool plain = a.col == b.col && a.col == c.col && a.uv.x == b.uv.x && a.uv.x == c.uv.x &&
                     a.uv.y == b.uv.y && a.uv.y == c.uv.y;
  unsigned alpha = 0;
  if (plain) {
    const float coverage =
        sample(a.uv.x * static_cast<float>(texture_.width), a.uv.y * static_cast<float>(texture_.height));
    alpha = by_255(((a.col >> IM_COL32_A_SHIFT) & 255) * static_cast<unsigned>(coverage + 0.5f));
  }
  for (int y = top; y < bottom; ++y) {
    // Pixels for which all three edges say inside: edge(x) = value - slope * x is >= 0 for upper and left
    // edges, > 0 for the others.
    int64_t first = clip.left, last = clip.right;
    const int64_t py = y * kOne + kHalf;
    for (size_t i = 0; i < 3 && first < last; ++i) {
      const Point &from = t[i].point, &to = t[(i + 1) % 3].point;
      const int64_t dx = to.x - from.x, dy = to.y - from.y;
      const bool owned = dy < 0 || (dy == 0 && dx > 0);
      // At the centre of pixel 0; whole numbers, so "> 0" is ">= 1".
      const int64_t value = dx * (py - from.y) - dy * (kHalf - from.x) - (owned ? 0 : 1);
      const int64_t slope = dy * kOne;
      if (slope == 0) {
        if (value < 0) last = first;
      } else if (slope < 0) {
        first = std::max(first, ceil_div(-value, -slope));
      } else {
        last = std::min(last, value >= 0 ? value / slope + 1 : -ceil_div(-value, slope) + 1);
      }
    }
    if (first >= last) continue;
    if (plain)
      fill_span(y, static_cast<int>(first), static_cast<int>(last), a.col, alpha);
    else
      shade_span(y, static_cast<int>(first), static_cast<int>(last), t, static_cast<double>(area));
  }
}

void Rasteriser::draw(const ImDrawList& list, ImVec2 offset) {
  for (const ImDrawCmd& command : list.CmdBuffer) {
    if (command.UserCallback) continue;
    const auto whole = [](float value) { return static_cast<int>(std::clamp(value, -1e6f, 1e6f)); };
    const Bounds clip = {std::max(0, whole(command.ClipRect.x - offset.x)),
                         std::max(0, whole(command.ClipRect.y - offset.y)),
                         std::min(picture_.width, whole(command.ClipRect.z - offset.x)),
                         std::min(picture_.height, whole(command.ClipRect.w - offset.y))};
    if (clip.empty()) continue;
    const ImDrawVert* vertices = list.VtxBuffer.Data + command.VtxOffset;
    const ImDrawIdx* indices = list.IdxBuffer.Data + command.IdxOffset;
    for (unsigned i = 0; i + 2 < command.ElemCount;) {
      if (i + 5 < command.ElemCount && draw_rectangle(vertices, indices + i, offset, clip)) {
        i += 6;
        continue;
      }
      Triangle triangle;
      for (size_t corner = 0; corner < 3; ++corner) {
        const ImDrawVert& vertex = vertices[indices[i + corner]];
        triangle[corner] = {{fixed(vertex.pos.x - offset.x), fixed(vertex.pos.y - offset.y)}, &vertex};
      }
      draw_triangle(triangle, clip);
      i += 3;
    }
  }
}

}  // namespace

Picture rasterise(const ImDrawData& data, ImFontAtlas& atlas, ImU32 background) {
  Picture picture;
  picture.width = std::max(0, static_cast<int>(data.DisplaySize.x));
  picture.height = std::max(0, static_cast<int>(data.DisplaySize.y));
  picture.pixels.assign(static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height),
                        background | IM_COL32_A_MASK);
  Texture texture;
  unsigned char* pixels = nullptr;
  atlas.GetTexDataAsAlpha8(&pixels, &texture.width, &texture.height);
  texture.alpha = pixels;
  Rasteriser rasteriser(picture, texture);
  for (int i = 0; i < data.CmdListsCount; ++i) rasteriser.draw(*data.CmdLists[i], data.DisplayPos);
  return picture;
}

void write_png(const Picture& picture, const std::filesystem::path& path) {
  Image image;
  image.width = picture.width;
  image.height = picture.height;
  image.pixels.reserve(picture.pixels.size() * 3);
  for (const ImU32 pixel : picture.pixels)
    for (const int shift : {IM_COL32_R_SHIFT, IM_COL32_G_SHIFT, IM_COL32_B_SHIFT})
      image.pixels.push_back(static_cast<uint8_t>(pixel >> shift));
  write_file_atomic(path, encode_png(image), false);
}

Picture read_picture(const std::filesystem::path& path) {
  const Image image = read_image(path);
  Picture picture{image.width, image.height, {}};
  picture.pixels.reserve(image.pixels.size() / 3);
  for (size_t i = 0; i + 2 < image.pixels.size(); i += 3)
    picture.pixels.push_back(IM_COL32(image.pixels[i], image.pixels[i + 1], image.pixels[i + 2], 255));
  return picture;
}

double differing_share(const Picture& a, const Picture& b, int tolerance) {
  if (a.width != b.width || a.height != b.height || a.pixels.empty()) return a.pixels == b.pixels ? 0 : 1;
  size_t different = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    int most = 0;
    for (const int shift : {IM_COL32_R_SHIFT, IM_COL32_G_SHIFT, IM_COL32_B_SHIFT})
      most = std::max(most, std::abs(static_cast<int>((a.pixels[i] >> shift) & 255) -
                                     static_cast<int>((b.pixels[i] >> shift) & 255)));
    different += most > tolerance;
  }
  return static_cast<double>(different) / static_cast<double>(a.pixels.size());
}

}  // namespace fixynn::gui
