// SPDX-License-Identifier: Apache-2.0
#include "cuda/runtime/throw_error.h"

#include "core/error.h"

namespace fixynn::cuda {

void throw_error(const std::string& message) {
  throw Error(message);
}

}  // namespace fixynn::cuda
