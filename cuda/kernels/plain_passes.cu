// SPDX-License-Identifier: Apache-2.0
// Elementwise passes over [pixels][channels], see plain_passes.h for what each computes.
//
// Layout: float or bf16; tensors with borders have rows and columns of zeros around each image.
// Threads: a thread has V neighbouring channels (16 bytes) of every (blocks * kThreads * V / channels)-th
// pixel, kUnroll of them under way at a time; neighbouring threads have neighbouring channels, then pixels.
// Overwrites its outputs; scale_and_sum and mask_gradient leave channel sums of what they store, in an order
// that depends on the launch's shape alone.

#include "cuda/kernels/batch_norm.cuh"
#include "cuda/kernels/channel_threads.h"
#include "cuda/kernels/plain_passes.h"
#include "cuda/runtime/throw_error.h"
#include "quant/quant_spec.h"

namespace fixynn::cuda {
namespace {

constexpr int kPixelThreads = 256;  ///< of convert_pixels
/// Blocks that a multiprocessor holds: their registers allow no more.
template <class T>
constexpr int kResident = sizeof(T) == 4 ? 3 : 2;

/// A thread's way through the pixels.
struct PixelLoop {
  int64_t first;
  int64_t step;  ///< pixels of the launch at a time
  int channel;
};

template <int V, int kThreads>
__device__ __forceinline__ PixelLoop pixel_loop(int channels) {
  const int groups = channels / V;
  const int at_once = kThreads / groups;
  const int thread = static_cast<int>(threadIdx.x);
  return {static_cast<int64_t>(blockIdx.x) * at_once + thread / groups,
          static_cast<int64_t>(gridDim.x) * at_once, thread % groups * V};
}

/// Images with borders.
struct Bordered {
  int size, before, outer;  ///< outer = size + both borders

  /// Pixel number `pixel` of the images without borders, in those with borders.
  __device__ __forceinline__ int64_t outside(int64_t pixel) const {
    if (outer == size) return pixel;
    const unsigned row = static_cast<unsigned>(pixel) / static_cast<unsigned>(size);  // of all images
    const unsigned x = static_cast<unsigned>(pixel) - row * static_cast<unsigned>(size);
    const unsigned image = row / static_cast<unsigned>(size);
    const unsigned y = row - image * static_cast<unsigned>(size);
    return (static_cast<int64_t>(image) * outer + y + before) * outer + x + before;
  }
  /// The other way; -1 for a border.
  __device__ __forceinline__ int64_t inside(int64_t pixel) const {
    if (outer == size) return pixel;
    const unsigned row = static_cast<unsigned>(pixel) / static_cast<unsigned>(outer);
    const int x =
        static_cast<int>(static_cast<unsigned>(pixel) - row * static_cast<unsigned>(outer)) - before;
    const unsigned image = row / static_cast<unsigned>(outer);
    const int y = static_cast<int>(row - image * static_cast<unsigned>(outer)) - before;
    if (x < 0 || y < 0 || x >= size || y >= size) return -1;
    return (static_cast<int64_t>(image) * size + y) * size + x;
  }
};

/// Loads kUnroll pixels, then calls use(pixel, values) for each.
template <int kUnroll, class T, int V, class Use>
__device__ __forceinline__ void for_pixels(const T* from, int channels, int64_t pixels, const PixelLoop& loop,
                                           Use use) {
  for (int64_t first = loop.first; first < pixels; first += kUnroll * loop.step) {
    float values[kUnroll][V];
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const int64_t pixel = first + u * loop.step;
      if (pixel < pixels) load_values(from + pixel * channels + loop.channel, values[u]);
    }
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const int64_t pixel = first + u * loop.step;
      if (pixel < pixels) use(pixel, values[u]);
    }
  }
}

template <int V, int kThreads, bool kExtrema>
__device__ __forceinline__ void finish_pass(const ChannelSums& sums, const BatchNormFinish& finish,
                                            const ChannelAccumulator<V, kExtrema>& mine, int channels) {
  SHARED_ARRAY(float, scratch, [2 * V * kThreads]);
  const int blocks = static_cast<int>(gridDim.x);
  finish_channel_sums<V, kThreads, kExtrema>(
      sums, finish, mine, {0, channels, static_cast<int>(blockIdx.x), blocks, blocks}, scratch);
}

template <class T, int kThreads>
__global__ void __launch_bounds__(kThreads)
    apply_activation_kernel(ApplyActivation p, Bordered bordered, int64_t pixels) {
  constexpr int V = kVector<T>;
  constexpr int kUnroll = 4;
  const int channels = p.shape.channels;
  const PixelLoop loop = pixel_loop<V, kThreads>(channels);
  const T* z = static_cast<const T*>(p.z) + loop.channel;
  T* y = static_cast<T*>(p.y) + loop.channel;
  ActivationOf<V> activation;
  activation.load(p.activation, loop.channel);
  for (int64_t first = loop.first; first < pixels; first += kUnroll * loop.step) {
    float values[kUnroll][V];
    bool image[kUnroll];
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const int64_t pixel = first + u * loop.step;
      const int64_t source = pixel < pixels ? bordered.inside(pixel) : -1;
      image[u] = source >= 0;
      if (image[u]) load_values(z + source * channels, values[u]);
    }
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const int64_t pixel = first + u * loop.step;
#pragma unroll
      for (int v = 0; v < V; ++v) {
        values[u][v] = image[u] ? activate(values[u][v], activation.a[v], activation.b[v], p.activation.max,
                                           p.activation.quantise)
                                : 0.0f;
      }
      if (pixel < pixels) store_values(y + pixel * channels, values[u]);
    }
  }
}

template <class T, int kChannels>
__global__ void __launch_bounds__(kPixelThreads)
    convert_pixels_kernel(ConvertPixels p, Bordered bordered, int64_t pixels) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kPixelThreads;
  for (int64_t pixel = static_cast<int64_t>(blockIdx.x) * kPixelThreads + threadIdx.x; pixel < pixels;
       pixel += step) {
    const int64_t source = bordered.inside(pixel);
    float values[kChannels] = {};
    if (source >= 0) {
#pragma unroll
      for (int c = 0; c < 3; ++c) {
        values[c] = static_cast<float>(static_cast<int>(p.pixels[source * 3 + c]) - kInputZero);
      }
    }
    store_values(static_cast<T*>(p.y) + pixel * kChannels, values);
  }
}

template <class T, int kThreads, bool kExtrema>
__global__ void __launch_bounds__(kThreads, kResident<T>) scale_and_sum_kernel(ScaleAndSum p) {
  constexpr int V = kVector<T>;
  const PixelLoop loop = pixel_loop<V, kThreads>(p.channels);
  T* z = static_cast<T*>(p.z);
  float scale[V], center[V] = {};
#pragma unroll
  for (int v = 0; v < V; ++v) scale[v] = 1;
  if (p.scale != nullptr) load_values(p.scale + loop.channel, scale);
  if (p.sums.center != nullptr) load_values(p.sums.center + loop.channel, center);
  ChannelAccumulator<V, kExtrema> sums;
  sums.start();
  for_pixels<4, T, V>(z, p.channels, p.pixels, loop, [&](int64_t pixel, float(&values)[V]) {
#pragma unroll
    for (int v = 0; v < V; ++v) {
      values[v] = stored(z, values[v] * scale[v]);
      sums.add_value(v, values[v], center[v]);
    }
    if (p.scale != nullptr) store_values(z + pixel * p.channels + loop.channel, values);
  });
  finish_pass<V, kThreads, kExtrema>(p.sums, p.finish, sums, p.channels);
}

template <class T, int kThreads>
__global__ void __launch_bounds__(kThreads) form_gradient_kernel(FormGradient p) {
  constexpr int V = kVector<T>;
  const PixelLoop loop = pixel_loop<V, kThreads>(p.channels);
  const T* z = static_cast<const T*>(p.gradient.z) + loop.channel;
  T* dz = static_cast<T*>(p.dz) + loop.channel;
  GradientOf<V> gradient;
  gradient.load(p.gradient, loop.channel);
  for_pixels<2, T, V>(
      static_cast<const T*>(p.gradient.du), p.channels, p.pixels, loop, [&](int64_t pixel, float(&du)[V]) {
        float values[V];
        load_values(z + pixel * p.channels, values);
#pragma unroll
        for (int v = 0; v < V; ++v) {
          values[v] = gradient_of_z(du[v], values[v], gradient.ca[v], gradient.cp[v], gradient.cq[v]);
        }
        store_values(dz + pixel * p.channels, values);
      });
}

template <class T, int kThreads>
__global__ void __launch_bounds__(kThreads, kResident<T>)
    mask_gradient_kernel(MaskGradient p, Bordered bordered, int64_t pixels) {
  constexpr int V = kVector<T>;
  constexpr int kUnroll = 2;
  const int channels = p.shape.channels;
  const PixelLoop loop = pixel_loop<V, kThreads>(channels);
  const T* y_gradient = static_cast<const T*>(p.y_gradient) + loop.channel;
  const T* z = static_cast<const T*>(p.z) + loop.channel;
  T* du = static_cast<T*>(p.du) + loop.channel;
  ActivationOf<V> activation;
  activation.load(p.activation, loop.channel);
  float center[V] = {};
  if (p.sums.center != nullptr) load_values(p.sums.center + loop.channel, center);
  ChannelAccumulator<V> sums;
  sums.start();
  for (int64_t first = loop.first; first < pixels; first += kUnroll * loop.step) {
    float values[kUnroll][V], gradient[kUnroll][V];
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const int64_t pixel = first + u * loop.step;
      if (pixel < pixels) {
        load_values(z + pixel * channels, values[u]);
        load_values(y_gradient + bordered.outside(pixel) * channels, gradient[u]);
      }
    }
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const int64_t pixel = first + u * loop.step;
      if (pixel < pixels) {
#pragma unroll
        for (int v = 0; v < V; ++v) {
          const bool pass = passes(values[u][v], activation.a[v], activation.b[v], p.activation.max);
          gradient[u][v] = pass ? gradient[u][v] : 0.0f;
          sums.add_gradient(v, gradient[u][v], values[u][v], center[v]);
        }
        if (p.du != nullptr) store_values(du + pixel * channels, gradient[u]);
      }
    }
  }
  finish_pass<V, kThreads, false>(p.sums, p.finish, sums, channels);
}

/// Pixels of all images, with borders of `border`; the kernels divide them as 32-bit numbers.
int64_t count_pixels(const ImageTensor& shape, const Border& border) {
  const int64_t side = int64_t{shape.size} + border.before + border.after;
  const int64_t pixels = shape.images * side * side;
  if (pixels > UINT32_MAX) {
    throw_error("A batch of " + std::to_string(shape.images) + " images of " + std::to_string(side) +
                " pixels a side is too large for the device; lower train.batch_size.");
  }
  return pixels;
}

Bordered bordered_of(const ImageTensor& shape, const Border& border) {
  return {shape.size, border.before, shape.size + border.before + border.after};
}

/// Calls start(constant of the thread count, LaunchShape).
template <class T, class Function>
void with_pixel_shape(int64_t pixels, int channels, int unroll, const Queue& queue, Function start) {
  with_channel_threads(channels, kVector<T>, [&](auto threads) {
    constexpr int kThreads = decltype(threads)::value;
    const int64_t at_once = int64_t{kThreads} * kVector<T> / channels * unroll;
    const int blocks = persistent_blocks((pixels + at_once - 1) / at_once, kResident<T>, queue);
    start(threads, LaunchShape{static_cast<unsigned>(blocks), kThreads, 0, queue.stream});
  });
}

template <class T>
void start_activation(const ApplyActivation& pass, const Queue& queue) {
  const int64_t pixels = count_pixels(pass.shape, pass.border);
  with_pixel_shape<T>(pixels, pass.shape.channels, 4, queue, [&](auto threads, const LaunchShape& shape) {
    launch(apply_activation_kernel<T, decltype(threads)::value>, shape, pass,
           bordered_of(pass.shape, pass.border), pixels);
  });
}

template <class T>
void start_convert(const ConvertPixels& pass, const Queue& queue) {
  const int64_t pixels = count_pixels(pass.shape, pass.border);
  const int blocks = persistent_blocks((pixels + kPixelThreads - 1) / kPixelThreads, 8, queue);
  const LaunchShape shape{static_cast<unsigned>(blocks), kPixelThreads, 0, queue.stream};
  if (pass.shape.channels != 4 && pass.shape.channels != 8) {
    throw_error("Pixels can be widened to 4 or 8 channels, not to " + std::to_string(pass.shape.channels) +
                "; fix the caller.");
  }
  launch(pass.shape.channels == 4 ? convert_pixels_kernel<T, 4> : convert_pixels_kernel<T, 8>, shape, pass,
         bordered_of(pass.shape, pass.border), pixels);
}

template <class T>
void start_scale(const ScaleAndSum& pass, const Queue& queue) {
  with_pixel_shape<T>(pass.pixels, pass.channels, 4, queue, [&](auto threads, const LaunchShape& shape) {
    constexpr int kThreads = decltype(threads)::value;
    launch(pass.sums.extrema != nullptr ? scale_and_sum_kernel<T, kThreads, true>
                                        : scale_and_sum_kernel<T, kThreads, false>,
           shape, pass);
  });
}

template <class T>
void start_form(const FormGradient& pass, const Queue& queue) {
  with_pixel_shape<T>(pass.pixels, pass.channels, 2, queue, [&](auto threads, const LaunchShape& shape) {
    launch(form_gradient_kernel<T, decltype(threads)::value>, shape, pass);
  });
}

template <class T>
void start_mask(const MaskGradient& pass, const Queue& queue) {
  count_pixels(pass.shape, pass.border);
  const int64_t pixels = count_pixels(pass.shape, {});
  with_pixel_shape<T>(pixels, pass.shape.channels, 2, queue, [&](auto threads, const LaunchShape& shape) {
    launch(mask_gradient_kernel<T, decltype(threads)::value>, shape, pass,
           bordered_of(pass.shape, pass.border), pixels);
  });
}

}  // namespace

void apply_activation(const ApplyActivation& pass, const Queue& queue) {
  pass.precision == Precision::kBf16 ? start_activation<__nv_bfloat16>(pass, queue)
                                     : start_activation<float>(pass, queue);
}
void convert_pixels(const ConvertPixels& pass, const Queue& queue) {
  pass.precision == Precision::kBf16 ? start_convert<__nv_bfloat16>(pass, queue)
                                     : start_convert<float>(pass, queue);
}
void scale_and_sum(const ScaleAndSum& pass, const Queue& queue) {
  pass.precision == Precision::kBf16 ? start_scale<__nv_bfloat16>(pass, queue)
                                     : start_scale<float>(pass, queue);
}
void form_gradient(const FormGradient& pass, const Queue& queue) {
  pass.precision == Precision::kBf16 ? start_form<__nv_bfloat16>(pass, queue)
                                     : start_form<float>(pass, queue);
}
void mask_gradient(const MaskGradient& pass, const Queue& queue) {
  pass.precision == Precision::kBf16 ? start_mask<__nv_bfloat16>(pass, queue)
                                     : start_mask<float>(pass, queue);
}

}  // namespace fixynn::cuda
