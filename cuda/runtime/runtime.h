// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace fixynn::cuda {

// What the engine needs of the CUDA runtime, and no more. runtime.cpp implements it on a card;
// tests/host_cuda/runtime_host.cpp in host memory, so that the engine runs where there is no card. Every
// function throws Error with what CUDA said.

struct DeviceProperties {
  std::string name;  ///< "NVIDIA H100 80GB HBM3"
  int compute_major = 0, compute_minor = 0;
  int multiprocessors = 0;
  int block_shared_bytes = 0, multiprocessor_shared_bytes = 0;  ///< that a block may ask for; that there is
  size_t total_bytes = 0, free_bytes = 0;
  double memory_gb_per_s = 0;  ///< of the data sheet: clock times bus width; 0 when unknown
};

/// Makes device 0 current. Throws Error(kUsage) with reason and remedy where there is no usable card: no
/// driver, driver too old for this CUDA, no card, compute capability below the compiled one.
DeviceProperties open_device();

class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t handle() const { return handle_; }
  /// Waits, and throws for errors of the work that was queued.
  void synchronize();

 private:
  cudaStream_t handle_ = nullptr;
};

/// Work queued so far in a stream.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(const Stream& stream);
  void synchronize();
  /// Milliseconds from `start` to this event, both recorded with timing and finished.
  float milliseconds_since(const Event& start) const;

 private:
  cudaEvent_t handle_ = nullptr;
};

/// One allocation on the device, zeroed. Out of memory: Error saying what was wanted for `purpose`, what is
/// free, and to lower train.batch_size.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(size_t bytes, std::string_view purpose);
  ~DeviceMemory();
  DeviceMemory(DeviceMemory&& other) noexcept;
  DeviceMemory& operator=(DeviceMemory&& other) noexcept;
  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

/// Host memory that the device copies from and to without a detour.
class PinnedMemory {
 public:
  PinnedMemory() = default;
  explicit PinnedMemory(size_t bytes);
  ~PinnedMemory();
  PinnedMemory(PinnedMemory&& other) noexcept;
  PinnedMemory& operator=(PinnedMemory&& other) noexcept;
  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

/// Queued copies; from and to pageable memory they may block the caller.
void copy_to_device(void* device, const void* host, size_t bytes, const Stream& stream);
void copy_to_host(void* host, const void* device, size_t bytes, const Stream& stream);
void copy_on_device(void* to, const void* from, size_t bytes, const Stream& stream);
void fill_zero(void* device, size_t bytes, const Stream& stream);

/// A recorded sequence of launches and copies, replayed with one call.
class Graph {
 public:
  Graph() = default;
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  /// Records what `work` queues in `stream`; nothing is executed. `work` must outlive the graph.
  void capture(const Stream& stream, std::function<void()> work);
  void launch(const Stream& stream);
  bool captured() const { return captured_; }
  int nodes() const { return nodes_; }

 private:
  cudaGraphExec_t executable_ = nullptr;
  std::function<void()> work_;  ///< replayed by the host runtime
  bool captured_ = false;
  int nodes_ = 0;
};

/// Hands out pieces of one allocation, 256-byte aligned. With a null base it only counts, so that the same
/// function first measures and then divides a plan of memory.
class Arena {
 public:
  explicit Arena(std::byte* base) : base_(base) {}
  template <class T>
  T* take(size_t count) {
    const size_t offset = used_;
    used_ += (count * sizeof(T) + 255) / 256 * 256;
    return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + offset);
  }
  std::byte* take_bytes(size_t bytes) { return take<std::byte>(bytes); }
  size_t used() const { return used_; }

 private:
  std::byte* base_;
  size_t used_ = 0;
};

}  // namespace fixynn::cuda
