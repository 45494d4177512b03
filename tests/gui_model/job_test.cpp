// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>

#include "core/error.h"
#include "gui/model/job_list.h"
#include "gui_model/model_fixture.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

class JobTest : public testing::Test {
 protected:
  JobTest() { options_.poll_seconds = 0.02; }

  JobStep step(const std::string& script, const std::string& log = "log.txt") const {
    return {{"/bin/sh", "-c", script}, folder_.path() / log};
  }
  JobSpec spec(const std::string& script, JobKind kind = JobKind::kOther) const {
    JobSpec job;
    job.title = "test";
    job.kind = kind;
    job.steps = {step(script)};
    job.folder = folder_.path();
    return job;
  }
  JobPointer ended(JobList& jobs, int id) {
    EXPECT_TRUE(comes_true([&] { return !jobs.snapshot(id)->is_active(); }))
        << "still " << state_name(jobs.snapshot(id)->state);
    return jobs.snapshot(id);
  }
  bool exists(const std::string& name) const { return fs::exists(folder_.path() / name); }

  TestFolder folder_;
  JobListOptions options_;
};

TEST_F(JobTest, DoneWithItsLog) {
  std::atomic<int> wakes{0};
  options_.wake = [&] { ++wakes; };
  JobList jobs(options_);
  const int id = jobs.start(spec("pwd; echo two >&2"));
  const JobPointer job = ended(jobs, id);
  EXPECT_EQ(job->state, JobState::kDone);
  EXPECT_EQ(job->exit_status, 0);
  EXPECT_THAT(job->log, testing::ElementsAre(folder_.path().string(), "two"));
  EXPECT_GT(job_seconds(*job, std::chrono::steady_clock::now()), 0);
  EXPECT_GE(wakes, 2);
  jobs.dismiss(id);
  EXPECT_TRUE(jobs.snapshots().empty());
  EXPECT_EQ(jobs.snapshot(id), nullptr);
}

TEST_F(JobTest, AFailureTellsTheLastErrorOfTheLog) {
  JobList jobs(options_);
  const JobPointer job = ended(
      jobs, jobs.start(spec("echo 'error: first'; echo 'error: x.yaml:3: no such key'; echo bye; exit 2")));
  EXPECT_EQ(job->state, JobState::kFailed);
  EXPECT_EQ(job->exit_status, 2);
  EXPECT_EQ(job->message, "x.yaml:3: no such key (sh, exit status 2)");
  EXPECT_THAT(job->log, Contains("bye"));
  const JobPointer plain = ended(jobs, jobs.start(spec("seq 300; exit 1")));
  EXPECT_EQ(plain->message, "300 (sh, exit status 1)");
  EXPECT_EQ(plain->log.size(), kJobLogLines);
  EXPECT_THAT(ended(jobs, jobs.start(spec("exit 1")))->message, HasSubstr("without a word"));
}

TEST_F(JobTest, StopIsCleanWhenTheProgramListens) {
  JobList jobs(options_);
  const int id =
      jobs.start(spec("trap 'touch checkpoint; exit 143' TERM; touch ready; while :; do sleep 0.02; done"));
  ASSERT_TRUE(comes_true([&] { return exists("ready"); }));
  jobs.stop(id);
  EXPECT_EQ(jobs.snapshot(id)->state, JobState::kStopping);
  const JobPointer job = ended(jobs, id);
  EXPECT_EQ(job->state, JobState::kCancelled);
  EXPECT_EQ(job->exit_status, 143);
  EXPECT_TRUE(exists("checkpoint"));
}

TEST_F(JobTest, AProgramThatDoesNotListenIsKilledWithItsChildren) {
  JobList jobs(options_);
  JobSpec deaf = spec(
      "trap '' TERM; (trap '' TERM; while :; do date +%s%N > alive; sleep 0.02; done) & touch ready; while "
      ":; do sleep 0.02; done");
  deaf.grace_seconds = 0.3;
  const int id = jobs.start(deaf);
  ASSERT_TRUE(comes_true([&] { return exists("ready") && exists("alive"); }));
  jobs.stop(id);
  const JobPointer job = ended(jobs, id);
  EXPECT_EQ(job->state, JobState::kCancelled);
  EXPECT_EQ(job->signal, SIGKILL);
  EXPECT_THAT(job->message, HasSubstr("had to be killed"));
  fs::remove(folder_.path() / "alive");
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_FALSE(exists("alive")) << "its child still runs";
}

TEST_F(JobTest, KilledFromOutsideFails) {
  JobList jobs(options_);
  const int id = jobs.start(spec("echo working; exec sleep 60"));
  ASSERT_TRUE(comes_true([&] { return jobs.snapshot(id)->pid != 0 && !jobs.snapshot(id)->log.empty(); }));
  ASSERT_EQ(::kill(static_cast<pid_t>(jobs.snapshot(id)->pid), SIGKILL), 0);
  const JobPointer job = ended(jobs, id);
  EXPECT_EQ(job->state, JobState::kFailed);
  EXPECT_EQ(job->signal, SIGKILL);
  EXPECT_THAT(job->message, HasSubstr("signal 9 (Killed); the machine may have run out of memory"));
  EXPECT_THAT(job->message, HasSubstr("working"));
}

TEST_F(JobTest, AMissingProgramFailsWithItsName) {
  JobList jobs(options_);
  JobSpec missing = spec("");
  missing.steps[0].words = {"no-such-program-at-all"};
  EXPECT_THAT(ended(jobs, jobs.start(missing))->message,
              HasSubstr("no-such-program-at-all could not be started"));
  missing.steps[0].words = {};
  EXPECT_THAT(ended(jobs, jobs.start(missing))->message, HasSubstr("names no program"));
  EXPECT_THROW(program_path("no-such-program-at-all"), Error);
  EXPECT_EQ(program_path(fs::read_symlink("/proc/self/exe").filename()), fs::read_symlink("/proc/self/exe"));
  EXPECT_THAT(program_path("sh"), HasSubstr("/sh"));
}

TEST_F(JobTest, StepsRunInOrderAndTheFirstThatFailsEndsTheJob) {
  JobList jobs(options_);
  JobSpec two = spec("");
  two.steps = {step("touch one", "1.log"), step("test -e one && echo second", "2.log")};
  JobPointer job = ended(jobs, jobs.start(two));
  EXPECT_EQ(job->state, JobState::kDone);
  EXPECT_EQ(job->step, 1u);
  EXPECT_THAT(job->log, Contains("second"));
  two.steps = {step("echo 'error: bad'; exit 1", "1.log"), step("touch never", "2.log")};
  job = ended(jobs, jobs.start(two));
  EXPECT_EQ(job->state, JobState::kFailed);
  EXPECT_EQ(job->step, 0u);
  EXPECT_FALSE(exists("never"));
  two.steps.clear();
  EXPECT_EQ(ended(jobs, jobs.start(two))->state, JobState::kDone);
}

TEST_F(JobTest, ALogOnAFullDiskOrInNoFolderIsNoCrash) {
  JobList jobs(options_);
  JobSpec full = spec("");
  full.steps[0] = {{"/bin/sh", "-c", "echo lost; touch went_on; exit 3"}, "/dev/full"};
  JobPointer job = ended(jobs, jobs.start(full));
  EXPECT_EQ(job->state, JobState::kFailed);
  EXPECT_EQ(job->exit_status, 3);
  EXPECT_TRUE(exists("went_on"));
  full.steps[0].log = "/dev/null/folder/log.txt";
  job = ended(jobs, jobs.start(full));
  EXPECT_EQ(job->state, JobState::kFailed);
  EXPECT_THAT(job->message, HasSubstr("/dev/null/folder"));
}

TEST_F(JobTest, SweepsWaitForEachOtherAndExportsDoNot) {
  JobList jobs(options_);
  const std::string waiting = "while [ ! -e go ]; do sleep 0.02; done";
  const int first = jobs.start(spec(waiting, JobKind::kSweep));
  const int second = jobs.start(spec("touch second", JobKind::kSweep));
  const int third = jobs.start(spec("touch third", JobKind::kSweep));
  JobSpec report = spec("touch export", JobKind::kExport);
  report.steps[0].log = folder_.path() / "export.log";
  EXPECT_EQ(ended(jobs, jobs.start(report))->state, JobState::kDone);
  EXPECT_EQ(jobs.snapshot(second)->state, JobState::kQueued);
  EXPECT_EQ(jobs.active(), 3);
  jobs.stop(third);
  EXPECT_EQ(jobs.snapshot(third)->state, JobState::kCancelled);
  write_text(folder_.path() / "go", "");
  EXPECT_EQ(ended(jobs, first)->state, JobState::kDone);
  EXPECT_EQ(ended(jobs, second)->state, JobState::kDone);
  EXPECT_FALSE(exists("third"));
  jobs.dismiss_ended();
  EXPECT_TRUE(jobs.snapshots().empty());
}

TEST_F(JobTest, ProgressComesFromTheRunDirectoryAndNotFromAnEarlierProcess) {
  const std::string status =
      R"({"state":"training","message":"","progress":%s,"eta_seconds":8,"fixed_layers":0,"seed":1,"epoch":0,)"
      R"("epochs":1,"step":1,"steps":4,"images_per_second":5,"pid":1,"host":"h","heartbeat":"%s"})";
  const auto text = [&](const std::string& progress, const std::string& beat) {
    std::string filled = status;
    filled.replace(filled.find("%s"), 2, progress);
    return filled.replace(filled.find("%s"), 2, beat);
  };
  write_text(folder_.path() / "status.json", text("0.9", "old"));
  JobList jobs(options_);
  JobSpec job = spec("while [ ! -e go ]; do sleep 0.02; done", JobKind::kSweep);
  job.run_directory = folder_.path();
  const int id = jobs.start(job);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_FALSE(jobs.snapshot(id)->progress);
  write_text(folder_.path() / "status.json", text("0.25", "new"));
  ASSERT_TRUE(comes_true([&] { return jobs.snapshot(id)->progress.has_value(); }));
  EXPECT_EQ(jobs.snapshot(id)->progress, 0.25);
  EXPECT_EQ(jobs.snapshot(id)->eta_seconds, 8);
  EXPECT_EQ(jobs.snapshot(id)->activity, "training");
  write_text(folder_.path() / "go", "");
  EXPECT_EQ(ended(jobs, id)->progress, 1);
}

TEST_F(JobTest, ProgramsAreInASessionOfTheirOwn) {
  JobList jobs(options_);
  const int id = jobs.start(spec("exec sleep 60"));
  ASSERT_TRUE(comes_true([&] { return jobs.snapshot(id)->pid != 0; }));
  const auto pid = static_cast<pid_t>(jobs.snapshot(id)->pid);
  EXPECT_TRUE(comes_true([&] { return ::getsid(pid) == pid; }));
  jobs.stop_all(5);
  EXPECT_EQ(jobs.snapshot(id)->state, JobState::kCancelled);
  EXPECT_EQ(jobs.active(), 0);
}

TEST_F(JobTest, AProgramThatIsLeftOutlivesTheList) {
  {
    JobList jobs(options_);
    const int id = jobs.start(spec("touch ready; while [ ! -e go ]; do sleep 0.02; done; touch finished"));
    const int queued = jobs.start(spec("touch never", JobKind::kSweep));
    ASSERT_TRUE(comes_true([&] { return exists("ready"); }));
    jobs.detach_all();
    EXPECT_EQ(jobs.snapshot(id)->state, JobState::kLost);
    EXPECT_NE(jobs.snapshot(queued)->state, JobState::kQueued);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  write_text(folder_.path() / "go", "");
  EXPECT_TRUE(comes_true([&] { return exists("finished"); }));
}

}  // namespace
}  // namespace fixynn::gui
