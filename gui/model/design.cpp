// SPDX-License-Identifier: Apache-2.0
#include "gui/model/design.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "config/bits.h"

namespace fixynn::gui {
namespace {

using LayerBits = std::array<ConvQuant, MobileNet::kLayers>;

/// Widths in falling order: "8", "8/6".
std::string widths(const LayerBits& bits, int layers, int ConvQuant::*width) {
  std::set<int, std::greater<>> found;
  for (int layer = 0; layer < layers; ++layer) found.insert(bits[static_cast<size_t>(layer)].*width);
  std::string text;
  for (int bit : found) text += (text.empty() ? "" : "/") + fmt::format("{}", bit);
  return text;
}

/// "W6", "A4", "W6A4": the widths that became others.
std::string changed_width(ConvQuant before, ConvQuant after) {
  std::string text;
  if (before.weight_bits != after.weight_bits) text += fmt::format("W{}", after.weight_bits);
  if (before.activation_bits != after.activation_bits) text += fmt::format("A{}", after.activation_bits);
  return text;
}

void describe_bits(const Design& before, const Design& after, std::vector<std::string>& parts) {
  std::vector<std::pair<std::string, std::vector<int>>> changes;
  for (int layer = 0; layer < MobileNet::kLayers; ++layer) {
    const size_t at = static_cast<size_t>(layer);
    const std::string change = changed_width(before.bits[at], after.bits[at]);
    if (change.empty()) continue;
    const auto same = std::find_if(changes.begin(), changes.end(),
                                   [&](const auto& other) { return other.first == change; });
    if (same == changes.end()) {
      changes.push_back({change, {layer}});
    } else {
      same->second.push_back(layer);
    }
  }
  constexpr size_t kMostChanges = 2;
  if (changes.size() > kMostChanges) {
    parts.push_back("bits of several layers");
    return;
  }
  for (const auto& [change, layers] : changes) parts.push_back(change + " on " + layers_text(layers));
}

std::string area_words(double area_mm2) {
  return fmt::format("{:.4g} mm²", area_mm2);
}

}  // namespace

std::vector<ConvQuant> conv_bits(const Design& design, const MobileNet& network) {
  std::vector<ConvQuant> bits;
  bits.reserve(network.convs.size());
  for (const Conv& conv : network.convs) bits.push_back(design.bits[static_cast<size_t>(conv.layer)]);
  return bits;
}

LayerBits run_bits(const RunConfig& config) {
  LayerBits bits{};
  for (int layer = 0; layer < MobileNet::kLayers; ++layer) {
    ConvQuant quant = ffe_layer_quant(config, layer);
    if (quant.weight_bits == kFloatBits) quant.weight_bits = kMaxBits;
    if (quant.activation_bits == kFloatBits) quant.activation_bits = kMaxBits;
    bits[static_cast<size_t>(layer)] = quant;
  }
  return bits;
}

bool same_bits(const LayerBits& a, const LayerBits& b, int layers) {
  const int count = std::clamp(layers, 0, MobileNet::kLayers);
  return std::equal(a.begin(), a.begin() + count, b.begin());
}

std::string bits_label(const LayerBits& bits, int layers) {
  const int count = std::clamp(layers, 0, MobileNet::kLayers);
  if (count == 0) return "";
  const std::string weights = widths(bits, count, &ConvQuant::weight_bits);
  const std::string activations = widths(bits, count, &ConvQuant::activation_bits);
  const bool uniform = weights.find('/') == std::string::npos && activations.find('/') == std::string::npos;
  return fmt::format("W{}{}A{}", weights, uniform ? "" : " ", activations);
}

std::string bits_option(const LayerBits& bits) {
  size_t count = bits.size();
  while (count > 1 && bits[count - 1] == bits[count - 2]) --count;
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    const ConvQuant& quant = bits[i];
    text += (i == 0 ? "" : ",") + fmt::format("{}", quant.weight_bits);
    if (quant.activation_bits != quant.weight_bits) text += fmt::format("/{}", quant.activation_bits);
  }
  return text;
}

std::string layer_name(int layer) {
  return layer == 0 ? "conv1" : fmt::format("block {}", layer);
}

std::string layers_text(const std::vector<int>& layers) {
  std::vector<int> sorted = layers;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  if (sorted.size() == MobileNet::kLayers) return "all layers";
  std::vector<std::string> parts;
  size_t blocks = 0;
  for (size_t i = 0; i < sorted.size();) {
    if (sorted[i] == 0) {
      parts.push_back("conv1");
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < sorted.size() && sorted[end] == sorted[end - 1] + 1) ++end;
    // Two neighbours read better one by one.
    if (end - i < 3) end = i + 1;
    std::string part = fmt::format("{}", sorted[i]);
    if (end - i > 1) part += fmt::format(" to {}", sorted[end - 1]);
    if (blocks == 0) part = (end - i > 1 || sorted.size() - i > 1 ? "blocks " : "block ") + part;
    blocks += end - i;
    parts.push_back(part);
    i = end;
  }
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

std::string describe_edit(const Design& before, const Design& after) {
  std::vector<std::string> parts;
  if (before.fixed_layers != after.fixed_layers) {
    parts.push_back(after.fixed_layers == 1 ? "1 fixed layer"
                                            : fmt::format("{} fixed layers", after.fixed_layers));
  }
  describe_bits(before, after, parts);
  if (before.area_mm2 != after.area_mm2) parts.push_back(area_words(after.area_mm2));
  // A tap that went because the layers behind it did is not worth a word of its own.
  if (before.tap_layer != after.tap_layer && (after.tap_layer || parts.empty())) {
    parts.push_back(after.tap_layer ? fmt::format("tap after {} layers", *after.tap_layer) : "no tap");
  }
  if (before.model != after.model) {
    parts.push_back(after.model == CostModelKind::kPaper ? "paper's model" : "calibrated model");
  }
  if (before.technology != after.technology) parts.push_back(after.technology);
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

}  // namespace fixynn::gui
