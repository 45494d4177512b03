// SPDX-License-Identifier: Apache-2.0
#include "dataset/inspect.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "dataset/resize.h"
#include "dataset/synth/stroke_font.h"

namespace fixynn {
namespace {

constexpr size_t kBarWidth = 30;
constexpr size_t kMostBadShown = 10;

std::string with_commas(size_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::vector<size_t> count_classes(const ImageSet& images) {
  std::vector<size_t> counts(images.class_names.size());
  for (const int32_t label : images.labels) ++counts[static_cast<size_t>(label)];
  return counts;
}

/// A bar in eighths of a character.
std::string bar(size_t value, size_t most) {
  static const char* const kPartial[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const size_t eighths = most == 0 ? 0 : (value * kBarWidth * 8 + most / 2) / most;
  std::string out;
  for (size_t i = 0; i < eighths / 8; ++i) out += "█";
  out += kPartial[eighths % 8];
  const size_t columns = eighths / 8 + (eighths % 8 != 0 ? 1 : 0);
  return out + std::string(kBarWidth - std::min(kBarWidth, columns), ' ');
}

std::string describe_split(const NamedSplit& split) {
  const ImageSet& images = split.images;
  const auto counts = count_classes(images);
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  std::string out = fmt::format("{:<6}{} images of {} x {} pixels, {} classes of {} to {} images", split.name,
                                with_commas(images.count()), images.width, images.height, counts.size(),
                                with_commas(*least), with_commas(*most));
  if (!images.tracks.empty()) {
    const std::set<int32_t> tracks(images.tracks.begin(), images.tracks.end());
    out += fmt::format(", {} tracks", with_commas(tracks.size()));
  }
  out += images.skipped.empty() ? ", no bad images\n"
                                : fmt::format(", {} bad:\n", with_commas(images.skipped.size()));
  for (size_t i = 0; i < std::min(images.skipped.size(), kMostBadShown); ++i) {
    out += "      " + images.skipped[i] + "\n";
  }
  if (images.skipped.size() > kMostBadShown) {
    out += fmt::format("      and {} more\n", with_commas(images.skipped.size() - kMostBadShown));
  }
  return out;
}

/// Draws white text on the image; (x, y) is the upper left corner.
void draw_text(Image& image, const std::string& text, float x, float y, float height, float pen) {
  const float unit = height / kGlyphHeight;
  for (const std::vector<Point>& points : text_strokes(text)) {
    for (size_t i = 0; i + 1 < points.size(); ++i) {
      const Point a{x + points[i].x * unit, y + points[i].y * unit};
      const Point b{x + points[i + 1].x * unit, y + points[i + 1].y * unit};
      const int x0 = std::max(0, static_cast<int>(std::min(a.x, b.x) - pen - 1));
      const int x1 = std::min(image.width - 1, static_cast<int>(std::max(a.x, b.x) + pen + 1));
      const int y0 = std::max(0, static_cast<int>(std::min(a.y, b.y) - pen - 1));
      const int y1 = std::min(image.height - 1, static_cast<int>(std::max(a.y, b.y) + pen + 1));
      for (int py = y0; py <= y1; ++py) {
        for (int px = x0; px <= x1; ++px) {
          const float dx = b.x - a.x, dy = b.y - a.y;
          const float cx = static_cast<float>(px) + 0.5f - a.x, cy = static_cast<float>(py) + 0.5f - a.y;
          const float t = std::clamp((cx * dx + cy * dy) / std::max(1e-6f, dx * dx + dy * dy), 0.0f, 1.0f);
          const float distance = std::hypot(cx - t * dx, cy - t * dy);
          const float cover = std::clamp(0.5f + pen * 0.5f - distance, 0.0f, 1.0f);
          uint8_t* out = &image.pixels[(static_cast<size_t>(py) * static_cast<size_t>(image.width) +
                                        static_cast<size_t>(px)) *
                                       3];
          for (int c = 0; c < 3; ++c) out[c] = std::max(out[c], static_cast<uint8_t>(235 * cover));
        }
      }
    }
  }
}

void paste(Image& sheet, const Image& tile, int x0, int y0) {
  const size_t row_bytes = static_cast<size_t>(tile.width) * 3;
  for (int y = 0; y < tile.height; ++y) {
    const size_t to =
        (static_cast<size_t>(y0 + y) * static_cast<size_t>(sheet.width) + static_cast<size_t>(x0)) * 3;
    std::copy_n(tile.pixels.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(y) * row_bytes), row_bytes,
                sheet.pixels.begin() + static_cast<ptrdiff_t>(to));
  }
}

}  // namespace

std::vector<NamedSplit> load_splits(const LoadOptions& options, const std::string& only,
                                    std::string& problem) {
  std::vector<NamedSplit> splits;
  for (const auto& [name, split] : {std::pair{"train", Split::kTrain}, std::pair{"test", Split::kTest}}) {
    const bool wanted =
        only.empty() ? split == Split::kTest || options.kind != DatasetKind::kList : only == name;
    if (!wanted) continue;
    try {
      splits.push_back({name, load_images(options, split)});
    } catch (const Error& error) {
      if (problem.empty()) problem = error.what();
    }
  }
  return splits;
}

std::string describe_splits(const std::vector<NamedSplit>& splits) {
  std::string out;
  for (const NamedSplit& split : splits) out += describe_split(split);
  std::vector<std::vector<size_t>> counts;
  size_t most = 0, name_width = 5, classes = 0;
  for (const NamedSplit& split : splits) {
    counts.push_back(count_classes(split.images));
    most = std::max(most, *std::max_element(counts.back().begin(), counts.back().end()));
    classes = std::max(classes, counts.back().size());
    for (const std::string& name : split.images.class_names) name_width = std::max(name_width, name.size());
  }
  name_width = std::min<size_t>(name_width, 40);
  out += fmt::format("\n{:>4}  {:<{}}", "", "class", name_width);
  for (const NamedSplit& split : splits)
    out += fmt::format("  {:<{}} {:>7}", "", kBarWidth / splits.size(), split.name);
  out += "\n";
  for (size_t label = 0; label < classes; ++label) {
    std::string name = splits[0].images.class_names[label];
    if (name.size() > name_width) name = name.substr(0, name_width - 3) + "...";
    out += fmt::format("{:>4}  {:<{}}", label, name, name_width);
    for (const auto& of_split : counts)
      out += fmt::format("  {} {:>7}", bar(of_split[label], most), with_commas(of_split[label]));
    out += "\n";
  }
  return out;
}

Image make_contact_sheet(const ImageSet& images, int samples, int cell, int most_classes) {
  constexpr int kGap = 3;
  const int classes = std::min(images.classes(), most_classes);
  std::vector<std::vector<size_t>> members(images.class_names.size());
  for (size_t i = 0; i < images.count(); ++i) members[static_cast<size_t>(images.labels[i])].push_back(i);
  const float text_height = std::min(11.0f, static_cast<float>(cell) * 0.5f);
  std::vector<std::string> titles;
  float text_columns = 0;
  for (int label = 0; label < classes; ++label) {
    const std::string& name = images.class_names[static_cast<size_t>(label)];
    const std::string number = std::to_string(label);
    titles.push_back(name == number ? number : number + " " + (name.size() > 52 ? name.substr(0, 52) : name));
    text_columns = std::max(text_columns, text_width(titles.back()));
  }
  const int margin = static_cast<int>(text_columns * text_height / kGlyphHeight) + 16;
  Image sheet{margin + samples * (cell + kGap) + kGap, classes * (cell + kGap) + kGap, {}};
  sheet.pixels.assign(static_cast<size_t>(sheet.width) * static_cast<size_t>(sheet.height) * 3, 28);
  for (int label = 0; label < classes; ++label) {
    const int y = kGap + label * (cell + kGap);
    const auto& of_class = members[static_cast<size_t>(label)];
    draw_text(sheet, titles[static_cast<size_t>(label)], 8,
              static_cast<float>(y) + (static_cast<float>(cell) - text_height) * 0.5f, text_height, 1.3f);
    const size_t shown = std::min(of_class.size(), static_cast<size_t>(samples));
    for (size_t k = 0; k < shown; ++k) {
      const auto pixels = images.image(of_class[(2 * k + 1) * of_class.size() / (2 * shown)]);
      const Image tile{images.width, images.height, {pixels.begin(), pixels.end()}};
      paste(sheet, resize_image(tile, cell, cell), margin + kGap + static_cast<int>(k) * (cell + kGap), y);
    }
  }
  return sheet;
}

}  // namespace fixynn
