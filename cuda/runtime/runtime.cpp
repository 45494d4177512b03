// SPDX-License-Identifier: Apache-2.0
#include "cuda/runtime/runtime.h"

#include <utility>

#include "core/error.h"
#include "cuda/device_info.h"

namespace fixynn::cuda {
namespace {

/// CUDA's own words, with what usually helps.
[[noreturn]] void fail_cuda(cudaError_t status, const char* what) {
  const char* remedy = "";
  if (status == cudaErrorInsufficientDriver) remedy = "; install a newer NVIDIA driver, or use the cpu";
  if (status == cudaErrorMemoryAllocation) remedy = "; lower train.batch_size, or free memory on the card";
  if (status == cudaErrorNoKernelImageForDevice)
    remedy = "; build for this card with -DFIXYNN_CUDA_ARCHITECTURES, or use the cpu";
  fail("CUDA: {} failed: {} ({}){}", what, cudaGetErrorString(status), cudaGetErrorName(status), remedy);
}

void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) fail_cuda(status, what);
}

int attribute(cudaDeviceAttr which) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, 0), "reading the card's properties");
  return value;
}

}  // namespace

DeviceProperties open_device() {
  const DeviceList list = list_devices();
  if (list.devices.empty()) fail_usage("cuda: {}; use --device (engine.device) cpu or auto", list.reason);
  check(cudaSetDevice(0), "opening the card");
  DeviceProperties properties;
  properties.name = list.devices.front().name;
  properties.compute_major = list.devices.front().compute_major;
  properties.compute_minor = list.devices.front().compute_minor;
  const int capability = 10 * properties.compute_major + properties.compute_minor;
  if (capability < FIXYNN_LEAST_CAPABILITY) {
    fail_usage(
        "cuda: {} has compute capability {}.{}, and this build needs {}.{}; build with "
        "-DFIXYNN_CUDA_ARCHITECTURES={} (80 or more), or use engine.device: cpu",
        properties.name, properties.compute_major, properties.compute_minor, FIXYNN_LEAST_CAPABILITY / 10,
        FIXYNN_LEAST_CAPABILITY % 10, capability);
  }
  properties.multiprocessors = attribute(cudaDevAttrMultiProcessorCount);
  properties.block_shared_bytes = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin);
  properties.multiprocessor_shared_bytes = attribute(cudaDevAttrMaxSharedMemoryPerMultiprocessor);
  check(cudaMemGetInfo(&properties.free_bytes, &properties.total_bytes), "asking for the card's free memory");
  int clock_khz = 0, bus_bits = 0;  // not every driver tells
  if (cudaDeviceGetAttribute(&clock_khz, cudaDevAttrMemoryClockRate, 0) == cudaSuccess &&
      cudaDeviceGetAttribute(&bus_bits, cudaDevAttrGlobalMemoryBusWidth, 0) == cudaSuccess) {
    properties.memory_gb_per_s = 2.0 * clock_khz * 1e3 * bus_bits / 8.0 * 1e-9;
  }
  cudaGetLastError();  // a refused question must not be blamed on the first launch
  return properties;
}

Stream::Stream() {
  check(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "creating a stream");
}
Stream::~Stream() {
  cudaStreamDestroy(handle_);
}
void Stream::synchronize() {
  check(cudaStreamSynchronize(handle_), "the work on the card");
}

Event::Event() {
  check(cudaEventCreate(&handle_), "creating an event");
}
Event::~Event() {
  cudaEventDestroy(handle_);
}
void Event::record(const Stream& stream) {
  check(cudaEventRecord(handle_, stream.handle()), "recording an event");
}
void Event::synchronize() {
  check(cudaEventSynchronize(handle_), "the work on the card");
}
float Event::milliseconds_since(const Event& start) const {
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start.handle_, handle_), "timing");
  return milliseconds;
}

DeviceMemory::DeviceMemory(size_t bytes, std::string_view purpose) : bytes_(bytes) {
  if (bytes == 0) return;
  void* data = nullptr;
  const cudaError_t status = cudaMalloc(&data, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // the error is ours now
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    fail(
        "CUDA: {} needs {} MiB on the card, and {} of {} MiB are free; lower train.batch_size or "
        "data.size, "
        "or free memory on the card",
        purpose, bytes >> 20, free >> 20, total >> 20);
  }
  check(status, "allocating memory");
  data_ = static_cast<std::byte*>(data);
  check(cudaMemset(data_, 0, bytes), "clearing memory");
  check(cudaDeviceSynchronize(), "clearing memory");
}
DeviceMemory::~DeviceMemory() {
  cudaFree(data_);
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
  void* data = nullptr;
  check(cudaMallocHost(&data, bytes), "allocating page-locked host memory");
  data_ = static_cast<std::byte*>(data);
}
PinnedMemory::~PinnedMemory() {
  cudaFreeHost(data_);
}
PinnedMemory::PinnedMemory(PinnedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
PinnedMemory& PinnedMemory::operator=(PinnedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void copy_to_device(void* device, const void* host, size_t bytes, const Stream& stream) {
  check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream.handle()), "copying to the card");
}
void copy_to_host(void* host, const void* device, size_t bytes, const Stream& stream) {
  check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream.handle()),
        "copying from the card");
}
void copy_on_device(void* to, const void* from, size_t bytes, const Stream& stream) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream.handle()), "copying on the card");
}
void fill_zero(void* device, size_t bytes, const Stream& stream) {
  check(cudaMemsetAsync(device, 0, bytes, stream.handle()), "clearing memory");
}

Graph::~Graph() {
  if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
}

void Graph::capture(const Stream& stream, std::function<void()> work) {
  check(cudaStreamBeginCapture(stream.handle(), cudaStreamCaptureModeThreadLocal), "recording a step");
  cudaGraph_t graph = nullptr;
  try {
    work();
  } catch (...) {
    cudaStreamEndCapture(stream.handle(), &graph);
    if (graph != nullptr) cudaGraphDestroy(graph);
    throw;
  }
  check(cudaStreamEndCapture(stream.handle(), &graph), "recording a step");
  size_t nodes = 0;
  check(cudaGraphGetNodes(graph, nullptr, &nodes), "recording a step");
  const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
  cudaGraphDestroy(graph);
  check(status, "recording a step");
  nodes_ = static_cast<int>(nodes);
  captured_ = true;
}

void Graph::launch(const Stream& stream) {
  check(cudaGraphLaunch(executable_, stream.handle()), "starting a recorded step");
}

}  // namespace fixynn::cuda
