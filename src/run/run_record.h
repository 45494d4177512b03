// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fixynn {

/// One start of a program on a run directory; a resumed run has several.
struct RunSession {
  std::string started;  ///< UTC, ISO 8601
  std::string program;  ///< "fixynn-train 0.1.0"
  std::string revision;
  std::string command;  ///< the command line
  std::string host;
  int64_t pid = 0;
  std::string device;      ///< the engine's description
  std::string arithmetic;  ///< what its results depend on: device, precision, who computes convolutions
  std::string folder{};    ///< where it was started: relative paths of its configuration are meant from there
};

/// What the data set held.
struct RunDataFacts {
  std::string dataset;
  int classes = 0;
  int image_width = 0, image_height = 0;                            ///< as kept in memory
  size_t train_images = 0, validation_images = 0, test_images = 0;  ///< used by the run
  std::vector<std::string> skipped;  ///< one sentence for each bad image left out
};

/// A finished training: the FFE's weight codes before and after it.
struct FrozenRecord {
  int fixed_layers = 0;
  uint64_t seed = 0;
  std::string sha256_before, sha256_after;
};

/// run.yaml: who ran what where. The file is written atomically at each change; sessions and trainings of
/// earlier starts are kept.
class RunRecord {
 public:
  /// Reads the sections of an existing file. A file that cannot be understood starts empty.
  explicit RunRecord(std::filesystem::path path);

  void add_session(const RunSession& session);
  void set_data(const RunDataFacts& facts);
  void add_training(const FrozenRecord& training);

  /// Of the last session; empty when there is none or it does not say.
  std::string last_arithmetic() const;

 private:
  void save() const;

  std::filesystem::path path_;
  std::string data_, sessions_, trainings_;  ///< bodies of the three top-level keys
};

}  // namespace fixynn
