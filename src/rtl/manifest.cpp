// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <span>

#include "core/files.h"
#include "core/version.h"
#include "rtl/document_parts.h"
#include "rtl/documents.h"
#include "rtl/package_parts.h"

namespace fixynn {
namespace {

using Json = nlohmann::ordered_json;

const char* fold_name(Fold fold) {
  return fold == Fold::kNone ? "none" : (fold == Fold::kBurst ? "burst" : "mean");
}

const char* sharing_name(Sharing sharing) {
  return sharing == Sharing::kNone ? "none" : (sharing == Sharing::kPerInput ? "per-input" : "full");
}

const char* kind_name(ConvKind kind) {
  return kind == ConvKind::kConv1 ? "conv1" : (kind == ConvKind::kDepthwise ? "depthwise" : "pointwise");
}

Json layer_json(const ConvPlan& plan, const ParameterMap::Layer& parameters) {
  const Conv& conv = plan.conv;
  const RequantiserPlan& r = plan.requantiser;
  return {{"name", conv.name},
          {"module", "ffe_" + conv.name},
          {"layer", conv.layer},
          {"kind", kind_name(conv.kind)},
          {"stride", conv.stride},
          {"in_size", conv.in_size},
          {"in_channels", conv.in_channels},
          {"in_bits", plan.input_bits},
          {"out_size", conv.out_size},
          {"out_channels", conv.out_channels},
          {"out_bits", plan.quant.activation_bits},
          {"weight_bits", plan.quant.weight_bits},
          {"weights", plan.weights},
          {"zero_weights", plan.zero_weights},
          {"adders", plan.adders},
          {"adder_bits", plan.adder_bits},
          {"adder_levels", plan.adder_levels},
          {"pipeline_stages", plan.stages()},
          {"pipeline_register_bits", plan.pipeline_register_bits},
          {"line_buffer_memory_bits", plan.line_buffer.memory_bits()},
          {"accumulator_bits", r.accumulator_bits},
          {"shift", parameters.shift},
          {"parameter_address", parameters.address},
          {"negated_channels", parameters.negated},
          {"weights_to_here_sha256", parameters.weights_to_here_sha256},
          {"multipliers", r.multipliers},
          {"channels_per_multiplier", r.channels_per_multiplier},
          {"fifo_words", r.fifo_words},
          {"input_clocks_per_pixel", plan.input_clocks_per_pixel_in_row},
          {"latency_cycles", plan.latency_cycles}};
}

/// Without the seconds: equal inputs give equal bytes.
Json verify_json(const VerifyReport& report) {
  return {{"simulator", report.simulator == Simulator::kVerilator ? "verilator" : "icarus"},
          {"simulator_version", report.simulator_version},
          {"images", report.images},
          {"frames", report.frames},
          {"passes", kSimulationPasses},
          {"values_compared", report.values_compared},
          {"mismatches", report.mismatches},
          {"first_mismatch", report.first_mismatch.empty() ? Json(nullptr) : Json(report.first_mismatch)},
          {"cycles", report.cycles},
          {"first_output_cycles", report.first_output_cycles},
          {"frame_interval_cycles",
           report.frame_interval_cycles ? Json(*report.frame_interval_cycles) : Json(nullptr)}};
}

}  // namespace

std::string text_sha256(const std::string& text) {
  Sha256 hash;
  hash.update(std::string_view(text));
  return hash.finish();
}

std::string manifest_json(const FfeRtl& ffe, const std::vector<RtlFile>& files,
                          const std::optional<VerifyReport>& verify) {
  const HardwarePlan& plan = ffe.plan;
  const ParameterMap parameters = parameter_map(ffe);
  Json layers = Json::array(), listed = Json::array();
  for (size_t i = 0; i < plan.convs.size(); ++i)
    layers.push_back(layer_json(plan.convs[i], parameters.layers.at(i)));
  for (const RtlFile& file : files) {
    if (file.path == "manifest.json") continue;
    listed.push_back({{"path", file.path}, {"bytes", file.text.size()}, {"sha256", text_sha256(file.text)}});
  }
  Json json = {{"generator", {{"program", "fixynn-rtl"}, {"version", kVersion}, {"revision", kRevision}}},
               {"network",
                {{"name", ffe.network_name},
                 {"alpha", plan.network.alpha},
                 {"input_size", plan.network.input_size},
                 {"weights", plan.weights()},
                 {"weights_sha256", ffe.weights_sha256}}},
               {"options",
                {{"fixed_layers", plan.fixed_layers},
                 {"size", plan.network.input_size},
                 {"tap_layer", ffe.options.tap_layer > 0 ? Json(ffe.options.tap_layer) : Json(nullptr)},
                 {"levels_per_stage", plan.options.levels_per_stage},
                 {"fold", fold_name(plan.options.fold)},
                 {"sharing", sharing_name(plan.options.sharing)}}},
               {"title", parameters.title},
               {"top", "ffe_top"},
               {"address_bits", ffe.address_bits},
               {"counts",
                {{"adders", ffe.counts.adders},
                 {"adder_bits", ffe.counts.adder_bits},
                 {"register_bits", ffe.counts.register_bits},
                 {"memory_bits", ffe.counts.memory_bits},
                 {"multipliers", ffe.counts.multipliers}}},
               {"latency_cycles", plan.latency_cycles() + kOutputCycles},
               {"initiation_interval_cycles", plan.frame_cycles()},
               {"layers", std::move(layers)},
               {"verify", verify ? verify_json(*verify) : Json(nullptr)},
               {"files", std::move(listed)}};
  // A network's file name may be any bytes.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fixynn
