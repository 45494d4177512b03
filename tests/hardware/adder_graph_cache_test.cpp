// SPDX-License-Identifier: Apache-2.0
#include "hardware/adder_graph_cache.h"

#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "core/files.h"
#include "hardware/graph_fixtures.h"

namespace fixynn {
namespace {

using namespace graph_test;
namespace fs = std::filesystem;

class AdderGraphCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "fixynn_graphs_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    Random random(31);
    matrix_ = random_matrix(random, 16, 16, 6, 30);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.push_back(entry.path());
    return found;
  }

  fs::path folder_;
  ConstantMatrix matrix_;
};

TEST_F(AdderGraphCacheTest, MemoryGivesTheSameObjectAgain) {
  AdderGraphCache cache;
  EXPECT_EQ(cache.find(matrix_, kBytes, Sharing::kFull), nullptr);
  const auto first = cache.get(matrix_, kBytes, Sharing::kFull);
  EXPECT_EQ(*first, optimise_adders(matrix_, kBytes, Sharing::kFull));
  EXPECT_EQ(cache.get(matrix_, kBytes, Sharing::kFull), first);
  EXPECT_EQ(cache.find(matrix_, kBytes, Sharing::kFull), first);
}

TEST_F(AdderGraphCacheTest, EverythingThatTheGraphDependsOnIsInTheKey) {
  AdderGraphCache cache;
  cache.get(matrix_, kBytes, Sharing::kFull);
  EXPECT_EQ(cache.find(matrix_, {0, 127}, Sharing::kFull), nullptr);
  EXPECT_EQ(cache.find(matrix_, {-1, 255}, Sharing::kFull), nullptr);
  EXPECT_EQ(cache.find(matrix_, kBytes, Sharing::kPerInput), nullptr);
  ConstantMatrix other = matrix_;
  other.weights.back() += 1;
  EXPECT_EQ(cache.find(other, kBytes, Sharing::kFull), nullptr);
  EXPECT_EQ(cache.find({8, 32, matrix_.weights}, kBytes, Sharing::kFull), nullptr);
}

TEST_F(AdderGraphCacheTest, AFileIsFoundByTheNextProgram) {
  const auto made = AdderGraphCache(folder_).get(matrix_, kBytes, Sharing::kFull);
  ASSERT_EQ(files().size(), 1u);
  AdderGraphCache next(folder_);
  const auto found = next.find(matrix_, kBytes, Sharing::kFull);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, *made);
}

TEST_F(AdderGraphCacheTest, SmallMatricesMakeNoFiles) {
  AdderGraphCache cache(folder_);
  cache.get({9, 1, {1, 2, 3, 4, 5, 6, 7, 8, 9}}, kBytes, Sharing::kFull);
  EXPECT_TRUE(files().empty());
}

TEST_F(AdderGraphCacheTest, DamagedFilesAreMadeAnew) {
  const auto made = AdderGraphCache(folder_).get(matrix_, kBytes, Sharing::kFull);
  const fs::path path = files().at(0);
  const std::vector<uint8_t> whole = read_file(path);
  std::vector<std::vector<uint8_t>> damaged{{}, {'x'}, {whole.begin(), whole.begin() + 30}};
  damaged.emplace_back(whole.begin(), whole.end() - 1);
  damaged.emplace_back(whole.begin(), whole.end() - 4);
  for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 150) {
    damaged.push_back(whole);
    damaged.back()[at] ^= 0x10;
  }
  for (size_t i = 0; i < damaged.size(); ++i) {
    write_file_atomic(path, damaged[i], false);
    EXPECT_EQ(AdderGraphCache(folder_).find(matrix_, kBytes, Sharing::kFull), nullptr) << i;
  }
  EXPECT_EQ(*AdderGraphCache(folder_).get(matrix_, kBytes, Sharing::kFull), *made);
  EXPECT_EQ(read_file(path), whole);
}

TEST_F(AdderGraphCacheTest, AFileOfAnotherMatrixIsRefusedThoughItsChecksumIsRight) {
  ConstantMatrix other = matrix_;
  other.weights[5] += 3;
  AdderGraphCache(folder_).get(matrix_, kBytes, Sharing::kFull);
  const fs::path first = files().at(0);
  const std::vector<uint8_t> contents = read_file(first);
  fs::remove(first);
  const auto made = AdderGraphCache(folder_).get(other, kBytes, Sharing::kFull);
  const fs::path second = files().at(0);
  write_file_atomic(second, contents, false);
  EXPECT_EQ(AdderGraphCache(folder_).find(other, kBytes, Sharing::kFull), nullptr);
  EXPECT_EQ(*AdderGraphCache(folder_).get(other, kBytes, Sharing::kFull), *made);
}

TEST_F(AdderGraphCacheTest, FoldersThatCannotBeWrittenAreNoError) {
  write_file_atomic(folder_ / "file", std::string_view("x"), false);
  for (const fs::path& folder : {folder_ / "file", folder_ / "file" / "below", fs::path("/proc/fixynn")}) {
    AdderGraphCache cache(folder);
    EXPECT_NE(cache.get(matrix_, kBytes, Sharing::kFull), nullptr) << folder;
    EXPECT_NE(cache.find(matrix_, kBytes, Sharing::kFull), nullptr) << folder;
  }
  // A folder where the file should be.
  AdderGraphCache(folder_ / "graphs").get(matrix_, kBytes, Sharing::kFull);
  const fs::path path = fs::directory_iterator(folder_ / "graphs")->path();
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_NE(AdderGraphCache(folder_ / "graphs").get(matrix_, kBytes, Sharing::kFull), nullptr);
}

TEST_F(AdderGraphCacheTest, AHandleThatIsStoppedLeavesTheOthersAtWork) {
  AdderGraphCache cache;
  std::stop_source stop;
  AdderGraphCache handle = cache.stopped_by(stop.get_token());
  const auto made = handle.get(matrix_, kBytes, Sharing::kFull);
  EXPECT_EQ(cache.find(matrix_, kBytes, Sharing::kFull), made);
  stop.request_stop();
  EXPECT_THROW(handle.get(matrix_, kBytes, Sharing::kFull), Error);
  EXPECT_THROW(handle.get(matrix_, kBytes, Sharing::kPerInput), Error);
  EXPECT_EQ(cache.get(matrix_, kBytes, Sharing::kFull), made);
  EXPECT_NE(cache.get(matrix_, kBytes, Sharing::kPerInput), nullptr);
}

TEST_F(AdderGraphCacheTest, ThreadsGetEqualGraphs) {
  AdderGraphCache cache(folder_);
  std::vector<std::shared_ptr<const AdderGraph>> graphs(8);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < graphs.size(); ++t) {
    threads.emplace_back([&, t] {
      ConstantMatrix matrix = matrix_;
      matrix.weights[0] = static_cast<int32_t>(t % 2);
      graphs[t] = cache.get(matrix, kBytes, Sharing::kPerInput);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t t = 2; t < graphs.size(); ++t) EXPECT_EQ(graphs[t], graphs[t % 2]);
  EXPECT_EQ(files().size(), 2u);
}

TEST(AdderGraphCache, DefaultFolderFollowsTheEnvironment) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::string old_cache = cache == nullptr ? "" : cache, old_home = home == nullptr ? "" : home;
  ::setenv("XDG_CACHE_HOME", "/c", 1);
  EXPECT_EQ(AdderGraphCache::default_folder(), fs::path("/c/fixynn/adder_graphs"));
  ::setenv("XDG_CACHE_HOME", "", 1);
  ::setenv("HOME", "/h", 1);
  EXPECT_EQ(AdderGraphCache::default_folder(), fs::path("/h/.cache/fixynn/adder_graphs"));
  ::unsetenv("HOME");
  EXPECT_TRUE(AdderGraphCache::default_folder().empty());
  if (home != nullptr) ::setenv("HOME", old_home.c_str(), 1);
  if (cache != nullptr) {
    ::setenv("XDG_CACHE_HOME", old_cache.c_str(), 1);
  } else {
    ::unsetenv("XDG_CACHE_HOME");
  }
}

}  // namespace
}  // namespace fixynn
