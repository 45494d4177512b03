// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hardware/design.h"

namespace fixynn {

/// Bits over those of the file: "8", "8/6" (weights/activations), or per layer "8,8,6/8,..." (a shorter list
/// ends with its last entry). Throws Error(kUsage) with the accepted form.
std::vector<ConvQuant> parse_bits(const std::string& text, const MobileNet& network);

/// Share of zeros of assumed weights: what pruning of MobileNets reaches at little loss.
constexpr double kAssumedSparsity = 0.5;

struct DesignRequest {
  std::filesystem::path path;       ///< network, float model, configuration or run directory
  std::optional<std::string> bits;  ///< as parse_bits
  std::optional<double>
      sparsity;                   ///< 0..1; absent: as the weights are (kAssumedSparsity for assumed weights)
  std::optional<int> input_size;  ///< pixels; absent: the file's
};

/// What stands behind an estimate.
struct LoadedDesign {
  enum class Kind { kNetwork, kModel, kConfig, kRun } kind = Kind::kNetwork;
  HardwareDesign design;
  double sparsity = 0;
  /// Float parameters, for other bits than the design's; absent for assumed weights.
  std::optional<ModelParameters> parameters;
  /// The integer network whose codes the design has; absent unless the file is one (or a run holds one) and
  /// neither bits nor sparsity nor size were changed.
  std::optional<IntegerNetwork> integer_network;
  /// Of a network that was trained with so many layers frozen: the weights behind them never were.
  std::optional<int> frozen_layers;
  std::vector<int> trained_layers;  ///< of a run: the numbers of fixed layers of its networks, ascending
};

/// An integer network whose codes are the design's, to count activity with.
struct ActivityNetwork {
  IntegerNetwork network;
  /// The network as it was trained. False: the design's codes with the batch norms of the float weights.
  /// Where bits or zeros differ from those trained, or none were trained, nothing has adapted to them.
  bool as_trained = false;
};

/// The loaded network where it has the first `layers` layers in integers of the design's bits, else the
/// design lowered with its float parameters. Throws Error(kUsage) for assumed weights.
ActivityNetwork activity_network(const LoadedDesign& loaded, int layers);

/// Loads any of:
///   NETWORK  networks/fixed_NN.safetensors of fixynn-train, or a float model of fixynn-import
///   CONFIG   a .yaml: the weights of model.pretrained where that file is there, else assumed weights
///   RUN      a run directory: its network with the most fixed layers
/// Layers behind the frozen ones are planned at the FFE's bits, so that every N can be asked. Throws one
/// sentence naming the file and the remedy.
LoadedDesign load_design(const DesignRequest& request);

}  // namespace fixynn
