// SPDX-License-Identifier: Apache-2.0
#pragma once

// cuDNN, loaded when it is asked for, so that programs start where it is missing. The files of this folder
// are the only ones that see cudnn.h, and this one alone meets the marks of deprecation that cuDNN 9 puts on
// its descriptor interface.

#if __has_include(<cudnn.h>)
#define FIXYNN_HAVE_CUDNN 1

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <cudnn.h>

#include <memory>
#include <string>

/// Every function of cuDNN that is used.
#define FIXYNN_CUDNN_FUNCTIONS(F)                   \
  F(cudnnGetVersion)                                \
  F(cudnnGetErrorString)                            \
  F(cudnnGetLastErrorString)                        \
  F(cudnnCreate)                                    \
  F(cudnnDestroy)                                   \
  F(cudnnSetStream)                                 \
  F(cudnnCreateTensorDescriptor)                    \
  F(cudnnSetTensor4dDescriptor)                     \
  F(cudnnDestroyTensorDescriptor)                   \
  F(cudnnCreateFilterDescriptor)                    \
  F(cudnnSetFilter4dDescriptor)                     \
  F(cudnnDestroyFilterDescriptor)                   \
  F(cudnnCreateConvolutionDescriptor)               \
  F(cudnnSetConvolution2dDescriptor)                \
  F(cudnnSetConvolutionGroupCount)                  \
  F(cudnnSetConvolutionMathType)                    \
  F(cudnnDestroyConvolutionDescriptor)              \
  F(cudnnGetConvolutionForwardAlgorithm_v7)         \
  F(cudnnGetConvolutionBackwardDataAlgorithm_v7)    \
  F(cudnnGetConvolutionBackwardFilterAlgorithm_v7)  \
  F(cudnnGetConvolutionForwardWorkspaceSize)        \
  F(cudnnGetConvolutionBackwardDataWorkspaceSize)   \
  F(cudnnGetConvolutionBackwardFilterWorkspaceSize) \
  F(cudnnConvolutionForward)                        \
  F(cudnnConvolutionBackwardData)                   \
  F(cudnnConvolutionBackwardFilter)

namespace fixynn::cuda {

struct CudnnFunctions {
#define FIXYNN_CUDNN_MEMBER(name) decltype(&::name) name = nullptr;
  FIXYNN_CUDNN_FUNCTIONS(FIXYNN_CUDNN_MEMBER)
#undef FIXYNN_CUDNN_MEMBER
};

using CudnnConvolutionDescriptor = ::cudnnConvolutionDescriptor_t;
using CudnnForwardChoice = ::cudnnConvolutionFwdAlgoPerf_t;
using CudnnInputGradientChoice = ::cudnnConvolutionBwdDataAlgoPerf_t;
using CudnnFilterGradientChoice = ::cudnnConvolutionBwdFilterAlgoPerf_t;

/// The library and one handle of it.
class Cudnn {
 public:
  /// Loads `library` and starts it. Throws Error(kUsage), one sentence with the remedy, when it is missing,
  /// too old, or does not start.
  explicit Cudnn(const std::string& library);
  ~Cudnn();
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  const CudnnFunctions& functions() const { return functions_; }
  cudnnHandle_t handle() const { return handle_; }
  /// "9.19.0"
  std::string version() const;
  /// Throws Error saying that cuDNN could not `work`, with what it said and the way out.
  void check(cudnnStatus_t status, const std::string& work) const;

 private:
  std::string reason(cudnnStatus_t status) const;

  std::unique_ptr<void, int (*)(void*)> library_;
  CudnnFunctions functions_;
  cudnnHandle_t handle_ = nullptr;
};

}  // namespace fixynn::cuda

#pragma GCC diagnostic pop
#endif
