// SPDX-License-Identifier: Apache-2.0
// The launcher's own operations against their definition in the CUDA C++ Programming Guide.
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "cuda/portable.cuh"

namespace fixynn::cuda {
namespace {

constexpr unsigned kAll = 0xffffffffu;

__global__ void positions(int* out) {
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  out[block * blockDim.x * blockDim.y * blockDim.z + thread] += static_cast<int>(block * 1000 + thread);
}

TEST(Launch, EveryThreadOfEveryBlockRunsOnce) {
  const dim3 grid(3, 2, 2), block(5, 7, 3);
  std::vector<int> out(12 * 105, 0);
  launch(positions, {grid, block}, out.data());
  for (int b = 0; b < 12; ++b) {
    for (int t = 0; t < 105; ++t) ASSERT_EQ(out[static_cast<size_t>(b * 105 + t)], b * 1000 + t);
  }
}

template <int N>
__global__ void __launch_bounds__(N) rotate(const float* from, float* to, int rounds) {
  SHARED_ARRAY(float, values, [2][N]);
  const unsigned i = threadIdx.x;
  values[0][i] = from[blockIdx.x * N + i];
  for (int round = 0; round < rounds; ++round) {
    __syncthreads();
    values[(round + 1) % 2][i] = values[round % 2][(i + 1) % N];
  }
  __syncthreads();
  to[blockIdx.x * N + i] = values[rounds % 2][i];
}

TEST(Launch, BarriersSeparatePhases) {
  std::vector<float> from(3 * 1024), to(from.size());
  std::iota(from.begin(), from.end(), 0.0f);
  launch(rotate<1024>, {3, 1024}, from.data(), to.data(), 9);
  for (size_t i = 0; i < from.size(); ++i) ASSERT_EQ(to[i], from[i / 1024 * 1024 + (i + 9) % 1024]);
}

__global__ void shared_layout(uint64_t* out) {
  SHARED_ARRAY(uint8_t, odd, [3]);
  SHARED_ARRAY(float4, wide, [2]);
  DYNAMIC_SHARED(double, dynamic);
  if (threadIdx.x == 0) {
    out[0] = reinterpret_cast<uint64_t>(odd) % 16;
    out[1] = reinterpret_cast<uint64_t>(wide) % 16;
    out[2] = reinterpret_cast<uint64_t>(dynamic) % 16;
    out[3] = odd[2];
    out[4] = wide[1].w != wide[1].w;
    out[5] = sizeof(odd) + sizeof(wide);
  }
}

TEST(Launch, SharedMemoryIsAlignedAndNotZero) {
  if (host_cuda::flavour() == host_cuda::Flavour::kRace) GTEST_SKIP() << "reads before it writes";
  std::vector<uint64_t> out(6);
  launch(shared_layout, {1, 2, 24}, out.data());
  EXPECT_EQ(out, (std::vector<uint64_t>{0, 0, 0, 255, 1, 35}));
}

__global__ void votes(int* out) {
  const int i = static_cast<int>(threadIdx.x);
  out[i * 3] = __syncthreads_count(i % 3 == 0);
  out[i * 3 + 1] = __syncthreads_or(i == 70) * 2 + __syncthreads_or(i == 1000);
  out[i * 3 + 2] = __syncthreads_and(i < 100) * 2 + __syncthreads_and(i < 99);
}

TEST(Barrier, CountsVotes) {
  std::vector<int> out(300);
  launch(votes, {1, 100}, out.data());
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(out[static_cast<size_t>(i * 3)], 34);
    ASSERT_EQ(out[static_cast<size_t>(i * 3 + 1)], 2);
    ASSERT_EQ(out[static_cast<size_t>(i * 3 + 2)], 2);
  }
}

template <class T>
__global__ void shuffles(T* out, int width) {
  const auto value = static_cast<T>(threadIdx.x * 10);
  T* const own = out + threadIdx.x * 4;
  own[0] = __shfl_sync(kAll, value, static_cast<int>(threadIdx.x) * 3 + 1, width);
  own[1] = __shfl_up_sync(kAll, value, 3, width);
  own[2] = __shfl_down_sync(kAll, value, 5, width);
  own[3] = __shfl_xor_sync(kAll, value, 6, width);
}

template <class T>
void check_shuffles() {
  for (int width : {4, 8, 16, 32}) {
    std::vector<T> out(64 * 4);
    launch(shuffles<T>, {1, 64}, out.data(), width);
    for (int thread = 0; thread < 64; ++thread) {
      const int base = thread / width * width, place = thread % width;
      const int last = base + width - 1;
      // An xor may reach lanes of lower groups, not of higher ones.
      const int partner = thread ^ 6;
      const int sources[4] = {base + (thread * 3 + 1) % width, place < 3 ? thread : thread - 3,
                              place + 5 >= width ? thread : thread + 5, partner > last ? thread : partner};
      for (int i = 0; i < 4; ++i) {
        ASSERT_EQ(out[static_cast<size_t>(thread * 4 + i)], static_cast<T>(sources[i] * 10))
            << "thread " << thread << " operation " << i << " width " << width;
      }
    }
  }
}

TEST(Warp, ShufflesOfFourAndEightBytes) {
  check_shuffles<int>();
  check_shuffles<float>();
  check_shuffles<double>();
  check_shuffles<unsigned long long>();
}

__global__ void collectives(int* out) {
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  int* const own = out + threadIdx.x * 8;
  own[0] = static_cast<int>(__ballot_sync(kAll, lane % 3 == warp));
  own[1] = __any_sync(kAll, lane == 31 && warp == 1);
  own[2] = __all_sync(kAll, lane < 31 || warp == 1);
  own[3] = __reduce_add_sync(kAll, lane - 16);
  own[4] = __reduce_min_sync(kAll, lane - 16);
  own[5] = static_cast<int>(__reduce_max_sync(kAll, static_cast<unsigned>(lane - 16)));
  // Halves of a warp apart from each other, with different numbers of operations.
  const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  own[6] = __reduce_add_sync(half, lane);
  if (lane >= 16) own[6] += __shfl_sync(half, lane, 20);
  __syncwarp();
  own[7] = __shfl_xor_sync(half, lane, 8, 16);
}

TEST(Warp, VotesReductionsAndPartsOfAWarp) {
  std::vector<int> out(64 * 8);
  launch(collectives, {1, 64}, out.data());
  for (int thread = 0; thread < 64; ++thread) {
    const int lane = thread % 32, warp = thread / 32;
    unsigned ballot = 0;
    for (int i = 0; i < 32; ++i) ballot |= i % 3 == warp ? 1u << i : 0u;
    const int expected[8] = {static_cast<int>(ballot),   warp == 1, warp == 1, -16, -16, -1,
                             lane < 16 ? 120 : 376 + 20, lane ^ 8};
    for (int i = 0; i < 8; ++i)
      ASSERT_EQ(out[static_cast<size_t>(thread * 8 + i)], expected[i]) << thread << " " << i;
  }
}

__global__ void sum_in_warps(const float* from, float* to) {
  float sum = from[threadIdx.x];
  for (int step = 16; step > 0; step /= 2) sum += __shfl_down_sync(kAll, sum, static_cast<unsigned>(step));
  if (threadIdx.x % 32 == 0) to[threadIdx.x / 32] = sum;
}

TEST(Warp, TreeOfShuffles) {
  std::vector<float> from(1024), to(32);
  std::iota(from.begin(), from.end(), 0.0f);
  launch(sum_in_warps, {1, 1024}, from.data(), to.data());
  for (int warp = 0; warp < 32; ++warp)
    EXPECT_EQ(to[static_cast<size_t>(warp)], static_cast<float>(warp * 1024 + 496));
}

__global__ void atomics(unsigned* u, int* s, float* f, unsigned long long* wide) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  atomicAdd(u, 1u);
  atomicMax(u + 1, i);
  atomicMin(u + 2, i);
  atomicInc(u + 3, 9);
  atomicOr(u + 4, 1u << (i % 32));
  atomicCAS(u + 5, 7u, 8u);
  atomicAdd(s, -1);
  atomicMin(s + 1, -static_cast<int>(i));
  atomicSub(s + 2, 2);
  atomicAdd(f, 0.5f);
  atomicAdd(wide, 1ull << 32);
  atomicExch(wide + 1, 5ull);
}

TEST(Atomics, AllBlocks) {
  std::vector<unsigned> u{0, 0, 1000, 0, 0, 7};
  std::vector<int> s{0, 0, 0};
  float f = 0;
  std::vector<unsigned long long> wide{0, 0};
  launch(atomics, {3, 33}, u.data(), s.data(), &f, wide.data());
  EXPECT_EQ(u, (std::vector<unsigned>{99, 98, 0, 9, 0xffffffffu, 8}));
  EXPECT_EQ(s, (std::vector<int>{-99, -98, -198}));
  EXPECT_EQ(f, 49.5f);
  EXPECT_EQ(wide, (std::vector<unsigned long long>{99ull << 32, 5}));
}

TEST(Intrinsics, Integers) {
  EXPECT_EQ(__dp4a(static_cast<int>(0x80ff7f01u), 0x02020202, 5), 5 + 2 * (-128 - 1 + 127 + 1));
  EXPECT_EQ(__dp4a(0x80ff7f01u, 0x02020202u, 5u), 5u + 2u * (128 + 255 + 127 + 1));
  EXPECT_EQ(__byte_perm(0x33221100u, 0x77665544u, 0x7531u), 0x77553311u);
  EXPECT_EQ(__umulhi(0xffffffffu, 0xffffffffu), 0xfffffffeu);
  EXPECT_EQ(__float2int_rn(2.5f), 2);
  EXPECT_EQ(__float2int_rn(-3.5f), -4);
  EXPECT_EQ(__float2int_rz(3e9f), INT_MAX);
  EXPECT_EQ(__float2int_rd(-0.25f), -1);
  EXPECT_EQ(__float2uint_rn(-1.0f), 0u);
  EXPECT_EQ(__ffs(0), 0);
  EXPECT_EQ(__ffs(8), 4);
  EXPECT_EQ(__clz(1), 31);
  EXPECT_EQ(__funnelshift_r(0x11111111u, 0x22222222u, 4), 0x21111111u);
}

__global__ void order(int* out, int* next) {
  out[atomicAdd(next, 1)] = static_cast<int>(blockIdx.x * 1000 + threadIdx.x);
}

TEST(Schedule, OrderOfBlocksAndThreads) {
  const host_cuda::Schedule before = host_cuda::schedule();
  std::set<std::vector<int>> seen;
  for (const auto schedule :
       {host_cuda::Schedule::kForward, host_cuda::Schedule::kReverse, host_cuda::Schedule::kRandom}) {
    host_cuda::set_schedule(schedule);
    std::vector<int> out(10);
    int next = 0;
    launch(order, {2, 5}, out.data(), &next);
    seen.insert(out);
    if (schedule == host_cuda::Schedule::kForward) {
      EXPECT_EQ(out, (std::vector<int>{0, 1, 2, 3, 4, 1000, 1001, 1002, 1003, 1004}));
    } else if (schedule == host_cuda::Schedule::kReverse) {
      EXPECT_EQ(out, (std::vector<int>{1004, 1003, 1002, 1001, 1000, 4, 3, 2, 1, 0}));
    }
  }
  EXPECT_EQ(seen.size(), 3u);
  host_cuda::set_schedule(before);
}

}  // namespace
}  // namespace fixynn::cuda
