// SPDX-License-Identifier: Apache-2.0
#include "gui/model/json_tail.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>

#include "gui/model/loss_line.h"
#include "gui_model/model_fixture.h"
#include "run/run_json.h"

namespace fixynn::gui {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class JsonTailTest : public testing::Test {
 protected:
  TailResult poll() { return tail_.poll(callbacks_); }
  std::string line(int n) const { return fmt::format("{{\"n\": {}, \"pad\": \"{:0>40}\"}}\n", n, n); }

  TestFolder folder_;
  std::filesystem::path path_ = folder_.path() / "metrics.jsonl";
  JsonTail tail_{path_};
  std::vector<int> values_;
  std::vector<double> shares_;
  TailCallbacks callbacks_{[this] { values_.clear(); },
                           [this](const nlohmann::json& value) {
                             values_.push_back(value.at("n").get<int>());
                             return true;
                           },
                           [this](double share) { shares_.push_back(share); }};
};

TEST_F(JsonTailTest, TellsOnlyWhatIsNew) {
  EXPECT_EQ(poll(), TailResult::kMissing);
  append_text(path_, line(1) + line(2));
  EXPECT_EQ(poll(), TailResult::kGrown);
  EXPECT_EQ(poll(), TailResult::kUnchanged);
  append_text(path_, line(3));
  EXPECT_EQ(poll(), TailResult::kGrown);
  EXPECT_THAT(values_, ElementsAre(1, 2, 3));
  EXPECT_EQ(tail_.lines(), 3);
}

TEST_F(JsonTailTest, AnUnfinishedLineIsKeptUntilItsEndComes) {
  const std::string second = line(2);
  append_text(path_, line(1) + second.substr(0, 9));
  EXPECT_EQ(poll(), TailResult::kGrown);
  EXPECT_THAT(values_, ElementsAre(1));
  append_text(path_, second.substr(9, 4));
  EXPECT_EQ(poll(), TailResult::kUnchanged);
  append_text(path_, second.substr(13));
  EXPECT_EQ(poll(), TailResult::kGrown);
  EXPECT_THAT(values_, ElementsAre(1, 2));
  EXPECT_EQ(tail_.bad_lines(), 0);
}

TEST_F(JsonTailTest, AnUnfinishedLineThatTheNextWriterDropsIsNoRestart) {
  append_text(path_, line(1) + "{\"n\": 99, \"unfinished");
  EXPECT_EQ(poll(), TailResult::kGrown);
  std::filesystem::resize_file(path_, line(1).size());
  EXPECT_EQ(poll(), TailResult::kUnchanged);
  append_text(path_, line(2));
  EXPECT_EQ(poll(), TailResult::kGrown);
  EXPECT_THAT(values_, ElementsAre(1, 2));
}

TEST_F(JsonTailTest, AFileCutShortIsReadAnew) {
  append_text(path_, line(1) + line(2) + line(3));
  poll();
  std::filesystem::resize_file(path_, line(1).size());
  EXPECT_EQ(poll(), TailResult::kRestarted);
  EXPECT_THAT(values_, ElementsAre(1));
  EXPECT_TRUE(tail_.was_cut_short());
}

TEST_F(JsonTailTest, AFileCutShortAndGrownPastItsOldEndIsReadAnew) {
  append_text(path_, line(1) + line(2));
  poll();
  write_text(path_, line(7) + line(8) + line(9));  // the same inode, longer
  EXPECT_EQ(poll(), TailResult::kRestarted);
  EXPECT_THAT(values_, ElementsAre(7, 8, 9));
}

TEST_F(JsonTailTest, AFileReplacedByRenameIsReadAnew) {
  append_text(path_, line(1) + line(2));
  poll();
  write_text(folder_.path() / "new", line(1) + line(5) + line(6));
  std::filesystem::rename(folder_.path() / "new", path_);
  EXPECT_EQ(poll(), TailResult::kRestarted);
  EXPECT_THAT(values_, ElementsAre(1, 5, 6));
  EXPECT_FALSE(tail_.was_cut_short());
}

TEST_F(JsonTailTest, OnANetworkContentsCountAndNotTheFilesNumber) {
  const auto replace = [this](const std::string& text) {
    write_text(folder_.path() / "new", text);
    std::filesystem::rename(folder_.path() / "new", path_);
  };
  std::string middle;  // more than what is compared at either end
  for (int n = 0; n < 20; ++n) middle += line(n);
  tail_.trust_inodes(false);
  replace(line(1) + middle);
  poll();
  replace(line(1) + middle + line(2));
  EXPECT_EQ(poll(), TailResult::kGrown);
  EXPECT_EQ(values_.size(), 22u);
  replace(line(4) + middle + line(2) + line(5));
  EXPECT_EQ(poll(), TailResult::kRestarted);
  EXPECT_EQ(values_.front(), 4);
  replace(line(4) + middle + line(3) + line(6) + line(7));
  EXPECT_EQ(poll(), TailResult::kRestarted);
  EXPECT_EQ(values_.size(), 24u);
}

TEST_F(JsonTailTest, AFileThatGoesIsARestart) {
  append_text(path_, line(1));
  poll();
  std::filesystem::remove(path_);
  EXPECT_EQ(poll(), TailResult::kRestarted);
  EXPECT_THAT(values_, IsEmpty());
  EXPECT_EQ(poll(), TailResult::kMissing);
}

TEST_F(JsonTailTest, BadLinesAreSkippedCountedAndTheFirstNamed) {
  append_text(path_,
              line(1) + "{\"n\": oops\n" + "{\"other\": 1}\n" + "\n" + std::string("\0\xff\n", 3) + line(2));
  EXPECT_EQ(poll(), TailResult::kGrown);
  EXPECT_THAT(values_, ElementsAre(1, 2));
  EXPECT_EQ(tail_.bad_lines(), 4);
  EXPECT_EQ(tail_.first_bad(), "metrics.jsonl:2: is not JSON and is left out");
}

TEST_F(JsonTailTest, AnEndlessLineIsOneBadLine) {
  append_text(path_, line(1) + std::string(40 << 20, 'x'));
  poll();
  append_text(path_, "x\n" + line(2));
  poll();
  EXPECT_THAT(values_, ElementsAre(1, 2));
  EXPECT_EQ(tail_.bad_lines(), 1);
}

TEST_F(JsonTailTest, AFolderOrAPipeOfThatNameIsUnreadableAndHoldsNothingUp) {
  std::filesystem::create_directory(path_);
  EXPECT_EQ(poll(), TailResult::kUnreadable);
  EXPECT_THAT(tail_.error(), HasSubstr("metrics.jsonl: cannot be read"));
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(poll(), TailResult::kUnreadable);
}

TEST(LossLine, ReadsWhatTheTrainerWritesAndLeavesTheRestToJson) {
  LiveLoss loss;
  loss.fixed_layers = 7;
  loss.seed = 18446744073709551615u;
  loss.epoch = 3;
  loss.step = 123'456'789'012;
  loss.loss = 1.0 / 3;
  loss.images_per_second = 5e3;
  loss.wall_seconds = 1e-9;
  const std::string text = nlohmann::json(loss).dump();
  const std::optional<LiveLoss> read = read_loss_line(text);
  ASSERT_TRUE(read) << text;
  EXPECT_EQ(nlohmann::json(*read), nlohmann::json(loss));
  EXPECT_FALSE(read_loss_line(""));
  EXPECT_FALSE(read_loss_line(text + " "));
  EXPECT_FALSE(read_loss_line(text.substr(0, text.size() - 1)));
  loss.loss = std::nan("");  // written as null
  EXPECT_FALSE(read_loss_line(nlohmann::json(loss).dump()));
  std::string bad = text;
  bad.replace(bad.find("0.33"), 4, "inf ");
  EXPECT_FALSE(read_loss_line(bad));
}

TEST_F(JsonTailTest, ReadsManyLinesWithProgressAndPollsCheaply) {
  std::string text;
  for (int n = 0; n < 100'000; ++n) text += line(n);
  write_text(path_, text);
  EXPECT_LT(seconds_of([&] { poll(); }), 30);  // 0.3 s on a quiet machine
  ASSERT_EQ(values_.size(), 100'000u);
  EXPECT_EQ(values_.back(), 99'999);
  ASSERT_GT(shares_.size(), 3u);
  EXPECT_TRUE(std::is_sorted(shares_.begin(), shares_.end()));
  EXPECT_EQ(shares_.back(), 1);
  const double idle = seconds_of([&] {
    for (int i = 0; i < 100; ++i) poll();
  });
  EXPECT_LT(idle, 2);
  RecordProperty("idle_poll_us", fmt::format("{:.1f}", 1e4 * idle));
}

}  // namespace
}  // namespace fixynn::gui
