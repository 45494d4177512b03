// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "core/thread_pool.h"
#include "engine/cpu/aligned_buffer.h"
#include "engine/cpu/cpu_engine.h"
#include "engine/cpu/kernels/int8.h"
#include "engine/engine.h"

namespace fixynn::cpu {

/// Evaluates an IntegerNetwork on codes. A task takes a group of images through all layers, so that the codes
/// stay in the cache; groups are sized so that deep layers still have rows enough for the product kernels.
class CpuIntegerEngine : public IntegerEngine {
 public:
  CpuIntegerEngine(const IntegerNetwork& network, int threads, bool allow_vnni = true);

  std::string describe() const override;
  void run(std::span<const uint8_t> pixels, int images, std::vector<float>& logits) override;
  void codes(std::span<const uint8_t> pixels, int images, int conv, std::vector<uint8_t>& codes) override;

 private:
  struct Worker {
    AlignedBuffer<uint8_t> codes[2];
    AlignedBuffer<uint8_t> scratch;
  };
  /// Takes images of one group through layers 0..last; the result lies in the returned buffer of the worker.
  const uint8_t* run_layers(const uint8_t* pixels, int images, size_t last, Worker& worker) const;
  void head(const uint8_t* codes, int images, float* logits) const;
  void check_pixels(std::span<const uint8_t> pixels, int images) const;

  MobileNet network_;
  ThreadPool pool_;
  const Int8Kernels& kernels_;
  std::vector<Int8Layer> layers_;
  std::vector<Worker> workers_;
  int group_ = 1;
  std::vector<int16_t> head_weights_;  ///< [channels][classes]
  std::vector<int32_t> head_bias_;
  double logit_scale_ = 1;
  bool has_head_ = false;
  std::unique_ptr<CpuEngine> back_end_;  ///< float layers behind the FFE; null when quantised
  float code_scale_ = 1;                 ///< value of one code of the last integer layer
};

}  // namespace fixynn::cpu
