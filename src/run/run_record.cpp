// SPDX-License-Identifier: Apache-2.0
#include "run/run_record.h"

#include <fmt/format.h>

#include "core/files.h"
#include "run/json_lines.h"

namespace fixynn {
namespace {

/// A JSON string is a YAML double-quoted string.
std::string quoted(const std::string& text) {
  return json_text(nlohmann::json(text));
}

}  // namespace

RunRecord::RunRecord(std::filesystem::path path) : path_(std::move(path)) {
  if (!std::filesystem::exists(path_)) return;
  const std::string text = read_text_file(path_);
  std::string* body = nullptr;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line == "data:") {
      body = &data_;
    } else if (line == "sessions:") {
      body = &sessions_;
    } else if (line == "trainings:") {
      body = &trainings_;
    } else if (line.empty() || line[0] != ' ') {
      body = nullptr;
    } else if (body != nullptr) {
      *body += line + "\n";
    }
  }
}

void RunRecord::add_session(const RunSession& session) {
  sessions_ += fmt::format("  - started: {}\n", quoted(session.started));
  sessions_ += fmt::format("    program: {}\n", quoted(session.program));
  sessions_ += fmt::format("    revision: {}\n", quoted(session.revision));
  sessions_ += fmt::format("    command: {}\n", quoted(session.command));
  sessions_ += fmt::format("    folder: {}\n", quoted(session.folder));
  sessions_ += fmt::format("    host: {}\n", quoted(session.host));
  sessions_ += fmt::format("    pid: {}\n", session.pid);
  sessions_ += fmt::format("    device: {}\n", quoted(session.device));
  sessions_ += fmt::format("    arithmetic: {}\n", quoted(session.arithmetic));
  save();
}

std::string RunRecord::last_arithmetic() const {
  const size_t session = sessions_.rfind("  - started:");
  const std::string key = "    arithmetic: ";
  const size_t found = session == std::string::npos ? session : sessions_.find(key, session);
  if (found == std::string::npos) return {};
  const size_t begin = found + key.size();
  const auto value = nlohmann::json::parse(sessions_.substr(begin, sessions_.find('\n', begin) - begin),
                                           nullptr, /*allow_exceptions=*/false);
  return value.is_string() ? value.get<std::string>() : std::string();
}

void RunRecord::set_data(const RunDataFacts& facts) {
  data_ = fmt::format("  dataset: {}\n", quoted(facts.dataset));
  data_ += fmt::format("  classes: {}\n", facts.classes);
  data_ += fmt::format("  image_width: {}\n  image_height: {}\n", facts.image_width, facts.image_height);
  data_ += fmt::format("  train_images: {}\n  validation_images: {}\n  test_images: {}\n", facts.train_images,
                       facts.validation_images, facts.test_images);
  data_ += fmt::format("  skipped_images: {}\n", facts.skipped.size());
  if (!facts.skipped.empty()) data_ += "  skipped:\n";
  for (const std::string& sentence : facts.skipped) data_ += fmt::format("    - {}\n", quoted(sentence));
  save();
}

void RunRecord::add_training(const FrozenRecord& training) {
  std::string entry =
      fmt::format("  - fixed_layers: {}\n    seed: {}\n", training.fixed_layers, training.seed);
  entry += fmt::format("    frozen_weights_sha256_before: {}\n", quoted(training.sha256_before));
  entry += fmt::format("    frozen_weights_sha256_after: {}\n", quoted(training.sha256_after));
  // A start that was killed between this and the point's line tests the same training again.
  if (trainings_.find(entry) == std::string::npos) trainings_ += entry;
  save();
}

void RunRecord::save() const {
  std::string text = "# Written by fixynn-train: where, when and on what this run was made.\n";
  if (!data_.empty()) text += "data:\n" + data_;
  if (!sessions_.empty()) text += "sessions:\n" + sessions_;
  if (!trainings_.empty()) text += "trainings:\n" + trainings_;
  write_file_atomic(path_, text);
}

}  // namespace fixynn
