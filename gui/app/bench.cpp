// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <thread>

#include "core/files.h"
#include "gui/app/app_session.h"
#include "gui/headless/null_platform.h"
#include "gui/plot/plot_widget.h"
#include "run/json_lines.h"

namespace fixynn::gui {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Times {
  std::vector<double> ms;
  double at(double share) const {
    std::vector<double> sorted = ms;
    std::sort(sorted.begin(), sorted.end());
    return sorted.empty() ? 0 : sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
  }
};

void print_row(const std::string& what, const Times& times) {
  fmt::print("{:<52} {:>7} {:>9.3f} {:>9.3f} {:>9.3f}\n", what, times.ms.size(), times.at(0.5),
             times.at(0.99), times.at(1));
}

void draw(NullPlatform& platform, WorkbenchApp& app) {
  platform.begin_frame();
  app.frame(platform.ui());
  platform.end_frame();
}

/// An edit, then the frame that shows its numbers: cost and interface together, without pixels.
Times time_edits(NullPlatform& platform, WorkbenchApp& app, const std::function<Action(int)>& edit,
                 int count) {
  Times times;
  for (int i = 0; i < count; ++i) {
    const Clock::time_point start = Clock::now();
    app.session.apply(edit(i));
    draw(platform, app);
    times.ms.push_back(milliseconds_since(start));
  }
  return times;
}

/// A run that writes `rate` lines a second into metrics and losses while frames are drawn at 60 a second.
Times time_events(NullPlatform& platform, WorkbenchApp& app, const std::filesystem::path& folder, int rate,
                  double seconds) {
  create_folders(folder);
  write_file_atomic(folder / "config.yaml", std::string_view("name: busy\ndata:\n  kind: gtsrb\n"));
  write_file_atomic(folder / "losses.jsonl", std::string_view(""));
  const RunDirectory run(folder);
  app.session.apply(OpenPath{folder});
  app.session.apply(SetTab{Tab::kTraining});
  std::jthread writer([&](const std::stop_token& stop) {
    const Clock::time_point begin = Clock::now();
    for (int line = 0; !stop.stop_requested(); ++line) {
      const double loss = 1 + 3 * std::exp(-line / 4000.0);
      run.append_loss({.fixed_layers = 7,
                       .seed = 1,
                       .epoch = 1,
                       .step = line,
                       .loss = loss,
                       .images_per_second = 1000,
                       .wall_seconds = line / 1000.0});
      if (line % 500 == 0) {
        RunStatus status;
        status.state = "training";
        status.heartbeat = std::to_string(line);
        status.pid = getpid();
        run.write_status(status);
      }
      std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(
                                                std::chrono::duration<double>((line + 1.0) / rate)));
    }
  });
  Times times;
  const Clock::time_point begin = Clock::now();
  while (milliseconds_since(begin) < 1000 * seconds) {
    const Clock::time_point start = Clock::now();
    draw(platform, app);
    times.ms.push_back(milliseconds_since(start));
    std::this_thread::sleep_until(start + std::chrono::milliseconds(16));
  }
  return times;
}

/// A day of a finished sweep: 100,000 seconds of 15 trainings.
void write_long_run(const std::filesystem::path& folder) {
  constexpr int kTrainings = 15, kLines = 100'000 / kTrainings;
  create_folders(folder);
  write_file_atomic(folder / "config.yaml", std::string_view("name: long\ndata:\n  kind: gtsrb\n"));
  const RunDirectory run(folder);
  RunStatus status;
  status.state = "finished";
  run.write_status(status);
  for (int training = 0; training < kTrainings; ++training) {
    for (int line = 0; line < kLines; ++line) {
      run.append_loss({.fixed_layers = training % 5 * 3,
                       .seed = static_cast<uint64_t>(1 + training / 5),
                       .epoch = 1,
                       .step = line,
                       .loss = 1 + 3 * std::exp(-line / 2000.0),
                       .images_per_second = 1000,
                       .wall_seconds = double(line)});
    }
  }
}

Times time_points(NullPlatform& platform, int count, int frames) {
  PlotSpec spec;
  spec.x_label = "step";
  spec.y_label = "loss";
  spec.series.resize(1);
  spec.series[0].name = "loss";
  spec.series[0].markers = false;
  for (int i = 0; i < count; ++i) {
    spec.series[0].points.push_back({.x = double(i),
                                     .y = std::sin(i * 0.001) + 0.1 * std::sin(i * 7.0),
                                     .low = {},
                                     .high = {},
                                     .tooltip = {}});
  }
  Times times;
  const PlotView view;
  for (int frame = 0; frame < frames; ++frame) {
    platform.begin_frame();
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
    ImGui::Begin("points", nullptr, ImGuiWindowFlags_NoDecoration);
    const Clock::time_point start = Clock::now();
    plot_widget(platform.ui(), "points", spec, view, {0, 0});
    times.ms.push_back(milliseconds_since(start));
    ImGui::End();
    platform.end_frame();
  }
  return times;
}

}  // namespace

int run_bench(const AppOptions& options) {
  const Clock::time_point start = Clock::now();
  SessionOptions session = session_options(options);
  session.session_file.clear();
  WorkbenchApp app(session);
  NullPlatformOptions platform_options;
  platform_options.width = options.width;
  platform_options.height = options.height;
  platform_options.fonts = font_search(options);
  NullPlatform platform(platform_options);
  open_paths(app.session, options);
  draw(platform, app);
  fmt::print("start to the first frame, without a window: {:.0f} ms\n", milliseconds_since(start));
  wait_until_settled(app.session, options.wait_s);
  fmt::print("runs read, weights loaded, costs exact: after {:.0f} ms\n\n", milliseconds_since(start));
  fmt::print("{:<52} {:>7} {:>9} {:>9} {:>9}\n", "milliseconds", "frames", "median", "99 %", "most");
  constexpr int kEdits = 500;
  for (int i = 0; i < 20; ++i) draw(platform, app);
  print_row("bits of a layer to numbers on the screen", time_edits(
                                                            platform, app,
                                                            [](int i) {
                                                              return SetBits{{i % 14}, 2 + i / 14 % 7, {}};
                                                            },
                                                            kEdits));
  print_row("area slider to numbers on the screen", time_edits(
                                                        platform, app,
                                                        [](int i) {
                                                          return SetArea{1 + 0.005 * i, true};
                                                        },
                                                        kEdits));
  print_row("fixed layers to numbers on the screen",
            time_edits(
                platform, app, [](int i) { return SetFixedLayers{i % 15}; }, kEdits));
  print_row("a frame in which nothing changes", time_edits(
                                                    platform, app, [](int) { return EndMerge{}; }, kEdits));
  print_row("plot of 100,000 points", time_points(platform, 100'000, 100));
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("fixynn-gui-bench-{}", getpid());
  print_row("frames while a run writes 1,000 lines a second", time_events(platform, app, folder, 1000, 10));
  write_long_run(folder / "long");
  app.session.apply(OpenPath{folder / "long"});
  wait_until_settled(app.session, options.wait_s);
  print_row("frames beside 100,000 losses of 15 trainings",
            time_edits(
                platform, app, [](int) { return EndMerge{}; }, kEdits));
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return 0;
}

}  // namespace fixynn::gui
