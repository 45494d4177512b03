// SPDX-License-Identifier: Apache-2.0
// cuda/runtime/runtime.h in host memory. Work is done when it is queued; a captured graph keeps the launches
// and copies with the arguments that they had, as on a card.
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "cuda/runtime/runtime.h"
#include "host_cuda/host_cuda.h"

namespace fixynn::cuda {
namespace {

constexpr size_t kAlignment = 256;  // as the card's allocator
constexpr size_t kTotalBytes = size_t{8} << 30;

using Clock = std::chrono::steady_clock;

/// Exactly `bytes` long, so that AddressSanitizer sees an access past the end.
std::byte* allocate(size_t bytes) {
  void* data = nullptr;
  if (bytes > kTotalBytes || posix_memalign(&data, kAlignment, bytes) != 0) return nullptr;
  return static_cast<std::byte*>(data);
}

}  // namespace

DeviceProperties open_device() {
  DeviceProperties properties;
  properties.name = "host launcher";
  properties.compute_major = 9;
  properties.multiprocessors = 4;
  properties.block_shared_bytes = 227 * 1024;
  properties.multiprocessor_shared_bytes = 228 * 1024;
  properties.total_bytes = properties.free_bytes = kTotalBytes;
  return properties;
}

Stream::Stream() : handle_(reinterpret_cast<cudaStream_t>(new char)) {}
Stream::~Stream() {
  delete reinterpret_cast<char*>(handle_);
}
void Stream::synchronize() {}

Event::Event() : handle_(reinterpret_cast<cudaEvent_t>(new Clock::time_point)) {}
Event::~Event() {
  delete reinterpret_cast<Clock::time_point*>(handle_);
}
void Event::record(const Stream&) {
  auto* const time = reinterpret_cast<Clock::time_point*>(handle_);
  host_cuda::execute([time] { *time = Clock::now(); });
}
void Event::synchronize() {}
float Event::milliseconds_since(const Event& start) const {
  return std::chrono::duration<float, std::milli>(*reinterpret_cast<const Clock::time_point*>(handle_) -
                                                  *reinterpret_cast<const Clock::time_point*>(start.handle_))
      .count();
}

DeviceMemory::DeviceMemory(size_t bytes, std::string_view purpose) : bytes_(bytes) {
  if (bytes == 0) return;
  data_ = allocate(bytes);
  if (data_ == nullptr) {
    fail("CUDA: {} needs {} MiB on the card, and {} of {} MiB are free; lower train.batch_size", purpose,
         bytes >> 20, kTotalBytes >> 20, kTotalBytes >> 20);
  }
  std::memset(data_, 0, bytes);
}
DeviceMemory::~DeviceMemory() {
  std::free(data_);
}
DeviceMemory::DeviceMemory(DeviceMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
DeviceMemory& DeviceMemory::operator=(DeviceMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

PinnedMemory::PinnedMemory(size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  data_ = allocate(bytes);
  if (data_ == nullptr) fail("CUDA: allocating {} MiB of page-locked host memory failed", bytes >> 20);
  std::memset(data_, 0xff, bytes);  // nobody may rely on zeros
}
PinnedMemory::~PinnedMemory() {
  std::free(data_);
}
PinnedMemory::PinnedMemory(PinnedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
PinnedMemory& PinnedMemory::operator=(PinnedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

namespace {

void copy(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  host_cuda::execute([=] { std::memcpy(to, from, bytes); });
}

}  // namespace

void copy_to_device(void* device, const void* host, size_t bytes, const Stream&) {
  copy(device, host, bytes);
}
void copy_to_host(void* host, const void* device, size_t bytes, const Stream&) {
  copy(host, device, bytes);
}
void copy_on_device(void* to, const void* from, size_t bytes, const Stream&) {
  copy(to, from, bytes);
}
void fill_zero(void* device, size_t bytes, const Stream&) {
  if (bytes == 0) return;
  host_cuda::execute([=] { std::memset(device, 0, bytes); });
}

Graph::~Graph() = default;

void Graph::capture(const Stream&, std::function<void()> work) {
  host_cuda::Recording recording;
  host_cuda::set_recording(&recording);
  try {
    work();
  } catch (...) {
    host_cuda::set_recording(nullptr);
    throw;
  }
  host_cuda::set_recording(nullptr);
  nodes_ = static_cast<int>(recording.size());
  work_ = [recording = std::move(recording)] {
    for (const auto& node : recording) node();
  };
  captured_ = true;
}

void Graph::launch(const Stream&) {
  work_();
}

}  // namespace fixynn::cuda
