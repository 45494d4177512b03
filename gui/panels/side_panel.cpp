// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "gui/panels/panel_parts.h"

namespace fixynn::gui {
namespace {

// Units at scale 1.
constexpr float kDesignHeight = 246, kLeastRunsHeight = 150, kGap = 8, kTwoColumnWidth = 560;

/// Units for the jobs' card: less while there is nothing in it.
float jobs_height(const Session& session, float available) {
  float wanted = 56;
  for (const JobPointer& job : session.jobs()) wanted += job->state == JobState::kFailed ? 170.0f : 74.0f;
  if (session.jobs().empty()) return 84;
  return std::min(wanted, std::max(130.0f, 0.3f * available));
}

void card(const PanelContext& context, const char* mark, ImVec2 min, ImVec2 size,
          void (*section)(const PanelContext&)) {
  if (begin_panel(context.ui, mark, min, size)) section(context);
  end_panel(context.ui);
}

/// Too low for three cards: one that scrolls.
void all_in_one(const PanelContext& context, Area area) {
  Ui& ui = context.ui;
  if (begin_panel(ui, "side", area.min, area.size)) {
    for (const auto section : {runs_section, design_section, jobs_section}) {
      section(context);
      ImGui::Dummy(ImVec2(1, ui.px(6)));
    }
  }
  end_panel(ui);
}

/// Folded: runs left, design and jobs right.
void two_columns(const PanelContext& context, Area area) {
  Ui& ui = context.ui;
  const float gap = ui.px(kGap), left = std::floor((area.size.x - gap) / 2);
  const float design = std::min(ui.px(kDesignHeight), std::floor(0.7f * area.size.y));
  const float x = area.min.x + left + gap, right = area.size.x - left - gap;
  card(context, "runs", area.min, ImVec2(left, area.size.y), runs_section);
  card(context, "design", ImVec2(x, area.min.y), ImVec2(right, design), design_section);
  card(context, "jobs", ImVec2(x, area.min.y + design + gap), ImVec2(right, area.size.y - design - gap),
       jobs_section);
}

}  // namespace

void side_panel(const PanelContext& context, Area area) {
  Ui& ui = context.ui;
  const float height = area.size.y / ui.scale;
  if (area.size.x / ui.scale >= kTwoColumnWidth) return two_columns(context, area);
  const float jobs_units = jobs_height(context.session, height);
  if (height < kLeastRunsHeight + kDesignHeight + jobs_units + 2 * kGap) return all_in_one(context, area);
  const float gap = ui.px(kGap), width = area.size.x;
  const float design = std::floor(ui.px(kDesignHeight)), jobs = std::floor(ui.px(jobs_units));
  const float runs = area.size.y - design - jobs - 2 * gap;
  const ImVec2 min = area.min;
  card(context, "runs", min, ImVec2(width, runs), runs_section);
  card(context, "design", ImVec2(min.x, min.y + runs + gap), ImVec2(width, design), design_section);
  card(context, "jobs", ImVec2(min.x, min.y + runs + design + 2 * gap), ImVec2(width, jobs), jobs_section);
}

}  // namespace fixynn::gui
