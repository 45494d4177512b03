// SPDX-License-Identifier: Apache-2.0
#include "hardware/adder_graph_cache.h"

#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {

namespace {

// A file is kMagic, the SHA-256 of the rest in hexadecimal, and the rest: 32-bit little-endian numbers
// inputs, outputs, adders; for each adder node and wires of both terms; for each output node and wires.
constexpr std::string_view kMagic = "fixynn adder graph 1\n";
constexpr size_t kDigestSize = 64;

// Optimising fewer weights than this takes less time than reading a file.
constexpr size_t kLeastWeightsInFile = 128;

void put(std::vector<uint8_t>& bytes, int64_t value) {
  const uint32_t word = static_cast<uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(word >> shift));
}

int32_t wires(int shift, bool negative) {
  return shift * 2 + (negative ? 1 : 0);
}

std::string graph_key(const ConstantMatrix& matrix, Interval input, Sharing sharing) {
  std::vector<uint8_t> bytes;
  bytes.reserve(32 + 4 * matrix.weights.size());
  put(bytes, kOptimiserVersion);
  put(bytes, static_cast<int>(sharing));
  for (const int64_t end : {input.min, input.max}) {
    put(bytes, end & 0xffffffff);
    put(bytes, end >> 32);
  }
  put(bytes, matrix.inputs);
  put(bytes, matrix.outputs);
  for (const int32_t weight : matrix.weights) put(bytes, weight);
  return sha256(bytes);
}

std::vector<uint8_t> graph_to_bytes(const AdderGraph& graph) {
  std::vector<uint8_t> rest;
  put(rest, graph.inputs);
  put(rest, static_cast<int64_t>(graph.outputs.size()));
  put(rest, static_cast<int64_t>(graph.adders.size()));
  for (const AdderNode& adder : graph.adders) {
    for (const AdderTerm& term : {adder.a, adder.b}) {
      put(rest, term.node);
      put(rest, wires(term.shift, term.negative));
    }
  }
  for (const AdderOutput& output : graph.outputs) {
    put(rest, output.node);
    put(rest, wires(output.shift, output.negated));
  }
  const std::string digest = sha256(rest);
  std::vector<uint8_t> bytes(kMagic.begin(), kMagic.end());
  bytes.insert(bytes.end(), digest.begin(), digest.end());
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

class WordReader {
 public:
  explicit WordReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  size_t words_left() const { return (bytes_.size() - at_) / 4; }
  int32_t next() {
    uint32_t word = 0;
    for (int shift = 0; shift < 32; shift += 8) word |= static_cast<uint32_t>(bytes_[at_++]) << shift;
    return static_cast<int32_t>(word);
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

// Nothing where the bytes are not a whole, undamaged file.
std::optional<AdderGraph> graph_from_bytes(std::span<const uint8_t> bytes) {
  const size_t header = kMagic.size() + kDigestSize;
  if (bytes.size() < header + 12 || (bytes.size() - header) % 4 != 0) return std::nullopt;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), header);
  const std::span<const uint8_t> rest = bytes.subspan(header);
  if (!text.starts_with(kMagic) || text.substr(kMagic.size()) != sha256(rest)) return std::nullopt;
  WordReader reader(rest);
  AdderGraph graph;
  graph.inputs = reader.next();
  const int64_t outputs = reader.next(), adders = reader.next();
  if (outputs < 0 || adders < 0 || 4 * adders + 2 * outputs != static_cast<int64_t>(reader.words_left())) {
    return std::nullopt;
  }
  for (int64_t i = 0; i < adders; ++i) {
    AdderNode& adder = graph.adders.emplace_back();
    for (AdderTerm* term : {&adder.a, &adder.b}) {
      term->node = reader.next();
      const int32_t packed = reader.next();
      term->shift = packed >> 1;
      term->negative = (packed & 1) != 0;
    }
  }
  for (int64_t o = 0; o < outputs; ++o) {
    AdderOutput& output = graph.outputs.emplace_back();
    output.node = reader.next();
    const int32_t packed = reader.next();
    output.shift = packed >> 1;
    output.negated = (packed & 1) != 0;
  }
  return graph;
}

std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& key) {
  return folder / (key + ".graph");
}

std::shared_ptr<const AdderGraph> read_graph(const std::filesystem::path& path, const ConstantMatrix& matrix,
                                             Interval input) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return nullptr;
  try {
    std::optional<AdderGraph> graph = graph_from_bytes(read_file(path));
    if (!graph) return nullptr;
    check_adder_graph(*graph, matrix, input, path.string());
    return std::make_shared<const AdderGraph>(std::move(*graph));
  } catch (const Error&) {
    return nullptr;  // it is made anew
  }
}

void write_graph(const std::filesystem::path& folder, const std::string& key, const AdderGraph& graph) {
  try {
    create_folders(folder);
    // A file lost in a power cut is made anew, so it need not be durable.
    write_file_atomic(file_of(folder, key), graph_to_bytes(graph), false);
  } catch (const Error&) {
    // A folder that cannot be written costs time at the next start and nothing else.
  }
}

}  // namespace

AdderGraphCache::AdderGraphCache(std::filesystem::path folder)
    : folder_(std::move(folder)), graphs_(std::make_shared<Graphs>()) {}

AdderGraphCache AdderGraphCache::stopped_by(std::stop_token stop) const {
  AdderGraphCache handle = *this;
  handle.stop_ = std::move(stop);
  return handle;
}

std::shared_ptr<const AdderGraph> AdderGraphCache::find(const ConstantMatrix& matrix, Interval input,
                                                        Sharing sharing) {
  const std::string key = graph_key(matrix, input, sharing);
  {
    const std::lock_guard lock(graphs_->mutex);
    const auto entry = graphs_->by_key.find(key);
    if (entry != graphs_->by_key.end()) return entry->second;
  }
  if (folder_.empty() || matrix.weights.size() < kLeastWeightsInFile) return nullptr;
  std::shared_ptr<const AdderGraph> graph = read_graph(file_of(folder_, key), matrix, input);
  if (graph == nullptr) return nullptr;
  const std::lock_guard lock(graphs_->mutex);
  return graphs_->by_key.try_emplace(key, std::move(graph)).first->second;
}

std::shared_ptr<const AdderGraph> AdderGraphCache::get(const ConstantMatrix& matrix, Interval input,
                                                       Sharing sharing) {
  check_stop();
  if (std::shared_ptr<const AdderGraph> graph = find(matrix, input, sharing)) return graph;
  // Not under the lock: threads optimise at the same time. Two of them may make the same graph; one is kept.
  auto graph = std::make_shared<const AdderGraph>(optimise_adders(matrix, input, sharing, stop_));
  const std::string key = graph_key(matrix, input, sharing);
  if (!folder_.empty() && matrix.weights.size() >= kLeastWeightsInFile) write_graph(folder_, key, *graph);
  const std::lock_guard lock(graphs_->mutex);
  return graphs_->by_key.try_emplace(key, std::move(graph)).first->second;
}

std::filesystem::path AdderGraphCache::default_folder() {
  const std::filesystem::path inside = std::filesystem::path("fixynn") / "adder_graphs";
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return std::filesystem::path(cache) / inside;
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return std::filesystem::path(home) / ".cache" / inside;
  }
  return {};
}

}  // namespace fixynn
