// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/panels/panels.h"

namespace fixynn::gui {

// The inspector's parts, in the order of the card.

/// Efficiency, throughput, accuracy, energy, fixed operations and area; or why there are none.
void inspector_figures(const PanelContext& context);
/// Area and energy as bars.
void inspector_splits(const PanelContext& context);
void inspector_advice(const PanelContext& context);
/// What the FFE is made of; latency and rate.
void inspector_details(const PanelContext& context);
/// A caption over a part.
void inspector_caption(const PanelContext& context, const char* mark, const char* name);

}  // namespace fixynn::gui
