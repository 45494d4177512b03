// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "cli/program.h"
#include "core/files.h"
#include "dataset/image_codec.h"
#include "dataset/inspect.h"
#include "dataset/load_dataset.h"
#include "dataset/synth/synth_data.h"

namespace fixynn {
namespace {

struct InspectArguments {
  std::string folder, kind, split, sheet;
  std::string label_column = "label";
  int size = 64, samples = 10;
};

struct SynthArguments {
  std::string out;
  SynthSpec spec;
  int threads = 0;
};

void add_inspect(CLI::App& app, InspectArguments& arguments) {
  CLI::App* command = app.add_subcommand("inspect");
  set_manual(*command,
             {.name = "inspect",
              .summary = "counts, sizes and classes of a data set, and a contact sheet",
              .synopsis = "fixynn-data inspect DIR [--kind K] [--split train|test] [--sheet FILE.png]",
              .description =
                  "Reads every image of the data set in DIR and prints what is there: images, sizes, tracks, "
                  "bad images with the reason, and a histogram of the classes. Images of differing sizes, "
                  "or larger than --size, are scaled to --size pixels while they are read.",
              .examples = "  fixynn-data inspect data/GTSRB --sheet signs.png\n"
                          "  fixynn-data inspect photos --kind folder --split test"});
  command->add_option("DIR", arguments.folder, "The folder of the data set.")->required();
  command
      ->add_option("--kind", arguments.kind,
                   "gtsrb, cifar10, cifar100, folder or list; default: what is there.")
      ->type_name("K")
      ->check(CLI::IsMember({"gtsrb", "cifar10", "cifar100", "folder", "list"}).description(""));
  command->add_option("--split", arguments.split, "train or test; both when not given.")
      ->type_name("SPLIT")
      ->check(CLI::IsMember({"train", "test"}).description(""));
  command->add_option("--sheet", arguments.sheet, "Write a contact sheet, a row for each class.")
      ->type_name("FILE.png");
  command->add_option("--samples", arguments.samples, "Images a row of the contact sheet.")
      ->type_name("N")
      ->check(CLI::Range(1, 100).description(""));
  command->add_option("--size", arguments.size, "Read images at most this large.")
      ->type_name("PIXELS")
      ->check(CLI::Range(8, 1024).description(""));
  command->add_option("--label-column", arguments.label_column, "Label column of index.csv.")
      ->type_name("NAME");
}

void add_synth(CLI::App& app, SynthArguments& arguments, const std::string& name, const std::string& summary,
               const std::string& description) {
  CLI::App* command = app.add_subcommand(name);
  set_manual(*command,
             {.name = name,
              .summary = summary,
              .synopsis = "fixynn-data " + name + " OUT [OPTIONS]",
              .description = description,
              .examples = "  fixynn-data " + name + " build/" + name + " --train-per-class 200 --seed 7"});
  command->add_option("OUT", arguments.out, "A new or empty folder.")->required();
  command->add_option("--train-per-class", arguments.spec.train_per_class, "Training images a class.")
      ->type_name("N");
  command->add_option("--test-per-class", arguments.spec.test_per_class, "Test images a class.")
      ->type_name("N");
  command->add_option("--size", arguments.spec.size, "Pixels a side.")->type_name("N");
  command
      ->add_option("--frames-per-track", arguments.spec.frames_per_track,
                   "Photographs of one object, coming nearer.")
      ->type_name("N");
  command->add_option("--seed", arguments.spec.seed, "The same seed writes the same bytes.")->type_name("N");
  command->add_option("--threads", arguments.threads, "0 = all processors; the files do not depend on it.")
      ->type_name("N")
      ->check(CLI::Range(0, 1024).description(""));
}

DatasetKind kind_of(const InspectArguments& arguments) {
  for (const DatasetKind kind : {DatasetKind::kGtsrb, DatasetKind::kCifar10, DatasetKind::kCifar100,
                                 DatasetKind::kFolder, DatasetKind::kList}) {
    if (dataset_kind_name(kind) == arguments.kind) return kind;
  }
  return detect_dataset_kind(arguments.folder);
}

int inspect(const InspectArguments& arguments) {
  LoadOptions options;
  options.root = arguments.folder;
  options.kind = kind_of(arguments);
  options.size = arguments.size;
  options.on_bad_image = BadImagePolicy::kSkip;
  options.label_column = arguments.label_column;
  std::string problem;
  const std::vector<NamedSplit> splits = load_splits(options, arguments.split, problem);
  if (!splits.empty()) {
    fmt::print("{} ({})\n{}", arguments.folder, dataset_kind_name(options.kind), describe_splits(splits));
    if (!arguments.sheet.empty()) {
      write_file_atomic(arguments.sheet, encode_png(make_contact_sheet(splits[0].images, arguments.samples)),
                        false);
      fmt::print("\ncontact sheet of the {} images: {}\n", splits[0].name, arguments.sheet);
    }
  }
  if (!problem.empty()) throw Error(problem);
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app;
  set_manual(app,
             {.name = "fixynn-data",
              .summary = "look at data sets and generate synthetic ones",
              .synopsis = "fixynn-data COMMAND [OPTIONS]",
              .description =
                  "Data sets are read in their official layouts: GTSRB, CIFAR-10 and CIFAR-100 (binary), one "
                  "folder a class, or a list of files with labels.",
              .examples = "  fixynn-data synth-signs build/signs\n"
                          "  fixynn-data inspect build/signs --sheet signs.png"});
  app.require_subcommand(1);
  InspectArguments to_inspect;
  SynthArguments signs, shapes;
  shapes.spec.frames_per_track = 1;
  add_inspect(app, to_inspect);
  add_synth(app, signs, "synth-signs", "write a synthetic set of 43 traffic signs in the GTSRB layout",
            "Photographs 43 drawn signs in synthetic scenes: perspective, light, blur, noise, occlusion.");
  add_synth(
      app, shapes, "synth-shapes", "write a synthetic source task for pretraining, one folder a class",
      "64 classes of shape, colour and pattern and of glyphs on plates; none of them is a traffic sign.");
  if (!parse_arguments(app, argc, argv)) return 0;
  if (app.got_subcommand("inspect")) return inspect(to_inspect);
  const bool is_signs = app.got_subcommand("synth-signs");
  const SynthArguments& chosen = is_signs ? signs : shapes;
  const SynthCounts counts = is_signs ? write_synth_signs(chosen.out, chosen.spec, chosen.threads)
                                      : write_synth_shapes(chosen.out, chosen.spec, chosen.threads);
  fmt::print("{}: {} classes, {} training images, {} test images of {} x {} pixels\n", chosen.out,
             counts.classes, counts.train_images, counts.test_images, chosen.spec.size, chosen.spec.size);
  return 0;
}

}  // namespace
}  // namespace fixynn

int main(int argc, char** argv) {
  return fixynn::run_main(argc, argv, fixynn::run);
}
