// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <vector>

#include "cli/program.h"
#include "model/import.h"

namespace fixynn {
namespace {

const ManualPage kManual = {
    .name = "fixynn-import",
    .summary = "converts pretrained MobileNetV1 weights to this program's format",
    .description =
        "Reads WEIGHTS, prints what was mapped, renamed, missing and not used, and writes the network as a "
        "safetensors file OUT, which 'model.pretrained' of a configuration takes.\n\n"
        "WEIGHTS is one of\n"
        "  - a checkpoint of TensorFlow-Slim's MobileNetV1 in TensorFlow's V2\n"
        "    format: its prefix or its .index file, the .data-00000-of-00001 file\n"
        "    beside it; batch norm comes with its parameters\n"
        "  - a float TFLite network (.tflite); batch norm comes folded into\n"
        "    weights and biases\n"
        "  - a .safetensors file that this program wrote\n\n"
        "Quantised TFLite networks are refused: their weights are rounded. OUT is replaced at once or not at "
        "all, and "
        "equal weights give equal bytes.",
    .examples =
        "  fixynn-import mobilenet_v1_0.25_224.ckpt mobilenet.safetensors\n"
        "  fixynn-import mobilenet_v1_0.25_224_float.tflite mobilenet.safetensors --verbose",
};

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

/// Names joined by a converter can fill lines: keep the end, which tells them apart.
std::string shortened(const std::string& name) {
  constexpr size_t kWidth = 64;
  return name.size() <= kWidth ? name : "..." + name.substr(name.size() - (kWidth - 3));
}

void print_mapped(const Import& import) {
  size_t source_width = 6, shape_width = 5, target_width = 6;
  for (const ImportedTensor& tensor : import.mapped) {
    source_width = std::max(source_width, shortened(tensor.source).size());
    shape_width = std::max(shape_width, shape_text(tensor.source_shape).size());
    target_width = std::max(target_width, tensor.target.size());
  }
  fmt::print("{:<{}}  {:<{}}  {:<{}}  {:<16}  change\n", "source", source_width, "shape", shape_width,
             "tensor", target_width, "shape");
  for (const ImportedTensor& tensor : import.mapped) {
    fmt::print("{:<{}}  {:<{}}  {:<{}}  {:<16}  {}\n", shortened(tensor.source), source_width,
               shape_text(tensor.source_shape), shape_width, tensor.target, target_width,
               shape_text(tensor.target_shape), tensor.change.empty() ? "-" : tensor.change);
  }
}

void print_list(const char* title, const std::vector<std::string>& lines, size_t limit) {
  fmt::print("{:<10} {}\n", title, lines.empty() ? "none" : fmt::format("{} tensors", lines.size()));
  for (size_t i = 0; i < std::min(limit, lines.size()); ++i) fmt::print("  {}\n", lines[i]);
  if (lines.size() > limit) fmt::print("  and {} more (--verbose lists them)\n", lines.size() - limit);
}

void print_import(const std::string& path, const Import& import, bool verbose) {
  const MobileNet& network = import.model.network;
  fmt::print("{}: {}, alpha {}, {} x {} pixels, {}\n\n", path, import.kind, network.alpha, network.input_size,
             network.input_size,
             import.has_head ? fmt::format("{} classes", network.classes) : std::string("no head"));
  print_mapped(import);
  const auto renamed =
      std::count_if(import.mapped.begin(), import.mapped.end(),
                    [](const ImportedTensor& tensor) { return tensor.source != tensor.target; });
  fmt::print("\n{:<10} {} tensors, {} of them renamed\n", "mapped", import.mapped.size(), renamed);
  const size_t limit = verbose ? import.not_used.size() + import.missing.size() : 8;
  print_list("missing", import.missing, limit);
  print_list("not used", import.not_used, limit);
  for (const std::string& note : import.notes) fmt::print("note: {}\n", note);
}

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  std::string weights, out;
  bool verbose = false;
  app.add_option("WEIGHTS", weights, "The weights to read.")->required();
  app.add_option("OUT.safetensors", out, "The file to write.")->required();
  app.add_flag("-v,--verbose", verbose, "List every tensor that is missing or not used.");
  if (!parse_arguments(app, argc, argv)) return 0;
  if (!out.ends_with(".safetensors")) {
    fail_usage("'{}' does not end in .safetensors; name the file to write so, for example {}.safetensors",
               out, out);
  }
  const Import import = import_weights(weights);
  print_import(weights, import, verbose);
  write_model(out, import.model);
  fmt::print("wrote {} ({} values and {} statistics, {} bytes)\n", out, import.model.parameters.values.size(),
             import.model.parameters.statistics.size(), std::filesystem::file_size(out));
  return 0;
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
