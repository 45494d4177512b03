// SPDX-License-Identifier: Apache-2.0
#pragma once

// Atomic operations; each returns the old value. Included by host_cuda.h, defined in host_cuda.cpp: fibers
// switch only where a thread waits, so that they need no atomic instruction, but the race checker must see
// them.

#define HOST_CUDA_ATOMICS(type)              \
  type atomicAdd(type* address, type value); \
  type atomicExch(type* address, type value);
#define HOST_CUDA_INTEGER_ATOMICS(type)      \
  HOST_CUDA_ATOMICS(type)                    \
  type atomicMin(type* address, type value); \
  type atomicMax(type* address, type value); \
  type atomicAnd(type* address, type value); \
  type atomicOr(type* address, type value);  \
  type atomicXor(type* address, type value); \
  type atomicCAS(type* address, type expected, type value);

HOST_CUDA_ATOMICS(float)
HOST_CUDA_ATOMICS(double)
HOST_CUDA_INTEGER_ATOMICS(int)
HOST_CUDA_INTEGER_ATOMICS(unsigned)
HOST_CUDA_INTEGER_ATOMICS(unsigned long long)
#undef HOST_CUDA_ATOMICS
#undef HOST_CUDA_INTEGER_ATOMICS
int atomicSub(int* address, int value);
unsigned atomicSub(unsigned* address, unsigned value);
/// old >= limit ? 0 : old + 1
unsigned atomicInc(unsigned* address, unsigned limit);
/// old == 0 || old > limit ? limit : old - 1
unsigned atomicDec(unsigned* address, unsigned limit);
