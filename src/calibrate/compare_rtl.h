// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calibrate/calibrate.h"
#include "hardware/adder_graph.h"

namespace fixynn {

/// The sums of one convolution as adders alone, combinational, in three forms with the same ports.
struct AdderForms {
  int64_t nonzero_weights = 0, adders = 0, adder_bits = 0;  ///< the latter two of the shared graph
  SynthesisResult shared;                                   ///< the graph that fixynn-rtl writes
  SynthesisResult digits;  ///< signed digits, nothing shared: x * CONST where a tool makes the best of CONST
  SynthesisResult plain;   ///< plain_sums_verilog
  double plain_ratio() const { return plain.area_um2 / shared.area_um2; }
  double digits_ratio() const { return digits.area_um2 / shared.area_um2; }
};

struct ConvComparison {
  std::string name;  ///< "l01_pointwise"
  AdderForms adders;
  SynthesisResult layer;            ///< of layer_job
  std::optional<LayerCheck> model;  ///< absent without a technology
};

struct CompareRequest {
  YosysOptions yosys;
  std::vector<std::string> convs;  ///< by name; empty: conv1 and the first three pointwise ones
  AdderMapping mapping = AdderMapping::kGates;
  /// Predicts whole layers. Absent: the one that comes with the program and has the library's name, if any.
  std::optional<Technology> technology;
  int threads = 0;  ///< Yosys runs at a time, as ThreadPool
};

struct Comparison {
  std::string yosys, library;  ///< "Yosys 0.23", the library's name
  AdderMapping mapping = AdderMapping::kGates;
  std::string technology;  ///< its name; empty without one
  std::vector<ConvComparison> convs;
};

/// Synthesises the adders of each convolution in three forms, and the convolution as a whole. Throws
/// Error(kUsage) for names of no convolution, Error for what Synthesizer refuses.
Comparison compare_rtl(const HardwareDesign& design, const CompareRequest& request, AdderGraphCache& cache,
                       const SynthesisProgress& progress = {});

/// A table for a person.
std::string comparison_text(const Comparison& comparison);

/// A module named "block" whose every output is one expression, a sum of x * CONST over its weights that are
/// not 0, as DeepFreeze writes them; ports x0, x1, ... and y0, y1, ... of all `matrices` side by side. Kinder
/// to that form than DeepFreeze is: sums are as wide as they can get and not 32 bits, negative weights are
/// subtracted and not sign-extended.
std::string plain_sums_verilog(std::span<const ConstantMatrix> matrices, Interval input);

/// A Yosys techmap that makes products with a positive constant on the left into sums of its signed digits,
/// so that they can become full-adder cells. Left alone, Yosys maps them to gates.
std::string constant_product_techmap();

}  // namespace fixynn
