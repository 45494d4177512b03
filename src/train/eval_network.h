// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/compare_paths.h"
#include "train/services.h"

namespace fixynn {

/// What fixynn-eval is asked for.
struct EvalRequest {
  std::filesystem::path network;  ///< integer network file, or a float model (format = "fixynn-model")
  std::filesystem::path data_root;
  std::optional<DatasetKind> kind;  ///< none: what the folder shows
  Split split = Split::kTest;
  double central_crop = 1.0;
  std::string label_column = "label";
  bool on_bad_image_skip = false;
  bool exact_executor = false;  ///< --engine integer: the slow golden model rather than the fast engine
  bool compare = false;
  std::filesystem::path dump_codes;  ///< folder; empty = none
  int images = 0;                    ///< only the first so many images; 0 = all
  int threads = 0;
};

struct EvalReport {
  std::string network;  ///< "integer network, 7 fixed layers, ..."
  std::string engine;
  std::string dataset;
  int64_t images = 0;
  double top1_percent = 0, top5_percent = 0;
  double images_per_second = 0;
  size_t skipped_images = 0;
  std::string frozen_weights_sha256;               ///< empty for a float model
  std::vector<CodeComparison> against_executor;    ///< --compare
  std::vector<CodeComparison> against_float_path;  ///< --compare
  /// --compare: images whose class differs between the integer network and the float path, and that path's
  /// accuracy.
  std::optional<int64_t> float_path_classes_different;
  std::optional<double> float_path_top1_percent;
  std::vector<std::string> written;  ///< --dump-codes: files
};

/// Throws one sentence for files that cannot be read, labels that the network has no class for, and requests
/// that the network cannot serve (codes of a float model, the exact executor on a float back end).
EvalReport evaluate_network(const EvalRequest& request, const TrainServices& services);

std::string eval_text(const EvalReport& report);
std::string eval_json(const EvalReport& report);  ///< one line

}  // namespace fixynn
