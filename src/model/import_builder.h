// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model/import.h"

// What the importers share; not for use outside import*.cpp.

namespace fixynn {

Import import_tf_checkpoint(const std::filesystem::path& path);
/// `contents` of a file that is_tflite() accepted.
Import import_tflite(std::vector<uint8_t> contents, const std::filesystem::path& path);

/// Fills the parameters of one network tensor by tensor and keeps the account.
class ImportBuilder {
 public:
  /// All parameters start as initialise_parameters(network, 0), so that a head that is missing is a usable
  /// one.
  ImportBuilder(Import& import, const MobileNet& network, std::string what);

  const NamedTensor& target(const std::string& name) const;
  /// Checks the values and stores them under `name`; the count must be the target's.
  void store(const std::string& name, const std::vector<float>& values, const std::string& source,
             const std::vector<int64_t>& source_shape, const std::string& change);
  void fill(const std::string& name, float value);

 private:
  std::span<float> destination(const NamedTensor& tensor);

  Import& import_;
  std::vector<NamedTensor> tensors_;
  std::string what_;
};

/// The width whose first convolution has so many outputs; throws naming the file for a number that no width
/// has.
double alpha_of_channels(int64_t channels, const std::string& what);

/// [rows][columns] to [columns][rows].
std::vector<float> transposed(const std::vector<float>& values, size_t rows, size_t columns);

std::string shape_text(const std::vector<int64_t>& shape);

}  // namespace fixynn
