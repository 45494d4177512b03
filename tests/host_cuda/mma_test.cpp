// SPDX-License-Identifier: Apache-2.0
// The tensor-core instructions, fed by ldmatrix: the documentation of ldmatrix (a lane gets 32 bits of row
// lane / 4) describes the layouts of A and B independently of the tables that the emulation follows. Values
// are small integers, so that every order of adding gives the same.
#include "cuda/mma.cuh"

#include <gtest/gtest.h>

#include <limits>

namespace fixynn::cuda {
namespace {

/// out[16][8] = a[16][K] * b[8][K] transposed; `Words` 32-bit words make a row of K elements.
template <class T>
__device__ void store_product(T* out, const T (&c)[4]) {
  const unsigned g = threadIdx.x / 4, t = threadIdx.x % 4;
  out[g * 8 + 2 * t] = c[0];
  out[g * 8 + 2 * t + 1] = c[1];
  out[(g + 8) * 8 + 2 * t] = c[2];
  out[(g + 8) * 8 + 2 * t + 1] = c[3];
}

/// Rows of a and b are 32 bytes in all three instructions.
template <class T, class Multiply>
__device__ void multiply_rows(const uint4* a, const uint4* b, T* out, Multiply multiply_add) {
  SHARED_ARRAY(uint4, a_rows, [16][2]);
  SHARED_ARRAY(uint4, b_rows, [8][2]);
  const unsigned lane = threadIdx.x;
  a_rows[lane / 2][lane % 2] = a[lane];
  if (lane < 16) b_rows[lane / 2][lane % 2] = b[lane];
  __syncwarp();
  uint32_t a_words[4], b_words[2];
  ldmatrix_x4(a_words, &a_rows[lane % 16][lane / 16]);
  ldmatrix_x2(b_words, &b_rows[lane % 8][lane / 8 % 2]);
  T c[4] = {1, 2, 3, 4};
  multiply_add(c, a_words, b_words);
  store_product(out, c);
}

__global__ void bf16_rows(const uint4* a, const uint4* b, float* out) {
  multiply_rows(a, b, out, [](float(&c)[4], const uint32_t(&x)[4], const uint32_t(&y)[2]) {
    mma_bf16_m16n8k16(c, x, y);
  });
}
__global__ void tf32_rows(const uint4* a, const uint4* b, float* out) {
  multiply_rows(a, b, out, [](float(&c)[4], const uint32_t(&x)[4], const uint32_t(&y)[2]) {
    mma_tf32_m16n8k8(c, x, y);
  });
}
__global__ void u8s8_rows(const uint4* a, const uint4* b, int32_t* out) {
  multiply_rows(a, b, out, [](int32_t(&c)[4], const uint32_t(&x)[4], const uint32_t(&y)[2]) {
    mma_u8s8_m16n8k32(c, x, y);
  });
}

__nv_bfloat16 bf16(int value) {
  return __float2bfloat16_rn(static_cast<float>(value));
}

template <class A, class B, class Out, class MakeA, class MakeB>
void check_product(void (*kernel)(const uint4*, const uint4*, Out*), MakeA make_a, MakeB make_b,
                   int least_a = 0) {
  constexpr int depth = 32 / sizeof(A);
  alignas(16) A a[16][depth];
  alignas(16) B b[8][depth];
  std::vector<Out> out(16 * 8);
  const auto value_a = [&](int row, int k) { return least_a + (row * 37 + k * 11) % 61; };
  const auto value_b = [](int column, int k) { return (column * 53 + k * 29) % 47 - 23; };
  for (int k = 0; k < depth; ++k) {
    for (int row = 0; row < 16; ++row) a[row][k] = make_a(value_a(row, k));
    for (int column = 0; column < 8; ++column) b[column][k] = make_b(value_b(column, k));
  }
  launch(kernel, {1, 32}, reinterpret_cast<const uint4*>(a), reinterpret_cast<const uint4*>(b), out.data());
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      int expected = 1 + column % 2 + row / 8 * 2;  // what c began with
      for (int k = 0; k < depth; ++k) expected += value_a(row, k) * value_b(column, k);
      ASSERT_EQ(out[static_cast<size_t>(row * 8 + column)], static_cast<Out>(expected))
          << row << " " << column;
    }
  }
}

TEST(Mma, Bf16) {
  check_product<__nv_bfloat16, __nv_bfloat16, float>(bf16_rows, bf16, bf16);
}

TEST(Mma, Tf32) {
  const auto tf32 = [](int value) { return to_tf32(static_cast<float>(value)); };
  check_product<uint32_t, uint32_t, float>(tf32_rows, tf32, tf32);
}

TEST(Mma, UnsignedBySignedBytes) {
  check_product<uint8_t, int8_t, int32_t>(
      u8s8_rows, [](int value) { return static_cast<uint8_t>(value); },
      [](int value) { return static_cast<int8_t>(value); }, 195);
}

__global__ void transposed(const uint4* from, uint32_t* plain, uint32_t* across, uint32_t* two) {
  SHARED_ARRAY(uint4, rows, [32]);
  rows[threadIdx.x] = from[threadIdx.x];
  __syncwarp();
  uint32_t r[4], half[2];
  ldmatrix_x4(r, &rows[threadIdx.x]);
  for (unsigned m = 0; m < 4; ++m) plain[m * 32 + threadIdx.x] = r[m];
  ldmatrix_x4_trans(r, &rows[threadIdx.x]);
  for (unsigned m = 0; m < 4; ++m) across[m * 32 + threadIdx.x] = r[m];
  ldmatrix_x2_trans(half, &rows[threadIdx.x % 16]);
  for (unsigned m = 0; m < 2; ++m) two[m * 32 + threadIdx.x] = half[m];
}

TEST(Mma, LdmatrixPlainAndTransposed) {
  alignas(16) uint16_t from[4][8][8];
  for (int i = 0; i < 256; ++i) from[i / 64][i / 8 % 8][i % 8] = static_cast<uint16_t>(i * 3);
  std::vector<uint32_t> plain(128), across(128), two(64);
  launch(transposed, {1, 32}, reinterpret_cast<const uint4*>(from), plain.data(), across.data(), two.data());
  for (unsigned m = 0; m < 4; ++m) {
    for (unsigned lane = 0; lane < 32; ++lane) {
      const unsigned g = lane / 4, t = lane % 4;
      const auto pair = [](uint16_t low, uint16_t high) { return low | static_cast<uint32_t>(high) << 16; };
      ASSERT_EQ(plain[m * 32 + lane], pair(from[m][g][2 * t], from[m][g][2 * t + 1]));
      ASSERT_EQ(across[m * 32 + lane], pair(from[m][2 * t][g], from[m][2 * t + 1][g]));
      if (m < 2) {
        ASSERT_EQ(two[m * 32 + lane], across[m * 32 + lane]);
      }
    }
  }
}

/// B stored [k][n], as ldmatrix.trans reads it.
__global__ void bf16_columns(const uint4* a, const uint4* b, float* out) {
  SHARED_ARRAY(uint4, a_rows, [16][2]);
  SHARED_ARRAY(uint4, b_rows, [16]);
  const unsigned lane = threadIdx.x;
  a_rows[lane / 2][lane % 2] = a[lane];
  if (lane < 16) b_rows[lane] = b[lane];
  __syncwarp();
  uint32_t a_words[4], b_words[2];
  ldmatrix_x4(a_words, &a_rows[lane % 16][lane / 16]);
  ldmatrix_x2_trans(b_words, &b_rows[lane % 16]);
  float c[4] = {};
  mma_bf16_m16n8k16(c, a_words, b_words);
  store_product(out, c);
}

TEST(Mma, Bf16WithTransposedB) {
  alignas(16) __nv_bfloat16 a[16][16], b[16][8];
  for (int k = 0; k < 16; ++k) {
    for (int row = 0; row < 16; ++row) a[row][k] = bf16(row - 3 * k);
    for (int column = 0; column < 8; ++column) b[k][column] = bf16(5 * column - k);
  }
  std::vector<float> out(128);
  launch(bf16_columns, {1, 32}, reinterpret_cast<const uint4*>(a), reinterpret_cast<const uint4*>(b),
         out.data());
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      int expected = 0;
      for (int k = 0; k < 16; ++k) expected += (row - 3 * k) * (5 * column - k);
      ASSERT_EQ(out[static_cast<size_t>(row * 8 + column)], static_cast<float>(expected));
    }
  }
}

TEST(Mma, Tf32RoundsToNearestAwayFromZero) {
  EXPECT_EQ(to_tf32(1.0f), 0x3f800000u);
  EXPECT_EQ(to_tf32(__uint_as_float(0x3f800fffu)), 0x3f800000u);
  EXPECT_EQ(to_tf32(__uint_as_float(0x3f801000u)), 0x3f802000u);  // a tie, away
  EXPECT_EQ(to_tf32(__uint_as_float(0xbf801000u)), 0xbf802000u);
  EXPECT_EQ(to_tf32(__uint_as_float(0x3f803000u)), 0x3f804000u);  // a tie whose even neighbour lies away, too
  EXPECT_EQ(to_tf32(std::numeric_limits<float>::infinity()), 0x7f800000u);
  EXPECT_EQ(to_tf32(std::numeric_limits<float>::max()), 0x7f800000u);
  EXPECT_EQ(to_tf32(std::numeric_limits<float>::quiet_NaN()), 0x7fffffffu);
}

}  // namespace
}  // namespace fixynn::cuda
