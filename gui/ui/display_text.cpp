// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gui/ui/widgets.h"

namespace fixynn::gui {
namespace {

struct Plain {
  std::string_view sign, ascii;
};

constexpr std::array<Plain, 48> kPlain = {{
    {"γ", "gamma"},  {"ε", "eps"},   {"θ", "theta"}, {"π", "pi"},  {"ρ", "rho"},   {"τ", "tau"},
    {"ω", "omega"},  {"€", "EUR"},   {"²", "2"},     {"³", "3"},   {"¹", "1"},     {"µ", "u"},
    {"μ", "u"},      {"×", "x"},     {"·", "-"},     {"±", "+-"},  {"°", "deg"},   {"…", "..."},
    {"–", "-"},      {"—", "-"},     {"−", "-"},     {"‑", "-"},   {"≤", "<="},    {"≥", ">="},
    {"≈", "~"},      {"≠", "!="},    {"→", "->"},    {"←", "<-"},  {"↑", "^"},     {"↓", "v"},
    {"⇒", "=>"},     {"•", "*"},     {"“", "\""},    {"”", "\""},  {"‘", "'"},     {"’", "'"},
    {"∞", "inf"},    {"√", "sqrt"},  {"Σ", "sum"},   {"∑", "sum"}, {"α", "alpha"}, {"β", "beta"},
    {"λ", "lambda"}, {"σ", "sigma"}, {"Δ", "d"},     {"▾", "v"},   {"▸", ">"},     {"✓", "ok"},
}};

size_t sequence_bytes(unsigned char first) {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

}  // namespace

std::string display_text(const Ui& ui, std::string_view text) {
  if (!ui.fonts.bitmap) return std::string(text);
  std::string plain;
  while (!text.empty()) {
    const std::string_view sign = text.substr(0, sequence_bytes(static_cast<unsigned char>(text[0])));
    text.remove_prefix(sign.size());
    std::string_view shown = sign;
    // Other letters of Latin-1 (two bytes that begin with C2 or C3) are in the bitmap font.
    const unsigned char first = static_cast<unsigned char>(sign[0]);
    if (first >= 0x80 && first != 0xc2 && first != 0xc3) shown = "_";
    for (const Plain& entry : kPlain)
      if (entry.sign == sign) shown = entry.ascii;
    plain += shown;
  }
  return plain;
}

}  // namespace fixynn::gui
