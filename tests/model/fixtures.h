// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/philox.h"
#include "model/mobilenet.h"
#include "model/parameters.h"

namespace fixynn::model_test {

/// A folder of its own for a test, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "fixynn_model_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// The message of the Error that `body` throws; "" with a failed check when it throws none.
inline std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

/// Runs `body`, which may succeed or throw Error; anything else ends the test program.
inline bool survives(const std::function<void()>& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    EXPECT_GT(std::strlen(error.what()), 20u);
    return false;
  }
}

template <typename T>
void append(std::vector<uint8_t>& bytes, T value) {
  bytes.resize(bytes.size() + sizeof value);
  std::memcpy(bytes.data() + bytes.size() - sizeof value, &value, sizeof value);
}

inline void write_bytes(const std::filesystem::path& path, const std::vector<uint8_t>& bytes) {
  write_file_atomic(path, std::span<const uint8_t>(bytes), false);
}

/// A network whose every parameter differs from every default, variances positive.
inline ModelParameters varied_parameters(const MobileNet& network, uint64_t seed) {
  ModelParameters parameters = initialise_parameters(network, seed);
  RandomSequence random(seed, RandomStream::kSynthesise, 0);
  for (float& value : parameters.values) value += random.uniform(-0.5f, 0.5f);
  for (float& value : parameters.statistics) value = random.uniform(0.1f, 2.0f);
  return parameters;
}

/// One tensor of a network by name.
inline std::vector<float> tensor_values(const MobileNet& network, const ModelParameters& parameters,
                                        const std::string& name) {
  for (const NamedTensor& tensor : named_tensors(network)) {
    if (tensor.name != name) continue;
    const auto& all = tensor.is_statistic ? parameters.statistics : parameters.values;
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(tensor.offset);
    return {begin, begin + static_cast<std::ptrdiff_t>(tensor.count)};
  }
  ADD_FAILURE() << "no tensor " << name;
  return {};
}

/// A file of the real weights; "" when FIXYNN_DATA is not set or the file is not there.
inline std::string real_weights(const std::string& name) {
  const char* root = std::getenv("FIXYNN_DATA");
  if (root == nullptr) return "";
  const std::filesystem::path path = std::filesystem::path(root) / "weights" / name;
  return std::filesystem::exists(path) ? path.string() : "";
}

}  // namespace fixynn::model_test
