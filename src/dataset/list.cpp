// SPDX-License-Identifier: Apache-2.0
// ROOT/index.csv: a header with `file` and a label column, one test image a row; file names relative to ROOT.
#include <algorithm>

#include "core/error.h"
#include "dataset/csv.h"
#include "dataset/readers.h"

namespace fixynn {
namespace {

constexpr int kMaxClasses = 100000;

}  // namespace

ImageSet read_list(const LoadOptions& options, Split split) {
  const std::filesystem::path index = options.root / "index.csv";
  if (split == Split::kTrain)
    fail_usage("{}: a list has test images only; use another data set to train", index.string());
  if (!std::filesystem::is_regular_file(index)) {
    fail("{}: is missing; a list needs index.csv with the columns file and {}", index.string(),
         options.label_column);
  }
  const CsvTable table = read_csv(index, ',');
  const size_t file_column = table.require("file");
  const size_t label_column = table.require(options.label_column);
  if (table.rows.empty()) fail("{}: lists no images", index.string());
  ImageSet set;
  std::vector<ImageRecord> records;
  int classes = 0;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const int label = table.integer(row, label_column);
    const std::string& name = table.rows[row][file_column];
    if (label < 0 || label >= kMaxClasses) {
      report_bad_image(
          options, set,
          fmt::format("{}:{}: {} has {} {}, labels are 0..{}; correct the row or remove it", table.file,
                      table.lines[row], name, options.label_column, label, kMaxClasses - 1));
      continue;
    }
    classes = std::max(classes, label + 1);
    records.push_back({options.root / name, label, -1});
  }
  for (int i = 0; i < classes; ++i) set.class_names.push_back(std::to_string(i));
  decode_records(records, options, set);
  return set;
}

}  // namespace fixynn
