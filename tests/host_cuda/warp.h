// SPDX-License-Identifier: Apache-2.0
#pragma once

// Warp operations. Included by host_cuda.h.

#include "host_cuda/host_cuda.h"

namespace host_cuda {

/// Lane's contribution and result; `argument` as the operation means it.
template <class T>
struct Exchange {
  T value, result;
  int argument, width;
};

/// `source(lane, argument, width)` is the lane whose value the lane receives.
template <class T, class Source>
void exchange_lanes(const Lanes& lanes, Source source) {
  for (int lane = 0; lane < kWarp; ++lane) {
    if (lanes.payload[lane] == nullptr) continue;
    auto& own = *static_cast<Exchange<T>*>(lanes.payload[lane]);
    const int from = source(lane, own.argument, own.width);
    if (lanes.payload[from] == nullptr) {
      fault("lane " + std::to_string(lane) + " reads lane " + std::to_string(from) +
            ", which is not in the mask of the shuffle");
    }
    own.result = static_cast<const Exchange<T>*>(lanes.payload[from])->value;
  }
}

inline void check_width(int width) {
  if (width < 1 || width > kWarp || (width & (width - 1)) != 0) {
    fault("shuffle width " + std::to_string(width) + " is not a power of two up to 32");
  }
}

inline int source_of_index(int lane, int argument, int width) {
  return (lane & ~(width - 1)) + (argument & (width - 1));
}
inline int source_above(int lane, int argument, int width) {
  const int from = lane - argument;
  return from < (lane & ~(width - 1)) ? lane : from;
}
inline int source_below(int lane, int argument, int width) {
  const int from = lane + argument;
  return from > (lane | (width - 1)) ? lane : from;
}
inline int source_across(int lane, int argument, int width) {
  const int from = lane ^ argument;
  return from > (lane | (width - 1)) ? lane : from;
}

template <int (*source)(int, int, int), class T>
T shuffle(const char* name, unsigned mask, T value, int argument, int width, const char* file, int line) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  check_width(width);
  Exchange<T> own{value, value, argument, width};
  warp_collective(
      name, mask, &own, [](const Lanes& lanes) { exchange_lanes<T>(lanes, source); }, false, file, line);
  return own.result;
}

/// All lanes of the mask get `combine` folded over their values, from lane 0 up.
template <class Combine, class T>
T reduce(const char* name, unsigned mask, T value, const char* file, int line) {
  const auto fold = [](const Lanes& lanes) {
    T total{};
    bool first = true;
    for (void* payload : lanes.payload) {
      if (payload == nullptr) continue;
      const T one = *static_cast<const T*>(payload);
      total = first ? one : Combine{}(total, one);
      first = false;
    }
    for (void* payload : lanes.payload) {
      if (payload != nullptr) *static_cast<T*>(payload) = total;
    }
  };
  warp_collective(name, mask, &value, fold, false, file, line);
  return value;
}

struct Sum {
  // Unsigned, because the device wraps.
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(static_cast<unsigned>(a) + static_cast<unsigned>(b));
  }
};
struct Smaller {
  template <class T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Larger {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct Union {
  template <class T>
  T operator()(T a, T b) const {
    return a | b;
  }
};

}  // namespace host_cuda

#define HOST_CUDA_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()

/// The only warp operation that orders the lanes' accesses to memory.
inline void __syncwarp(unsigned mask = 0xffffffffu, HOST_CUDA_PLACE) {
  char nothing = 0;
  host_cuda::warp_collective(
      "__syncwarp", mask, &nothing, [](const host_cuda::Lanes&) {}, true, file, line);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, HOST_CUDA_PLACE) {
  return host_cuda::shuffle<host_cuda::source_of_index>("__shfl_sync", mask, value, source, width, file,
                                                        line);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, HOST_CUDA_PLACE) {
  return host_cuda::shuffle<host_cuda::source_above>("__shfl_up_sync", mask, value, static_cast<int>(delta),
                                                     width, file, line);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, HOST_CUDA_PLACE) {
  return host_cuda::shuffle<host_cuda::source_below>("__shfl_down_sync", mask, value, static_cast<int>(delta),
                                                     width, file, line);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, HOST_CUDA_PLACE) {
  return host_cuda::shuffle<host_cuda::source_across>("__shfl_xor_sync", mask, value, lane_mask, width, file,
                                                      line);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, HOST_CUDA_PLACE) {
  const unsigned own = predicate != 0 ? 1u << host_cuda::lane() : 0u;
  return host_cuda::reduce<host_cuda::Union>("__ballot_sync", mask, own, file, line);
}
inline int __any_sync(unsigned mask, int predicate, HOST_CUDA_PLACE) {
  return static_cast<int>(
      host_cuda::reduce<host_cuda::Union>("__any_sync", mask, predicate != 0 ? 1u : 0u, file, line));
}
inline int __all_sync(unsigned mask, int predicate, HOST_CUDA_PLACE) {
  return host_cuda::reduce<host_cuda::Union>("__all_sync", mask, predicate == 0 ? 1u : 0u, file, line) == 0;
}

inline int __reduce_add_sync(unsigned mask, int value, HOST_CUDA_PLACE) {
  return host_cuda::reduce<host_cuda::Sum>("__reduce_add_sync", mask, value, file, line);
}
inline unsigned __reduce_add_sync(unsigned mask, unsigned value, HOST_CUDA_PLACE) {
  return host_cuda::reduce<host_cuda::Sum>("__reduce_add_sync", mask, value, file, line);
}
inline int __reduce_min_sync(unsigned mask, int value, HOST_CUDA_PLACE) {
  return host_cuda::reduce<host_cuda::Smaller>("__reduce_min_sync", mask, value, file, line);
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned value, HOST_CUDA_PLACE) {
  return host_cuda::reduce<host_cuda::Smaller>("__reduce_min_sync", mask, value, file, line);
}
inline int __reduce_max_sync(unsigned mask, int value, HOST_CUDA_PLACE) {
  return host_cuda::reduce<host_cuda::Larger>("__reduce_max_sync", mask, value, file, line);
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned value, HOST_CUDA_PLACE) {
  return host_cuda::reduce<host_cuda::Larger>("__reduce_max_sync", mask, value, file, line);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, HOST_CUDA_PLACE) {
  return host_cuda::reduce<host_cuda::Union>("__reduce_or_sync", mask, value, file, line);
}
