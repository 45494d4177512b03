// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/cudnn/cudnn_library.h"

#if defined(FIXYNN_HAVE_CUDNN)
#include <map>
#include <string>

#include "engine/engine.h"

namespace fixynn::cuda {

/// One convolution of NHWC images as cuDNN sees it.
struct ConvolutionShape {
  std::string name;  ///< for messages
  int images;
  int in_channels, out_channels;
  int in_size, out_size;  ///< height = width; in_size includes a border that is in memory
  int window;             ///< 3 or 1
  int stride;
  int pad;     ///< zeros on all four sides that are not in memory
  int groups;  ///< in_channels for depthwise, else 1
};

/// One convolution and its two gradients, on dense tensors of float or, for kBf16, of bf16; sums are float.
/// Filters are [out][ky][kx][in / groups], of the tensors' type, and so is the filter's gradient. Only
/// algorithms that cuDNN calls deterministic are used. Calls queue work in a stream and can be recorded.
class CudnnConvolution {
 public:
  enum class Operation { kForward, kInputGradient, kFilterGradient };
  struct Workspace {
    void* memory;
    size_t bytes;
  };

  /// `cudnn` must outlive this. Throws Error when cuDNN refuses the shape.
  CudnnConvolution(const Cudnn& cudnn, const ConvolutionShape& shape, Precision precision);
  ~CudnnConvolution();
  CudnnConvolution(const CudnnConvolution&) = delete;
  CudnnConvolution& operator=(const CudnnConvolution&) = delete;

  /// Chooses the algorithm for `operation` that cuDNN expects to be fastest with at most `limit` bytes of
  /// workspace, unless one is chosen already; returns the bytes that it needs. Throws Error when there is
  /// none.
  size_t choose(Operation operation, size_t limit);

  // Each needs a workspace of what choose() returned; without a choice it is made within workspace.bytes.
  void forward(const void* x, const void* filter, void* y, const Workspace& workspace, cudaStream_t stream);
  void input_gradient(const void* filter, const void* dy, void* dx, const Workspace& workspace,
                      cudaStream_t stream);
  void filter_gradient(const void* x, const void* dy, void* filter_gradient, const Workspace& workspace,
                       cudaStream_t stream);

 private:
  struct Choice {
    int algorithm;
    cudnnMathType_t math;
    size_t bytes;
  };

  void create_descriptors();
  void describe(Precision precision);
  void destroy_descriptors();
  Choice find(Operation operation, size_t limit);
  size_t workspace_bytes(Operation operation, int algorithm) const;
  template <class Found>
  Choice first_usable(Operation operation, const Found& found, int count, size_t limit) const;
  /// Makes handle and descriptor ready for a call.
  const Choice& start(Operation operation, const Workspace& workspace, cudaStream_t stream);
  void check(cudnnStatus_t status, const char* work) const;

  const Cudnn& cudnn_;
  const CudnnFunctions& call_;
  ConvolutionShape shape_;
  Precision precision_;
  cudnnTensorDescriptor_t input_ = nullptr, output_ = nullptr;
  cudnnFilterDescriptor_t filter_ = nullptr;
  CudnnConvolutionDescriptor convolution_ = nullptr;
  std::map<Operation, Choice> choices_;
};

}  // namespace fixynn::cuda
#endif
