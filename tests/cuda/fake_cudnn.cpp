// SPDX-License-Identifier: Apache-2.0
// A shared library with the functions of cuDNN that are used, computing in host memory with plain loops:
// tests load it by name in place of cuDNN where there is no card. It offers algorithms that must not be
// chosen, and refuses a call that does not fit its descriptors.
//   FAKE_CUDNN_VERSION    what cudnnGetVersion() says
//   FAKE_CUDNN_NO_DRIVER  set: cudnnCreate() fails as without a driver
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <cudnn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

struct cudnnContext {};
struct cudnnTensorStruct {
  cudnnDataType_t type;
  int n, c, h, w;
};
struct cudnnFilterStruct {
  cudnnDataType_t type;
  int k, c, h, w;
};
struct cudnnConvolutionStruct {
  int pad, stride, groups;
  cudnnMathType_t math;
};

namespace {

constexpr size_t kWorkspace = 1000;
constexpr int kUsable = 1;  ///< the number of the algorithm that may be used
constexpr int kHungry = 2;

/// A value of a tensor of float or bf16.
float get(const void* values, cudnnDataType_t type, size_t i) {
  float value;
  if (type == CUDNN_DATA_FLOAT) {
    std::memcpy(&value, static_cast<const char*>(values) + 4 * i, 4);
  } else {
    uint16_t half;
    std::memcpy(&half, static_cast<const char*>(values) + 2 * i, 2);
    const uint32_t word = static_cast<uint32_t>(half) << 16;
    std::memcpy(&value, &word, 4);
  }
  return value;
}
void set(void* values, cudnnDataType_t type, size_t i, float value) {
  if (type == CUDNN_DATA_FLOAT) {
    std::memcpy(static_cast<char*>(values) + 4 * i, &value, 4);
  } else {
    uint32_t word;
    std::memcpy(&word, &value, 4);
    const uint16_t half = static_cast<uint16_t>((word + 0x7fffu + (word >> 16 & 1u)) >> 16);
    std::memcpy(static_cast<char*>(values) + 2 * i, &half, 2);
  }
}
size_t at(const cudnnTensorStruct& t, int n, int y, int x, int c) {
  return ((static_cast<size_t>(n) * t.h + y) * t.w + x) * t.c + c;
}
size_t at(const cudnnFilterStruct& f, int k, int y, int x, int c) {
  return ((static_cast<size_t>(k) * f.h + y) * f.w + x) * f.c + c;
}

bool fits(const cudnnTensorStruct& x, const cudnnFilterStruct& w, const cudnnConvolutionStruct& conv,
          const cudnnTensorStruct& y) {
  return x.type == w.type && x.type == y.type && x.n == y.n && y.c == w.k && x.c == w.c * conv.groups &&
         y.c % conv.groups == 0 && (x.h + 2 * conv.pad - w.h) / conv.stride + 1 == y.h &&
         (x.w + 2 * conv.pad - w.w) / conv.stride + 1 == y.w;
}

/// Calls visit(index in x, index in w, index in y) for every product.
template <class Visit>
void for_products(const cudnnTensorStruct& x, const cudnnFilterStruct& w, const cudnnConvolutionStruct& conv,
                  const cudnnTensorStruct& y, Visit visit) {
  const int outputs = y.c / conv.groups;
  for (int n = 0; n < y.n; ++n)
    for (int oy = 0; oy < y.h; ++oy)
      for (int ox = 0; ox < y.w; ++ox)
        for (int k = 0; k < y.c; ++k)
          for (int ky = 0; ky < w.h; ++ky)
            for (int kx = 0; kx < w.w; ++kx)
              for (int c = 0; c < w.c; ++c) {
                const int iy = oy * conv.stride + ky - conv.pad, ix = ox * conv.stride + kx - conv.pad;
                if (iy < 0 || ix < 0 || iy >= x.h || ix >= x.w) continue;
                visit(at(x, n, iy, ix, k / outputs * w.c + c), at(w, k, ky, kx, c), at(y, n, oy, ox, k));
              }
}

/// target = sum of a[...] * b[...], where `which` picks the three indices.
template <class Pick>
void sum_products(const cudnnTensorStruct& x, const cudnnFilterStruct& w, const cudnnConvolutionStruct& conv,
                  const cudnnTensorStruct& y, const void* a, const void* b, void* target, size_t count,
                  Pick pick) {
  float* const sums = static_cast<float*>(std::calloc(count, sizeof(float)));
  for_products(x, w, conv, y, [&](size_t in, size_t weight, size_t out) {
    const auto [ia, ib, it] = pick(in, weight, out);
    sums[it] += get(a, x.type, ia) * get(b, x.type, ib);
  });
  for (size_t i = 0; i < count; ++i) set(target, x.type, i, sums[i]);
  std::free(sums);
}

struct Three {
  size_t a, b, target;
};

size_t count_of(const cudnnTensorStruct& t) {
  return static_cast<size_t>(t.n) * t.c * t.h * t.w;
}
size_t count_of(const cudnnFilterStruct& f) {
  return static_cast<size_t>(f.k) * f.c * f.h * f.w;
}

/// Everything that a call must have right.
bool is_allowed(bool fitting, int algorithm, const cudnnConvolutionStruct& conv, void* workspace,
                size_t bytes, const void* alpha, const void* beta) {
  if (!fitting || algorithm != kUsable || bytes < kWorkspace) return false;
  if (conv.math == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION) return false;
  std::memset(workspace, 0xee, kWorkspace);
  return *static_cast<const float*>(alpha) == 1.0f && *static_cast<const float*>(beta) == 0.0f;
}

/// In the order of speed: not deterministic, hungry, imprecise, and the one.
template <class Found>
cudnnStatus_t offer(cudnnMathType_t math, int wanted, int* count, Found* found) {
  const Found none{};
  if (wanted < 4) return CUDNN_STATUS_BAD_PARAM;
  for (int i = 0; i < 4; ++i) {
    found[i] = none;
    found[i].status = CUDNN_STATUS_SUCCESS;
    found[i].determinism = CUDNN_DETERMINISTIC;
    found[i].mathType = math;
  }
  found[0].algo = static_cast<decltype(none.algo)>(0);
  found[0].determinism = CUDNN_NON_DETERMINISTIC;
  found[1].algo = static_cast<decltype(none.algo)>(kHungry);
  found[2].algo = static_cast<decltype(none.algo)>(kUsable);
  found[2].mathType = CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;
  if (math == CUDNN_TENSOR_OP_MATH) found[2].status = CUDNN_STATUS_NOT_SUPPORTED;
  found[3].algo = static_cast<decltype(none.algo)>(kUsable);
  *count = 4;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t workspace_of(int algorithm, size_t* bytes) {
  *bytes = algorithm == kHungry ? size_t{1} << 40 : kWorkspace;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t done(bool good) {
  return good ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

}  // namespace

extern "C" {

size_t cudnnGetVersion() {
  const char* const version = std::getenv("FAKE_CUDNN_VERSION");
  return version == nullptr ? 91900 : std::strtoull(version, nullptr, 10);
}
const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_NOT_INITIALIZED ? "CUDNN_STATUS_NOT_INITIALIZED" : "CUDNN_STATUS_BAD_PARAM";
}
void cudnnGetLastErrorString(char* text, size_t size) {
  if (size > 0) text[0] = '\0';
}
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  if (std::getenv("FAKE_CUDNN_NO_DRIVER") != nullptr) return CUDNN_STATUS_NOT_INITIALIZED;
  *handle = new cudnnContext();
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t) {
  return done(handle != nullptr);
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor) {
  *tensor = new cudnnTensorStruct();
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  *tensor = {type, n, c, h, w};
  return done(format == CUDNN_TENSOR_NHWC);
}
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) {
  delete tensor;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter) {
  *filter = new cudnnFilterStruct();
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w) {
  *filter = {type, k, c, h, w};
  return done(format == CUDNN_TENSOR_NHWC);
}
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter) {
  delete filter;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* conv) {
  *conv = new cudnnConvolutionStruct{0, 1, 1, CUDNN_DEFAULT_MATH};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t conv, int pad_h, int pad_w, int u,
                                              int v, int dilation_h, int dilation_w,
                                              cudnnConvolutionMode_t mode, cudnnDataType_t compute) {
  conv->pad = pad_h;
  conv->stride = u;
  return done(pad_h == pad_w && u == v && dilation_h == 1 && dilation_w == 1 &&
              mode == CUDNN_CROSS_CORRELATION && compute == CUDNN_DATA_FLOAT);
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t conv, int groups) {
  conv->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t conv, cudnnMathType_t math) {
  conv->math = math;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t conv) {
  delete conv;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, const cudnnTensorDescriptor_t x,
                                                     const cudnnFilterDescriptor_t w,
                                                     const cudnnConvolutionDescriptor_t conv,
                                                     const cudnnTensorDescriptor_t y, const int wanted,
                                                     int* count, cudnnConvolutionFwdAlgoPerf_t* found) {
  return fits(*x, *w, *conv, *y) ? offer(conv->math, wanted, count, found) : CUDNN_STATUS_BAD_PARAM;
}
cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t, const cudnnFilterDescriptor_t w,
                                                          const cudnnTensorDescriptor_t dy,
                                                          const cudnnConvolutionDescriptor_t conv,
                                                          const cudnnTensorDescriptor_t dx, const int wanted,
                                                          int* count,
                                                          cudnnConvolutionBwdDataAlgoPerf_t* found) {
  return fits(*dx, *w, *conv, *dy) ? offer(conv->math, wanted, count, found) : CUDNN_STATUS_BAD_PARAM;
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t, const cudnnTensorDescriptor_t x,
                                                            const cudnnTensorDescriptor_t dy,
                                                            const cudnnConvolutionDescriptor_t conv,
                                                            const cudnnFilterDescriptor_t dw,
                                                            const int wanted, int* count,
                                                            cudnnConvolutionBwdFilterAlgoPerf_t* found) {
  return fits(*x, *dw, *conv, *dy) ? offer(conv->math, wanted, count, found) : CUDNN_STATUS_BAD_PARAM;
}
cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, const cudnnTensorDescriptor_t,
                                                      const cudnnFilterDescriptor_t,
                                                      const cudnnConvolutionDescriptor_t,
                                                      const cudnnTensorDescriptor_t,
                                                      cudnnConvolutionFwdAlgo_t algo, size_t* bytes) {
  return workspace_of(static_cast<int>(algo), bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t, const cudnnFilterDescriptor_t,
                                                           const cudnnTensorDescriptor_t,
                                                           const cudnnConvolutionDescriptor_t,
                                                           const cudnnTensorDescriptor_t,
                                                           cudnnConvolutionBwdDataAlgo_t algo,
                                                           size_t* bytes) {
  return workspace_of(static_cast<int>(algo), bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t, const cudnnTensorDescriptor_t,
                                                             const cudnnTensorDescriptor_t,
                                                             const cudnnConvolutionDescriptor_t,
                                                             const cudnnFilterDescriptor_t,
                                                             cudnnConvolutionBwdFilterAlgo_t algo,
                                                             size_t* bytes) {
  return workspace_of(static_cast<int>(algo), bytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t, const void* alpha, const cudnnTensorDescriptor_t x_desc,
                                      const void* x, const cudnnFilterDescriptor_t w_desc, const void* w,
                                      const cudnnConvolutionDescriptor_t conv, cudnnConvolutionFwdAlgo_t algo,
                                      void* workspace, size_t bytes, const void* beta,
                                      const cudnnTensorDescriptor_t y_desc, void* y) {
  if (!is_allowed(fits(*x_desc, *w_desc, *conv, *y_desc), algo, *conv, workspace, bytes, alpha, beta))
    return CUDNN_STATUS_BAD_PARAM;
  sum_products(*x_desc, *w_desc, *conv, *y_desc, x, w, y, count_of(*y_desc),
               [](size_t in, size_t weight, size_t out) {
                 return Three{in, weight, out};
               });
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t, const void* alpha,
                                           const cudnnFilterDescriptor_t w_desc, const void* w,
                                           const cudnnTensorDescriptor_t dy_desc, const void* dy,
                                           const cudnnConvolutionDescriptor_t conv,
                                           cudnnConvolutionBwdDataAlgo_t algo, void* workspace, size_t bytes,
                                           const void* beta, const cudnnTensorDescriptor_t dx_desc,
                                           void* dx) {
  if (!is_allowed(fits(*dx_desc, *w_desc, *conv, *dy_desc), algo, *conv, workspace, bytes, alpha, beta))
    return CUDNN_STATUS_BAD_PARAM;
  sum_products(*dx_desc, *w_desc, *conv, *dy_desc, w, dy, dx, count_of(*dx_desc),
               [](size_t in, size_t weight, size_t out) {
                 return Three{weight, out, in};
               });
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t, const void* alpha,
                                             const cudnnTensorDescriptor_t x_desc, const void* x,
                                             const cudnnTensorDescriptor_t dy_desc, const void* dy,
                                             const cudnnConvolutionDescriptor_t conv,
                                             cudnnConvolutionBwdFilterAlgo_t algo, void* workspace,
                                             size_t bytes, const void* beta,
                                             const cudnnFilterDescriptor_t dw_desc, void* dw) {
  if (!is_allowed(fits(*x_desc, *dw_desc, *conv, *dy_desc), algo, *conv, workspace, bytes, alpha, beta))
    return CUDNN_STATUS_BAD_PARAM;
  sum_products(*x_desc, *dw_desc, *conv, *dy_desc, x, dy, dw, count_of(*dw_desc),
               [](size_t in, size_t weight, size_t out) {
                 return Three{in, out, weight};
               });
  return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
