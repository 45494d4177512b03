// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

#include "Vffe_tb.h"
#include "streams.h"

namespace fixynn::stress {

/// A sequence of steps over many clocks: resumed once a clock, a step awaits kNextClock to let one pass.
class Process {
 public:
  struct promise_type {
    Process get_return_object() { return Process(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  Process() = default;
  Process(Process&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Process& operator=(Process&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Process() {
    if (handle_) handle_.destroy();
  }
  void resume() {
    if (handle_ && !handle_.done()) handle_.resume();
  }

 private:
  using Handle = std::coroutine_handle<promise_type>;
  explicit Process(Handle handle) : handle_(handle) {}
  Handle handle_ = nullptr;
};
constexpr std::suspend_always kNextClock;

/// An AXI4-Lite master: one access at a time, its channels in any order and with random delays.
class RegisterMaster {
 public:
  explicit RegisterMaster(uint64_t seed) : random_(seed) {}

  void read(uint32_t address) { begin(false, address, 0); }
  void write(uint32_t address, uint32_t data) { begin(true, address, data); }
  bool done() const { return !busy_; }
  uint32_t response() const { return response_; }
  uint32_t data() const { return data_; }
  void reset() { busy_ = address_left_ = data_left_ = false; }

  void drive(Vffe_tb& top) {
    top.s_axil_awaddr = top.s_axil_araddr = address_;
    top.s_axil_wdata = data_;
    top.s_axil_wstrb = 15;
    top.s_axil_awvalid = writing_ && address_left_ && address_delay_ == 0;
    top.s_axil_arvalid = !writing_ && address_left_ && address_delay_ == 0;
    top.s_axil_wvalid = data_left_ && data_delay_ == 0;
    if (address_delay_ > 0) --address_delay_;
    if (data_delay_ > 0) --data_delay_;
    ready_ = busy_ && random_.below(4) != 0;
    top.s_axil_bready = ready_ && writing_;
    top.s_axil_rready = ready_ && !writing_;
  }

  void sample(const Vffe_tb& top) {
    if (!busy_) return;
    const bool answered = writing_ ? top.s_axil_bvalid : top.s_axil_rvalid;
    if (answered && ready_) {
      response_ = writing_ ? top.s_axil_bresp : top.s_axil_rresp;
      if (!writing_) data_ = top.s_axil_rdata;
      busy_ = false;
    }
    if (writing_ ? top.s_axil_awvalid && top.s_axil_awready : top.s_axil_arvalid && top.s_axil_arready)
      address_left_ = false;
    if (top.s_axil_wvalid && top.s_axil_wready) data_left_ = false;
  }

 private:
  void begin(bool writing, uint32_t address, uint32_t data) {
    busy_ = address_left_ = true;
    writing_ = data_left_ = writing;
    address_ = address;
    data_ = data;
    const bool slow = random_.below(4) == 0;
    address_delay_ = slow ? random_.below(6) : 0;
    data_delay_ = slow ? random_.below(6) : 0;
  }

  Random random_;
  bool busy_ = false, writing_ = false, address_left_ = false, data_left_ = false, ready_ = false;
  uint32_t address_ = 0, data_ = 0, response_ = 0, address_delay_ = 0, data_delay_ = 0;
};

}  // namespace fixynn::stress
