// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"
#include "study/cost_bench.h"
#include "train/bench.h"
#include "train/kernel_bench.h"

namespace fixynn {
namespace {

const ManualPage kManual = {
    .name = "fixynn-bench",
    .summary = "measures the speed of training, evaluation, single kernels and cost estimates",
    .synopsis = "fixynn-bench train|eval|kernels|cost [OPTIONS]",
    .description =
        "Runs batches of random images of exactly the input size, held in memory and not augmented, and "
        "prints one "
        "JSON line: images_per_second is the median over rounds, best_images_per_second the fastest round, "
        "peak_rss_bytes the memory of the whole process. A round of a CUDA device ends when the device has "
        "done its "
        "work. 'eval' runs the integer network, or the float one with --bits 0.\n\n"
        "share_of_floor compares with the images a second that the device's memory and arithmetic allow "
        "(floor_images_per_second): each tensor moved once in each product of a step that reads or writes "
        "it, and "
        "nothing else moved. What is not known is null.\n\n"
        "'kernels' takes a training step on a CUDA device apart and prints a table, or with --json one line: "
        "for each pass the median time, GB/s over the fewest bytes that it can read and write, that as a "
        "share "
        "of what a large copy moves, and its share of the step; then the sum of the passes and the time of a "
        "step as training runs it.\n\n"
        "'cost' times the instant estimate: one edit of a layer's bits, and Figure 2's sweep.",
    .examples =
        "  fixynn-bench train --size 96 --batch 64 --fixed-layers 7 --bits 8 --threads 2\n"
        "  fixynn-bench eval --size 224 --batch 64 --bits 8 --threads 1\n"
        "  fixynn-bench kernels --device cuda --size 224 --batch 256 --precision bf16",
};

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  BenchRequest request;
  std::string mode;
  app.add_option("MODE", mode, "train, eval, kernels or cost.")
      ->required()
      ->check(CLI::IsMember({"train", "eval", "kernels", "cost"}).description(""));
  app.add_option("--size", request.size, "Input pixels, height = width.")->type_name("S");
  app.add_option("--batch", request.batch_size, "Images a step.")->type_name("B");
  app.add_option("--fixed-layers", request.fixed_layers, "Frozen layers, 0..14.")->type_name("N");
  app.add_option("--bits", request.bits, "Bits of weights and activations of all layers, 2..8; 0 = float.")
      ->type_name("BITS");
  add_engine_options(app, request.engine);
  app.add_option("--seconds", request.seconds, "How long to measure, about.")->type_name("SECONDS");
  app.add_option("--alpha", request.alpha, "Width of MobileNetV1: 0.25, 0.5, 0.75 or 1.0.")
      ->type_name("ALPHA");
  app.add_option("--classes", request.classes, "Classes of the head.")->type_name("K");
  app.add_option(
         "--memory-gb-per-s", request.memory_gb_per_s,
         "Memory bandwidth of the device in 10^9 bytes/s, for the share of the roofline; 0 = what the "
         "engine knows of it.")
      ->check(CLI::Range(0.0, 1e6).description(""))
      ->type_name("GB_PER_S");
  app.add_option("--gmacs-per-s", request.gmacs_per_s,
                 "Its 10^9 multiply-accumulates a second, for the same; 0 = not known.")
      ->check(CLI::Range(0.0, 1e9).description(""))
      ->type_name("GMACS_PER_S");
  bool as_json = false;
  app.add_flag("--json", as_json, "With kernels: one JSON line in place of the table.");
  if (!parse_arguments(app, argc, argv)) return 0;
  if (mode == "cost") {
    constexpr int kDesigns = 2000;
    fmt::print("{}", cost_bench_json(request.alpha, request.size,
                                     run_cost_bench(request.alpha, request.size, kDesigns)));
    return 0;
  }
  request.train = mode != "eval";
  if (mode == "kernels") {
    const KernelBenchResult result = run_kernel_bench(request);
    fmt::print("{}", as_json ? kernel_bench_json(request, result) : kernel_bench_text(request, result));
    return 0;
  }
  fmt::print("{}", bench_json(request, run_bench(request)));
  return 0;
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
