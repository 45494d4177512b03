// SPDX-License-Identifier: Apache-2.0
#include "cuda/cudnn/cudnn_convolution.h"

#if defined(FIXYNN_HAVE_CUDNN)
#include <array>

#include "core/error.h"

namespace fixynn::cuda {
namespace {

/// More than any operation has, so that a deterministic one is never cut off.
constexpr int kMostChoices = 32;
constexpr float kOne = 1.0f, kZero = 0.0f;  ///< y = 1 * result + 0 * y

cudnnMathType_t wanted_math(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return CUDNN_FMA_MATH;
    case Precision::kTf32:
      return CUDNN_DEFAULT_MATH;  // tensor cores with operands rounded to tf32, and nothing narrower
    case Precision::kBf16:
      return CUDNN_TENSOR_OP_MATH;
  }
  return CUDNN_DEFAULT_MATH;
}

/// Whether products made with `math` are as precise as `precision` promises.
bool is_precise(cudnnMathType_t math, Precision precision) {
  if (math == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION) return precision == Precision::kBf16;
  if (math == CUDNN_TENSOR_OP_MATH) return precision != Precision::kFp32;
  return true;
}

const char* name_of(CudnnConvolution::Operation operation) {
  switch (operation) {
    case CudnnConvolution::Operation::kForward:
      return "compute";
    case CudnnConvolution::Operation::kInputGradient:
      return "compute the input gradient of";
    case CudnnConvolution::Operation::kFilterGradient:
      return "compute the weight gradient of";
  }
  return "";
}

}  // namespace

CudnnConvolution::CudnnConvolution(const Cudnn& cudnn, const ConvolutionShape& shape, Precision precision)
    : cudnn_(cudnn), call_(cudnn.functions()), shape_(shape), precision_(precision) {
  try {
    create_descriptors();
    describe(precision);
  } catch (...) {
    destroy_descriptors();
    throw;
  }
}

CudnnConvolution::~CudnnConvolution() {
  destroy_descriptors();
}

void CudnnConvolution::check(cudnnStatus_t status, const char* work) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  cudnn_.check(status, fmt::format("{} {} with batches of {}", work, shape_.name, shape_.images));
}

void CudnnConvolution::create_descriptors() {
  check(call_.cudnnCreateTensorDescriptor(&input_), "describe");
  check(call_.cudnnCreateTensorDescriptor(&output_), "describe");
  check(call_.cudnnCreateFilterDescriptor(&filter_), "describe");
  check(call_.cudnnCreateConvolutionDescriptor(&convolution_), "describe");
}

void CudnnConvolution::describe(Precision precision) {
  const cudnnDataType_t type = precision == Precision::kBf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
  const ConvolutionShape& s = shape_;
  check(call_.cudnnSetTensor4dDescriptor(input_, CUDNN_TENSOR_NHWC, type, s.images, s.in_channels, s.in_size,
                                         s.in_size),
        "take the input of");
  check(call_.cudnnSetTensor4dDescriptor(output_, CUDNN_TENSOR_NHWC, type, s.images, s.out_channels,
                                         s.out_size, s.out_size),
        "take the output of");
  check(call_.cudnnSetFilter4dDescriptor(filter_, type, CUDNN_TENSOR_NHWC, s.out_channels,
                                         s.in_channels / s.groups, s.window, s.window),
        "take the weights of");
  check(call_.cudnnSetConvolution2dDescriptor(convolution_, s.pad, s.pad, s.stride, s.stride, 1, 1,
                                              CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
        "describe");
  check(call_.cudnnSetConvolutionGroupCount(convolution_, s.groups), "divide the channels of");
  check(call_.cudnnSetConvolutionMathType(convolution_, wanted_math(precision)), "set the arithmetic of");
}

void CudnnConvolution::destroy_descriptors() {
  if (input_ != nullptr) call_.cudnnDestroyTensorDescriptor(input_);
  if (output_ != nullptr) call_.cudnnDestroyTensorDescriptor(output_);
  if (filter_ != nullptr) call_.cudnnDestroyFilterDescriptor(filter_);
  if (convolution_ != nullptr) call_.cudnnDestroyConvolutionDescriptor(convolution_);
}

template <class Found>
CudnnConvolution::Choice CudnnConvolution::first_usable(Operation operation, const Found& found, int count,
                                                        size_t limit) const {
  for (int i = 0; i < count; ++i) {
    const auto& one = found[static_cast<size_t>(i)];
    if (one.status != CUDNN_STATUS_SUCCESS || one.determinism != CUDNN_DETERMINISTIC) continue;
    if (!is_precise(one.mathType, precision_)) continue;
    // fp32 keeps its own mode: the default one would allow tf32.
    const cudnnMathType_t math = precision_ == Precision::kFp32 ? CUDNN_FMA_MATH : one.mathType;
    check(call_.cudnnSetConvolutionMathType(convolution_, math), "set the arithmetic of");
    const size_t bytes = workspace_bytes(operation, static_cast<int>(one.algo));
    if (bytes <= limit) return {static_cast<int>(one.algo), math, bytes};
  }
  fail(
      "cuDNN {} has no deterministic way to {} {} with batches of {} in {} MiB of workspace; set "
      "engine.convolutions: custom",
      cudnn_.version(), name_of(operation), shape_.name, shape_.images, limit >> 20);
}

size_t CudnnConvolution::workspace_bytes(Operation operation, int algorithm) const {
  size_t bytes = 0;
  cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
  switch (operation) {
    case Operation::kForward:
      status = call_.cudnnGetConvolutionForwardWorkspaceSize(
          cudnn_.handle(), input_, filter_, convolution_, output_,
          static_cast<cudnnConvolutionFwdAlgo_t>(algorithm), &bytes);
      break;
    case Operation::kInputGradient:
      status = call_.cudnnGetConvolutionBackwardDataWorkspaceSize(
          cudnn_.handle(), filter_, output_, convolution_, input_,
          static_cast<cudnnConvolutionBwdDataAlgo_t>(algorithm), &bytes);
      break;
    case Operation::kFilterGradient:
      status = call_.cudnnGetConvolutionBackwardFilterWorkspaceSize(
          cudnn_.handle(), input_, output_, convolution_, filter_,
          static_cast<cudnnConvolutionBwdFilterAlgo_t>(algorithm), &bytes);
      break;
  }
  // An algorithm that was offered but not for this shape: another one may do.
  return status == CUDNN_STATUS_SUCCESS ? bytes : SIZE_MAX;
}

CudnnConvolution::Choice CudnnConvolution::find(Operation operation, size_t limit) {
  check(call_.cudnnSetConvolutionMathType(convolution_, wanted_math(precision_)), "set the arithmetic of");
  int count = 0;
  switch (operation) {
    case Operation::kForward: {
      std::array<CudnnForwardChoice, kMostChoices> found;
      check(call_.cudnnGetConvolutionForwardAlgorithm_v7(cudnn_.handle(), input_, filter_, convolution_,
                                                         output_, kMostChoices, &count, found.data()),
            name_of(operation));
      return first_usable(operation, found, count, limit);
    }
    case Operation::kInputGradient: {
      std::array<CudnnInputGradientChoice, kMostChoices> found;
      check(call_.cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnn_.handle(), filter_, output_, convolution_,
                                                              input_, kMostChoices, &count, found.data()),
            name_of(operation));
      return first_usable(operation, found, count, limit);
    }
    case Operation::kFilterGradient:
      break;
  }
  std::array<CudnnFilterGradientChoice, kMostChoices> found;
  check(call_.cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnn_.handle(), input_, output_, convolution_,
                                                            filter_, kMostChoices, &count, found.data()),
        name_of(operation));
  return first_usable(operation, found, count, limit);
}

size_t CudnnConvolution::choose(Operation operation, size_t limit) {
  const auto known = choices_.find(operation);
  if (known != choices_.end()) return known->second.bytes;
  return choices_.emplace(operation, find(operation, limit)).first->second.bytes;
}

const CudnnConvolution::Choice& CudnnConvolution::start(Operation operation, const Workspace& workspace,
                                                        cudaStream_t stream) {
  if (choose(operation, workspace.bytes) > workspace.bytes) {
    fail("cuDNN was given {} bytes of workspace for {}, which was planned with {}", workspace.bytes,
         shape_.name, choices_.at(operation).bytes);
  }
  const Choice& choice = choices_.at(operation);
  check(call_.cudnnSetStream(cudnn_.handle(), stream), name_of(operation));
  check(call_.cudnnSetConvolutionMathType(convolution_, choice.math), name_of(operation));
  return choice;
}

void CudnnConvolution::forward(const void* x, const void* filter, void* y, const Workspace& workspace,
                               cudaStream_t stream) {
  const Choice& choice = start(Operation::kForward, workspace, stream);
  check(call_.cudnnConvolutionForward(cudnn_.handle(), &kOne, input_, x, filter_, filter, convolution_,
                                      static_cast<cudnnConvolutionFwdAlgo_t>(choice.algorithm),
                                      workspace.memory, choice.bytes, &kZero, output_, y),
        name_of(Operation::kForward));
}

void CudnnConvolution::input_gradient(const void* filter, const void* dy, void* dx,
                                      const Workspace& workspace, cudaStream_t stream) {
  const Choice& choice = start(Operation::kInputGradient, workspace, stream);
  check(call_.cudnnConvolutionBackwardData(cudnn_.handle(), &kOne, filter_, filter, output_, dy, convolution_,
                                           static_cast<cudnnConvolutionBwdDataAlgo_t>(choice.algorithm),
                                           workspace.memory, choice.bytes, &kZero, input_, dx),
        name_of(Operation::kInputGradient));
}

void CudnnConvolution::filter_gradient(const void* x, const void* dy, void* filter_gradient,
                                       const Workspace& workspace, cudaStream_t stream) {
  const Choice& choice = start(Operation::kFilterGradient, workspace, stream);
  check(
      call_.cudnnConvolutionBackwardFilter(cudnn_.handle(), &kOne, input_, x, output_, dy, convolution_,
                                           static_cast<cudnnConvolutionBwdFilterAlgo_t>(choice.algorithm),
                                           workspace.memory, choice.bytes, &kZero, filter_, filter_gradient),
      name_of(Operation::kFilterGradient));
}

}  // namespace fixynn::cuda
#endif
