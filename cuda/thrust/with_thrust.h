// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string_view>

#include "core/error.h"
#include "cuda/runtime/runtime.h"
#include "cuda/thrust/primitives.h"

namespace fixynn::cuda {

/// Runs `body`; what Thrust throws becomes an Error that names `work`.
template <class Body>
auto with_thrust(std::string_view work, Body&& body) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& problem) {
    fail("the device could not compute {}: {}; free memory on the card, or lower train.batch_size", work,
         problem.what());
  }
}

template <class T>
T* as(const DeviceMemory& memory) {
  return reinterpret_cast<T*>(memory.data());
}

}  // namespace fixynn::cuda
