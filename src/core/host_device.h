// SPDX-License-Identifier: Apache-2.0
#pragma once

// Marks a function that compiles for the host and for CUDA devices: the arithmetic that must not differ
// between them.
#if defined(__CUDACC__)
#define FIXYNN_HD __host__ __device__ inline
#else
#define FIXYNN_HD inline
#endif
