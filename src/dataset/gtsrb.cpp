// SPDX-License-Identifier: Apache-2.0
// The German Traffic Sign Recognition Benchmark: folders 00000..00042 of PPM images with one CSV each, and a
// flat test folder with one CSV. Images of one physical sign form a track, NNNNN_MMMMM.ppm: track, frame.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "core/error.h"
#include "dataset/csv.h"
#include "dataset/image_codec.h"
#include "dataset/readers.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;
constexpr int kClasses = 43;

/// "00012_00003.ppm" -> "00012"; the whole name where it has another form: an image alone.
std::string track_of(const std::string& name) {
  const size_t underscore = name.find('_');
  const bool regular = underscore != std::string::npos && underscore > 0 &&
                       std::all_of(name.begin(), name.begin() + static_cast<ptrdiff_t>(underscore),
                                   [](unsigned char c) { return std::isdigit(c) != 0; });
  return regular ? name.substr(0, underscore) : name;
}

/// Complains about image files of `folder` that `listed` (names) lacks, as one sentence.
void check_all_listed(const fs::path& folder, const std::set<std::string>& listed, const fs::path& csv,
                      const LoadOptions& options, ImageSet& set) {
  size_t extra = 0;
  std::string first;
  for (const fs::path& file : list_folder(folder, false)) {
    if (!is_image_file(file) || listed.contains(file.filename().string())) continue;
    if (extra++ == 0) first = file.filename().string();
  }
  if (extra == 0) return;
  report_bad_image(
      options, set,
      fmt::format("{}: {} image{} of its folder {} not listed, the first is {}; the CSV file is truncated, "
                  "get it again",
                  csv.string(), extra, extra == 1 ? "" : "s", extra == 1 ? "is" : "are", first));
}

void read_class(const fs::path& images, int label, const LoadOptions& options, int& tracks,
                std::vector<ImageRecord>& records, ImageSet& set) {
  const fs::path folder = images / fmt::format("{:05}", label);
  const fs::path csv = folder / fmt::format("GT-{:05}.csv", label);
  if (!fs::is_directory(folder)) {
    fail("{}: the folder of class {} ({}) is missing; unpack the whole training archive", folder.string(),
         label, gtsrb_class_names()[static_cast<size_t>(label)]);
  }
  if (!fs::is_regular_file(csv)) fail("{}: is missing; unpack the whole training archive", csv.string());
  const CsvTable table = read_csv(csv, ';');
  const size_t file_column = table.require("Filename");
  const size_t label_column = table.require("ClassId");
  std::map<std::string, int> track_numbers;
  std::set<std::string> listed;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::string& name = table.rows[row][file_column];
    listed.insert(name);
    const int stated = table.integer(row, label_column);
    if (stated != label) {
      report_bad_image(
          options, set,
          fmt::format("{}:{}: {} has ClassId {}, in this folder it must be {}; correct the row or remove it",
                      csv.string(), table.lines[row], name, stated, label));
      continue;
    }
    const auto [track, is_new] = track_numbers.try_emplace(track_of(name), tracks);
    if (is_new) ++tracks;
    records.push_back({folder / name, label, track->second});
  }
  check_all_listed(folder, listed, csv, options, set);
}

fs::path find_test_csv(const fs::path& base) {
  for (const fs::path& folder : {base / "Final_Test", base / "Final_Test" / "Images"}) {
    if (fs::is_regular_file(folder / "GT-final_test.csv")) return folder / "GT-final_test.csv";
  }
  for (const fs::path& folder : {base / "Final_Test" / "Images", base / "Final_Test"}) {
    if (fs::is_regular_file(folder / "GT-final_test.test.csv")) return folder / "GT-final_test.test.csv";
  }
  fail("{}: is missing (the test archive holds it without labels; it comes from GTSRB_Final_Test_GT.zip)",
       (base / "Final_Test" / "GT-final_test.csv").string());
}

std::vector<ImageRecord> list_test(const fs::path& base, const LoadOptions& options, ImageSet& set) {
  const fs::path images = base / "Final_Test" / "Images";
  if (!fs::is_directory(images)) fail("{}: is missing; unpack GTSRB_Final_Test_Images.zip", images.string());
  const fs::path csv = find_test_csv(base);
  const CsvTable table = read_csv(csv, ';');
  const size_t file_column = table.require("Filename");
  const auto label_column = table.find("ClassId");
  if (!label_column) {
    fail(
        "{}: has no column ClassId, so the test images have no labels; put the labelled GT-final_test.csv of "
        "GTSRB_Final_Test_GT.zip into {}",
        csv.string(), (base / "Final_Test").string());
  }
  std::vector<ImageRecord> records;
  std::set<std::string> listed;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::string& name = table.rows[row][file_column];
    listed.insert(name);
    const int label = table.integer(row, *label_column);
    if (label < 0 || label >= kClasses) {
      report_bad_image(options, set,
                       fmt::format("{}:{}: {} has ClassId {}, labels are 0..{}; correct the row or remove it",
                                   csv.string(), table.lines[row], name, label, kClasses - 1));
      continue;
    }
    records.push_back({images / name, label, -1});
  }
  check_all_listed(images, listed, csv, options, set);
  return records;
}

}  // namespace

ImageSet read_gtsrb(const LoadOptions& options, Split split) {
  const bool train = split == Split::kTrain;
  const fs::path base = find_base(options.root, "GTSRB", train ? "Final_Training/Images" : "Final_Test");
  if (base.empty()) {
    fail("{}: has no {} (looked there and in GTSRB/); unpack the official archives into this folder",
         options.root.string(), train ? "Final_Training/Images" : "Final_Test");
  }
  ImageSet set;
  set.class_names = gtsrb_class_names();
  std::vector<ImageRecord> records;
  if (train) {
    int tracks = 0;
    for (int label = 0; label < kClasses; ++label) {
      read_class(base / "Final_Training" / "Images", label, options, tracks, records, set);
    }
  } else {
    records = list_test(base, options, set);
  }
  decode_records(records, options, set);
  return set;
}

const std::vector<std::string>& gtsrb_class_names() {
  static const std::vector<std::string> names = {
      "Speed limit (20km/h)",
      "Speed limit (30km/h)",
      "Speed limit (50km/h)",
      "Speed limit (60km/h)",
      "Speed limit (70km/h)",
      "Speed limit (80km/h)",
      "End of speed limit (80km/h)",
      "Speed limit (100km/h)",
      "Speed limit (120km/h)",
      "No passing",
      "No passing for vehicles over 3.5 metric tons",
      "Right-of-way at the next intersection",
      "Priority road",
      "Yield",
      "Stop",
      "No vehicles",
      "Vehicles over 3.5 metric tons prohibited",
      "No entry",
      "General caution",
      "Dangerous curve to the left",
      "Dangerous curve to the right",
      "Double curve",
      "Bumpy road",
      "Slippery road",
      "Road narrows on the right",
      "Road work",
      "Traffic signals",
      "Pedestrians",
      "Children crossing",
      "Bicycles crossing",
      "Beware of ice/snow",
      "Wild animals crossing",
      "End of all speed and passing limits",
      "Turn right ahead",
      "Turn left ahead",
      "Ahead only",
      "Go straight or right",
      "Go straight or left",
      "Keep right",
      "Keep left",
      "Roundabout mandatory",
      "End of no passing",
      "End of no passing by vehicles over 3.5 metric tons",
  };
  return names;
}

}  // namespace fixynn
