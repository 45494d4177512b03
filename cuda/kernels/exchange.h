// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small passes at the ends of a step: what it leaves for the host, and what comes in by another way than
// pixels.

#include "cuda/kernels/passes.h"

namespace fixynn::cuda {

constexpr unsigned kNoFault = 0xffffffffu;

/// What one step tells the host.
struct StepRecord {
  double loss_sum;
  int32_t images, correct;
  unsigned fault;  ///< kNoFault, or the smallest fault code of the step
};
/// Records that are kept until the host takes them.
constexpr int kStepRecords = 1024;

/// Written by the passes of the step under way.
struct StepScratch {
  double loss_sum;
  int32_t correct;
  unsigned fault;
  int64_t steps;  ///< recorded since the start
};

/// records[steps++ % kStepRecords] = the step's results; the scratch is made ready for the next step.
void record_step(StepScratch* scratch, StepRecord* records, int images, const Queue& queue);
/// Before the first step.
void reset_records(StepScratch* scratch, const Queue& queue);

/// z[i] = codes[i], as float or bf16 (codes are exact in both).
void expand_codes(const uint8_t* codes, void* z, int64_t count, Precision precision, const Queue& queue);

}  // namespace fixynn::cuda
