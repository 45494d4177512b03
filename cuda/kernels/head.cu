// SPDX-License-Identifier: Apache-2.0
// The end of the network, for kTile images at a time in a block:
//   pooled[c] = pool_scale * sum over pixels of y, logits[k] = sum over c of pooled[c] * W[c][k] + bias[k];
// and in training, with target = (1 - s) * onehot + s / classes,
//   loss = sum over k of target * (log sum exp logits - logits[k]), dlogits = (softmax - target) / images,
//   dpooled[c] = sum over k of W[c][k] * dlogits[k], du = dpooled / pixels where the activation passes z.
// pool_scale carries the step of an activation code, du does not: it is the gradient with respect to the
// batch norm's output as a real number, as everywhere in the engine.
//
// Layout: z and du [images][pixels][channels], float or bf16; the rest fp32. Several images a block, because
// each block reads all of W, which is coalesced over classes.
// Threads: pool and du, a thread has V neighbouring channels and every (kThreads * V / channels)-th pixel;
// logits, a thread has a class and every slices-th channel; loss, a warp an image; dpooled, a few lanes a
// channel. Shared: pooled (later dpooled) [channels][kTile], logits (later dlogits) [classes][kTile].
// Overwrites all its outputs; leaves the sums of du and du * (z - center). Every sum has a fixed order that
// depends on the launch's shape alone.

#include "cuda/kernels/batch_norm.cuh"
#include "cuda/kernels/channel_threads.h"

namespace fixynn::cuda {
namespace {

constexpr unsigned kFullMask = 0xffffffffu;
constexpr int kMostTile = 4;

/// Work areas of a block in dynamic shared memory.
template <int kTile>
struct Areas {
  float* slices;  ///< [kThreads * V], partial sums of threads
  float* pooled;  ///< [channels][kTile]
  float* logits;  ///< [classes][kTile]
};

/// Images of a block's tile.
struct Tile {
  int first, count;
};

/// Values of the tile's images at `from`, which is a multiple of kTile floats.
template <int kTile>
__device__ __forceinline__ void load_tile(const float* from, float (&values)[kTile]) {
  if constexpr (kTile == 4) {
    load_values(from, values);
  } else {
    static_assert(kTile == 1);
    values[0] = from[0];
  }
}

template <class T, int kThreads, int kTile>
__device__ __forceinline__ void pool_images(const HeadPass& p, const Tile& tile, const Areas<kTile>& areas) {
  constexpr int V = kVector<T>;
  const int thread = static_cast<int>(threadIdx.x);
  const int groups = p.channels / V;
  const int channel = thread % groups * V;
  const int step = kThreads / groups;
  ActivationOf<V> activation;
  activation.load(p.activation, channel);
  for (int i = 0; i < tile.count; ++i) {
    const T* z = static_cast<const T*>(p.z_in) +
                 static_cast<int64_t>(tile.first + i) * p.pixels * p.channels + channel;
    float sum[V] = {};
#pragma unroll 4
    for (int pixel = thread / groups; pixel < p.pixels; pixel += step) {
      float value[V];
      load_values(z + static_cast<int64_t>(pixel) * p.channels, value);
#pragma unroll
      for (int v = 0; v < V; ++v) {
        sum[v] +=
            activate(value[v], activation.a[v], activation.b[v], p.activation.max, p.activation.quantise);
      }
    }
    __syncthreads();  // the slices may still be read
    store_values(areas.slices + thread * V, sum);
    __syncthreads();
    for (int c = thread; c < p.channels; c += kThreads) {
      float total = 0;
      for (int s = 0; s < step; ++s) total += areas.slices[s * p.channels + c];
      total *= p.pool_scale;
      areas.pooled[c * kTile + i] = total;
      p.pooled[static_cast<int64_t>(tile.first + i) * p.channels + c] = total;
    }
  }
  // What has no image must not be left uninitialised: it is multiplied, and thrown away.
  for (int i = tile.count; i < kTile; ++i) {
    for (int c = thread; c < p.channels; c += kThreads) areas.pooled[c * kTile + i] = 0;
  }
  __syncthreads();
}

/// Classes of a block at a time; the threads beyond them take other channels.
template <int kThreads>
__device__ __forceinline__ int class_width(int classes) {
  const int width = classes <= 8 ? 8 : classes <= 16 ? 16 : (classes + 31) / 32 * 32;
  return width < kThreads ? width : kThreads;
}

template <class T, int kThreads, int kTile>
__device__ __forceinline__ void make_logits(const HeadPass& p, const Tile& tile, const Areas<kTile>& areas) {
  const int thread = static_cast<int>(threadIdx.x);
  const int width = class_width<kThreads>(p.classes);
  const int slices = kThreads / width;
  const int slice = thread / width;
  for (int first = 0; first < p.classes; first += width) {
    const int k = first + thread % width;
    float sum[kTile] = {};
    if (k < p.classes && slice < slices) {
#pragma unroll 8
      for (int c = slice; c < p.channels; c += slices) {
        const float weight = p.weights[static_cast<int64_t>(c) * p.classes + k];
        float pooled[kTile];
        load_tile<kTile>(areas.pooled + c * kTile, pooled);
#pragma unroll
        for (int i = 0; i < kTile; ++i) sum[i] = fmaf(pooled[i], weight, sum[i]);
      }
    }
    __syncthreads();  // the slices may still be read
#pragma unroll
    for (int i = 0; i < kTile; ++i) areas.slices[i * kThreads + thread] = sum[i];
    __syncthreads();
    if (k < p.classes && slice == 0) {
#pragma unroll
      for (int i = 0; i < kTile; ++i) {
        float total = areas.slices[i * kThreads + thread];
        for (int s = 1; s < slices; ++s) total += areas.slices[i * kThreads + s * width + thread];
        total += p.bias[k];
        areas.logits[k * kTile + i] = total;
        if (i < tile.count) p.logits[static_cast<int64_t>(tile.first + i) * p.classes + k] = total;
      }
    }
  }
  __syncthreads();
}

__device__ __forceinline__ double warp_sum(double value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(kFullMask, value, distance);
  }
  return value;
}

/// Index of the first largest of `logits`, by a warp.
template <int kTile>
__device__ __forceinline__ int first_largest(const float* logits, int classes, int lane) {
  float best = -INFINITY;
  int best_index = classes;
  for (int k = lane; k < classes; k += 32) {
    const float logit = logits[k * kTile];
    if (best_index == classes || logit > best) {
      best = logit;
      best_index = k;
    }
  }
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    const float other = __shfl_xor_sync(kFullMask, best, distance);
    const int other_index = __shfl_xor_sync(kFullMask, best_index, distance);
    if (other > best || (other == best && other_index < best_index)) {
      best = other;
      best_index = other_index;
    }
  }
  return __shfl_sync(kFullMask, best_index, 0);
}

/// A warp replaces the logits of tile image `i` by their gradient.
template <int kTile>
__device__ __forceinline__ void make_loss(const HeadTraining& t, const Tile& tile, const Areas<kTile>& areas,
                                          int i, int lane) {
  const int classes = t.forward.classes;
  float* logits = areas.logits + i;
  if (i >= tile.count) {
    for (int k = lane; k < classes; k += 32) logits[k * kTile] = 0;
    return;
  }
  const int image = tile.first + i;
  const int label = t.labels[image];
  const int best_index = first_largest<kTile>(logits, classes, lane);
  // All lanes may have seen nothing but -infinity and NaN.
  const float best = best_index < classes ? logits[best_index * kTile] : NAN;
  double sum = 0;
  for (int k = lane; k < classes; k += 32) sum += static_cast<double>(expf(logits[k * kTile] - best));
  sum = warp_sum(sum);
  const double log_sum = log(sum) + static_cast<double>(best);
  const float uniform = t.label_smoothing / static_cast<float>(classes);
  const float mean = 1.0f / static_cast<float>(t.forward.images);
  double loss = 0;
  __syncwarp();  // all have read the largest
  for (int k = lane; k < classes; k += 32) {
    const float logit = logits[k * kTile];
    const float target = uniform + (k == label ? 1.0f - t.label_smoothing : 0.0f);
    if (target != 0.0f) loss += static_cast<double>(target) * (log_sum - static_cast<double>(logit));
    const float softmax = static_cast<float>(static_cast<double>(expf(logit - best)) / sum);
    const float gradient = (softmax - target) * mean;
    logits[k * kTile] = gradient;
    t.logit_gradient[static_cast<int64_t>(image) * classes + k] = gradient;
  }
  loss = warp_sum(loss);
  if (lane == 0) {
    t.image_loss[image] = static_cast<float>(loss);
    t.image_correct[image] = best_index == label ? 1 : 0;
  }
}

/// `lanes` neighbouring lanes of a warp share a channel; each takes kUnroll channels at a time to have loads
/// under way.
template <int kThreads, int kTile>
__device__ __forceinline__ void pool_gradient(const HeadPass& p, const Areas<kTile>& areas) {
  constexpr int kUnroll = 4;
  const int thread = static_cast<int>(threadIdx.x);
  const int lanes = p.classes <= 4 ? 4 : p.classes <= 8 ? 8 : p.classes <= 16 ? 16 : 32;
  const int at_once = kThreads / lanes;  // channels of the block
  for (int first = 0; first < p.channels; first += at_once * kUnroll) {
    float sum[kUnroll][kTile] = {};
    const int channel = first + thread / lanes;
    for (int k = thread % lanes; k < p.classes; k += lanes) {
      float gradient[kTile], weight[kUnroll];
      load_tile<kTile>(areas.logits + k * kTile, gradient);
#pragma unroll
      for (int u = 0; u < kUnroll; ++u) {
        const int c = channel + u * at_once;
        weight[u] = c < p.channels ? p.weights[static_cast<int64_t>(c) * p.classes + k] : 0.0f;
      }
#pragma unroll
      for (int u = 0; u < kUnroll; ++u) {
#pragma unroll
        for (int i = 0; i < kTile; ++i) sum[u][i] = fmaf(weight[u], gradient[i], sum[u][i]);
      }
    }
    for (int distance = lanes / 2; distance > 0; distance /= 2) {
#pragma unroll
      for (int u = 0; u < kUnroll; ++u) {
#pragma unroll
        for (int i = 0; i < kTile; ++i) sum[u][i] += __shfl_xor_sync(kFullMask, sum[u][i], distance);
      }
    }
    if (thread % lanes == 0) {
#pragma unroll
      for (int u = 0; u < kUnroll; ++u) {
        const int c = channel + u * at_once;
        if (c < p.channels) {
#pragma unroll
          for (int i = 0; i < kTile; ++i) areas.pooled[c * kTile + i] = sum[u][i];
        }
      }
    }
  }
  __syncthreads();
}

template <class T, int kThreads, int kTile>
__device__ __forceinline__ void unpool_images(const HeadTraining& t, const Tile& tile,
                                              const Areas<kTile>& areas,
                                              ChannelAccumulator<kVector<T>>& sums) {
  constexpr int V = kVector<T>;
  const HeadPass& p = t.forward;
  const int thread = static_cast<int>(threadIdx.x);
  const int groups = p.channels / V;
  const int channel = thread % groups * V;
  const int step = kThreads / groups;
  ActivationOf<V> activation;
  activation.load(p.activation, channel);
  float center[V] = {};
  if (t.sums.center != nullptr) load_values(t.sums.center + channel, center);
  const float share = 1.0f / static_cast<float>(p.pixels);
  for (int i = 0; i < tile.count; ++i) {
    const int64_t base = static_cast<int64_t>(tile.first + i) * p.pixels * p.channels + channel;
    const T* z = static_cast<const T*>(p.z_in) + base;
    T* du = static_cast<T*>(t.du_in) + base;
    float gradient[V];
#pragma unroll
    for (int v = 0; v < V; ++v) gradient[v] = areas.pooled[(channel + v) * kTile + i] * share;
#pragma unroll 2
    for (int pixel = thread / groups; pixel < p.pixels; pixel += step) {
      float value[V], out[V];
      load_values(z + static_cast<int64_t>(pixel) * p.channels, value);
#pragma unroll
      for (int v = 0; v < V; ++v) {
        out[v] = passes(value[v], activation.a[v], activation.b[v], p.activation.max)
                     ? stored(du, gradient[v])
                     : 0.0f;
        sums.add_gradient(v, out[v], value[v], center[v]);
      }
      store_values(du + static_cast<int64_t>(pixel) * p.channels, out);
    }
  }
}

template <int kTile>
__device__ __forceinline__ Areas<kTile> divide_shared(float* shared, int slices, const HeadPass& p) {
  return {shared, shared + slices, shared + slices + p.channels * kTile};
}

template <class T, int kThreads, int kTile>
__global__ void __launch_bounds__(kThreads) head_forward_kernel(HeadPass p) {
  DYNAMIC_SHARED(float, shared);
  const Areas<kTile> areas = divide_shared<kTile>(shared, kThreads * kVector<T>, p);
  const int step = static_cast<int>(gridDim.x) * kTile;
  for (int first = static_cast<int>(blockIdx.x) * kTile; first < p.images; first += step) {
    const Tile tile{first, p.images - first < kTile ? p.images - first : kTile};
    pool_images<T, kThreads, kTile>(p, tile, areas);
    make_logits<T, kThreads, kTile>(p, tile, areas);
  }
}

template <class T, int kThreads, int kTile>
__global__ void __launch_bounds__(kThreads, 2) head_training_kernel(HeadTraining t) {
  DYNAMIC_SHARED(float, shared);
  constexpr int V = kVector<T>;
  static_assert(kTile <= kThreads / 32 && kTile <= V);
  const HeadPass& p = t.forward;
  const Areas<kTile> areas = divide_shared<kTile>(shared, kThreads * V, p);
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  ChannelAccumulator<V> sums;
  sums.start();
  const int step = static_cast<int>(gridDim.x) * kTile;
  for (int first = static_cast<int>(blockIdx.x) * kTile; first < p.images; first += step) {
    const Tile tile{first, p.images - first < kTile ? p.images - first : kTile};
    pool_images<T, kThreads, kTile>(p, tile, areas);
    make_logits<T, kThreads, kTile>(p, tile, areas);
    if (warp < kTile) make_loss<kTile>(t, tile, areas, warp, lane);
    __syncthreads();
    pool_gradient<kThreads, kTile>(p, areas);
    unpool_images<T, kThreads, kTile>(t, tile, areas, sums);
  }
  const int blocks = static_cast<int>(gridDim.x);
  const SumBlock block{0, p.channels, static_cast<int>(blockIdx.x), blocks, blocks};
  finish_channel_sums<V, kThreads, false>(t.sums, t.finish, sums, block, shared);
}

/// Images a block takes at a time: several when all multiprocessors get enough work that way, and their
/// areas fit in the shared memory that needs no opt-in.
int tile_of(const HeadPass& p, size_t slice_floats, const Queue& queue) {
  const size_t floats =
      slice_floats + static_cast<size_t>(kMostTile) * static_cast<size_t>(p.channels + p.classes);
  return p.images >= 2 * kMostTile * queue.multiprocessors && floats <= 11 * 1024 ? kMostTile : 1;
}

/// Calls launch_one(constants of type, threads and tile, shape).
template <class T, class Function>
void with_shape(const HeadPass& p, const Queue& queue, Function launch_one) {
  constexpr int V = kVector<T>;
  with_channel_threads(p.channels, V, [&](auto threads) {
    constexpr int kThreads = decltype(threads)::value;
    const auto start = [&](auto tile) {
      constexpr int kTile = decltype(tile)::value;
      const size_t areas = static_cast<size_t>(kThreads) * V +
                           static_cast<size_t>(kTile) * static_cast<size_t>(p.channels + p.classes);
      const size_t finish = static_cast<size_t>(kThreads) * V * 2;
      const int blocks = persistent_blocks((p.images + kTile - 1) / kTile, 2, queue);
      launch_one(threads, tile,
                 LaunchShape{static_cast<unsigned>(blocks), kThreads, std::max(areas, finish) * sizeof(float),
                             queue.stream});
    };
    if (tile_of(p, static_cast<size_t>(kThreads) * V, queue) == kMostTile) {
      start(std::integral_constant<int, kMostTile>());
    } else {
      start(std::integral_constant<int, 1>());
    }
  });
}

template <class T>
void start_forward(const HeadPass& pass, const Queue& queue) {
  with_shape<T>(pass, queue, [&](auto threads, auto tile, const LaunchShape& shape) {
    launch(head_forward_kernel<T, decltype(threads)::value, decltype(tile)::value>, shape, pass);
  });
}

template <class T>
void start_training(const HeadTraining& pass, const Queue& queue) {
  with_shape<T>(pass.forward, queue, [&](auto threads, auto tile, const LaunchShape& shape) {
    launch(head_training_kernel<T, decltype(threads)::value, decltype(tile)::value>, shape, pass);
  });
}

}  // namespace

void head_forward(const HeadPass& pass, const Queue& queue) {
  pass.precision == Precision::kBf16 ? start_forward<__nv_bfloat16>(pass, queue)
                                     : start_forward<float>(pass, queue);
}

void head_training(const HeadTraining& pass, const Queue& queue) {
  pass.forward.precision == Precision::kBf16 ? start_training<__nv_bfloat16>(pass, queue)
                                             : start_training<float>(pass, queue);
}

}  // namespace fixynn::cuda
