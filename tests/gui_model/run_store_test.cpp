// SPDX-License-Identifier: Apache-2.0
#include "gui/model/run_store.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "config/load_config.h"
#include "core/files.h"
#include "gui_model/model_fixture.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string this_host() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

/// The number of a process that has ended.
int dead_pid() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

/// Holds accesses up until it is opened. Shared with threads that outlive a test's store.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool closed = false;
  int waiting = 0;
  void pass() {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.wait(lock, [this] { return !closed; });
    --waiting;
  }
  void set_closed(bool value) {
    const std::lock_guard lock(mutex);
    closed = value;
    changed.notify_all();
  }
  bool holds_somebody() {
    const std::lock_guard lock(mutex);
    return closed && waiting > 0;
  }
};

class RunStoreTest : public testing::Test {
 protected:
  RunStoreTest() {
    options_.poll_seconds = 0.01;
    options_.shortest_change_seconds = 0.01;
    options_.no_answer_seconds = 0.2;
  }

  RunDirectory make_run(const std::string& name) {
    const RunDirectory run(folder_.path() / name);
    run.create();
    RunConfig config;
    config.name = "signs";
    config.data.root = "signs";
    write_file_atomic(run.file("config.yaml"), to_yaml(config));
    write_text(run.file("log.txt"), "first line\nsecond line\n");
    write_status(run, "training", ::getpid());
    return run;
  }

  void write_status(const RunDirectory& run, const std::string& state, int pid,
                    const std::string& message = "") {
    RunStatus status;
    status.state = state;
    status.message = message;
    status.pid = pid;
    status.host = this_host();
    status.heartbeat = fmt::format("beat {}", ++beats_);
    run.write_status(status);
  }

  bool reaches(const RunStore& store, int id, RunState state) {
    return comes_true([&] { return store.snapshot(id)->state == state; });
  }

  TestFolder folder_;
  RunStoreOptions options_;
  int beats_ = 0;
};

TEST_F(RunStoreTest, FollowsAGrowingRun) {
  const RunDirectory run = make_run("run_2");
  std::atomic<int> wakes{0};
  options_.wake = [&] { ++wakes; };
  RunStore store(options_);
  const OpenResult opened = store.open(run.root());
  EXPECT_TRUE(opened.opened);
  ASSERT_TRUE(reaches(store, opened.id, RunState::kLive));
  RunPointer seen = store.snapshot(opened.id);
  EXPECT_EQ(seen->title, "signs (run_2)");
  ASSERT_TRUE(seen->config) << seen->config_error;
  EXPECT_EQ(seen->config->name, "signs");
  EXPECT_THAT(seen->log, ElementsAre("first line", "second line"));
  EXPECT_EQ(seen->read_progress, 1);
  EXPECT_TRUE(seen->writable);
  EXPECT_THAT(seen->problems, IsEmpty());

  EpochMetrics metrics;
  metrics.epoch = 1;
  run.append_metrics(metrics);
  Point point;
  point.dataset = "gtsrb";
  run.append_point(point);
  for (const int64_t step : {10, 20, 30, 15}) {
    LiveLoss loss;
    loss.step = step;
    run.append_loss(loss);
  }
  EXPECT_TRUE(comes_true([&] {
    const RunPointer now = store.snapshot(opened.id);
    return now->metrics.size() == 1 && now->points.size() == 1 && now->losses.size() == 2;
  }));
  EXPECT_EQ(store.snapshot(opened.id)->losses.back().step, 15);
  EXPECT_GT(store.snapshot(opened.id)->generation, seen->generation);
  EXPECT_GT(wakes, 0);
  EXPECT_EQ(seen->metrics.size(), 0u) << "a snapshot never changes";

  write_status(run, "finished", ::getpid());
  EXPECT_TRUE(reaches(store, opened.id, RunState::kFinished));
  const uint64_t generation = store.generation();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(store.generation(), generation) << "nothing changed";
}

TEST_F(RunStoreTest, StatesOfRunsThatEnded) {
  const RunDirectory failed = make_run("failed"), stopped = make_run("stopped"),
                     empty(folder_.path() / "empty");
  write_status(failed, "failed", dead_pid(), "training diverged");
  write_status(stopped, "stopped", dead_pid());
  empty.create();
  RunStore store(options_);
  const int failed_id = store.open(failed.root()).id, stopped_id = store.open(stopped.root()).id;
  const int empty_id = store.open(empty.root()).id;
  ASSERT_TRUE(reaches(store, failed_id, RunState::kFailed));
  EXPECT_EQ(store.snapshot(failed_id)->message, "training diverged");
  EXPECT_TRUE(reaches(store, stopped_id, RunState::kStopped));
  EXPECT_TRUE(reaches(store, empty_id, RunState::kEmpty));
  EXPECT_EQ(store.snapshots().size(), 3u);
  EXPECT_EQ(store.snapshots()[1]->id, stopped_id);
}

TEST_F(RunStoreTest, ADeadProcessIsLostAtOnceAndAHeartbeatThatStandsStillLater) {
  options_.lost_seconds = 0.3;
  const RunDirectory dead = make_run("dead"), still = make_run("still");
  write_status(dead, "training", dead_pid());
  RunStore store(options_);
  const int dead_id = store.open(dead.root()).id, still_id = store.open(still.root()).id;
  ASSERT_TRUE(reaches(store, dead_id, RunState::kLost));
  EXPECT_THAT(store.snapshot(dead_id)->message, HasSubstr("is gone"));
  ASSERT_TRUE(reaches(store, still_id, RunState::kLive));
  ASSERT_TRUE(reaches(store, still_id, RunState::kLost));
  EXPECT_THAT(store.snapshot(still_id)->message, HasSubstr("heartbeat stands still"));
  write_status(still, "training", ::getpid());
  EXPECT_TRUE(reaches(store, still_id, RunState::kLive));
  // Seen to beat: a process of that number on a machine of the same name does not matter.
  write_status(dead, "training", dead_pid());
  EXPECT_TRUE(reaches(store, dead_id, RunState::kLive));
}

TEST_F(RunStoreTest, BrokenFilesAreToldAndDoNotHideTheRest) {
  const RunDirectory run = make_run("run");
  run.append_point({});
  append_text(run.file("points.jsonl"), "oops\n{\"dataset\": 1}\n");
  write_text(run.file("config.yaml"), "name: signs\nno_such_key: 1\n");
  RunStore store(options_);
  const int id = store.open(run.root()).id;
  ASSERT_TRUE(reaches(store, id, RunState::kLive));
  RunPointer seen = store.snapshot(id);
  EXPECT_EQ(seen->points.size(), 1u);
  EXPECT_FALSE(seen->config);
  EXPECT_EQ(seen->facts.name, "signs");
  EXPECT_THAT(seen->config_error, HasSubstr("no_such_key"));
  EXPECT_THAT(seen->problems,
              Contains(HasSubstr("points.jsonl:2: is not JSON and is left out (the first of 2")));

  write_text(run.file("status.json"), "{\"state\": \"fin");
  EXPECT_TRUE(comes_true([&] {
    seen = store.snapshot(id);
    return std::any_of(seen->problems.begin(), seen->problems.end(),
                       [](const std::string& text) { return text.starts_with("status.json: is damaged"); });
  }));
  ASSERT_TRUE(seen->status);
  EXPECT_EQ(seen->status->state, "training");
  const uint64_t generation = seen->generation;
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(store.snapshot(id)->generation, generation) << "the same damage is no news";
  write_status(run, "finished", ::getpid());
  EXPECT_TRUE(reaches(store, id, RunState::kFinished));
  std::filesystem::resize_file(run.file("points.jsonl"), 0);
  EXPECT_TRUE(comes_true([&] { return store.snapshot(id)->points.empty(); }));
  EXPECT_THAT(store.snapshot(id)->problems, Contains(HasSubstr("points.jsonl: was cut short")));
}

TEST_F(RunStoreTest, AFolderThatGoesIsUnreachableKeepsItsDataAndComesBack) {
  options_.longest_back_off_seconds = 0.05;
  const RunDirectory run = make_run("run");
  run.append_point({});
  RunStore store(options_);
  const int id = store.open(run.root()).id;
  ASSERT_TRUE(reaches(store, id, RunState::kLive));
  fs::rename(run.root(), folder_.path() / "away");
  ASSERT_TRUE(reaches(store, id, RunState::kUnreachable));
  EXPECT_THAT(store.snapshot(id)->message, HasSubstr("there is no such folder"));
  EXPECT_EQ(store.snapshot(id)->points.size(), 1u);
  EXPECT_TRUE(comes_true(
      [&] { return unreachable_seconds(*store.snapshot(id), std::chrono::steady_clock::now()) > 0.05; }));
  fs::rename(folder_.path() / "away", run.root());
  EXPECT_TRUE(reaches(store, id, RunState::kLive));
  EXPECT_EQ(unreachable_seconds(*store.snapshot(id), std::chrono::steady_clock::now()), 0);
}

TEST_F(RunStoreTest, AFolderThatMayNotBeReadSaysSo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const RunDirectory run = make_run("run");
  fs::permissions(run.root(), fs::perms::none);
  RunStore store(options_);
  const int id = store.open(run.root()).id;
  EXPECT_TRUE(reaches(store, id, RunState::kUnreachable));
  EXPECT_THAT(store.snapshot(id)->message, HasSubstr("cannot be read"));
  fs::permissions(run.root(), fs::perms::owner_all);
}

TEST_F(RunStoreTest, AFileInsteadOfAFolderAndNothingAtAll) {
  write_text(folder_.path() / "file", "x");
  RunStore store(options_);
  const int file = store.open(folder_.path() / "file").id, none = store.open(folder_.path() / "none").id;
  EXPECT_TRUE(reaches(store, file, RunState::kUnreachable));
  EXPECT_THAT(store.snapshot(file)->message, HasSubstr("is not a folder"));
  EXPECT_TRUE(reaches(store, none, RunState::kUnreachable));
}

TEST_F(RunStoreTest, AReadThatHangsHoldsNobodyUp) {
  const auto gate = std::make_shared<Gate>();
  const RunDirectory hanging = make_run("hanging"), other = make_run("other");
  options_.before_read = [gate, root = hanging.root()](const fs::path& path) {
    if (path == root) gate->pass();
  };
  auto store = std::make_unique<RunStore>(options_);
  const int id = store->open(hanging.root()).id, other_id = store->open(other.root()).id;
  ASSERT_TRUE(reaches(*store, id, RunState::kLive));
  ASSERT_TRUE(reaches(*store, other_id, RunState::kLive));
  gate->set_closed(true);
  ASSERT_TRUE(comes_true([&] { return gate->holds_somebody(); }));
  EXPECT_LT(seconds_of([&] { store->snapshots(); }), 0.1);
  ASSERT_TRUE(reaches(*store, id, RunState::kUnreachable));
  EXPECT_THAT(store->snapshot(id)->message, HasSubstr("does not answer"));
  EXPECT_GT(unreachable_seconds(*store->snapshot(id), std::chrono::steady_clock::now()), 0.15);
  EXPECT_TRUE(store->snapshot(id)->config) << "what was read stays";
  write_status(other, "finished", ::getpid());
  EXPECT_TRUE(reaches(*store, other_id, RunState::kFinished)) << "other runs go on";
  gate->set_closed(false);
  ASSERT_TRUE(reaches(*store, id, RunState::kLive));
  gate->set_closed(true);
  ASSERT_TRUE(comes_true([&] { return gate->holds_somebody(); }));
  EXPECT_LT(seconds_of([&] { store->close(id); }), 0.1);
  EXPECT_EQ(store->snapshots().size(), 1u);
  EXPECT_LT(seconds_of([&] { store.reset(); }), 0.1);
  gate->set_closed(false);  // the thread ends after its store
}

TEST_F(RunStoreTest, ARunIsOpenedOnce) {
  const RunDirectory run = make_run("run");
  fs::create_directory_symlink(run.root(), folder_.path() / "link");
  RunStore store(options_);
  const int id = store.open(run.root()).id;
  ASSERT_TRUE(reaches(store, id, RunState::kLive));
  const OpenResult again = store.open(run.root() / ".." / "run/");
  EXPECT_FALSE(again.opened);
  EXPECT_EQ(again.id, id);
  EXPECT_THAT(again.message, HasSubstr("is open already"));
  store.open(folder_.path() / "link");
  EXPECT_TRUE(comes_true([&] { return store.snapshots().size() == 1; }));
  EXPECT_THAT(store.take_notices(), ElementsAre(HasSubstr("link is open already, as")));
  EXPECT_THAT(store.take_notices(), IsEmpty());
  store.close(id);
  EXPECT_TRUE(store.open(run.root()).opened);
}

TEST_F(RunStoreTest, AFastWriterChangesTheScreenAtMostTwentyTimesASecond) {
  options_.poll_seconds = 0.001;
  options_.shortest_change_seconds = 0.05;
  const RunDirectory run = make_run("run");
  RunStore store(options_);
  const int id = store.open(run.root()).id;
  ASSERT_TRUE(reaches(store, id, RunState::kLive));
  const uint64_t before = store.snapshot(id)->generation;
  LiveLoss loss;
  const double seconds = seconds_of([&] {
    for (int i = 0; i < 500; ++i) {
      loss.step = i;
      run.append_loss(loss);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  ASSERT_TRUE(comes_true([&] { return store.snapshot(id)->losses.size() == 500; }));
  EXPECT_LE(static_cast<double>(store.snapshot(id)->generation - before), 20 * seconds + 3);
}

TEST_F(RunStoreTest, RefreshDoesNotWaitForThePoll) {
  options_.poll_seconds = 60;
  const RunDirectory run = make_run("run");
  RunStore store(options_);
  const int id = store.open(run.root()).id;
  ASSERT_TRUE(reaches(store, id, RunState::kLive));
  write_status(run, "finished", ::getpid());
  store.refresh(id);
  EXPECT_TRUE(reaches(store, id, RunState::kFinished));
}

TEST_F(RunStoreTest, FindsRunsInAFolderOfRuns) {
  make_run("b");
  make_run("a");
  fs::create_directory(folder_.path() / "neither");
  EXPECT_TRUE(find_runs(folder_.path() / "none").empty());
  EXPECT_THAT(find_runs(folder_.path() / "a"), ElementsAre(folder_.path() / "a"));
  EXPECT_THAT(find_runs(folder_.path()), ElementsAre(folder_.path() / "a", folder_.path() / "b"));
}

}  // namespace
}  // namespace fixynn::gui
