// SPDX-License-Identifier: Apache-2.0
// The last part of Training: from trained parameters to a tested integer network in the run directory.
#include <algorithm>

#include "core/error.h"
#include "core/version.h"
#include "integer/lower.h"
#include "integer/network_file.h"
#include "run/json_lines.h"
#include "train/evaluate.h"
#include "train/training.h"

namespace fixynn {
namespace {

constexpr const char* kPreprocessing =
    "whole image resized to input_size x input_size by bilinear sampling (edges clamped), RGB, u8; codes = "
    "pixel - 128, "
    "values = codes / 127.5; padding 0 in that domain";

/// The float path's codes come from the reference in double precision, which is slow.
constexpr size_t kComparedImages = 32;

int64_t count_zeros(const auto& values) {
  return static_cast<int64_t>(std::count(values.begin(), values.end(), 0));
}

std::vector<LayerFacts> layer_facts(const IntegerNetwork& network) {
  const ParameterLayout layout(network.network);
  const size_t frozen = static_cast<size_t>(MobileNet::convs_in_layers(network.fixed_layers));
  std::vector<LayerFacts> all;
  for (size_t i = 0; i < network.network.convs.size(); ++i) {
    LayerFacts facts;
    facts.name = network.network.convs[i].name;
    facts.frozen = i < frozen;
    facts.weights = network.network.convs[i].weight_count();
    if (i < network.convs.size()) {
      const IntegerConv& conv = network.convs[i];
      facts.weight_bits = conv.quant.weight_bits;
      facts.activation_bits = conv.quant.activation_bits;
      facts.zero_weights = count_zeros(conv.weights.codes);
      facts.shift = conv.shift;
    } else {
      facts.zero_weights =
          count_zeros(std::span(network.parameters.values)
                          .subspan(layout.convs[i].weight, static_cast<size_t>(facts.weights)));
    }
    all.push_back(facts);
  }
  LayerFacts head;
  head.name = "head";
  head.weights = static_cast<int64_t>(layout.head_bias - layout.head_weight);
  if (network.has_head) {
    head.weight_bits = network.head.weights.bits;
    head.zero_weights = count_zeros(network.head.weights.codes);
  } else {
    head.zero_weights = count_zeros(
        std::span(network.parameters.values).subspan(layout.head_weight, static_cast<size_t>(head.weights)));
  }
  all.push_back(head);
  return all;
}

}  // namespace

void Training::reestimate_statistics() {
  const TrainConfig& train = context_.config.train;
  // With the statistics frozen for a while, the weights have settled on them.
  const bool were_frozen = phase_reached(train.epochs - 1, train.epochs, train.freeze_statistics_from);
  if (train.reestimate_images <= 0 || were_frozen) return;
  std::vector<uint32_t> samples =
      epoch_order(context_.data.train, seed_, static_cast<uint32_t>(train.epochs));
  samples.resize(std::min(samples.size(), static_cast<size_t>(train.reestimate_images)));
  TrainState state = engine_->state();
  state.parameters.statistics = engine_->measure_statistics(samples, true, true);
  engine_->set_state(state);
  context_.log.info("fixed layers {}, seed {}: batch-norm statistics re-estimated on {} training images",
                    fixed_layers_, seed_, samples.size());
}

bool Training::finish() {
  context_.progress.set_state("evaluating");
  const std::string trained_sha256 = state_sha256(engine_->state());
  reestimate_statistics();
  const TrainState final_state = engine_->state();
  context_.log.info("fixed layers {}, seed {}: trained; state sha256 {} (parameters, statistics, momentum)",
                    fixed_layers_, seed_, trained_sha256);
  // Quantised again from what the engine holds now: it must not have touched the frozen weights.
  const std::vector<QuantisedWeights> again =
      freeze_weights(context_.network, final_state.parameters, plan_.quant, fixed_layers_);
  check_frozen(frozen_weights_sha256(context_.network, again, final_state.parameters));
  return test(final_state);
}

std::optional<Training::TestResults> Training::evaluate_all(const IntegerNetwork& network) {
  const RunData& data = context_.data;
  const auto should_stop = [this] { return context_.stop.requested(); };
  const int classes = context_.network.classes;
  TestResults results;
  if (!data.validation.empty()) {
    const EvaluationResult validation = evaluate_images(
        data.train_set, data.validation, classes, float_path(*engine_, data.train_set, true), should_stop);
    if (validation.stopped) return std::nullopt;
    results.validation_percent = validation.top1_percent();
  }
  results.by_float = evaluate_images(data.test_set, data.test, classes,
                                     float_path(*engine_, data.test_set, true), should_stop);
  if (results.by_float.stopped) return std::nullopt;
  if (network.convs.empty()) {
    results.by_integer = results.by_float;
    return results;
  }
  const std::unique_ptr<IntegerEngine> integer = context_.services.make_integer_engine(network);
  results.by_integer =
      evaluate_images(data.test_set, data.test, classes,
                      integer_path(*integer, data.test_set, context_.network.input_size), should_stop);
  if (results.by_integer.stopped) return std::nullopt;
  const size_t ffe_convs =
      std::min(network.convs.size(), static_cast<size_t>(MobileNet::convs_in_layers(fixed_layers_)));
  if (ffe_convs > 0) {
    const auto samples = std::span(data.test).first(std::min(data.test.size(), kComparedImages));
    results.compared_images = static_cast<int64_t>(samples.size());
    results.comparisons = compare_with_float_path(
        network, *integer, render_plain(data.test_set, samples, context_.network.input_size),
        static_cast<int>(samples.size()), ffe_convs);
  }
  return results;
}

bool Training::test(const TrainState& final_state) {
  std::vector<std::string> warnings;
  IntegerNetwork network = lower_network(context_.network, fixed_layers_, plan_.quant, plan_.head_weight_bits,
                                         final_state.parameters, plan_.frozen, &warnings);
  for (const std::string& warning : warnings) context_.log.warn("{}", warning);
  check_frozen(network.frozen_weights_sha256);
  const std::optional<TestResults> results = evaluate_all(network);
  if (!results) return false;
  write_results(network, *results);
  return true;
}

void Training::write_results(IntegerNetwork& network, const TestResults& results) {
  const RunData& data = context_.data;
  network.metadata["dataset"] = data.name;
  network.metadata["class_names"] = json_text(data.train_set.class_names);
  network.metadata["seed"] = std::to_string(seed_);
  network.metadata["program"] = fmt::format("fixynn-train {} ({})", kVersion, kRevision);
  network.metadata["preprocessing"] = kPreprocessing;
  network.metadata["top1_percent"] = fmt::format("{:.4f}", results.by_integer.top1_percent());
  const std::string relative = "networks/" + stem() + ".safetensors";
  write_network(context_.directory.file(relative), network);

  Evaluation evaluation;
  evaluation.class_names = data.train_set.class_names;
  evaluation.confusion =
      confusion_matrix(data.test_set, data.test, results.by_integer.predicted, context_.network.classes);
  evaluation.layers = layer_facts(network);
  evaluation.compared_images = results.compared_images;
  for (const CodeComparison& comparison : results.comparisons) {
    evaluation.codes_compared += comparison.values;
    evaluation.codes_different += comparison.different;
    evaluation.largest_code_difference =
        std::max(evaluation.largest_code_difference, comparison.largest_difference);
  }
  context_.directory.write_evaluation(stem(), evaluation);

  Point point;
  point.dataset = data.name;
  point.fixed_layers = fixed_layers_;
  point.seed = seed_;
  point.weight_bits = context_.config.ffe.weight_bits;
  point.activation_bits = context_.config.ffe.activation_bits;
  point.back_end_bits = context_.config.back_end.bits;
  point.top1_percent = results.by_integer.top1_percent();
  point.float_path_top1_percent = results.by_float.top1_percent();
  point.validation_top1_percent = results.validation_percent;
  point.images_tested = results.by_integer.images;
  point.frozen_weights_sha256 = network.frozen_weights_sha256;
  point.network = relative;
  point.train_images_per_second =
      static_cast<double>(progress_.train_images) / std::max(1e-9, progress_.train_seconds);
  point.wall_seconds = wall_seconds();
  context_.record.add_training({fixed_layers_, seed_, frozen_sha256_, network.frozen_weights_sha256});
  context_.directory.append_point(point);
  context_.log.info(
      "fixed layers {}, seed {}: test top-1 {:.2f} % (integer network), {:.2f} % (float path), {} images; "
      "frozen weights "
      "unchanged",
      fixed_layers_, seed_, point.top1_percent, point.float_path_top1_percent, point.images_tested);
}

}  // namespace fixynn
