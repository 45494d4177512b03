// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset/synth/canvas.h"

namespace fixynn {

/// Names of the classes of the shapes task, each usable as a folder name.
std::vector<std::string> shape_class_names();

/// A drawing of the class; hue, proportions and plate vary with `variant`.
Canvas draw_shape(int label, uint64_t seed, uint32_t variant, int size);

}  // namespace fixynn
