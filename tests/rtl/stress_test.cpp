// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>

#include "package_fixture.h"
#include "stress/stress_package.h"

// Builds tests/rtl/stress for two small networks and runs it. A long run:
//   FIXYNN_STRESS_FRAMES=10000 build/release/tests/test_rtl --gtest_filter='Stress*'

namespace fixynn {
namespace {

// A sanitised library cannot be linked to a bench that is not.
#if defined(__SANITIZE_ADDRESS__)
#define FIXYNN_NEEDS_PLAIN_LIBRARIES() GTEST_SKIP() << "not with sanitizers"
#else
#define FIXYNN_NEEDS_PLAIN_LIBRARIES() static_cast<void>(0)
#endif

void run_stress(uint64_t seed) {
  const std::filesystem::path folder = test::test_folder();
  stress::write_stress_package(folder, seed);
  test::output_of(folder, stress::kBuildStress);
  if (testing::Test::HasFailure()) return;
  const char* frames = std::getenv("FIXYNN_STRESS_FRAMES");
  const std::string output = test::output_of(
      folder, fmt::format("build/Vffe_tb +seed={} +frames={}", seed, frames == nullptr ? "150" : frames));
  EXPECT_NE(output.find("RESULT pass"), std::string::npos);
  std::printf("%s", output.c_str());
  if (!testing::Test::HasFailure()) std::filesystem::remove_all(folder);
}

TEST(Stress, EvenSizeSharedByMeanRate) {
  FIXYNN_NEEDS_VERILATOR();
  FIXYNN_NEEDS_PLAIN_LIBRARIES();
  run_stress(2);
}

TEST(Stress, OddSize) {
  FIXYNN_NEEDS_VERILATOR();
  FIXYNN_NEEDS_PLAIN_LIBRARIES();
  run_stress(3);
}

}  // namespace
}  // namespace fixynn
