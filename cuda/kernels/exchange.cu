// SPDX-License-Identifier: Apache-2.0
// record_step: one thread appends a StepRecord. expand_codes: u8 codes [count] to float or bf16, a thread a
// value, grid stride; nothing is accumulated, the outputs are overwritten.
#include "cuda/kernels/exchange.h"

#include "cuda/kernels/pack.cuh"

namespace fixynn::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void record_step_kernel(StepScratch* scratch, StepRecord* records, int images) {
  if (threadIdx.x == 0) {
    StepRecord& record = records[scratch->steps % kStepRecords];
    record.loss_sum = scratch->loss_sum;
    record.images = images;
    record.correct = scratch->correct;
    record.fault = scratch->fault;
    scratch->fault = kNoFault;
    scratch->steps += 1;
  }
}

__global__ void reset_records_kernel(StepScratch* scratch) {
  if (threadIdx.x == 0) {
    scratch->loss_sum = 0;
    scratch->correct = 0;
    scratch->fault = kNoFault;
    scratch->steps = 0;
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) expand_codes_kernel(const uint8_t* codes, T* z, int64_t count) {
  const int64_t step = int64_t{gridDim.x} * kThreads;
  for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < count; i += step) {
    z[i] = static_cast<T>(static_cast<float>(codes[i]));
  }
}

}  // namespace

void record_step(StepScratch* scratch, StepRecord* records, int images, const Queue& queue) {
  launch(record_step_kernel, {dim3(1), dim3(32), 0, queue.stream}, scratch, records, images);
}

void reset_records(StepScratch* scratch, const Queue& queue) {
  launch(reset_records_kernel, {dim3(1), dim3(32), 0, queue.stream}, scratch);
}

void expand_codes(const uint8_t* codes, void* z, int64_t count, Precision precision, const Queue& queue) {
  const int64_t wanted = (count + kThreads - 1) / kThreads;
  const int64_t most = int64_t{queue.multiprocessors} * 8;
  const dim3 grid(static_cast<unsigned>(wanted < most ? wanted : most));
  const LaunchShape shape{grid, dim3(kThreads), 0, queue.stream};
  if (precision == Precision::kBf16) {
    launch(expand_codes_kernel<__nv_bfloat16>, shape, codes, static_cast<__nv_bfloat16*>(z), count);
  } else {
    launch(expand_codes_kernel<float>, shape, codes, static_cast<float*>(z), count);
  }
}

}  // namespace fixynn::cuda
