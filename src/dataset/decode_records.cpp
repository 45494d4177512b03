// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "core/thread_pool.h"
#include "dataset/image_codec.h"
#include "dataset/readers.h"
#include "dataset/resize.h"

namespace fixynn {
namespace {

constexpr size_t kChunk = 512;  ///< images decoded at a time before they are stored in order

struct Decoded {
  Image image;
  std::string problem;  ///< empty when good
};

Decoded decode_one(const ImageRecord& record, const LoadOptions& options) {
  Decoded out;
  try {
    std::error_code error;
    if (!std::filesystem::exists(record.path, error)) {
      fail("{}: is listed but missing; get the data set again", record.path.string());
    }
    out.image = read_image(record.path);
    if (options.central_crop < 1.0) out.image = centre_crop(out.image, options.central_crop);
  } catch (const Error& problem) {
    out.problem = problem.what();
  }
  return out;
}

/// Stores images of one size as they are for as long as all agree, then turns what it has to options.size.
class Collector {
 public:
  Collector(const LoadOptions& options, ImageSet& set) : size_(options.size), set_(set) {}

  bool resizing() const { return resizing_; }

  void add(const Image& image, size_t images_in_all) {
    const bool is_first = set_.labels.empty();
    if (is_first) {
      resizing_ = image.width > size_ || image.height > size_;
      set_.width = resizing_ ? size_ : image.width;
      set_.height = resizing_ ? size_ : image.height;
      set_.pixels.reserve(images_in_all * set_.image_bytes());
    } else if (!resizing_ && (image.width != set_.width || image.height != set_.height)) {
      resize_stored(images_in_all);
    }
    if (resizing_) {
      append(resize_image(image, size_, size_));
    } else {
      append(image);
    }
  }

 private:
  void append(const Image& image) {
    set_.pixels.insert(set_.pixels.end(), image.pixels.begin(), image.pixels.end());
  }

  void resize_stored(size_t images_in_all) {
    ImageSet old = std::move(set_);
    set_ = ImageSet{};
    set_.width = set_.height = size_;
    set_.pixels.reserve(images_in_all * set_.image_bytes());
    for (size_t i = 0; i < old.count(); ++i) {
      const auto pixels = old.image(i);
      append(resize_image({old.width, old.height, {pixels.begin(), pixels.end()}}, size_, size_));
    }
    set_.labels = std::move(old.labels);
    set_.tracks = std::move(old.tracks);
    set_.names = std::move(old.names);
    set_.class_names = std::move(old.class_names);
    set_.skipped = std::move(old.skipped);
    resizing_ = true;
  }

  int size_;
  ImageSet& set_;
  bool resizing_ = false;
};

}  // namespace

void report_bad_image(const LoadOptions& options, ImageSet& set, const std::string& sentence) {
  if (options.on_bad_image == BadImagePolicy::kFail) throw Error(sentence);
  set.skipped.push_back(sentence);
}

void decode_records(const std::vector<ImageRecord>& records, const LoadOptions& options, ImageSet& set) {
  ThreadPool pool(0);
  Collector collector(options, set);
  std::vector<Decoded> chunk;
  for (size_t begin = 0; begin < records.size(); begin += kChunk) {
    chunk.assign(std::min(kChunk, records.size() - begin), {});
    const bool resizing = collector.resizing();
    pool.run(static_cast<int>(chunk.size()), [&](int task, int) {
      Decoded& decoded = chunk[static_cast<size_t>(task)];
      decoded = decode_one(records[begin + static_cast<size_t>(task)], options);
      if (resizing && decoded.problem.empty())
        decoded.image = resize_image(decoded.image, options.size, options.size);
    });
    for (size_t i = 0; i < chunk.size(); ++i) {
      const ImageRecord& record = records[begin + i];
      if (!chunk[i].problem.empty()) {
        report_bad_image(options, set, chunk[i].problem);
        continue;
      }
      collector.add(chunk[i].image, records.size());
      set.labels.push_back(record.label);
      if (record.track >= 0) set.tracks.push_back(record.track);
      set.names.push_back(record.path.lexically_relative(options.root).string());
    }
  }
}

}  // namespace fixynn
