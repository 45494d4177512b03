// SPDX-License-Identifier: Apache-2.0
#pragma once

// Device functions of one thread. Included by host_cuda.h. Approximate ones (__expf, rsqrtf, ...) are exact
// here: tests of kernels that use them need a tolerance.

#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>

inline float __uint_as_float(unsigned bits) {
  return std::bit_cast<float>(bits);
}
inline unsigned __float_as_uint(float value) {
  return std::bit_cast<unsigned>(value);
}
inline float __int_as_float(int bits) {
  return std::bit_cast<float>(bits);
}
inline int __float_as_int(float value) {
  return std::bit_cast<int>(value);
}
inline double __longlong_as_double(long long bits) {
  return std::bit_cast<double>(bits);
}
inline long long __double_as_longlong(double value) {
  return std::bit_cast<long long>(value);
}

// Loads and stores with cache hints.
#define HOST_CUDA_LOAD(name)     \
  template <class T>             \
  inline T name(const T* from) { \
    return *from;                \
  }
HOST_CUDA_LOAD(__ldg)
HOST_CUDA_LOAD(__ldca)
HOST_CUDA_LOAD(__ldcg)
HOST_CUDA_LOAD(__ldcs)
HOST_CUDA_LOAD(__ldlu)
HOST_CUDA_LOAD(__ldcv)
#undef HOST_CUDA_LOAD
template <class T>
inline void __stwb(T* to, T value) {
  *to = value;
}
template <class T>
inline void __stcg(T* to, T value) {
  *to = value;
}
template <class T>
inline void __stcs(T* to, T value) {
  *to = value;
}
template <class T>
inline void __stwt(T* to, T value) {
  *to = value;
}

// CUDA has these outside namespace std.
using std::isfinite;
using std::isinf;
using std::isnan;
#define HOST_CUDA_MIN_MAX(type)        \
  constexpr type min(type a, type b) { \
    return b < a ? b : a;              \
  }                                    \
  constexpr type max(type a, type b) { \
    return a < b ? b : a;              \
  }
HOST_CUDA_MIN_MAX(int)
HOST_CUDA_MIN_MAX(unsigned)
HOST_CUDA_MIN_MAX(long)
HOST_CUDA_MIN_MAX(unsigned long)
HOST_CUDA_MIN_MAX(long long)
HOST_CUDA_MIN_MAX(unsigned long long)
#undef HOST_CUDA_MIN_MAX
inline float min(float a, float b) {
  return fminf(a, b);
}
inline float max(float a, float b) {
  return fmaxf(a, b);
}
inline double min(double a, double b) {
  return fmin(a, b);
}
inline double max(double a, double b) {
  return fmax(a, b);
}

// One rounding each, so none may be contracted with a neighbour: the host compiles with -ffp-contract=off.
inline float __fadd_rn(float a, float b) {
  return a + b;
}
inline float __fsub_rn(float a, float b) {
  return a - b;
}
inline float __fmul_rn(float a, float b) {
  return a * b;
}
inline float __fdiv_rn(float a, float b) {
  return a / b;
}
inline float __fmaf_rn(float a, float b, float c) {
  return fmaf(a, b, c);
}
inline float __frcp_rn(float a) {
  return 1.0f / a;
}
inline float __fsqrt_rn(float a) {
  return sqrtf(a);
}
inline float __frsqrt_rn(float a) {
  return static_cast<float>(1.0 / sqrt(static_cast<double>(a)));
}
inline double __dadd_rn(double a, double b) {
  return a + b;
}
inline double __dmul_rn(double a, double b) {
  return a * b;
}
inline double __fma_rn(double a, double b, double c) {
  return fma(a, b, c);
}

inline float rsqrtf(float a) {
  return __frsqrt_rn(a);
}
inline float __fdividef(float a, float b) {
  return a / b;
}
inline float __expf(float a) {
  return expf(a);
}
inline float __logf(float a) {
  return logf(a);
}
inline float __log2f(float a) {
  return log2f(a);
}
inline float __powf(float a, float b) {
  return powf(a, b);
}
inline float __saturatef(float a) {
  return a > 0.0f ? fminf(a, 1.0f) : 0.0f;
}

namespace host_cuda {
/// As the device converts: out of range saturates, NaN is 0.
inline int to_int(float rounded) {
  if (rounded != rounded) return 0;
  if (rounded >= 2147483648.0f) return INT_MAX;
  if (rounded < -2147483648.0f) return INT_MIN;
  return static_cast<int>(rounded);
}
inline unsigned to_unsigned(float rounded) {
  if (!(rounded > 0.0f)) return 0;
  return rounded >= 4294967296.0f ? UINT_MAX : static_cast<unsigned>(rounded);
}
}  // namespace host_cuda

inline int __float2int_rn(float a) {
  return host_cuda::to_int(nearbyintf(a));
}
inline int __float2int_rz(float a) {
  return host_cuda::to_int(truncf(a));
}
inline int __float2int_rd(float a) {
  return host_cuda::to_int(floorf(a));
}
inline int __float2int_ru(float a) {
  return host_cuda::to_int(ceilf(a));
}
inline unsigned __float2uint_rn(float a) {
  return host_cuda::to_unsigned(nearbyintf(a));
}
inline unsigned __float2uint_rz(float a) {
  return host_cuda::to_unsigned(truncf(a));
}
inline unsigned __float2uint_rd(float a) {
  return host_cuda::to_unsigned(floorf(a));
}
inline float __int2float_rn(int a) {
  return static_cast<float>(a);
}
inline float __uint2float_rn(unsigned a) {
  return static_cast<float>(a);
}

inline int __popc(unsigned a) {
  return std::popcount(a);
}
inline int __clz(int a) {
  return std::countl_zero(static_cast<unsigned>(a));
}
inline int __ffs(int a) {
  return a == 0 ? 0 : std::countr_zero(static_cast<unsigned>(a)) + 1;
}
inline int __mulhi(int a, int b) {
  return static_cast<int>((static_cast<int64_t>(a) * b) >> 32);
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>((static_cast<uint64_t>(a) * b) >> 32);
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>(((static_cast<uint64_t>(high) << 32 | low) << (shift & 31)) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((static_cast<uint64_t>(high) << 32 | low) >> (shift & 31));
}
/// Each of the four nibbles of `selector` picks one of the eight bytes of b:a; bit 3 of a nibble copies the
/// sign.
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  const uint64_t bytes = static_cast<uint64_t>(b) << 32 | a;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned nibble = selector >> (4 * i) & 15u;
    unsigned byte = static_cast<unsigned>(bytes >> (8 * (nibble & 7u))) & 255u;
    if ((nibble & 8u) != 0) byte = (byte & 128u) != 0 ? 255u : 0u;
    result |= byte << (8 * i);
  }
  return result;
}

/// sum + the four products of signed (unsigned) bytes; wraps.
inline int __dp4a(int a, int b, int sum) {
  unsigned total = static_cast<unsigned>(sum);
  for (int i = 0; i < 32; i += 8) {
    total += static_cast<unsigned>(static_cast<int8_t>(a >> i) * static_cast<int8_t>(b >> i));
  }
  return static_cast<int>(total);
}
inline unsigned __dp4a(unsigned a, unsigned b, unsigned sum) {
  for (int i = 0; i < 32; i += 8) sum += (a >> i & 255u) * (b >> i & 255u);
  return sum;
}
