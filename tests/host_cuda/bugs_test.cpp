// SPDX-License-Identifier: Apache-2.0
// Seeded bugs: each must be found by the flavour that claims to find it, and the correct kernels must pass in
// all.
#include "host_cuda/bugs.cuh"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "host_cuda/mutations.cuh"

namespace fixynn::cuda {
namespace {

using host_cuda::Flavour;

/// The message of the KernelFault that `run` raises, or nothing.
template <class Run>
std::string fault_of(const Run& run) {
  try {
    run();
  } catch (const host_cuda::KernelFault& fault) {
    return fault.what();
  }
  return "";
}

template <class Run>
void expect_fault(const std::string& what, const Run& run) {
  const std::string message = fault_of(run);
  EXPECT_NE(message.find(what), std::string::npos) << "expected: " << what << "\nmessage: " << message;
  EXPECT_NE(message.find(" at bugs_test.cpp:"), std::string::npos) << message;
}

/// Only the race checker sees it; the others must not stumble.
template <class Run>
void expect_race(const std::string& what, const Run& run) {
  if (host_cuda::flavour() == Flavour::kRace) {
    expect_fault(what, run);
  } else {
    EXPECT_EQ(fault_of(run), "");
  }
}

/// Only the sanitizers see it, and end the program; elsewhere it is undefined and not run.
template <class Run>
void expect_death(const char* what, const Run& run) {
  if (host_cuda::flavour() == Flavour::kAsan) {
    EXPECT_DEATH(run(), what);
  }
}

class Bugs : public testing::Test {
 protected:
  Bugs() : data(512, 1.0f), partial(512), counts(4) { std::iota(data.begin(), data.end(), 0.0f); }
  template <class... Parameters, class... Rest>
  auto run(void (*kernel)(float*, Parameters...), const LaunchShape& shape, Rest... rest) {
    return [=, this] { launch(kernel, shape, data.data(), rest...); };
  }
  std::vector<float> data, partial;
  std::vector<int> counts;
};

TEST_F(Bugs, MissingBarrier) {
  expect_race("race checker", run(bugs::reverse, {1, 64}, false));
  EXPECT_EQ(fault_of(run(bugs::reverse, {1, 64}, true)), "");
}

TEST_F(Bugs, ReportsNameBothPlaces) {
  if (host_cuda::flavour() != Flavour::kRace) GTEST_SKIP();
  const std::string message = fault_of(run(bugs::reverse, {1, 64}, false));
  const size_t first = message.find("bugs.cuh:");
  ASSERT_NE(first, std::string::npos) << message;
  EXPECT_NE(message.find("bugs.cuh:", first + 1), std::string::npos) << message;
}

TEST_F(Bugs, MissingSecondBarrierOfALoop) {
  expect_race("race checker", run(bugs::sum_of_tiles, {1, 64}, false));
  EXPECT_EQ(fault_of(run(bugs::sum_of_tiles, {1, 64}, true)), "");
}

TEST_F(Bugs, LanesWithoutSyncwarp) {
  using bugs::WarpOrder;
  expect_race("race checker", run(bugs::warp_tree, {1, 32}, WarpOrder::kNothing));
  expect_race("race checker", run(bugs::warp_tree, {1, 32}, WarpOrder::kShuffle));
  expect_race("race checker", run(bugs::warp_tree, {1, 32}, WarpOrder::kHalf));
  EXPECT_EQ(fault_of(run(bugs::warp_tree, {1, 32}, WarpOrder::kWarp)), "");
}

TEST_F(Bugs, GlobalMemoryWithoutBarrier) {
  expect_race("race checker", run(bugs::shift_in_place, {1, 64}, false));
  EXPECT_EQ(fault_of(run(bugs::shift_in_place, {1, 64}, true)), "");
}

TEST_F(Bugs, UninitialisedSharedMemory) {
  expect_race("uninitialised", run(bugs::reads_unwritten, {1, 64}, false));
  EXPECT_EQ(fault_of(run(bugs::reads_unwritten, {1, 64}, true)), "");
}

TEST_F(Bugs, TwoThreadsWriteOneByte) {
  std::vector<uint8_t> small(64);
  expect_race("race checker", [&] { launch(bugs::bytes, {1, 64}, small.data(), 2u); });
  EXPECT_EQ(fault_of([&] { launch(bugs::bytes, {1, 64}, small.data(), 1u); }), "");
}

TEST_F(Bugs, TwoBlocksWriteOneAddress) {
  expect_race("race checker", run(bugs::all_write, {3, 32}));
  EXPECT_EQ(fault_of(run(bugs::all_write, {1, 32})), "");
}

TEST_F(Bugs, PlainIncrement) {
  expect_race("race checker", [&] { launch(bugs::count_up, {3, 32}, counts.data(), false); });
  EXPECT_EQ(fault_of([&] { launch(bugs::count_up, {3, 32}, counts.data(), true); }), "");
}

TEST_F(Bugs, AtomicThenPlainRead) {
  expect_race("atomic", [&] { launch(bugs::atomic_then_read, {1, 64}, counts.data(), false); });
  EXPECT_EQ(fault_of([&] { launch(bugs::atomic_then_read, {1, 64}, counts.data(), true); }), "");
  EXPECT_EQ(counts[0], 64);
}

TEST_F(Bugs, ReadsWhatAnotherBlockWrote) {
  // In the other order of blocks the read comes before the write; a race all the same.
  expect_race("race checker", run(bugs::reads_other_block, {3, 64}));
}

TEST_F(Bugs, LastBlockWithoutFence) {
  using bugs::Fence;
  unsigned ticket = 0;
  const auto sums = [&](Fence fence) {
    return [=, this, &ticket] {
      ticket = 0;
      launch(bugs::last_block_sums, {5, 64}, partial.data(), data.data(), &ticket, fence);
    };
  };
  expect_race("race checker", sums(Fence::kNone));
  expect_race("race checker",
              sums(Fence::kFirstThreadBeforeBarrier));  // does not order the other threads' writes
  expect_race("race checker", sums(Fence::kEachAfterTicket));
  for (const Fence fence : {Fence::kEachThread, Fence::kFirstThreadAfterBarrier}) {
    EXPECT_EQ(fault_of(sums(fence)), "");
    EXPECT_EQ(data[7], 35.0f);
  }
}

TEST_F(Bugs, FenceOfOneLane) {
  unsigned ticket = 0;
  const auto sums = [&](bool syncwarp) {
    return [=, this, &ticket] {
      ticket = 0;
      launch(bugs::last_warp_sums, {5, 32}, partial.data(), data.data(), &ticket, syncwarp);
    };
  };
  expect_race("race checker", sums(false));
  EXPECT_EQ(fault_of(sums(true)), "");
  EXPECT_EQ(data[7], 35.0f);
}

TEST_F(Bugs, BarriersThatNotAllThreadsReach) {
  expect_fault("ended", [&] {
    // Whichever comes first, the barrier or the end, it is a fault.
    try {
      run(bugs::leaves_before_barrier, {1, 64})();
    } catch (const host_cuda::KernelFault& fault) {
      std::string message = fault.what();
      if (const size_t at = message.find("thread ends"); at == 0) message = "ended: " + message;
      throw host_cuda::KernelFault(message);
    }
  });
  expect_fault("meets block", run(bugs::two_barriers, {1, 64}));
  EXPECT_NE(fault_of(run(bugs::some_skip_barrier, {1, 64})), "");
}

TEST_F(Bugs, DeadlockNamesEveryoneWhoWaits) {
  const std::string message = fault_of(run(bugs::warp_waits_for_barrier, {1, 64}));
  EXPECT_NE(message.find("deadlock: 0 of 64 threads ended"), std::string::npos) << message;
  EXPECT_NE(message.find("__shfl_xor_sync bugs.cuh:"), std::string::npos) << message;
  EXPECT_NE(message.find("mask ffffffff"), std::string::npos) << message;
  EXPECT_NE(message.find("__syncthreads bugs.cuh:"), std::string::npos) << message;
  expect_fault("deadlock", run(bugs::two_operations, {1, 32}));
}

TEST_F(Bugs, MasksOfWarpOperations) {
  EXPECT_NE(fault_of(run(bugs::part_of_a_warp_shuffles, {1, 32})), "");
  expect_fault("lane 17, which is not in the mask", run(bugs::source_outside_mask, {1, 32}));
  expect_fault("leaves out the calling lane", run(bugs::mask_without_caller, {1, 32}));
  expect_fault("lanes that the block does not have", run(bugs::lanes_that_do_not_exist, {1, 20}));
  expect_fault("width 12", run(bugs::bad_width, {1, 32}));
  EXPECT_NE(fault_of(run(bugs::half_a_warp_multiplies, {1, 32})), "");
  expect_fault("not 16-byte aligned", run(bugs::misaligned_rows, {1, 32}));
}

TEST_F(Bugs, LaunchesThatNoCardAccepts) {
  expect_fault("1024 threads", run(bugs::uses_dynamic, {1, 1025, 8192}));
  expect_fault("1024 threads", run(bugs::uses_dynamic, {1, dim3(1, 1, 65), 8192}));
  expect_fault("is empty", run(bugs::uses_dynamic, {0, 32, 128}));
  expect_fault("exceeds (2147483647", run(bugs::uses_dynamic, {dim3(1, 65536), 32, 128}));
  expect_fault("227 KB", run(bugs::uses_dynamic, {1, 32, 227 * 1024 + 1}));
  expect_fault("over 48 KB", run(bugs::too_much_static, {1, 1}));
  EXPECT_EQ(fault_of(run(bugs::uses_dynamic, {1, 32, 227 * 1024})), "");
}

TEST_F(Bugs, LaunchFromAKernelAndExceptions) {
  expect_fault("launches a kernel", run(bugs::launches, {1, 1}));
  expect_fault("no such layer", run(bugs::throws, {2, 40}));
}

TEST_F(Bugs, FaultsLeaveTheLauncherUsable) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_NE(fault_of(run(bugs::two_barriers, {1, 512})), "");
    EXPECT_EQ(fault_of(run(bugs::sum_of_tiles, {2, 64}, true)).find("deadlock"), std::string::npos);
  }
}

using BugsDeathTest = Bugs;

TEST_F(BugsDeathTest, SharedMemoryOutOfBounds) {
  expect_death("out of bounds", run(bugs::shared_index<float>, {1, 64}, 1));
  expect_death("use-after-poison", run(bugs::shared_pointer<float>, {1, 64}, 1));
  expect_death("use-after-poison", run(bugs::shared_pointer<uint8_t>, {1, 64}, 1));
  expect_death("use-after-poison", run(bugs::shared_pointer<float>, {1, 64}, -1));
  expect_death("use-after-poison", run(bugs::shared_pointer<float>, {1, 64}, 20000));
  expect_death("use-after-poison", run(bugs::uses_dynamic, {1, 32, 31 * 4}));
  expect_death("use-after-poison", run(bugs::uses_dynamic, {1, 32}));
  EXPECT_EQ(fault_of(run(bugs::shared_index<float>, {1, 64}, 0)), "");
  EXPECT_EQ(fault_of(run(bugs::shared_pointer<uint8_t>, {1, 64}, 0)), "");
}

TEST_F(BugsDeathTest, GlobalMemoryOutOfBounds) {
  data.resize(64);
  data.shrink_to_fit();
  expect_death("heap-buffer-overflow", run(bugs::global_end, {1, 64}, 1));
  EXPECT_EQ(fault_of(run(bugs::global_end, {1, 64}, 0)), "");
}

TEST_F(BugsDeathTest, UndefinedBehaviour) {
  expect_death("misaligned address", run(bugs::misaligned_float4, {1, 32}));
  expect_death("out of bounds|insufficient space", run(bugs::register_array, {1, 32}, 5));
  counts.assign(32, std::numeric_limits<int>::max());
  expect_death("signed integer overflow", [&] { launch(bugs::overflow, {1, 32}, counts.data()); });
}

// Removing any barrier must be seen. The race checker sees all; what the result shows depends on the order.

template <class Run>
void expect_mutant_seen(int without, const Run& run) {
  const std::string message = fault_of(run);
  if (without < 0 || host_cuda::flavour() != Flavour::kRace) {
    EXPECT_EQ(message, "");
  } else {
    EXPECT_NE(message.find("race"), std::string::npos) << "barrier " << without << " is not missed";
  }
}

template <int Without>
void check_mutant() {
  std::vector<float> a(48 * 64), b(64 * 16), c(48 * 16);
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 7);
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 5);
  expect_mutant_seen(Without, [&] {
    launch(bugs::tiled_product<Without>, {3, dim3(16, 16)}, a.data(), b.data(), c.data(), 64);
  });
  expect_mutant_seen(Without, [&] { launch(bugs::block_sums<Without>, {1, 256}, a.data(), c.data() + 16); });
  std::vector<uint4> left(16 * 8, make_uint4(0x3f803f80u, 0x3f803f80u, 0x3f803f80u, 0x3f803f80u)),
      right(left);
  std::vector<float> product(256);
  expect_mutant_seen(Without, [&] {
    launch(bugs::mma_product<Without>, {1, 64}, left.data(), right.data(), product.data(), 64);
  });
  if (Without >= 0) return;
  float expected = 0, sum = 0;
  for (size_t k = 0; k < 64; ++k) expected += a[20 * 64 + k] * b[k * 16 + 3];
  for (size_t i = 256; i < 512; ++i) sum += a[i];
  EXPECT_EQ(c[20 * 16 + 3], expected);
  EXPECT_EQ(c[17], sum);
  EXPECT_EQ(product, std::vector<float>(256, 64.0f));
}

TEST(Mutation, EveryBarrierIsMissed) {
  check_mutant<-1>();
  check_mutant<0>();
  check_mutant<1>();
}

}  // namespace
}  // namespace fixynn::cuda
