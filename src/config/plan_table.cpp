// SPDX-License-Identifier: Apache-2.0
#include "config/plan_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "config/bits.h"
#include "config/config_keys.h"
#include "config/steps.h"
#include "core/text.h"
#include "model/mobilenet.h"

namespace fixynn {
namespace {

constexpr size_t kColumns = 10;
using Row = std::array<std::string, kColumns>;

std::string render(const std::vector<Row>& rows) {
  constexpr std::array<bool, kColumns> kLeft = {false, true,  false, false, false,
                                                false, false, false, false, false};
  std::array<size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < kColumns; ++i) {
      if (i > 0) line += "  ";
      line += kLeft[i] ? fmt::format("{:<{}}", rows[r][i], widths[i])
                       : fmt::format("{:>{}}", rows[r][i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
    if (r == 0) {
      size_t total = 2 * (kColumns - 1);
      for (const size_t width : widths) total += width;
      out += std::string(total, '-') + "\n";
    }
  }
  return out;
}

Row layer_row(const RunConfig& config, const MobileNet& network, int layer) {
  int64_t weights = 0, macs = 0;
  int stride = 1;
  const auto begin = static_cast<size_t>(MobileNet::convs_in_layers(layer));
  const auto end = static_cast<size_t>(MobileNet::convs_in_layers(layer + 1));
  for (size_t i = begin; i < end; ++i) {
    weights += network.convs[i].weight_count();
    macs += network.convs[i].macs();
    stride *= network.convs[i].stride;
  }
  const Conv& first = network.convs[begin];
  const Conv& last = network.convs[end - 1];
  const auto& counts = config.fixed_layers;
  const int deepest = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
  const bool stops_here = std::find(counts.begin(), counts.end(), layer + 1) != counts.end();
  const ConvQuant quant = ffe_layer_quant(config, layer);
  const std::string bits =
      !quant.quantised() ? "float" : fmt::format("{}/{}", quant.weight_bits, quant.activation_bits);
  return {fmt::format("{}", layer),
          first.name + (end - begin > 1 ? " + pointwise" : ""),
          fmt::format("{}", stride),
          fmt::format("{}->{}", first.in_size, last.out_size),
          fmt::format("{}->{}", first.in_channels, last.out_channels),
          format_count(weights),
          format_count(macs),
          fmt::format("{:.1f}", fixed_ops_percent(network, layer + 1)),
          stops_here ? fmt::format("{}", layer + 1) : "",
          layer < deepest ? bits : "-"};
}

std::string ffe_text(const RunConfig& config) {
  std::string text = config.ffe.weight_bits == kFloatBits
                         ? std::string("float")
                         : fmt::format("{}-bit weights, {}-bit activations", config.ffe.weight_bits,
                                       config.ffe.activation_bits);
  for (const auto& [layer, bits] : config.ffe.layers) {
    const ConvQuant quant = ffe_layer_quant(config, layer);
    if (quant == ConvQuant{config.ffe.weight_bits, config.ffe.activation_bits}) continue;
    text += fmt::format("; layer {}: {}/{}", layer, bits_text(quant.weight_bits),
                        bits_text(quant.activation_bits));
  }
  return text;
}

std::string choice_text(const RunConfig& config, const char* path) {
  for (const ConfigKey& key : config_keys()) {
    if (key.path == path) return format_value(key, key.get(config));
  }
  return {};
}

}  // namespace

std::string layer_table(const RunConfig& config, int classes) {
  const MobileNet network = make_mobilenet(config.model.alpha, config.data.size, classes);
  std::vector<Row> rows = {
      {"layer", "convolutions", "stride", "pixels", "channels", "weights", "MACs", "fixed %", "N", "bits"}};
  int64_t weights = 0, macs = 0;
  for (int layer = 0; layer < MobileNet::kLayers; ++layer) {
    rows.push_back(layer_row(config, network, layer));
  }
  for (const Conv& conv : network.convs) {
    weights += conv.weight_count();
    macs += conv.macs();
  }
  const int64_t head = int64_t{network.feature_channels()} * classes;
  rows.push_back({"", "head", "", fmt::format("{}->1", network.convs.back().out_size),
                  fmt::format("{}->{}", network.feature_channels(), classes), format_count(head + classes),
                  format_count(head), "", "", ""});
  rows.push_back(
      {"", "total without head", "", "", "", format_count(weights), format_count(macs), "", "", ""});
  return render(rows) +
         "fixed %: MACs of the layers so far / (all MACs + one operation per batch-norm output), head not "
         "counted\n"
         "N: fixed_layers of this run    bits: weights/activations in the FFE\n";
}

std::string plan_summary(const RunConfig& config, int64_t train_images) {
  const auto trainings = static_cast<int64_t>(config.fixed_layers.size() * config.seeds.size());
  const TrainConfig& train = config.train;
  std::string out;
  const auto line = [&out](const char* what, const std::string& text) {
    out += fmt::format("{:<10}  {}\n", what, text);
  };
  line("data",
       fmt::format("{} in {}, {} x {} pixels, {}% for validation", choice_text(config, "data.kind"),
                   printable(config.data.root, 200), config.data.size, config.data.size,
                   fmt::format("{:g}", 100.0 * static_cast<double>(config.data.validation_fraction))));
  line("network", fmt::format("MobileNetV1 {}, {}", config.model.alpha,
                              config.model.pretrained.empty()
                                  ? std::string("random weights")
                                  : "pretrained from " + printable(config.model.pretrained, 200)));
  line("ffe", ffe_text(config));
  line("back_end",
       config.back_end.bits == kFloatBits ? "float" : fmt::format("{} bits", config.back_end.bits));
  line("sweep", fmt::format("fixed_layers {} x seed{} {} = {}", fmt::join(config.fixed_layers, ", "),
                            config.seeds.size() == 1 ? "" : "s", fmt::join(config.seeds, ", "),
                            format_plural(trainings, "training")));
  std::string steps;
  if (train_images > 0) {
    const int64_t per_epoch = epoch_steps(static_cast<size_t>(train_images), train.batch_size).steps;
    steps = fmt::format(" of {} steps", format_count(per_epoch));
  }
  line("training", fmt::format("{}{} each, {} in all; batch {}, learning rate {} {}",
                               format_plural(train.epochs, "epoch"), steps,
                               format_plural(trainings * train.epochs, "epoch"), train.batch_size,
                               train.learning_rate, choice_text(config, "train.schedule")));
  return out;
}

}  // namespace fixynn
