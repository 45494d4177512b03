// SPDX-License-Identifier: Apache-2.0
#include "plot/plot_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fixynn {
namespace {

/// Bytes of the UTF-8 character that starts at `i`, 0 when there is none.
size_t utf8_length(std::string_view text, size_t i) {
  const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  const size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first > 0xF4 || i + length > text.size()) return 0;
  for (size_t k = i + 1; k < i + length; ++k) {
    if ((byte(k) & 0xC0) != 0x80) return 0;
  }
  if (length < 3) return length;
  // Overlong forms, surrogates, beyond U+10FFFF.
  const unsigned char second = byte(i + 1);
  const bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) ||
                   (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90);
  return bad ? 0 : length;
}

}  // namespace

std::string escape_html(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text, i);
    const std::string_view character = text.substr(i, std::max<size_t>(length, 1));
    i += character.size();
    if (length == 0) {
      result += kReplacement;
    } else if (length > 1) {
      result += character;
    } else if (const char c = character[0]; c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else if (c == '\'') {
      result += "&#39;";
    } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F) {
      result += kReplacement;
    } else {
      result += c;
    }
  }
  return result;
}

std::string format_fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  std::string text = fmt::format("{:.{}f}", std::fabs(value), decimals);
  const bool zero = text.find_first_of("123456789") == std::string::npos;
  return value < 0 && !zero ? "−" + text : text;
}

std::string format_tick(double value, double step) {
  int decimals = 0;
  for (double rest = std::fabs(step); decimals < 9 && std::fabs(rest - std::round(rest)) > 1e-6 * rest;
       rest *= 10) {
    ++decimals;
  }
  return format_fixed(value, decimals);
}

std::string format_grouped(double value) {
  if (!std::isfinite(value)) return "–";
  std::string digits = fmt::format("{:.0f}", std::fabs(value));
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return value < 0 ? "−" + digits : digits;
}

}  // namespace fixynn
