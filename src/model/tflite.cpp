// SPDX-License-Identifier: Apache-2.0
#include "model/tflite.h"

#include <bit>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace fixynn {
namespace {

static_assert(std::endian::native == std::endian::little, "flatbuffer bytes are copied without swapping");

// A hostile file can point many tables at the same bytes; these bounds keep the work linear in its size.
constexpr size_t kMaxTables = 20'000;
constexpr size_t kMaxRank = 8;
constexpr size_t kMaxOperands = 64;
constexpr size_t kMaxNameBytes = 512;

/// Flatbuffer access: a table begins with the signed distance back to its vtable, which lists where the
/// fields lie. Every read is checked against the end of the file.
class FlatBuffer {
 public:
  FlatBuffer(std::span<const uint8_t> bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  struct Table {
    size_t position, vtable, vtable_bytes;
  };
  struct Vector {
    size_t position, count;
  };

  template <typename T>
  T read(size_t position) const {
    if (position > bytes_.size() || sizeof(T) > bytes_.size() - position) corrupt();
    T value;
    std::memcpy(&value, bytes_.data() + position, sizeof(T));
    return value;
  }

  Table table(size_t position) const {
    const int64_t vtable = static_cast<int64_t>(position) - read<int32_t>(position);
    if (vtable < 0) corrupt();
    const size_t start = static_cast<size_t>(vtable);
    const size_t bytes = read<uint16_t>(start);
    if (bytes < 4 || bytes > bytes_.size() - start) corrupt();
    return {position, start, bytes};
  }
  Table root() const { return table(read<uint32_t>(0)); }

  /// Where a field lies; 0 when it is left out and has its default value.
  size_t field(const Table& owner, size_t number) const {
    const size_t entry = 4 + 2 * number;
    if (entry + 2 > owner.vtable_bytes) return 0;
    const size_t offset = read<uint16_t>(owner.vtable + entry);
    return offset == 0 ? 0 : owner.position + offset;
  }
  template <typename T>
  T scalar(const Table& owner, size_t number, T preset) const {
    const size_t position = field(owner, number);
    return position == 0 ? preset : read<T>(position);
  }
  /// Follows the offset of a table or vector field, which must be present.
  size_t follow(size_t position) const { return position + read<uint32_t>(position); }

  Vector vector(const Table& owner, size_t number, size_t element_bytes, size_t max_count) const {
    const size_t position = field(owner, number);
    if (position == 0) return {0, 0};
    const size_t start = follow(position);
    const size_t count = read<uint32_t>(start);
    if (count > max_count || count > (bytes_.size() - start - 4) / element_bytes) corrupt();
    return {start + 4, count};
  }
  Table element_table(const Vector& tables, size_t i) const { return table(follow(tables.position + 4 * i)); }

  template <typename To>
  std::vector<To> ints(const Table& owner, size_t number, size_t max_count) const {
    const Vector found = vector(owner, number, 4, max_count);
    std::vector<To> values;
    for (size_t i = 0; i < found.count; ++i) values.push_back(read<int32_t>(found.position + 4 * i));
    return values;
  }
  std::span<const uint8_t> byte_vector(const Table& owner, size_t number) const {
    const Vector found = vector(owner, number, 1, bytes_.size());
    return bytes_.subspan(found.position, found.count);
  }

  [[noreturn]] void corrupt() const {
    fail("{}: an offset or length points outside the file; the TFLite file is truncated or corrupt", file_);
  }

 private:
  std::span<const uint8_t> bytes_;
  const std::string& file_;
};

using Table = FlatBuffer::Table;
using Vector = FlatBuffer::Vector;

std::string printable(std::span<const uint8_t> text) {
  std::string result;
  for (const uint8_t c : text.first(std::min(text.size(), kMaxNameBytes))) {
    result += c >= 0x20 && c < 0x7F ? static_cast<char>(c) : '?';
  }
  return result;
}

LiteTensor parse_tensor(const FlatBuffer& buffer, const Table& table, const Vector& buffers) {
  LiteTensor tensor;
  tensor.shape = buffer.ints<int64_t>(table, 0, kMaxRank);
  tensor.type = buffer.scalar<int8_t>(table, 1, 0);
  tensor.name = printable(buffer.byte_vector(table, 3));
  const uint32_t number = buffer.scalar<uint32_t>(table, 2, 0);
  if (number >= buffers.count) buffer.corrupt();
  tensor.data = buffer.byte_vector(buffer.element_table(buffers, number), 0);
  for (const int64_t extent : tensor.shape) {
    if (extent < 0) buffer.corrupt();
  }
  return tensor;
}

void parse_options(const FlatBuffer& buffer, const Table& table, LiteOperator& op) {
  const size_t position = buffer.field(table, 4);
  if (position == 0) return;
  if (op.code == lite_op::kFullyConnected) {
    const Table options = buffer.table(buffer.follow(position));
    op.activation = buffer.scalar<int8_t>(options, 0, 0);
    return;
  }
  if (op.code != lite_op::kConv2d && op.code != lite_op::kDepthwiseConv2d) return;
  const Table options = buffer.table(buffer.follow(position));
  // The two tables are the same but for the depth multiplier, field 3 of the depthwise one.
  const size_t shift = op.code == lite_op::kDepthwiseConv2d ? 1 : 0;
  op.same_padding = buffer.scalar<int8_t>(options, 0, 0) == 0;
  op.stride_width = buffer.scalar<int32_t>(options, 1, 0);
  op.stride_height = buffer.scalar<int32_t>(options, 2, 0);
  if (shift == 1) op.depth_multiplier = buffer.scalar<int32_t>(options, 3, 0);
  op.activation = buffer.scalar<int8_t>(options, 3 + shift, 0);
  op.dilation_width = buffer.scalar<int32_t>(options, 4 + shift, 1);
  op.dilation_height = buffer.scalar<int32_t>(options, 5 + shift, 1);
}

LiteOperator parse_operator(const FlatBuffer& buffer, const Table& table, const std::vector<int>& codes,
                            size_t tensors) {
  LiteOperator op;
  const uint32_t number = buffer.scalar<uint32_t>(table, 0, 0);
  if (number >= codes.size()) buffer.corrupt();
  op.code = codes[number];
  op.inputs = buffer.ints<int>(table, 1, kMaxOperands);
  op.outputs = buffer.ints<int>(table, 2, kMaxOperands);
  for (const std::vector<int>* list : {&op.inputs, &op.outputs}) {
    for (const int tensor : *list) {
      if (tensor < -1 || tensor >= static_cast<int>(tensors)) buffer.corrupt();
    }
  }
  parse_options(buffer, table, op);
  return op;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace

bool is_tflite(std::span<const uint8_t> contents) {
  return contents.size() >= 8 && std::memcmp(contents.data() + 4, "TFL3", 4) == 0;
}

LiteModel parse_tflite(std::vector<uint8_t> contents, const std::string& what) {
  if (!is_tflite(contents)) fail("{}: this is not a TFLite file (no TFL3 identifier)", what);
  LiteModel model;
  model.what = what;
  model.contents = std::move(contents);
  const FlatBuffer buffer(model.contents, model.what);
  const Table root = buffer.root();
  if (const uint32_t version = buffer.scalar<uint32_t>(root, 0, 0); version != 3) {
    fail("{}: schema version {} is unknown; convert the network again with a current TensorFlow", what,
         version);
  }

  std::vector<int> codes;
  const Vector code_tables = buffer.vector(root, 1, 4, kMaxTables);
  for (size_t i = 0; i < code_tables.count; ++i) {
    const Table table = buffer.element_table(code_tables, i);
    // Old files have the code in a byte, new ones in a word as well.
    codes.push_back(std::max<int>(buffer.scalar<int8_t>(table, 0, 0), buffer.scalar<int32_t>(table, 3, 0)));
  }
  const Vector subgraphs = buffer.vector(root, 2, 4, kMaxTables);
  if (subgraphs.count == 0) fail("{}: the TFLite file holds no network", what);
  const Table graph = buffer.element_table(subgraphs, 0);
  const Vector buffers = buffer.vector(root, 4, 4, kMaxTables);

  const Vector tensors = buffer.vector(graph, 0, 4, kMaxTables);
  for (size_t i = 0; i < tensors.count; ++i) {
    model.tensors.push_back(parse_tensor(buffer, buffer.element_table(tensors, i), buffers));
  }
  const Vector operators = buffer.vector(graph, 3, 4, kMaxTables);
  for (size_t i = 0; i < operators.count; ++i) {
    model.operators.push_back(
        parse_operator(buffer, buffer.element_table(operators, i), codes, model.tensors.size()));
  }
  model.inputs = buffer.ints<int>(graph, 1, kMaxOperands);
  model.outputs = buffer.ints<int>(graph, 2, kMaxOperands);
  for (const std::vector<int>* list : {&model.inputs, &model.outputs}) {
    for (const int tensor : *list) {
      if (tensor < 0 || tensor >= static_cast<int>(model.tensors.size())) buffer.corrupt();
    }
  }
  return model;
}

std::vector<float> lite_floats(const LiteModel& model, int tensor, const std::vector<int64_t>& shape) {
  const LiteTensor& found = model.tensors.at(static_cast<size_t>(tensor));
  if (found.type != lite_type::kFloat32) {
    fail("{}: tensor '{}' is not float32; convert the network without quantisation", model.what, found.name);
  }
  if (found.shape != shape) {
    fail("{}: tensor '{}' has shape {}, not {}; the network is not a MobileNetV1 of this width", model.what,
         found.name, shape_text(found.shape), shape_text(shape));
  }
  // Divide rather than multiply: the product of extents out of a file can overflow.
  const uint64_t count = found.data.size() / sizeof(float);
  uint64_t rest = count;
  bool fits = found.data.size() % sizeof(float) == 0 && count > 0;
  for (const int64_t extent : shape) {
    fits = fits && extent > 0 && rest % static_cast<uint64_t>(extent) == 0;
    if (fits) rest /= static_cast<uint64_t>(extent);
  }
  if (!fits || rest != 1) {
    fail("{}: tensor '{}' of shape {} has {} bytes, not 4 for each value; the TFLite file is corrupt",
         model.what, found.name, shape_text(shape), found.data.size());
  }
  std::vector<float> values(count);
  std::memcpy(values.data(), found.data.data(), found.data.size());
  return values;
}

std::string lite_operator_name(int code) {
  static constexpr std::pair<int, const char*> kNames[] = {{0, "ADD"},
                                                           {1, "AVERAGE_POOL_2D"},
                                                           {2, "CONCATENATION"},
                                                           {3, "CONV_2D"},
                                                           {4, "DEPTHWISE_CONV_2D"},
                                                           {6, "DEQUANTIZE"},
                                                           {9, "FULLY_CONNECTED"},
                                                           {14, "LOGISTIC"},
                                                           {17, "MAX_POOL_2D"},
                                                           {18, "MUL"},
                                                           {19, "RELU"},
                                                           {21, "RELU6"},
                                                           {22, "RESHAPE"},
                                                           {25, "SOFTMAX"},
                                                           {34, "PAD"},
                                                           {40, "MEAN"},
                                                           {43, "SQUEEZE"},
                                                           {114, "QUANTIZE"}};
  for (const auto& [number, name] : kNames) {
    if (number == code) return name;
  }
  return fmt::format("operator {}", code);
}

}  // namespace fixynn
