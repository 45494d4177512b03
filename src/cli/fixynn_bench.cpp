// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"
#include "train/bench.h"

namespace fixynn {
namespace {

const ManualPage kManual = {
    .name = "fixynn-bench",
    .summary = "measures the speed of training and evaluation",
    .synopsis = "fixynn-bench train|eval [OPTIONS]",
    .description =
        "Runs batches of random images of exactly the input size, held in memory and not augmented, and "
        "prints one "
        "JSON line: images_per_second is the median over rounds, best_images_per_second the fastest round, "
        "peak_rss_bytes the memory of the whole process. 'eval' runs the integer network, or the float one "
        "with "
        "--bits 0.",
    .examples =
        "  fixynn-bench train --size 96 --batch 64 --fixed-layers 7 --bits 8 --threads 2\n"
        "  fixynn-bench eval --size 224 --batch 64 --bits 8 --threads 1",
};

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  BenchRequest request;
  std::string mode;
  std::string device = "auto";
  app.add_option("MODE", mode, "train or eval.")
      ->required()
      ->check(CLI::IsMember({"train", "eval"}).description(""));
  app.add_option("--size", request.size, "Input pixels, height = width.")->type_name("S");
  app.add_option("--batch", request.batch_size, "Images a step.")->type_name("B");
  app.add_option("--fixed-layers", request.fixed_layers, "Frozen layers, 0..14.")->type_name("N");
  app.add_option("--bits", request.bits, "Bits of weights and activations of all layers, 2..8; 0 = float.")
      ->type_name("BITS");
  app.add_option("--threads", request.threads, "Threads; 0 = one for each processor.")
      ->check(CLI::Range(0, 1024).description(""))
      ->type_name("T");
  app.add_option("--seconds", request.seconds, "How long to measure, about.")->type_name("SECONDS");
  app.add_option("--alpha", request.alpha, "Width of MobileNetV1: 0.25, 0.5, 0.75 or 1.0.")
      ->type_name("ALPHA");
  app.add_option("--classes", request.classes, "Classes of the head.")->type_name("K");
  app.add_option("--device", device, "auto, cpu or cuda.")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}).description(""))
      ->type_name("DEVICE");
  if (!parse_arguments(app, argc, argv)) return 0;
  request.device = device == "cuda"  ? DeviceChoice::kCuda
                   : device == "cpu" ? DeviceChoice::kCpu
                                     : DeviceChoice::kAuto;
  request.train = mode == "train";
  fmt::print("{}", bench_json(request, run_bench(request)));
  return 0;
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
