// SPDX-License-Identifier: Apache-2.0
#include "report/run_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/error.h"
#include "model/mobilenet.h"

namespace fixynn {
namespace {

using GroupKey = std::tuple<std::string, int, int, int>;  // data set, weight bits, activation bits, N

double fixed_percent(double alpha, int input_size, int layers) {
  if (layers < 0 || layers > MobileNet::kLayers) return 0;
  try {
    return fixed_ops_percent(make_mobilenet(alpha, input_size, 2), layers);
  } catch (const Error&) {
    return fixed_ops_percent(make_mobilenet(0.25, 224, 2), layers);
  }
}

ResultRow make_row(const GroupKey& key, const std::map<uint64_t, Point>& by_seed) {
  ResultRow row;
  std::tie(row.dataset, row.weight_bits, row.activation_bits, row.fixed_layers) = key;
  const double count = static_cast<double>(by_seed.size());
  double validation_sum = 0;
  size_t validations = 0;
  for (const auto& [seed, point] : by_seed) {
    row.top1_low = row.points.empty() ? point.top1_percent : std::min(row.top1_low, point.top1_percent);
    row.top1_high = row.points.empty() ? point.top1_percent : std::max(row.top1_high, point.top1_percent);
    row.points.push_back(point);
    row.top1_mean += point.top1_percent / count;
    row.float_path_mean += point.float_path_top1_percent / count;
    row.images_per_second += point.train_images_per_second / count;
    row.wall_seconds += point.wall_seconds;
    if (!point.validation_top1_percent) continue;
    validation_sum += *point.validation_top1_percent;
    ++validations;
  }
  if (validations > 0) row.validation_mean = validation_sum / static_cast<double>(validations);
  return row;
}

const ResultRow* baseline_of(const std::vector<ResultRow>& rows, const ResultRow& row) {
  for (const ResultRow& other : rows) {
    if (other.fixed_layers == 0 && other.dataset == row.dataset && other.weight_bits == row.weight_bits &&
        other.activation_bits == row.activation_bits) {
      return &other;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<ResultRow> summarise_points(const std::vector<Point>& points, double alpha, int input_size) {
  std::map<GroupKey, std::map<uint64_t, Point>> groups;
  for (const Point& point : points) {
    groups[{point.dataset, point.weight_bits, point.activation_bits, point.fixed_layers}][point.seed] = point;
  }
  std::vector<ResultRow> rows;
  for (const auto& [key, by_seed] : groups) {
    rows.push_back(make_row(key, by_seed));
    rows.back().fixed_ops_percent = fixed_percent(alpha, input_size, rows.back().fixed_layers);
  }
  for (ResultRow& row : rows) {
    if (const ResultRow* baseline = baseline_of(rows, row)) row.drop = baseline->top1_mean - row.top1_mean;
  }
  return rows;
}

const ResultRow* deepest_within(const std::vector<ResultRow>& rows, double points) {
  const ResultRow* best = nullptr;
  for (const ResultRow& row : rows) {
    if (row.fixed_layers == 0 || !row.drop || *row.drop > points + 1e-9) continue;
    if (best == nullptr || row.fixed_layers > best->fixed_layers) best = &row;
  }
  return best;
}

std::string headline(const std::vector<ResultRow>& rows) {
  if (rows.empty()) return "Nothing has been measured yet.";
  if (const ResultRow* best = deepest_within(rows, 1.0)) {
    const ResultRow& baseline = *baseline_of(rows, *best);
    const size_t seeds = best->points.size();
    return fmt::format(
        "{} of {} layers can be frozen within 1 % of the N = 0 accuracy: {:.2f} % against {:.2f} %{}, with "
        "{:.1f} % of "
        "the operations fixed.",
        best->fixed_layers, MobileNet::kLayers, best->top1_mean, baseline.top1_mean,
        seeds > 1 ? fmt::format(" (means of {} seeds)", seeds) : "", best->fixed_ops_percent);
  }
  const ResultRow* nearest = nullptr;
  for (const ResultRow& row : rows) {
    if (row.fixed_layers > 0 && row.drop && (nearest == nullptr || *row.drop < *nearest->drop))
      nearest = &row;
  }
  if (nearest != nullptr) {
    return fmt::format(
        "No tested number of frozen layers stays within 1 % of the N = 0 accuracy; the nearest, N = {}, "
        "loses {:.2f} "
        "points.",
        nearest->fixed_layers, *nearest->drop);
  }
  const bool has_baseline =
      std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.drop.has_value(); });
  return has_baseline ? "Only N = 0 has been measured yet: no layer was frozen."
                      : "N = 0 has not been measured, so the loss of accuracy cannot be stated.";
}

std::string bits_sentence(int weight_bits, int activation_bits) {
  if (weight_bits == 0 && activation_bits == 0) return "float";
  return fmt::format("{}-bit weights, {}-bit activations", weight_bits, activation_bits);
}

std::vector<PublishedPoint> published_points(const std::string& dataset) {
  if (dataset == "gtsrb") return {{0, 97.7}, {4, 97.8}, {7, 95.0}, {11, 89.2}, {14, 59.3}};
  if (dataset == "cifar10") return {{0, 93.5}, {4, 93.3}, {7, 92.7}, {11, 91.7}, {14, 85.3}};
  if (dataset == "cifar100") return {{0, 72.8}, {4, 72.5}, {7, 72.0}, {11, 71.1}, {14, 68.5}};
  if (dataset == "svhn") return {{0, 95.8}, {4, 95.7}, {7, 95.8}, {11, 94.6}, {14, 91.0}};
  if (dataset == "flowers102") return {{0, 88.1}, {4, 88.3}, {7, 87.5}, {11, 86.9}, {14, 82.8}};
  if (dataset == "aircraft") return {{0, 67.7}, {4, 66.7}, {7, 64.0}, {11, 56.7}, {14, 41.9}};
  return {};
}

std::vector<PaperDataset> paper_datasets() {
  return {{"cifar100", "CIFAR100"}, {"cifar10", "CIFAR10"}, {"svhn", "SVHN"},
          {"flowers102", "Flwr"},   {"aircraft", "Airc"},   {"gtsrb", "GTSR"}};
}

}  // namespace fixynn
