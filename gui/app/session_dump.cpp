// SPDX-License-Identifier: Apache-2.0
#include "gui/app/session_dump.h"

#include <nlohmann/json.hpp>

#include "run/json_lines.h"

namespace fixynn::gui {
namespace {

using Json = nlohmann::json;

Json messages_json(const Session& session) {
  Json all = Json::array();
  for (const Message& message : session.messages())
    all.push_back({{"text", message.text}, {"failure", message.failure}});
  return all;
}

Json runs_json(const Session& session) {
  Json all = Json::array();
  for (const OpenRun& open : session.runs()) {
    const RunSnapshot& run = *open.run;
    all.push_back({{"id", run.id},
                   {"title", run.title},
                   {"folder", run.root.string()},
                   {"state", state_name(run.state)},
                   {"message", run.message},
                   {"problems", run.problems},
                   {"epochs", run.metrics.size()},
                   {"losses", run.losses.size()},
                   {"points", run.points.size()}});
  }
  return all;
}

Json jobs_json(const Session& session) {
  Json all = Json::array();
  for (const JobPointer& job : session.jobs()) {
    all.push_back({{"id", job->id},
                   {"title", job->spec.title},
                   {"state", state_name(job->state)},
                   {"message", job->message},
                   {"pid", job->pid}});
  }
  return all;
}

Json frames_json(const FrameTimes& frames) {
  return {{"computed", frames.frames},           {"presented", frames.presented},
          {"build_p50_ms", frames.build_p50_ms}, {"build_p99_ms", frames.build_p99_ms},
          {"frame_p50_ms", frames.frame_p50_ms}, {"frame_p99_ms", frames.frame_p99_ms}};
}

}  // namespace

std::string session_dump(const Session& session, const FrameTimes& frames) {
  const Settings& settings = session.settings();
  const OpenRun* active = session.active_run();
  return json_text({{"messages", messages_json(session)},
                    {"runs", runs_json(session)},
                    {"active_run", active == nullptr ? 0 : active->run->id},
                    {"jobs", jobs_json(session)},
                    {"fixed_layers", session.design().fixed_layers},
                    {"area_mm2", session.design().area_mm2},
                    {"dialog", static_cast<int>(session.dialog().kind)},
                    {"tab", tab_names()[static_cast<size_t>(settings.tab)]},
                    {"light", settings.light},
                    {"ui_scale", settings.ui_scale},
                    {"frames", frames_json(frames)}},
                   -1);
}

}  // namespace fixynn::gui
