// SPDX-License-Identifier: Apache-2.0
#include "core/child_process.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "core/error.h"
#include "core/files.h"

namespace fixynn {
namespace {

class ChildProcessTest : public testing::Test {
 protected:
  ChildProcessTest()
      : folder_(std::filesystem::path(testing::TempDir()) /
                fmt::format("child_{}_{}", ::getpid(),
                            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ChildProcessTest() override { std::filesystem::remove_all(folder_); }

  ChildProcess shell(const std::string& script) const {
    return {.words = {"/bin/sh", "-c", script}, .folder = folder_, .log = folder_ / "log"};
  }
  bool exists(const char* name) const { return std::filesystem::exists(folder_ / name); }

  std::filesystem::path folder_;
};

TEST_F(ChildProcessTest, EndsAsTheProgramEnds) {
  const ChildResult done = run_child(shell("echo here"));
  EXPECT_TRUE(done.succeeded());
  EXPECT_EQ(read_text_file(folder_ / "log"), "here\n");
  EXPECT_EQ(run_child(shell("exit 3")).status, 3);
  const ChildResult killed = run_child(shell("kill -9 $$"));
  EXPECT_EQ(killed.end, ChildResult::End::kKilled);
  EXPECT_EQ(killed.status, SIGKILL);
}

TEST_F(ChildProcessTest, WithoutASignalAStopKillsAtOnce) {
  ChildProcess child = shell("trap 'touch told' TERM; touch ready; while :; do sleep 0.02; done");
  child.stop = [this] { return exists("ready"); };
  child.grace_s = 60;  // of no signal: nothing to wait for
  child.stop_signal = 0;
  const ChildResult result = run_child(child);
  EXPECT_EQ(result.end, ChildResult::End::kStopped);
  EXPECT_LT(result.seconds, 30);
  EXPECT_FALSE(exists("told"));
}

TEST_F(ChildProcessTest, ASignalGivesItTimeToEnd) {
  ChildProcess child = shell("trap 'touch told; exit 0' TERM; touch ready; while :; do sleep 0.02; done");
  child.stop = [this] { return exists("ready"); };
  child.stop_signal = SIGTERM;
  child.grace_s = 60;
  const ChildResult result = run_child(child);
  EXPECT_EQ(result.end, ChildResult::End::kStopped);
  EXPECT_LT(result.seconds, 30);
  EXPECT_TRUE(exists("told"));
}

TEST_F(ChildProcessTest, WhoDoesNotListenIsKilledAfterTheGraceTime) {
  ChildProcess child = shell("trap '' TERM; touch ready; while :; do sleep 0.02; done");
  child.stop = [this] { return exists("ready"); };
  child.stop_signal = SIGTERM;
  child.grace_s = 0.2;
  const ChildResult result = run_child(child);
  EXPECT_EQ(result.end, ChildResult::End::kStopped);
  EXPECT_GE(result.seconds, 0.2);
}

TEST_F(ChildProcessTest, ASessionOfItsOwnAndLettingGo) {
  ChildProcess child = shell("touch ready; exec sleep 60");
  child.own_session = true;
  pid_t pid = 0;
  {
    StartedChild started(child);
    pid = started.pid();
    while (!exists("ready")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(::getsid(pid), pid);
    EXPECT_FALSE(started.poll());
    started.let_go();
  }
  EXPECT_EQ(::kill(pid, 0), 0) << "it was let go";
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  {
    StartedChild started(child);
    pid = started.pid();
  }
  EXPECT_NE(::kill(pid, 0), 0) << "it went with its object";
}

TEST_F(ChildProcessTest, SomebodyElseWaitedForIt) {
  StartedChild started(shell("exit 0"));
  ASSERT_EQ(::waitpid(started.pid(), nullptr, 0), started.pid());
  const std::optional<ChildResult> result = started.poll();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->succeeded());
  EXPECT_TRUE(started.is_lost());
}

}  // namespace
}  // namespace fixynn
