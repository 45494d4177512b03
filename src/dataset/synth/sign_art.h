// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataset/synth/canvas.h"

namespace fixynn {

/// The face of one of the 43 signs of gtsrb_class_names(), drawn from own shapes on a transparent square.
Canvas draw_sign(int label, int size);

}  // namespace fixynn
