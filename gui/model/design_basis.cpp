// SPDX-License-Identifier: Apache-2.0
#include "gui/model/design_basis.h"

#include <system_error>

#include "core/error.h"
#include "cost/calibrated_model.h"
#include "cost/published_models.h"
#include "hardware/plan_rules.h"

namespace fixynn::gui {
namespace {

constexpr int kImageNetClasses = 1000;

bool has_networks(const std::filesystem::path& run) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(run / "networks", error)) {
    if (entry.path().extension() == ".safetensors") return true;
  }
  return false;
}

BasisPointer make_basis(const std::filesystem::path& source, LoadedDesign loaded) {
  auto basis = std::make_shared<DesignBasis>();
  basis->source = source;
  basis->loaded = std::move(loaded);
  if (basis->loaded.parameters) {
    basis->estimate = std::make_shared<InstantEstimate>(basis->network(), *basis->loaded.parameters);
  }
  return basis;
}

CalibratedOptions options_of(const Design& design, int fixed_layers) {
  CalibratedOptions options;
  if (fixed_layers == design.fixed_layers && design.tap_layer && *design.tap_layer < fixed_layers) {
    options.tap_layer = *design.tap_layer;
  }
  return options;
}

}  // namespace

BasisPointer load_basis(const std::filesystem::path& run_or_config) {
  DesignRequest request;
  std::error_code ignored;
  const bool folder = std::filesystem::is_directory(run_or_config, ignored);
  request.path = !folder || has_networks(run_or_config) ? run_or_config : run_or_config / "config.yaml";
  return make_basis(run_or_config, load_design(request));
}

BasisPointer empty_basis() {
  LoadedDesign loaded;
  const MobileNet network = make_mobilenet(0.25, 224, kImageNetClasses);
  const std::vector<ConvQuant> bits(network.convs.size(), ConvQuant{kMaxBits, kMaxBits});
  loaded.design = assumed_design(network, bits, kAssumedSparsity);
  loaded.sparsity = kAssumedSparsity;
  return make_basis({}, std::move(loaded));
}

HardwareDesign hardware_design(const DesignBasis& basis, const Design& design) {
  const LoadedDesign& loaded = basis.loaded;
  const std::vector<ConvQuant> bits = conv_bits(design, basis.network());
  const std::string& source = loaded.design.source;
  if (loaded.integer_network) return design_from_network(*loaded.integer_network, bits, 0, source);
  if (loaded.parameters) return design_from_parameters(basis.network(), *loaded.parameters, bits, 0, source);
  return assumed_design(basis.network(), bits, loaded.sparsity);
}

HardwarePlan estimate_plan(const DesignBasis& basis, const Design& design) {
  const std::vector<ConvQuant> bits = conv_bits(design, basis.network());
  std::shared_ptr<const InstantEstimate> estimate = basis.estimate;
  if (!estimate) estimate = std::make_shared<InstantEstimate>(hardware_design(basis, design));
  return estimate->plan({.quant = bits, .fixed_layers = MobileNet::kLayers, .options = {}});
}

std::vector<FfeCost> ffes_of(const HardwarePlan& plan, const Design& design, const Technology& technology) {
  std::vector<FfeCost> ffes;
  for (int n = 0; n <= MobileNet::kLayers; ++n) {
    ffes.push_back(design.model == CostModelKind::kPaper
                       ? paper_ffe_cost(plan.network, n)
                       : calibrated_ffe_cost(first_layers(plan, n), technology, options_of(design, n)));
  }
  return ffes;
}

std::vector<FfeCost> estimate_ffes(const DesignBasis& basis, const Design& design,
                                   const Technology& technology) {
  return ffes_of(estimate_plan(basis, design), design, technology);
}

}  // namespace fixynn::gui
