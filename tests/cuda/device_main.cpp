// SPDX-License-Identifier: Apache-2.0
// main() of the tests on a card. Exit code 77, which ctest shows as skipped, where there is none; what the
// card is goes to standard output and into the report of --gtest_output.
#include <gmock/gmock.h>

#include <cstdio>

#include "core/error.h"
#include "cuda/runtime/runtime.h"

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
  try {
    const fixynn::cuda::DeviceProperties card = fixynn::cuda::open_device();
    std::printf("%s, compute capability %d.%d, %d multiprocessors, %zu of %zu MiB free\n", card.name.c_str(),
                card.compute_major, card.compute_minor, card.multiprocessors, card.free_bytes >> 20,
                card.total_bytes >> 20);
    testing::Test::RecordProperty("card", card.name);
  } catch (const fixynn::Error& error) {
    std::printf("skipped: %s\n", error.what());
    return 77;
  }
  return RUN_ALL_TESTS();
}
