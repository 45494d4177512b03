// SPDX-License-Identifier: Apache-2.0
#include "train/eval_network.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/files.h"
#include "core/npy.h"
#include "core/text.h"
#include "core/thread_pool.h"
#include "integer/executor.h"
#include "integer/network_file.h"
#include "model/model_file.h"
#include "model/safetensors.h"
#include "train/evaluate.h"
#include "train/plan.h"

namespace fixynn {
namespace {

constexpr int kBatch = 64;

struct Images {
  ImageSet set;
  std::vector<uint32_t> samples;
  std::string kind;
};

Images load_eval_images(const EvalRequest& request, const MobileNet& network, const TrainServices& services) {
  LoadOptions options;
  options.root = request.data_root;
  options.kind = request.kind ? *request.kind : detect_dataset_kind(request.data_root);
  options.size = network.input_size;
  options.central_crop = request.central_crop;
  options.label_column = request.label_column;
  options.on_bad_image = request.on_bad_image_skip ? BadImagePolicy::kSkip : BadImagePolicy::kFail;
  Images images;
  images.kind = dataset_kind_name(options.kind);
  // Written by fixynn-data: the layout is a published set's, the images are not.
  if (std::filesystem::exists(options.root / "GENERATED.txt"))
    images.kind = "generated, layout " + images.kind;
  images.set = services.load_images(options, request.split);
  const auto largest = std::max_element(images.set.labels.begin(), images.set.labels.end());
  if (largest == images.set.labels.end()) fail("{}: holds no images", request.data_root.string());
  if (*largest >= network.classes) {
    fail(
        "{}: holds class number {}, but {} knows {} classes only; choose the data set it was trained on, or "
        "another "
        "--label-column",
        request.data_root.string(), *largest, request.network.string(), network.classes);
  }
  if (options.kind != DatasetKind::kList && images.set.classes() != network.classes) {
    fail("{}: has {} classes, but {} was trained for {}; choose the data set it was trained on",
         request.data_root.string(), images.set.classes(), request.network.string(), network.classes);
  }
  size_t count = images.set.count();
  if (request.images > 0) count = std::min(count, static_cast<size_t>(request.images));
  images.samples.resize(count);
  std::iota(images.samples.begin(), images.samples.end(), 0u);
  return images;
}

void fill_accuracy(const EvaluationResult& result, EvalReport& report) {
  report.images = result.images;
  report.top1_percent = result.top1_percent();
  report.top5_percent = result.top5_percent();
  report.images_per_second = static_cast<double>(result.images) / std::max(1e-9, result.seconds);
}

/// Logits of the exact executor, images spread over the threads.
LogitSource executor_path(const IntegerNetwork& network, const IntegerExecutor& executor,
                          const ImageSet& images, ThreadPool& pool) {
  return [&](std::span<const uint32_t> samples, std::vector<float>& logits) {
    const size_t classes = static_cast<size_t>(network.network.classes);
    logits.assign(samples.size() * classes, 0.0f);
    pool.run(static_cast<int>(samples.size()), [&](int task, int) {
      const size_t i = static_cast<size_t>(task);
      const IntegerResult result =
          executor.run(render_plain(images, samples.subspan(i, 1), network.network.input_size));
      for (size_t k = 0; k < classes; ++k) {
        logits[i * classes + k] =
            static_cast<float>(static_cast<double>(result.logits[k]) * network.head.logit_scale);
      }
    });
  };
}

void dump_codes(const EvalRequest& request, const IntegerNetwork& network, IntegerEngine& engine,
                const Images& images, EvalReport& report) {
  const int conv = MobileNet::convs_in_layers(network.fixed_layers) - 1;
  if (conv < 0 || static_cast<size_t>(conv) >= network.convs.size()) {
    fail_usage("{}: has no quantised fixed layers, so there are no FFE codes to dump",
               request.network.string());
  }
  const Conv& shape = network.convs[static_cast<size_t>(conv)].conv;
  std::vector<uint8_t> all_codes, codes;
  const IntegerExecutor executor(network);
  for (size_t begin = 0; begin < images.samples.size(); begin += kBatch) {
    const auto chunk =
        std::span(images.samples).subspan(begin, std::min<size_t>(kBatch, images.samples.size() - begin));
    const std::vector<uint8_t> pixels = render_plain(images.set, chunk, network.network.input_size);
    if (request.exact_executor) {
      const size_t bytes = pixels.size() / chunk.size();
      for (size_t i = 0; i < chunk.size(); ++i) {
        const IntegerResult result = executor.run(std::span(pixels).subspan(i * bytes, bytes));
        const std::vector<uint8_t>& own = result.codes[static_cast<size_t>(conv)];
        all_codes.insert(all_codes.end(), own.begin(), own.end());
      }
    } else {
      engine.codes(pixels, static_cast<int>(chunk.size()), conv, codes);
      all_codes.insert(all_codes.end(), codes.begin(), codes.end());
    }
  }
  const int64_t count = static_cast<int64_t>(images.samples.size());
  const int64_t size = network.network.input_size;
  const std::vector<uint8_t> pixels = render_plain(images.set, images.samples, network.network.input_size);
  std::vector<int32_t> labels;
  for (const uint32_t sample : images.samples) labels.push_back(images.set.labels[sample]);
  create_folders(request.dump_codes);
  const auto path = [&](const char* name) {
    report.written.push_back((request.dump_codes / name).string());
    return request.dump_codes / name;
  };
  write_npy<uint8_t>(path("ffe_codes.npy"), all_codes,
                     {count, shape.out_size, shape.out_size, shape.out_channels});
  write_npy<uint8_t>(path("images.npy"), pixels, {count, size, size, 3});
  write_npy<int32_t>(path("labels.npy"), labels, {count});
}

void compare(const IntegerNetwork& network, IntegerEngine& engine, const Images& images,
             const EvaluationResult& by_integer, const TrainServices& services, EvalReport& report) {
  const std::vector<uint8_t> pixels = render_plain(images.set, images.samples, network.network.input_size);
  const int count = static_cast<int>(images.samples.size());
  report.against_executor = compare_with_executor(network, engine, pixels, count);
  report.against_float_path = compare_with_float_path(network, engine, pixels, count, network.convs.size());
  TrainPlan plan = plan_of(network);
  plan.batch_size = kBatch;
  const std::unique_ptr<TrainEngine> float_engine = services.make_train_engine(plan);
  float_engine->set_state({network.parameters, std::vector<float>(network.parameters.values.size(), 0.0f)});
  const EvaluationResult by_float = evaluate_images(images.set, images.samples, network.network.classes,
                                                    float_path(*float_engine, images.set, true));
  int64_t different = 0;
  for (size_t i = 0; i < by_float.predicted.size(); ++i)
    different += by_float.predicted[i] != by_integer.predicted[i];
  report.float_path_classes_different = different;
  report.float_path_top1_percent = by_float.top1_percent();
}

EvalReport evaluate_integer_network(const EvalRequest& request, const TrainServices& services) {
  const IntegerNetwork network = read_network(request.network);
  if (request.exact_executor && !network.has_head && request.dump_codes.empty()) {
    fail_usage("{}: has a float back end, which --engine integer cannot run; use --engine cpu",
               request.network.string());
  }
  const Images images = load_eval_images(request, network.network, services);
  EvalReport report;
  report.dataset = images.kind;
  report.skipped_images = images.set.skipped.size();
  report.network =
      fmt::format("integer network, alpha {}, {} pixels, {} classes, {} fixed layers", network.network.alpha,
                  network.network.input_size, network.network.classes, network.fixed_layers);
  report.frozen_weights_sha256 = network.frozen_weights_sha256;
  const std::unique_ptr<IntegerEngine> engine = services.make_integer_engine(network);
  EvaluationResult result;
  if (request.exact_executor && network.has_head) {
    const IntegerExecutor executor(network);
    ThreadPool pool(request.threads);
    report.engine = "exact executor, " + format_plural(pool.threads(), "thread");
    result = evaluate_images(images.set, images.samples, network.network.classes,
                             executor_path(network, executor, images.set, pool));
  } else {
    report.engine = engine->describe();
    result = evaluate_images(images.set, images.samples, network.network.classes,
                             integer_path(*engine, images.set, network.network.input_size));
  }
  fill_accuracy(result, report);
  if (!request.dump_codes.empty()) dump_codes(request, network, *engine, images, report);
  if (request.compare) compare(network, *engine, images, result, services, report);
  return report;
}

EvalReport evaluate_float_model(const EvalRequest& request, const TensorFile& file,
                                const TrainServices& services) {
  if (request.exact_executor || request.compare || !request.dump_codes.empty()) {
    fail_usage(
        "{}: is a float model and has no integer codes; --engine integer, --compare and --dump-codes need a "
        "network file of fixynn-train",
        request.network.string());
  }
  const ModelFile model = model_from_tensors(file, request.network.string());
  const Images images = load_eval_images(request, model.network, services);
  const std::unique_ptr<TrainEngine> engine =
      services.make_train_engine(make_float_plan(model.network, kBatch));
  engine->set_state({model.parameters, std::vector<float>(model.parameters.values.size(), 0.0f)});
  EvalReport report;
  report.dataset = images.kind;
  report.skipped_images = images.set.skipped.size();
  report.engine = engine->describe();
  report.network = fmt::format("float model, alpha {}, {} pixels, {} classes{}", model.network.alpha,
                               model.network.input_size, model.network.classes,
                               model.batch_norm_folded ? ", batch norm folded" : "");
  fill_accuracy(evaluate_images(images.set, images.samples, model.network.classes,
                                float_path(*engine, images.set, false)),
                report);
  return report;
}

}  // namespace

EvalReport evaluate_network(const EvalRequest& request, const TrainServices& services) {
  if (!std::filesystem::exists(request.network)) {
    fail_usage("{}: there is no such network; give a networks/fixed_NN.safetensors of a run",
               request.network.string());
  }
  if (request.network.extension() != ".safetensors") {
    fail_usage(
        "{}: is neither a network of fixynn-train nor a model of fixynn-import (.safetensors); convert other "
        "weights "
        "with fixynn-import",
        request.network.string());
  }
  const TensorFile file = read_safetensors(request.network);
  const auto format = file.metadata.find("format");
  if (format != file.metadata.end() && format->second == "fixynn-model") {
    return evaluate_float_model(request, file, services);
  }
  return evaluate_integer_network(request, services);
}

}  // namespace fixynn
