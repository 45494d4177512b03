// SPDX-License-Identifier: Apache-2.0
// Pixels of a batch: destination[image][y][x][c] = render_pixel(source of the image, its augmentation, x, y),
// the same bits as render_image on the host.
//
// Layout: u8, [images][size][size][3]. A block makes kThreads * 4 neighbouring pixels of one image, a thread
// 4 of them, which may lie in two rows: 12 bytes, stored as three aligned words where an image is a multiple
// of 4 pixels, else as bytes. The image's augmentation is read once a block. Overwrites; integers, so any
// schedule gives the same bits.

#include "cuda/kernels/passes.h"
#include "cuda/portable.cuh"

namespace fixynn::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kPixels = 4;  ///< of a thread
constexpr int kAugmentWords = sizeof(FixedAugment) / sizeof(uint32_t);
static_assert(sizeof(FixedAugment) % sizeof(uint32_t) == 0 && kAugmentWords <= kThreads);

template <bool kWords>
__device__ __forceinline__ void store_pixels(uint8_t* to, const uint8_t (&bytes)[3 * kPixels], int count) {
  if constexpr (kWords) {
    uint32_t* words = reinterpret_cast<uint32_t*>(to);
#pragma unroll
    for (int i = 0; i < 3; ++i) {
      words[i] = static_cast<uint32_t>(bytes[4 * i]) | static_cast<uint32_t>(bytes[4 * i + 1]) << 8 |
                 static_cast<uint32_t>(bytes[4 * i + 2]) << 16 |
                 static_cast<uint32_t>(bytes[4 * i + 3]) << 24;
    }
  } else {
#pragma unroll
    for (int i = 0; i < 3 * kPixels; ++i) {
      if (i < 3 * count) to[i] = bytes[i];
    }
  }
}

template <bool kWords>
__global__ void __launch_bounds__(kThreads) render_kernel(RenderPass pass, int chunks) {
  SHARED_ARRAY(FixedAugment, augment, [1]);
  const int thread = static_cast<int>(threadIdx.x);
  const int image = static_cast<int>(blockIdx.x) / chunks;
  const int chunk = static_cast<int>(blockIdx.x) % chunks;
  if (thread < kAugmentWords) {
    reinterpret_cast<uint32_t*>(augment)[thread] =
        reinterpret_cast<const uint32_t*>(pass.augments + image)[thread];
  }
  __syncthreads();
  const FixedAugment fixed = augment[0];
  const uint8_t* source = pass.source + static_cast<size_t>(pass.samples[image]) * pass.image_bytes;
  const int pixels = pass.size * pass.size;
  const int first = (chunk * kThreads + thread) * kPixels;
  if (first < pixels) {
    const int count = pixels - first < kPixels ? pixels - first : kPixels;
    int y = first / pass.size, x = first % pass.size;
    uint8_t bytes[3 * kPixels];
#pragma unroll
    for (int i = 0; i < kPixels; ++i) {
      if (i < count) render_pixel(source, fixed, x, y, bytes + 3 * i);
      if (++x == pass.size) {
        x = 0;
        ++y;
      }
    }
    uint8_t* to = pass.pixels +
                  (static_cast<size_t>(image) * static_cast<size_t>(pixels) + static_cast<size_t>(first)) * 3;
    store_pixels<kWords>(to, bytes, count);
  }
}

}  // namespace

void render(const RenderPass& pass, const Queue& queue) {
  const int pixels = pass.size * pass.size;
  const int chunks = (pixels + kThreads * kPixels - 1) / (kThreads * kPixels);
  const auto blocks = static_cast<unsigned>(pass.images) * static_cast<unsigned>(chunks);
  const LaunchShape shape{blocks, kThreads, 0, queue.stream};
  // Both conditions are of the whole image, so that every thread has four pixels and starts at a word.
  const bool words =
      pixels % kPixels == 0 && reinterpret_cast<uintptr_t>(pass.pixels) % sizeof(uint32_t) == 0;
  launch(words ? render_kernel<true> : render_kernel<false>, shape, pass, chunks);
}

}  // namespace fixynn::cuda
