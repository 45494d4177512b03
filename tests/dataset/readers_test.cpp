// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <set>

#include "dataset/csv.h"
#include "dataset/resize.h"
#include "fixtures.h"

namespace fixynn {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

LoadOptions options_for(DatasetKind kind, const fs::path& root, int size = 64) {
  LoadOptions options;
  options.kind = kind;
  options.root = root;
  options.size = size;
  return options;
}

class GtsrbReader : public ::testing::Test {
 protected:
  void SetUp() override { write_gtsrb(root_.path(), 6); }
  fs::path class_folder(int label) const {
    return root_ / "GTSRB" / "Final_Training" / "Images" / fmt::format("{:05}", label);
  }
  std::string error(Split split = Split::kTrain) {
    return load_error(options_for(DatasetKind::kGtsrb, root_.path()), split);
  }
  ImageSet skipping(Split split = Split::kTrain) {
    LoadOptions options = options_for(DatasetKind::kGtsrb, root_.path());
    options.on_bad_image = BadImagePolicy::kSkip;
    return load_images(options, split);
  }
  TempFolder root_;
};

TEST_F(GtsrbReader, ReadsTheOfficialLayout) {
  ASSERT_EQ(detect_dataset_kind(root_.path()), DatasetKind::kGtsrb);
  const ImageSet train = load_images(options_for(DatasetKind::kGtsrb, root_.path()), Split::kTrain);
  EXPECT_EQ(train.count(), 43u * 6);
  EXPECT_EQ(train.width, 8);
  EXPECT_EQ(train.classes(), 43);
  EXPECT_EQ(train.class_names[14], "Stop");
  EXPECT_EQ(train.labels[6 * 3], 3);
  EXPECT_EQ(train.names[1], "GTSRB/Final_Training/Images/00000/00000_00001.ppm");
  const auto pixels = train.image(7);
  EXPECT_EQ(std::vector<uint8_t>(pixels.begin(), pixels.end()), make_image(8, 8, 2).pixels);
  EXPECT_EQ(std::set<int32_t>(train.tracks.begin(), train.tracks.end()).size(), 43u * 2);
  EXPECT_EQ(train.tracks[0], train.tracks[2]);
  EXPECT_NE(train.tracks[2], train.tracks[3]);
  const ImageSet test = load_images(options_for(DatasetKind::kGtsrb, root_ / "GTSRB"), Split::kTest);
  EXPECT_EQ(test.count(), 86u);
  EXPECT_EQ(test.labels[44], 1);
  EXPECT_TRUE(test.tracks.empty());
}

TEST_F(GtsrbReader, MissingImageFailsOrIsCounted) {
  fs::remove(class_folder(5) / "00001_00000.ppm");
  EXPECT_THAT(error(), AllOf(HasSubstr("00005/00001_00000.ppm"), HasSubstr("is listed but missing")));
  const ImageSet set = skipping();
  EXPECT_EQ(set.count(), 43u * 6 - 1);
  ASSERT_EQ(set.skipped.size(), 1u);
  EXPECT_THAT(set.skipped[0], HasSubstr("00001_00000.ppm"));
  EXPECT_EQ(set.tracks.size(), set.count());
}

TEST_F(GtsrbReader, TruncatedImageFailsOrIsCounted) {
  fs::resize_file(class_folder(7) / "00000_00002.ppm", 100);
  EXPECT_THAT(error(), AllOf(HasSubstr("00007/00000_00002.ppm"), HasSubstr("truncated")));
  EXPECT_EQ(skipping().skipped.size(), 1u);
}

TEST_F(GtsrbReader, ImagesWithoutRowsShowATruncatedTable) {
  write_text(
      class_folder(2) / "GT-00002.csv",
      "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n00000_00000.ppm;8;8;1;1;6;6;2\r\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("GT-00002.csv"), HasSubstr("5 images of its folder are not listed")));
  EXPECT_EQ(skipping().count(), 43u * 6 - 5);
}

TEST_F(GtsrbReader, CutRowNamesItsLine) {
  write_text(class_folder(2) / "GT-00002.csv",
             "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n00000_00000.ppm;8;8;1;1;6;6;"
             "2\n00000_00001.p");
  EXPECT_THAT(error(), HasSubstr("GT-00002.csv:3: has 1 fields, the header has 8"));
}

TEST_F(GtsrbReader, WrongLabelsAreFound) {
  write_text(class_folder(2) / "GT-00002.csv",
             "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n00000_00000.ppm;8;8;1;1;6;6;57\n");
  EXPECT_THAT(error(),
              HasSubstr("GT-00002.csv:2: 00000_00000.ppm has ClassId 57, in this folder it must be 2"));
  write_text(class_folder(2) / "GT-00002.csv",
             "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n00000_00000.ppm;8;8;1;1;6;6;two\n");
  EXPECT_THAT(error(), HasSubstr("ClassId is 'two', a whole number was expected"));
  write_text(root_ / "GTSRB/Final_Test/GT-final_test.csv", "Filename;ClassId\n00000.ppm;43\n");
  EXPECT_THAT(error(Split::kTest), HasSubstr("00000.ppm has ClassId 43, labels are 0..42"));
}

TEST_F(GtsrbReader, MissingClassOrTableOrSplit) {
  fs::remove(class_folder(11) / "GT-00011.csv");
  EXPECT_THAT(error(), AllOf(HasSubstr("GT-00011.csv"), HasSubstr("is missing")));
  fs::remove_all(class_folder(11));
  EXPECT_THAT(error(), AllOf(HasSubstr("folder of class 11"), HasSubstr("Right-of-way")));
  fs::remove_all(root_ / "GTSRB/Final_Training");
  EXPECT_THAT(error(), HasSubstr("has no Final_Training/Images"));
}

TEST_F(GtsrbReader, EmptyClassIsAnErrorEvenWhenSkipping) {
  write_text(class_folder(9) / "GT-00009.csv", "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n");
  for (int i = 0; i < 6; ++i) fs::remove(class_folder(9) / fmt::format("{:05}_{:05}.ppm", i / 3, i % 3));
  EXPECT_THAT(error(), HasSubstr("class 9 (No passing) has no training image"));
  EXPECT_THROW(skipping(), Error);
}

TEST_F(GtsrbReader, UnlabelledTestTableSaysWhichOneIsNeeded) {
  write_text(root_ / "GTSRB/Final_Test/GT-final_test.csv", "Filename;Width;Height\n00000.ppm;8;8\n");
  EXPECT_THAT(error(Split::kTest),
              AllOf(HasSubstr("no column ClassId"), HasSubstr("GTSRB_Final_Test_GT.zip")));
  fs::remove(root_ / "GTSRB/Final_Test/GT-final_test.csv");
  EXPECT_THAT(error(Split::kTest), HasSubstr("GT-final_test.csv: is missing"));
}

/// CIFAR records: label bytes, then planes whose first red byte is the record's number.
std::string cifar_records(int records, int label_bytes, int classes) {
  std::string text;
  for (int i = 0; i < records; ++i) {
    if (label_bytes == 2) text += static_cast<char>(i % 20);
    text += static_cast<char>(i % classes);
    std::string planes(3072, static_cast<char>(7));
    planes[0] = static_cast<char>(i);
    planes[1024] = 100;
    text += planes;
  }
  return text;
}

TEST(CifarReader, ReadsBothLayouts) {
  const TempFolder root;
  for (int i = 1; i <= 5; ++i)
    write_text(root / fmt::format("cifar-10-batches-bin/data_batch_{}.bin", i), cifar_records(20, 1, 10));
  write_text(root / "cifar-10-batches-bin/test_batch.bin", cifar_records(10, 1, 10));
  ASSERT_EQ(detect_dataset_kind(root.path()), DatasetKind::kCifar10);
  const ImageSet train = load_images(options_for(DatasetKind::kCifar10, root.path()), Split::kTrain);
  EXPECT_EQ(train.count(), 100u);
  EXPECT_EQ(train.width, 32);
  EXPECT_EQ(train.class_names[9], "truck");
  EXPECT_EQ(train.labels[23], 3);
  EXPECT_EQ(train.image(23)[0], 3);
  EXPECT_EQ(train.image(23)[1], 100);
  EXPECT_EQ(train.names[23], "data_batch_2.bin:3");
  const TempFolder other;
  write_text(other / "train.bin", cifar_records(200, 2, 100));
  write_text(other / "test.bin", cifar_records(100, 2, 100));
  const ImageSet fine = load_images(options_for(DatasetKind::kCifar100, other.path()), Split::kTrain);
  EXPECT_EQ(fine.labels[199], 99);
  EXPECT_EQ(fine.image(150)[0], 150);
}

TEST(CifarReader, BadFilesAreNamed) {
  const TempFolder root;
  const LoadOptions options = options_for(DatasetKind::kCifar10, root.path());
  for (int i = 1; i <= 5; ++i)
    write_text(root / fmt::format("data_batch_{}.bin", i), cifar_records(20, 1, 10));
  fs::resize_file(root / "data_batch_3.bin", 40000);
  EXPECT_THAT(load_error(options, Split::kTrain),
              AllOf(HasSubstr("data_batch_3.bin"), HasSubstr("truncated or damaged")));
  fs::resize_file(root / "data_batch_3.bin", 3073 * 7);
  EXPECT_THAT(load_error(options, Split::kTrain), HasSubstr("the 20 of the first batch"));
  fs::remove(root / "data_batch_3.bin");
  EXPECT_THAT(load_error(options, Split::kTrain),
              AllOf(HasSubstr("data_batch_3.bin"), HasSubstr("is missing")));
  EXPECT_THAT(load_error(options, Split::kTest), HasSubstr("has no test_batch.bin"));
  std::string bad = cifar_records(20, 1, 10);
  bad[3073 * 4] = static_cast<char>(200);
  write_text(root / "test_batch.bin", bad);
  EXPECT_THAT(load_error(options, Split::kTest), HasSubstr("record 4 has label 200, labels are 0..9"));
  LoadOptions skip = options;
  skip.on_bad_image = BadImagePolicy::kSkip;
  const ImageSet set = load_images(skip, Split::kTest);
  EXPECT_EQ(set.count(), 19u);
  EXPECT_EQ(set.skipped.size(), 1u);
}

TEST(FolderReader, SortsClassesAndResizesDifferingSizes) {
  const TempFolder root;
  for (const char* name : {"cat", "ant"}) {
    write_bytes(root / "train" / name / "b.png", encode_png(make_image(20, 10, 1)));
    write_bytes(root / "train" / name / "a.PPM", encode_ppm(make_image(12, 12, 2)));
    write_bytes(root / "test" / name / "a.png", encode_png(make_image(12, 12, 3)));
    write_text(root / "test" / name / "notes.txt", "not an image");
  }
  ASSERT_EQ(detect_dataset_kind(root.path()), DatasetKind::kFolder);
  const ImageSet train = load_images(options_for(DatasetKind::kFolder, root.path(), 16), Split::kTrain);
  EXPECT_EQ(train.class_names, (std::vector<std::string>{"ant", "cat"}));
  ASSERT_EQ(train.count(), 4u);
  EXPECT_EQ(train.width, 16);
  EXPECT_EQ(train.names[0], "train/ant/a.PPM");
  // The first image was stored as it is before the second showed that sizes differ.
  const auto first = train.image(0);
  EXPECT_EQ(std::vector<uint8_t>(first.begin(), first.end()),
            resize_image(make_image(12, 12, 2), 16, 16).pixels);
  const auto second = train.image(1);
  EXPECT_EQ(std::vector<uint8_t>(second.begin(), second.end()),
            resize_image(make_image(20, 10, 1), 16, 16).pixels);
  const ImageSet test = load_images(options_for(DatasetKind::kFolder, root.path(), 16), Split::kTest);
  EXPECT_EQ(test.width, 12);
  const ImageSet small = load_images(options_for(DatasetKind::kFolder, root.path(), 8), Split::kTest);
  EXPECT_EQ(small.width, 8);
}

TEST(FolderReader, ManyImagesKeepTheirOrder) {
  const TempFolder root;
  for (int i = 0; i < 1200; ++i) {
    write_bytes(root / "train" / (i % 2 ? "b" : "a") / fmt::format("{:04}.ppm", i),
                encode_ppm(make_image(4, 4, i)));
  }
  for (const char* name : {"a", "b"})
    write_bytes(root / "test" / name / "x.ppm", encode_ppm(make_image(4, 4, 1)));
  const ImageSet set = load_images(options_for(DatasetKind::kFolder, root.path()), Split::kTrain);
  ASSERT_EQ(set.count(), 1200u);
  for (size_t i = 0; i < 600; ++i) {
    ASSERT_EQ(set.labels[i], 0);
    const auto pixels = set.image(i);
    ASSERT_EQ(std::vector<uint8_t>(pixels.begin(), pixels.end()),
              make_image(4, 4, static_cast<int>(2 * i)).pixels);
  }
}

TEST(FolderReader, HalfDataSetsAreExplained) {
  const TempFolder root;
  const LoadOptions options = options_for(DatasetKind::kFolder, root.path());
  write_bytes(root / "train" / "a" / "x.ppm", encode_ppm(make_image(4, 4, 1)));
  EXPECT_THAT(load_error(options, Split::kTrain),
              AllOf(HasSubstr("/test: is missing"), HasSubstr("test/CLASS")));
  write_bytes(root / "test" / "b" / "x.ppm", encode_ppm(make_image(4, 4, 1)));
  EXPECT_THAT(load_error(options, Split::kTrain), HasSubstr("class 'a' is in only one of train/ and test/"));
  fs::rename(root / "test" / "b", root / "test" / "a");
  EXPECT_EQ(load_error(options, Split::kTrain), "");
  fs::remove(root / "train" / "a" / "x.ppm");
  EXPECT_THAT(load_error(options, Split::kTrain), HasSubstr("train/a: holds no images"));
  write_text(root / "train" / "a" / "x.jpg", "\xFF\xD8 nonsense");
  EXPECT_THAT(load_error(options, Split::kTrain), AllOf(HasSubstr("x.jpg"), HasSubstr("damaged JPEG")));
  LoadOptions skip = options;
  skip.on_bad_image = BadImagePolicy::kSkip;
  EXPECT_THAT(load_error(skip, Split::kTrain),
              AllOf(HasSubstr("no usable image is left, 1 were skipped"), HasSubstr("x.jpg")));
}

TEST(ListReader, ReadsTheChosenColumn) {
  const TempFolder root;
  write_bytes(root / "one.ppm", encode_ppm(make_image(8, 8, 1)));
  write_bytes(root / "two, b.ppm", encode_ppm(make_image(8, 8, 2)));
  write_text(root / "index.csv",
             "\xEF\xBB\xBF"
             "file,label,other\r\none.ppm,0,4\r\n\"two, b.ppm\",2,1\r\n");
  LoadOptions options = options_for(DatasetKind::kList, root.path());
  ImageSet set = load_images(options, Split::kTest);
  EXPECT_EQ(set.labels, (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"0", "1", "2"}));
  options.label_column = "other";
  EXPECT_EQ(load_images(options, Split::kTest).labels, (std::vector<int32_t>{4, 1}));
  options.central_crop = 0.5;
  EXPECT_EQ(load_images(options, Split::kTest).width, 4);
  options.label_column = "colour";
  EXPECT_THAT(load_error(options, Split::kTest),
              HasSubstr("no column 'colour' (its columns are file, label, other)"));
  EXPECT_THAT(load_error(options, Split::kTrain), HasSubstr("test images only"));
}

TEST(ListReader, BadRowsAreNamed) {
  const TempFolder root;
  const LoadOptions options = options_for(DatasetKind::kList, root.path());
  EXPECT_THAT(load_error(options, Split::kTest), HasSubstr("index.csv: is missing"));
  write_text(root / "index.csv", "");
  EXPECT_THAT(load_error(options, Split::kTest), HasSubstr("index.csv: is empty"));
  write_text(root / "index.csv", "file,label\n");
  EXPECT_THAT(load_error(options, Split::kTest), HasSubstr("lists no images"));
  write_text(root / "index.csv", "file,label\na.ppm,-3\n");
  EXPECT_THAT(load_error(options, Split::kTest), HasSubstr("index.csv:2: a.ppm has label -3"));
  write_text(root / "index.csv", "file,label\na.ppm,1.5\n");
  EXPECT_THAT(load_error(options, Split::kTest), HasSubstr("label is '1.5', a whole number was expected"));
  write_text(root / "index.csv", "file,label\na.ppm,1\n");
  EXPECT_THAT(load_error(options, Split::kTest), HasSubstr("a.ppm: is listed but missing"));
}

TEST(LoadDataset, RootsThatAreNoDataSet) {
  const TempFolder root;
  EXPECT_THROW(detect_dataset_kind(root.path()), Error);
  EXPECT_THROW(detect_dataset_kind(root / "nowhere"), Error);
  write_text(root / "plain", "x");
  EXPECT_THAT(load_error(options_for(DatasetKind::kGtsrb, root / "nowhere"), Split::kTrain),
              HasSubstr("does not exist"));
  EXPECT_THAT(load_error(options_for(DatasetKind::kGtsrb, root / "plain"), Split::kTrain),
              HasSubstr("is not a folder"));
}

TEST(RealData, ImageNetSampleLoadsWhole) {
  const char* data = std::getenv("FIXYNN_DATA");
  if (data == nullptr) GTEST_SKIP() << "FIXYNN_DATA does not name a folder with the real data sets";
  const fs::path list = fs::path(data) / "imagenet_sample";
  if (!fs::is_directory(list)) GTEST_SKIP() << list << " is not there";
  LoadOptions options = options_for(DatasetKind::kList, list, 224);
  options.label_column = "class_1000";
  options.central_crop = 0.875;
  const ImageSet set = load_images(options, Split::kTest);
  EXPECT_EQ(set.count(), 1000u);
  EXPECT_EQ(set.classes(), 1000);
  EXPECT_EQ(set.width, 224);
}

}  // namespace
}  // namespace fixynn
