// SPDX-License-Identifier: Apache-2.0
#include "train/checkpoint.h"

#include <nlohmann/json.hpp>
#include <span>

#include "core/error.h"
#include "core/files.h"
#include "model/safetensors.h"

namespace fixynn {
namespace {

constexpr const char* kFormat = "fixynn-checkpoint-1";

std::filesystem::path with_suffix(const std::filesystem::path& path, const char* suffix) {
  return path.string() + suffix;
}

std::span<const uint8_t> bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
}

std::string checksum(const TensorFile& file) {
  Sha256 hash;
  for (const auto& [name, tensor] : file.tensors) {
    hash.update(fmt::format("{} {} {}\n", name, tensor.dtype, tensor.bytes.size()));
    hash.update(tensor.bytes);
  }
  for (const auto& [key, value] : file.metadata) {
    if (key != "sha256") hash.update(fmt::format("{}={}\n", key, value));
  }
  return hash.finish();
}

nlohmann::json progress_json(const Checkpoint& checkpoint) {
  const TrainingProgress& p = checkpoint.progress;
  std::vector<int> bits;
  for (const QuantisedWeights& weights : checkpoint.frozen) bits.push_back(weights.bits);
  return {{"fixed_layers", checkpoint.fixed_layers},
          {"seed", checkpoint.seed},
          {"epoch", p.epoch},
          {"step_in_epoch", p.step_in_epoch},
          {"epoch_images", p.epoch_images},
          {"epoch_correct", p.epoch_correct},
          {"epoch_loss_sum", p.epoch_loss_sum},
          {"epoch_train_seconds", p.epoch_train_seconds},
          {"train_images", p.train_images},
          {"train_seconds", p.train_seconds},
          {"wall_seconds", p.wall_seconds},
          {"frozen_bits", bits}};
}

std::vector<int> read_progress(const nlohmann::json& json, Checkpoint& checkpoint) {
  TrainingProgress& p = checkpoint.progress;
  json.at("fixed_layers").get_to(checkpoint.fixed_layers);
  json.at("seed").get_to(checkpoint.seed);
  json.at("epoch").get_to(p.epoch);
  json.at("step_in_epoch").get_to(p.step_in_epoch);
  json.at("epoch_images").get_to(p.epoch_images);
  json.at("epoch_correct").get_to(p.epoch_correct);
  json.at("epoch_loss_sum").get_to(p.epoch_loss_sum);
  json.at("epoch_train_seconds").get_to(p.epoch_train_seconds);
  json.at("train_images").get_to(p.train_images);
  json.at("train_seconds").get_to(p.train_seconds);
  json.at("wall_seconds").get_to(p.wall_seconds);
  return json.at("frozen_bits").get<std::vector<int>>();
}

std::string frozen_name(size_t conv, const char* part) {
  return fmt::format("frozen.{:02}.{}", conv, part);
}

int64_t length(size_t size) {
  return static_cast<int64_t>(size);
}

TensorFile to_file(const Checkpoint& checkpoint) {
  TensorFile file;
  const auto add = [&file](const std::string& name, const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    file.tensors[name] = make_tensor<T>(std::span<const T>(values), {length(values.size())});
  };
  add("values", checkpoint.state.parameters.values);
  add("statistics", checkpoint.state.parameters.statistics);
  add("momentum", checkpoint.state.momentum);
  for (size_t i = 0; i < checkpoint.frozen.size(); ++i) {
    add(frozen_name(i, "codes"), checkpoint.frozen[i].codes);
    add(frozen_name(i, "scales"), checkpoint.frozen[i].scales);
  }
  file.metadata["format"] = kFormat;
  file.metadata["fingerprint"] = checkpoint.fingerprint;
  file.metadata["frozen_weights_sha256"] = checkpoint.frozen_sha256;
  file.metadata["progress"] = progress_json(checkpoint).dump();
  file.metadata["sha256"] = checksum(file);
  return file;
}

std::string metadata(const TensorFile& file, const std::string& key, const std::string& what) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) fail("{}: is not a checkpoint (it has no \"{}\")", what, key);
  return found->second;
}

Checkpoint from_file(const TensorFile& file, const MobileNet& network, const std::string& what) {
  if (metadata(file, "format", what) != kFormat)
    fail("{}: is not a checkpoint of this program's version", what);
  if (metadata(file, "sha256", what) != checksum(file))
    fail("{}: its contents do not match its checksum", what);
  Checkpoint checkpoint;
  checkpoint.fingerprint = metadata(file, "fingerprint", what);
  checkpoint.frozen_sha256 = metadata(file, "frozen_weights_sha256", what);
  const nlohmann::json progress = nlohmann::json::parse(metadata(file, "progress", what));
  const std::vector<int> bits = read_progress(progress, checkpoint);
  const ParameterLayout layout(network);
  const std::vector<int64_t> value_shape{length(layout.value_count)};
  checkpoint.state.parameters.values = get_tensor<float>(file, "values", value_shape, what);
  checkpoint.state.momentum = get_tensor<float>(file, "momentum", value_shape, what);
  checkpoint.state.parameters.statistics =
      get_tensor<float>(file, "statistics", {length(layout.statistic_count)}, what);
  if (bits.size() > network.convs.size())
    fail("{}: holds more frozen convolutions than the network has", what);
  for (size_t i = 0; i < bits.size(); ++i) {
    QuantisedWeights weights;
    weights.bits = bits[i];
    const bool quantised = weights.bits != kFloatBits;
    const int64_t codes = quantised ? network.convs[i].weight_count() : 0;
    const int64_t scales = quantised ? network.convs[i].out_channels : 0;
    weights.codes = get_tensor<int8_t>(file, frozen_name(i, "codes"), {codes}, what);
    weights.scales = get_tensor<float>(file, frozen_name(i, "scales"), {scales}, what);
    checkpoint.frozen.push_back(std::move(weights));
  }
  return checkpoint;
}

/// The checkpoint, or in `fault` why there is none.
std::optional<Checkpoint> try_read(const std::filesystem::path& path, const MobileNet& network,
                                   std::string& fault) {
  try {
    return from_file(read_safetensors(path), network, path.string());
  } catch (const Error& error) {
    fault = error.what();
  } catch (const nlohmann::json::exception& error) {
    fault = fmt::format("{}: its progress record is damaged ({})", path.string(), error.what());
  }
  return std::nullopt;
}

/// Gives the present checkpoint a second name, so that there is no moment without a whole one.
void keep_previous(const std::filesystem::path& path) {
  const std::filesystem::path previous = with_suffix(path, ".previous");
  const std::filesystem::path link = with_suffix(path, ".previous.tmp");
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return;
  std::filesystem::remove(link, code);
  std::filesystem::create_hard_link(path, link, code);
  if (!code) {
    std::filesystem::rename(link, previous, code);
  } else {
    // A file system without hard links.
    std::filesystem::rename(path, previous, code);
  }
  if (code) fail("{}: the previous checkpoint cannot be kept: {}", previous.string(), code.message());
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                     const MobileNet& network) {
  const ParameterLayout layout(network);
  if (checkpoint.state.parameters.values.size() != layout.value_count)
    fail("{}: the state is incomplete", path.string());
  const TensorFile file = to_file(checkpoint);
  keep_previous(path);
  write_safetensors(path, file);
}

LoadedCheckpoint load_checkpoint(const std::filesystem::path& path, const MobileNet& network,
                                 const std::string& fingerprint) {
  const std::filesystem::path previous = with_suffix(path, ".previous");
  const bool present = std::filesystem::exists(path), previous_present = std::filesystem::exists(previous);
  if (!present && !previous_present) return {};

  LoadedCheckpoint loaded;
  std::string fault = fmt::format("{}: is missing", path.string()),
              previous_fault = "there is no previous one";
  if (present) loaded.checkpoint = try_read(path, network, fault);
  if (!loaded.checkpoint) {
    if (previous_present) loaded.checkpoint = try_read(previous, network, previous_fault);
    if (!loaded.checkpoint) {
      fail("no checkpoint can be read ({}; {}): delete both to train these fixed layers from the start",
           fault, previous_fault);
    }
    loaded.note =
        fmt::format("the last checkpoint cannot be used ({}): going on from the previous one", fault);
    // Out of the way, or the next save would keep it in place of the good one.
    if (present) std::filesystem::rename(path, with_suffix(path, ".damaged"));
  }
  if (loaded.checkpoint->fingerprint != fingerprint) {
    fail_usage(
        "{}: was made with another configuration or data set; use another --run-dir, or delete it to start "
        "over",
        path.string());
  }
  return loaded;
}

std::string state_sha256(const TrainState& state) {
  Sha256 hash;
  hash.update(bytes_of(state.parameters.values));
  hash.update(bytes_of(state.parameters.statistics));
  hash.update(bytes_of(state.momentum));
  return hash.finish();
}

}  // namespace fixynn
