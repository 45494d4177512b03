// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "cli/program.h"
#include "train/eval_network.h"

namespace fixynn {
namespace {

const ManualPage kManual = {
    .name = "fixynn-eval",
    .summary = "tests a network on a data set",
    .synopsis = "fixynn-eval NETWORK --data ROOT [OPTIONS]",
    .description =
        "NETWORK is an integer network that fixynn-train wrote (networks/fixed_NN.safetensors) or a float "
        "model "
        "that fixynn-import wrote. Prints top-1 and top-5 accuracy and the speed.\n\n"
        "An integer network runs on integer codes: with --engine cpu on the fast engine, with --engine "
        "integer on "
        "the slow executor that defines the codes. --compare runs both, and the float fake-quantised path, "
        "on the "
        "same images and counts the codes that differ in every convolution.",
    .examples =
        "  fixynn-eval runs/gtsr/networks/fixed_07.safetensors --data data/GTSRB\n"
        "  fixynn-eval fixed_07.safetensors --data data/GTSRB --compare --images 1000\n"
        "  fixynn-eval fixed_07.safetensors --data data/GTSRB --dump-codes codes --images 16\n"
        "  fixynn-eval mobilenet.safetensors --data imagenet_sample --kind list \\\n"
        "      --label-column class_1001 --central-crop 0.875",
};

struct Arguments {
  EvalRequest request;
  std::string kind = "auto";
  EngineOptions engine;
};

void add_options(CLI::App& app, Arguments& arguments, std::string& engine, std::string& split,
                 std::string& format) {
  EvalRequest& request = arguments.request;
  app.add_option("NETWORK", request.network, "Network or model file.")->required();
  app.add_option("--data", request.data_root, "Folder of the data set.")->required()->type_name("ROOT");
  app.add_option("--kind", arguments.kind,
                 "auto (what the folder shows), gtsrb, cifar10, cifar100, folder or list.")
      ->check(CLI::IsMember({"auto", "gtsrb", "cifar10", "cifar100", "folder", "list"}).description(""))
      ->type_name("KIND");
  app.add_option("--split", split, "test or train.")
      ->check(CLI::IsMember({"test", "train"}).description(""))
      ->type_name("SPLIT");
  app.add_option("--engine,--device", engine,
                 "cpu (fast), cuda, auto (cuda where it can be had), or integer (the exact executor, slow).")
      ->check(CLI::IsMember({"auto", "cpu", "cuda", "integer"}).description(""))
      ->type_name("ENGINE");
  app.add_option("--images", request.images, "Only the first so many images; 0 = all.")
      ->check(CLI::Range(0, 1 << 30).description(""))
      ->type_name("K");
  app.add_flag("--compare", request.compare, "Compares engine, exact executor and float path, code by code.");
  app.add_option(
         "--dump-codes", request.dump_codes,
         "Writes ffe_codes.npy [K][H][W][C] u8, images.npy [K][S][S][3] u8 and labels.npy [K] i32 there.")
      ->type_name("DIR");
  app.add_option("--central-crop", request.central_crop, "Keep this central fraction of each side.")
      ->check(CLI::Range(0.05, 1.0).description(""))
      ->type_name("F");
  app.add_option("--label-column", request.label_column, "Column of index.csv with the label (--kind list).")
      ->type_name("NAME");
  app.add_flag("--skip-bad-images", request.on_bad_image_skip, "Leave out images that cannot be decoded.");
  add_threads(app, arguments.engine.threads);
  add_precision(app, arguments.engine.precision);
  app.add_option("--format", format, "text, or json (one line).")
      ->check(CLI::IsMember({"text", "json"}).description(""))
      ->type_name("FORMAT");
}

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app, kManual);
  Arguments arguments;
  std::string engine = "auto", split = "test", format = "text";
  add_options(app, arguments, engine, split, format);
  if (!parse_arguments(app, argc, argv)) return 0;
  EvalRequest& request = arguments.request;
  const std::map<std::string, DatasetKind> kinds = {{"gtsrb", DatasetKind::kGtsrb},
                                                    {"cifar10", DatasetKind::kCifar10},
                                                    {"cifar100", DatasetKind::kCifar100},
                                                    {"folder", DatasetKind::kFolder},
                                                    {"list", DatasetKind::kList}};
  if (arguments.kind != "auto") request.kind = kinds.at(arguments.kind);
  request.split = split == "test" ? Split::kTest : Split::kTrain;
  request.exact_executor = engine == "integer";
  // --engine has the exact executor beside the devices; the engine it is compared with then runs on the CPU.
  arguments.engine.device = engine == "cuda"   ? DeviceChoice::kCuda
                            : engine == "auto" ? DeviceChoice::kAuto
                                               : DeviceChoice::kCpu;
  request.threads = arguments.engine.threads;
  const EvalReport report = evaluate_network(request, default_services(arguments.engine));
  fmt::print("{}", format == "json" ? eval_json(report) : eval_text(report));
  for (const CodeComparison& comparison : report.against_executor) {
    if (comparison.different > 0) {
      fail(
          "{}: the engine's codes differ from the exact executor's; please report this with the network file",
          comparison.conv);
    }
  }
  return 0;
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
