// SPDX-License-Identifier: Apache-2.0
// What comes back at the next start, and what is said when the file of the last session is no good.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gui/app_rig.h"
#include "gui_model/session_fixture.h"

namespace fixynn::gui {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class SessionRestore : public testing::Test {
 protected:
  fs::path file() const { return folder_.path() / "config" / "session.json"; }

  SessionOptions options() const {
    SessionOptions options;
    options.exact_costs = false;
    options.export_folder = folder_.path();
    options.session_file = file();
    options.run_store.poll_seconds = 0.02;
    return options;
  }

  std::unique_ptr<AppRig> start() const {
    auto rig = std::make_unique<AppRig>(options());
    EXPECT_TRUE(rig->settles());
    rig->follow_settings();
    return rig;
  }

  /// A file that cannot be used: one message that names it, a fresh session, and a window that works.
  void expect_afresh(const std::string& reason) const {
    const std::unique_ptr<AppRig> rig = start();
    ASSERT_FALSE(rig->session().messages().empty());
    const Message& message = rig->session().messages().front();
    EXPECT_TRUE(message.failure);
    EXPECT_THAT(message.text,
                AllOf(HasSubstr(file().string()), HasSubstr("starting afresh"), HasSubstr(reason)));
    EXPECT_EQ(rig->design(), Design{});
    EXPECT_TRUE(rig->session().runs().empty());
    EXPECT_TRUE(rig->driver.has("status.message"));
    rig->driver.key("Ctrl+Up");
    EXPECT_EQ(rig->design().fixed_layers, Design{}.fixed_layers + 1);
  }

  void write_session(const std::string& text) const {
    fs::create_directories(file().parent_path());
    write_text(file(), text);
  }

  const TestFolder folder_;
};

TEST_F(SessionRestore, EverythingComesBack) {
  RunOnDisk signs, coarse;
  coarse.name = "coarse";
  coarse.weights = false;
  const fs::path first = write_run(signs, folder_.path() / "signs");
  const fs::path second = write_run(coarse, folder_.path() / "coarse");
  Design design;
  {
    const std::unique_ptr<AppRig> rig = start();
    EXPECT_TRUE(rig->session().messages().empty()) << "nothing to restore is no failure";
    for (const fs::path& run : {first, second}) {
      rig->session().apply(OpenPath{run});
      ASSERT_TRUE(rig->driver.until([&] {
        const OpenRun* active = rig->session().active_run();
        return active != nullptr && active->run->root == run;
      }));
    }
    ASSERT_TRUE(rig->settles());
    rig->session().apply(ActivateRun{rig->session().runs().front().run->id});
    rig->session().apply(ShowRun{rig->session().runs().back().run->id, false});
    rig->driver.click("inspector.pin");
    rig->driver.click("layers.2.name");
    rig->driver.click("layers.preset.w6a8");
    rig->driver.key("Ctrl+Up");
    rig->driver.click("inspector.pin");
    rig->driver.click("tabs.4");
    rig->driver.key("Ctrl+T");
    rig->driver.key("Ctrl+=");
    rig->follow_settings();
    rig->driver.step(2);
    design = rig->design();
    ASSERT_NE(design, Design{});
  }
  const std::unique_ptr<AppRig> rig = start();
  const Session& session = rig->session();
  EXPECT_TRUE(session.messages().empty());
  EXPECT_EQ(session.design(), design);
  EXPECT_FALSE(session.history().can_undo());
  EXPECT_EQ(session.settings().tab, Tab::kCompare);
  EXPECT_TRUE(session.settings().light);
  EXPECT_NEAR(session.settings().ui_scale, 1.1, 1e-9);
  EXPECT_NEAR(rig->driver.ui().scale, 1.1f, 1e-6f);
  ASSERT_EQ(session.runs().size(), 2u);
  EXPECT_EQ(session.runs()[0].run->root, first);
  EXPECT_EQ(session.runs()[1].run->root, second);
  EXPECT_TRUE(session.runs()[0].shown);
  EXPECT_FALSE(session.runs()[1].shown);
  EXPECT_EQ(session.active_run()->run->root, first);
  ASSERT_EQ(session.pins().size(), 2u);
  EXPECT_EQ(session.pins()[1].design, design);
  EXPECT_EQ(session.pins()[0].run, session.runs()[0].run->id);
  EXPECT_TRUE(rig->driver.has("compare.unpin.1"));
}

TEST_F(SessionRestore, ARunThatIsGoneIsNamedAndTheDesignComesBack) {
  const fs::path gone = write_run(RunOnDisk{}, folder_.path() / "gone");
  {
    const std::unique_ptr<AppRig> rig = start();
    rig->session().apply(OpenPath{gone});
    ASSERT_TRUE(rig->driver.until([&] { return !rig->session().runs().empty(); }));
    ASSERT_TRUE(rig->settles());
    rig->driver.key("Ctrl+Up");
  }
  fs::remove_all(gone);
  const std::unique_ptr<AppRig> rig = start();
  EXPECT_EQ(rig->design().fixed_layers, 8);
  ASSERT_TRUE(rig->driver.until([&] {
    return !rig->session().runs().empty() && rig->session().runs().front().run->state != RunState::kReading;
  }));
  ASSERT_EQ(rig->session().runs().size(), 1u) << "it stays in the list: its disk may come back";
  EXPECT_EQ(rig->session().runs().front().run->root, gone);
  EXPECT_NE(rig->session().runs().front().run->state, RunState::kFinished);
  EXPECT_FALSE(rig->session().runs().front().run->message.empty());
}

TEST_F(SessionRestore, AFileOfOneByte) {
  write_session("{");
  expect_afresh("damaged");
}

TEST_F(SessionRestore, AnEmptyFile) {
  write_session("");
  expect_afresh("damaged");
}

TEST_F(SessionRestore, AFileOfALaterVersion) {
  write_session("{\"version\": 99}");
  expect_afresh("version 99");
}

TEST_F(SessionRestore, RandomBytes) {
  std::string bytes;
  unsigned state = 1;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  write_session(bytes);
  expect_afresh("damaged");
}

TEST_F(SessionRestore, ValuesOutsideTheirLimits) {
  {
    const std::unique_ptr<AppRig> rig = start();
    rig->driver.key("Ctrl+Up");
  }
  std::string text = read_text_file(file());
  const size_t at = text.find("\"fixed_layers\": 8");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 17, "\"fixed_layers\": 800");
  write_session(text);
  expect_afresh("800");
}

TEST_F(SessionRestore, AFolderInPlaceOfTheFile) {
  fs::create_directories(file());
  expect_afresh("");
  EXPECT_TRUE(fs::is_directory(file())) << "what is there is left alone";
}

TEST_F(SessionRestore, AFolderThatCannotBeWrittenIsSaidOnce) {
  // A file where the folder should be: that stops root, too.
  write_text(folder_.path() / "config", "");
  const std::unique_ptr<AppRig> rig = start();
  for (int i = 0; i < 3; ++i) {
    rig->driver.key("Ctrl+Up");
    rig->session().save(true);
  }
  const auto& messages = rig->session().messages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages.front().failure);
  EXPECT_THAT(messages.front().text, HasSubstr("session cannot be saved"));
  EXPECT_EQ(rig->design().fixed_layers, 10);
}

}  // namespace
}  // namespace fixynn::gui
