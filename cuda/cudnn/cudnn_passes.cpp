// SPDX-License-Identifier: Apache-2.0
#include "cuda/cudnn/cudnn_passes.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/error.h"
#include "cuda/cudnn/cudnn_convolution.h"
#include "cuda/cudnn/filter_layout.h"
#include "cuda/cudnn/find_cudnn.h"
#include "cuda/kernels/plain_passes.h"
#include "cuda/runtime/runtime.h"

namespace fixynn::cuda {

std::unique_ptr<ConvolutionPasses> make_cudnn_passes() {
  return make_cudnn_passes(kCudnnLibrary);
}

#if !defined(FIXYNN_HAVE_CUDNN)
std::unique_ptr<ConvolutionPasses> make_cudnn_passes(const std::string&) {
  fail_usage(
      "engine.convolutions: this program was built without cuDNN (cudnn.h was not found); install cuDNN 9 "
      "for "
      "CUDA 13 and build it again, or set engine.convolutions: custom");
}

#else
namespace {

using Operation = CudnnConvolution::Operation;

/// Most workspace that an algorithm may have for a full batch.
constexpr size_t kWorkspaceLimit = size_t{512} << 20;

/// How a convolution of the network is given to cuDNN.
struct ConvolutionPlan {
  Conv conv;
  bool trained;   ///< its weight gradient is wanted
  int channels;   ///< of the input as cuDNN sees it
  Border border;  ///< of the input, in memory: where the zeros before and after differ
  int pad;        ///< else cuDNN's own
  FilterShape filter;

  ImageTensor input(int images) const { return {images, conv.in_size, channels}; }
  int bordered_size() const { return conv.in_size + border.before + border.after; }
  int64_t output_pixels(int images) const { return int64_t{images} * conv.out_size * conv.out_size; }
};

ConvolutionPlan plan_convolution(const Conv& conv, bool trained, Precision precision) {
  ConvolutionPlan plan{conv, trained, conv.in_channels, {}, 0, {}};
  if (conv.kind == ConvKind::kPointwise) {
    plan.filter = {1, conv.in_channels, conv.in_channels, conv.out_channels};
    return plan;
  }
  plan.filter = {9, 1, 1, conv.out_channels};
  if (conv.kind == ConvKind::kConv1) {
    plan.channels = precision == Precision::kBf16 ? 8 : 4;
    plan.filter.in_channels = conv.in_channels;
    plan.filter.padded_in_channels = plan.channels;
  }
  const int after = (conv.out_size - 1) * conv.stride + 3 - conv.in_size - conv.pad_before;
  if (after == conv.pad_before) {
    plan.pad = after;
  } else {
    plan.border = {conv.pad_before, after};
  }
  return plan;
}

bool same_shape(const Conv& a, const Conv& b) {
  return a.kind == b.kind && a.in_channels == b.in_channels && a.out_channels == b.out_channels &&
         a.in_size == b.in_size && a.stride == b.stride;
}

/// A convolution for one number of images, and its parts of the scratch memory.
struct Work {
  const ConvolutionPlan& plan;
  CudnnConvolution& convolution;
  int images;
  std::byte* x;   ///< the input, or its gradient, with border
  std::byte* dz;  ///< gradient of the output
  std::byte* filter;
  std::byte* filter_gradient;
  CudnnConvolution::Workspace workspace;
};

/// Activation, border, dense gradient and the filter's layout are passes of ours before cuDNN's; scales, sums
/// and the activation's gradient are passes after it. What lies between is in the scratch memory, which every
/// operation overwrites: all are in one stream.
class CudnnPasses : public ConvolutionPasses {
 public:
  explicit CudnnPasses(const std::string& library) : cudnn_(library), name_("cuDNN " + cudnn_.version()) {}

  const char* name() const override { return name_.c_str(); }
  void plan(const TrainPlan& plan, Precision precision, const Queue& queue) override;
  size_t scratch_bytes() const override { return scratch_bytes_; }
  void set_scratch(std::byte* scratch) override;
  int gradient_rows(const Conv&, int, Precision, const Queue&) const override { return 1; }

  void forward(const Conv1Forward& pass, const Queue& queue) override;
  void forward(const DepthwiseForward& pass, const Queue& queue) override;
  void forward(const PointwiseForward& pass, const Queue& queue) override;
  void backward(const Conv1WeightGradient& pass, const Queue& queue) override;
  void backward(const DepthwiseBackward& pass, const Queue& queue) override;
  void backward(const PointwiseInputGradient& input_gradient, const PointwiseWeightGradient& weight_gradient,
                const Queue& queue) override;

 private:
  Work find(ConvKind kind, const ImageShape& shape);
  Work find_pointwise(int in_channels, int out_channels, int64_t pixels);
  CudnnConvolution& convolution(size_t index, int images);
  /// Divides the scratch memory; with a null one, it only counts: workspace.bytes is then what the other
  /// parts take.
  Work work(size_t index, int images);

  void load_pixels(const Work& work, const uint8_t* pixels, const Queue& queue) const;
  void load_input(const Work& work, const void* z, const Activation& activation, const Queue& queue) const;
  void load_filter(const Work& work, const void* weights, bool bf16, const Queue& queue) const;
  void load_gradient(const Work& work, const GradientLoad& gradient, const Queue& queue) const;
  /// From work.x and work.dz.
  void weight_gradient(const Work& work, float* weights, const Queue& queue) const;
  template <class Pass>
  void finish_forward(const Work& work, const Pass& pass, const Queue& queue) const;
  template <class Pass>
  void finish_backward(const Work& work, const Pass& pass, const Queue& queue) const;

  Cudnn cudnn_;
  std::string name_;
  Precision precision_ = Precision::kTf32;
  int most_images_ = 0;
  Queue queue_;
  std::vector<ConvolutionPlan> plans_;  ///< of different shapes
  std::map<std::pair<size_t, int>, std::unique_ptr<CudnnConvolution> > convolutions_;  ///< by plan, images
  std::byte* scratch_ = nullptr;
  size_t scratch_bytes_ = 0;
};

void CudnnPasses::plan(const TrainPlan& plan, Precision precision, const Queue& queue) {
  precision_ = precision;
  most_images_ = plan.batch_size;
  queue_ = queue;
  const size_t frozen = static_cast<size_t>(MobileNet::convs_in_layers(plan.fixed_layers));
  for (size_t i = 0; i < plan.network.convs.size(); ++i) {
    const Conv& conv = plan.network.convs[i];
    const auto known = std::find_if(plans_.begin(), plans_.end(), [&conv](const ConvolutionPlan& one) {
      return same_shape(one.conv, conv);
    });
    if (known != plans_.end()) {
      known->trained |= i >= frozen;
    } else {
      plans_.push_back(plan_convolution(conv, i >= frozen, precision));
    }
  }
  for (size_t i = 0; i < plans_.size(); ++i) {
    CudnnConvolution& one = convolution(i, most_images_);
    size_t workspace = one.choose(Operation::kForward, kWorkspaceLimit);
    if (plans_[i].conv.kind != ConvKind::kConv1) {
      workspace = std::max(workspace, one.choose(Operation::kInputGradient, kWorkspaceLimit));
    }
    if (plans_[i].trained) {
      workspace = std::max(workspace, one.choose(Operation::kFilterGradient, kWorkspaceLimit));
    }
    scratch_bytes_ = std::max(scratch_bytes_, work(i, most_images_).workspace.bytes + workspace);
  }
}

void CudnnPasses::set_scratch(std::byte* scratch) {
  scratch_ = scratch;
  // The first call of an algorithm loads its code, which must not happen while a step is recorded.
  for (size_t i = 0; scratch != nullptr && i < plans_.size(); ++i) {
    const Work w = work(i, most_images_);
    w.convolution.forward(w.x, w.filter, w.dz, w.workspace, queue_.stream);
    if (w.plan.trained) {
      w.convolution.filter_gradient(w.x, w.dz, w.filter_gradient, w.workspace, queue_.stream);
    }
    if (w.plan.conv.kind != ConvKind::kConv1) {
      w.convolution.input_gradient(w.filter, w.dz, w.x, w.workspace, queue_.stream);
    }
  }
}

CudnnConvolution& CudnnPasses::convolution(size_t index, int images) {
  std::unique_ptr<CudnnConvolution>& one = convolutions_[{index, images}];
  if (one == nullptr) {
    const ConvolutionPlan& plan = plans_[index];
    const Conv& conv = plan.conv;
    const ConvolutionShape shape{
        conv.name,
        images,
        plan.channels,
        conv.out_channels,
        plan.bordered_size(),
        conv.out_size,
        conv.kind == ConvKind::kPointwise ? 1 : 3,
        conv.stride,
        plan.pad,
        conv.kind == ConvKind::kDepthwise ? conv.in_channels : 1,
    };
    one = std::make_unique<CudnnConvolution>(cudnn_, shape, precision_);
  }
  return *one;
}

Work CudnnPasses::work(size_t index, int images) {
  const ConvolutionPlan& plan = plans_[index];
  const size_t value_bytes = precision_ == Precision::kBf16 ? 2 : 4;
  const size_t side = static_cast<size_t>(plan.bordered_size());
  const size_t inputs = static_cast<size_t>(images) * side * side * static_cast<size_t>(plan.channels);
  const size_t outputs =
      static_cast<size_t>(plan.output_pixels(images)) * static_cast<size_t>(plan.conv.out_channels);
  const size_t weights = static_cast<size_t>(plan.filter.filter_values());
  Arena arena(scratch_);
  Work work{plan, convolution(index, images), images, nullptr, nullptr, nullptr, nullptr, {}};
  work.x = arena.take_bytes(inputs * value_bytes);
  work.dz = arena.take_bytes(outputs * value_bytes);
  work.filter = arena.take_bytes(weights * value_bytes);
  work.filter_gradient = arena.take_bytes(weights * value_bytes);
  if (scratch_ == nullptr) {
    work.workspace = {nullptr, arena.used()};
  } else {
    if (images > most_images_ || arena.used() > scratch_bytes_) {
      fail("{}: {} images were given to cuDNN, which was planned with {}", plan.conv.name, images,
           most_images_);
    }
    work.workspace = {scratch_ + arena.used(), scratch_bytes_ - arena.used()};
  }
  return work;
}

Work CudnnPasses::find(ConvKind kind, const ImageShape& shape) {
  for (size_t i = 0; i < plans_.size(); ++i) {
    const Conv& conv = plans_[i].conv;
    if (conv.kind == kind && conv.in_channels == shape.in_channels &&
        conv.out_channels == shape.out_channels && conv.in_size == shape.in_size &&
        conv.stride == shape.stride) {
      return work(i, shape.images);
    }
  }
  fail("cuDNN was not planned with a convolution of {} to {} channels at {} pixels", shape.in_channels,
       shape.out_channels, shape.in_size);
}

Work CudnnPasses::find_pointwise(int in_channels, int out_channels, int64_t pixels) {
  for (size_t i = 0; i < plans_.size(); ++i) {
    const Conv& conv = plans_[i].conv;
    const int64_t images = pixels / plans_[i].output_pixels(1);
    if (conv.kind == ConvKind::kPointwise && conv.in_channels == in_channels &&
        conv.out_channels == out_channels && plans_[i].output_pixels(1) * images == pixels &&
        images <= most_images_) {
      return work(i, static_cast<int>(images));
    }
  }
  fail("cuDNN was not planned with a pointwise convolution of {} to {} channels and {} pixels", in_channels,
       out_channels, pixels);
}

void CudnnPasses::load_pixels(const Work& work, const uint8_t* pixels, const Queue& queue) const {
  convert_pixels({precision_, pixels, work.x, work.plan.input(work.images), work.plan.border}, queue);
}

void CudnnPasses::load_input(const Work& work, const void* z, const Activation& activation,
                             const Queue& queue) const {
  apply_activation({precision_, z, activation, work.x, work.plan.input(work.images), work.plan.border},
                   queue);
}

void CudnnPasses::load_filter(const Work& work, const void* weights, bool bf16, const Queue& queue) const {
  to_filter({precision_, weights, bf16, work.filter, work.plan.filter}, queue);
}

void CudnnPasses::load_gradient(const Work& work, const GradientLoad& gradient, const Queue& queue) const {
  form_gradient(
      {precision_, gradient, work.dz, work.plan.output_pixels(work.images), work.plan.conv.out_channels},
      queue);
}

void CudnnPasses::weight_gradient(const Work& work, float* weights, const Queue& queue) const {
  work.convolution.filter_gradient(work.x, work.dz, work.filter_gradient, work.workspace, queue.stream);
  from_filter({precision_, work.filter_gradient, weights, work.plan.filter}, queue);
}

template <class Pass>
void CudnnPasses::finish_forward(const Work& work, const Pass& pass, const Queue& queue) const {
  work.convolution.forward(work.x, work.filter, pass.z_out, work.workspace, queue.stream);
  scale_and_sum({precision_, pass.z_out, pass.scale, work.plan.output_pixels(work.images),
                 work.plan.conv.out_channels, pass.sums, pass.finish},
                queue);
}

template <class Pass>
void CudnnPasses::finish_backward(const Work& work, const Pass& pass, const Queue& queue) const {
  mask_gradient({precision_, work.x, pass.z_in, pass.activation, pass.du_in, work.plan.input(work.images),
                 work.plan.border, pass.sums, pass.finish},
                queue);
}

void CudnnPasses::forward(const Conv1Forward& pass, const Queue& queue) {
  const Work work = find(ConvKind::kConv1, pass.shape);
  load_pixels(work, pass.pixels, queue);
  load_filter(work, pass.weights, false, queue);
  finish_forward(work, pass, queue);
}

void CudnnPasses::forward(const DepthwiseForward& pass, const Queue& queue) {
  const Work work = find(ConvKind::kDepthwise, pass.shape);
  load_input(work, pass.z_in, pass.activation, queue);
  load_filter(work, pass.weights, false, queue);
  finish_forward(work, pass, queue);
}

void CudnnPasses::forward(const PointwiseForward& pass, const Queue& queue) {
  const Work work = find_pointwise(pass.in_channels, pass.out_channels, pass.pixels);
  load_input(work, pass.z_in, pass.activation, queue);
  load_filter(work, pass.weights, precision_ == Precision::kBf16, queue);
  finish_forward(work, pass, queue);
}

void CudnnPasses::backward(const Conv1WeightGradient& pass, const Queue& queue) {
  const Work work = find(ConvKind::kConv1, pass.shape);
  load_gradient(work, pass.gradient, queue);
  load_pixels(work, pass.pixels, queue);
  weight_gradient(work, pass.partial, queue);
}

void CudnnPasses::backward(const DepthwiseBackward& pass, const Queue& queue) {
  const Work work = find(ConvKind::kDepthwise, pass.shape);
  load_gradient(work, pass.gradient, queue);
  if (pass.partial != nullptr) {
    load_input(work, pass.z_in, pass.activation, queue);
    weight_gradient(work, pass.partial, queue);
  }
  load_filter(work, pass.weights, false, queue);
  work.convolution.input_gradient(work.filter, work.dz, work.x, work.workspace, queue.stream);
  finish_backward(work, pass, queue);
}

void CudnnPasses::backward(const PointwiseInputGradient& input_gradient,
                           const PointwiseWeightGradient& weights, const Queue& queue) {
  const Work work =
      find_pointwise(input_gradient.in_channels, input_gradient.out_channels, input_gradient.pixels);
  load_gradient(work, input_gradient.gradient, queue);
  if (weights.partial != nullptr) {
    load_input(work, weights.z_in, weights.activation, queue);
    weight_gradient(work, weights.partial, queue);
  }
  // These weights are transposed already: [out][in] is cuDNN's layout.
  work.convolution.input_gradient(input_gradient.weights, work.dz, work.x, work.workspace, queue.stream);
  finish_backward(work, input_gradient, queue);
}

}  // namespace

std::unique_ptr<ConvolutionPasses> make_cudnn_passes(const std::string& library) {
  return std::make_unique<CudnnPasses>(library);
}
#endif

}  // namespace fixynn::cuda
