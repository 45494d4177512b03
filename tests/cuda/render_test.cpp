// SPDX-License-Identifier: Apache-2.0
// Pixels rendered on the device are those of render_image, bit for bit.
#include "cuda/device_array.h"
#include "dataset/augment.h"

namespace fixynn {
namespace {

using testing_cuda::DeviceArray;
using testing_cuda::TestQueue;

struct RenderCase {
  const char* name;
  int width, height, size;
  AugmentSpec augment;
};

const AugmentSpec kPlain{};
const AugmentSpec kFlip{.flip = true};
const AugmentSpec kEverything{.rotate_degrees = 25,
                              .scale = 0.4f,
                              .aspect = 0.3f,
                              .shear = 0.3f,
                              .shift = 0.3f,
                              .brightness = 0.3f,
                              .contrast = 0.4f,
                              .flip = true,
                              .cutout = 0.4f};

const RenderCase kCases[] = {
    {"one pixel", 1, 1, 4, kPlain},
    {"as it is", 12, 12, 12, kPlain},
    {"seven times larger", 8, 8, 56, kPlain},
    {"seven times larger, everything", 8, 8, 56, kEverything},
    {"odd size: bytes, the last thread has one pixel", 20, 14, 15, kEverything},
    {"even size, rows end within a thread", 9, 21, 10, kEverything},
    {"smaller", 61, 47, 16, kEverything},
    {"several blocks, odd", 17, 33, 51, kFlip},
};

std::vector<uint8_t> random_bytes(size_t count, uint64_t seed) {
  RandomSequence random(seed, RandomStream::kSynthesise, 0);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.below(256));
  return bytes;
}

TEST(Render, EqualsTheHostBitForBit) {
  constexpr size_t kSourceImages = 4, kImages = 7;
  for (const RenderCase& c : kCases) {
    const size_t image_bytes = static_cast<size_t>(c.width * c.height) * 3;
    const size_t out_bytes = static_cast<size_t>(c.size * c.size) * 3;
    const std::vector<uint8_t> source = random_bytes(kSourceImages * image_bytes, 3);
    std::vector<uint32_t> samples;
    std::vector<FixedAugment> augments;
    std::vector<uint8_t> expected(kImages * out_bytes);
    for (uint32_t i = 0; i < kImages; ++i) {
      samples.push_back(i * 3 % kSourceImages);
      const AugmentParams params = i == 0 ? identity_augment(c.width, c.height, c.size)
                                          : draw_augment(c.augment, 11, i, i, c.width, c.height, c.size);
      augments.push_back(fix_augment(params, c.width, c.height));
      render_image(source.data() + samples.back() * image_bytes, c.width, c.height, params,
                   expected.data() + i * out_bytes, c.size);
    }
    const DeviceArray<uint8_t> device_source(source), pixels(expected.size());
    const DeviceArray<uint32_t> device_samples(samples);
    const DeviceArray<FixedAugment> device_augments(augments);
    TestQueue queue(4, 8);
    cuda::render({device_source.data(), device_samples.data(), device_augments.data(), image_bytes,
                  pixels.data(), static_cast<int>(kImages), c.size},
                 queue.queue());
    queue.wait();
    EXPECT_EQ(pixels.read(), expected) << c.name;
  }
}

}  // namespace
}  // namespace fixynn
