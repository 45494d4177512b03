// SPDX-License-Identifier: Apache-2.0
// An AXI4-Lite master that works through a list of accesses, as a driver on a processor would.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>

#include "streams.h"

constexpr uint32_t kId = 0x00, kVersion = 0x04, kWeights = 0x08, kShape = 0x0c, kControl = 0x10,
                   kStatus = 0x14, kFramesIn = 0x18, kFramesOut = 0x1c, kFramesBad = 0x20, kFramesTap = 0x24,
                   kFirstUnused = 0x28;
constexpr uint32_t kCommit = 1, kTapOn = 4, kWriteRefused = 1u << 6;
constexpr uint32_t kOkay = 0, kSlaveError = 2;

struct Access {
  enum Kind {
    kWrite,
    kRead,     ///< the bits of `mask` must be those of `data`
    kPoll,     ///< read until they are
    kRelease,  ///< no access: frames below `data` may start
    kDrain,    ///< no access: wait until all pixels have come out
  } kind;
  uint32_t address = 0, data = 0, mask = ~0u, response = kOkay;
};

class RegisterDriver {
 public:
  explicit RegisterDriver(uint64_t seed) : seed_(seed), random_(seed) {}

  void add(const Access& access) { script_.push_back(access); }
  bool done() const { return script_.empty(); }
  uint64_t faults() const { return faults_; }
  /// Accesses that are over; one that polls is not.
  uint64_t accesses() const { return accesses_; }
  /// The next entry, if it is no access.
  const Access* pause() const {
    const bool paused = !script_.empty() && script_.front().kind >= Access::kRelease;
    return paused ? &script_.front() : nullptr;
  }
  void resume() { script_.pop_front(); }

  void drive(Vffe_tb& top) {
    if (!busy_ && !script_.empty() && pause() == nullptr) begin();
    top.s_axil_awvalid = address_left_ && writing() && address_delay_ == 0;
    top.s_axil_wvalid = data_left_ && data_delay_ == 0;
    top.s_axil_arvalid = address_left_ && !writing() && address_delay_ == 0;
    if (address_delay_ > 0) --address_delay_;
    if (data_delay_ > 0) --data_delay_;
    if (busy_) {
      top.s_axil_awaddr = top.s_axil_araddr = script_.front().address;
      top.s_axil_wdata = script_.front().data;
    }
    top.s_axil_wstrb = 15;
    ready_ = busy_ && (seed_ == 0 || random_.below(2) == 0);
    top.s_axil_bready = ready_ && writing();
    top.s_axil_rready = ready_ && !writing();
  }

  void sample(const Vffe_tb& top) {
    if (!busy_) return;
    if (writing()) {
      if (top.s_axil_bvalid && ready_) finish(top.s_axil_bresp, script_.front().data);
      if (top.s_axil_awvalid && top.s_axil_awready) address_left_ = false;
      if (top.s_axil_wvalid && top.s_axil_wready) data_left_ = false;
    } else {
      if (top.s_axil_rvalid && ready_) finish(top.s_axil_rresp, top.s_axil_rdata);
      if (top.s_axil_arvalid && top.s_axil_arready) address_left_ = false;
    }
  }

 private:
  bool writing() const { return busy_ && script_.front().kind == Access::kWrite; }

  void begin() {
    busy_ = true;
    address_left_ = true;
    data_left_ = writing();
    // With a seed, address and data come in any order.
    address_delay_ = seed_ == 0 ? 0 : random_.below(4);
    data_delay_ = seed_ == 0 ? 0 : random_.below(4);
  }

  void finish(uint32_t response, uint32_t data) {
    const Access access = script_.front();
    busy_ = false;
    const bool equal = ((data ^ access.data) & access.mask) == 0;
    if (response == access.response && access.kind == Access::kPoll && !equal) return;  // once more
    script_.pop_front();
    ++accesses_;
    if (response == access.response && (equal || response != kOkay)) return;
    ++faults_;
    std::printf("ERROR registers: %s of 0x%x gave response %u and 0x%08x where %u and 0x%08x are right\n",
                access.kind == Access::kWrite ? "write" : "read", access.address, response, data,
                access.response, access.data);
  }

  uint64_t seed_;
  Random random_;
  std::deque<Access> script_;
  bool busy_ = false, address_left_ = false, data_left_ = false, ready_ = false;
  uint32_t address_delay_ = 0, data_delay_ = 0;
  uint64_t faults_ = 0, accesses_ = 0;
};
