// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every pass does with a value while loading it. z: raw output of a convolution; u = a*z + b, its batch
// norm, in units of activation codes where quantised; y = clamp(u, 0, max), rounded to a code where
// quantised; du: gradient with respect to u, 0 where u was clamped; dz = ca*du + cp*z + cq, the gradient with
// respect to z.

#include "cuda/kernels/pack.cuh"
#include "cuda/kernels/passes.h"

namespace fixynn::cuda {

__device__ __forceinline__ float activate(float z, float a, float b, float max, bool quantise) {
  const float y = fminf(fmaxf(fmaf(a, z, b), 0.0f), max);
  return quantise ? rintf(y) : y;
}

/// Whether the straight-through gradient passes.
__device__ __forceinline__ bool passes(float z, float a, float b, float max) {
  const float u = fmaf(a, z, b);
  return u > 0.0f && u < max;
}

__device__ __forceinline__ float gradient_of_z(float du, float z, float ca, float cp, float cq) {
  return fmaf(ca, du, fmaf(cp, z, cq));
}

/// The coefficients of V channels.
template <int V>
struct ActivationOf {
  float a[V], b[V];
  __device__ __forceinline__ void load(const Activation& from, int channel) {
    load_values(from.a + channel, a);
    load_values(from.b + channel, b);
  }
};

template <int V>
struct GradientOf {
  float ca[V], cp[V], cq[V];
  __device__ __forceinline__ void load(const GradientLoad& from, int channel) {
    load_values(from.ca + channel, ca);
    load_values(from.cp + channel, cp);
    load_values(from.cq + channel, cq);
  }
};

}  // namespace fixynn::cuda
