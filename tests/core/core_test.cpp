// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <numeric>
#include <stdexcept>

#include "core/error.h"
#include "core/files.h"
#include "core/philox.h"
#include "core/thread_pool.h"

namespace fixynn {
namespace {

TEST(Philox, KnownAnswers) {
  // Random123's kat_vectors for philox4x32, 10 rounds: counter {c0, c1, c2, c3}, key {k0, k1}.
  const PhiloxBlock zero = philox(0, RandomStream{0}, 0, 0, 0);
  EXPECT_THAT(zero.word, testing::ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
  const PhiloxBlock ones =
      philox(~uint64_t{0}, RandomStream{0xffffffffu}, 0xffffffffu, 0xffffffffu, 0xffffffffu);
  EXPECT_THAT(ones.word, testing::ElementsAre(0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu));
}

TEST(ThreadPool, RunsEveryTaskOnceForAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (const int tasks : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<size_t>(tasks));
      pool.run(tasks, [&](int task, int worker) {
        ASSERT_GE(worker, 0);
        ASSERT_LT(worker, threads);
        ++runs[static_cast<size_t>(task)];
      });
      for (const auto& count : runs) ASSERT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, RethrowsAndWorksAgain) {
  ThreadPool pool(3);
  EXPECT_THROW(pool.run(50,
                        [](int task, int) {
                          if (task == 17) throw std::runtime_error("17");
                        }),
               std::runtime_error);
  std::atomic<int> sum = 0;
  pool.run(10, [&](int task, int) { sum += task; });
  EXPECT_EQ(sum, 45);
}

[[noreturn]] void start_too_many_threads() {
  // Address space for the program and a few stacks of 8 MiB.
  const rlimit limit{size_t{1} << 30, size_t{1} << 30};
  setrlimit(RLIMIT_AS, &limit);
  try {
    const ThreadPool pool(4096);
  } catch (const Error& error) {
    std::fputs(error.what(), stderr);
    std::_Exit(3);
  }
  std::_Exit(0);
}

TEST(ThreadPool, SaysWhenThreadsCannotBeStarted) {
  // In a child, so that the limit does not stay.
  EXPECT_EXIT(start_too_many_threads(), testing::ExitedWithCode(3), "use fewer with --threads");
}

TEST(Files, LinksAreFollowedAndDevicesWrittenInto) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "fixynn_files_links";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::filesystem::create_symlink("target.txt", folder / "latest.txt");
  write_file_atomic(folder / "latest.txt", "first");
  write_file_atomic(folder / "latest.txt", "second");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "latest.txt"));
  EXPECT_EQ(read_text_file(folder / "target.txt"), "second");
  std::filesystem::create_symlink("/dev/null", folder / "nowhere");
  write_file_atomic(folder / "nowhere", "gone");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "nowhere"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  std::filesystem::remove_all(folder);
}

TEST(Files, AFailedWriteLeavesTheOldFileAndNoTemporary) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "fixynn_files_test";
  std::filesystem::remove_all(folder);
  create_folders(folder);
  const auto path = folder / "a.txt";
  write_file_atomic(path, "old");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{100, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string message;
  try {
    write_file_atomic(path, std::string(1000, 'x'));
  } catch (const Error& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(message, testing::HasSubstr("a.txt: cannot be written"));
  EXPECT_EQ(read_text_file(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

TEST(Files, Sha256OfTheStandardsExample) {
  const std::string text = "abc";
  EXPECT_EQ(sha256(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size())),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace fixynn
