// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <stdexcept>

#include "hardware/register_bits.h"
#include "rtl/package.h"

namespace fixynn {
namespace {

RtlCounts& operator+=(RtlCounts& a, const RtlCounts& b) {
  a.adders += b.adders;
  a.adder_bits += b.adder_bits;
  a.register_bits += b.register_bits;
  a.memory_bits += b.memory_bits;
  a.multipliers += b.multipliers;
  return a;
}

class Parameters {
 public:
  explicit Parameters(const RtlInstance& instance) : instance_(instance) {}
  int64_t operator[](const char* name) const {
    for (const auto& [known, value] : instance_.parameters) {
      if (known == name) return value;
    }
    throw std::logic_error(instance_.module + " has no parameter " + name);
  }
  int as_int(const char* name) const { return static_cast<int>((*this)[name]); }

 private:
  const RtlInstance& instance_;
};

RtlCounts handwritten_counts(const RtlInstance& instance) {
  const Parameters p(instance);
  RtlCounts counts;
  if (instance.module == "ffe_line_buffer") {
    const int64_t pixel = p["CHANNELS"] * p["BITS"];
    counts.register_bits = pixel + line_buffer_control_bits(p.as_int("SIZE"), p["PACE"], p["FLUSH_DELAY"]);
    counts.memory_bits = p["SIZE"] == 1 ? 0 : 2 * p["SIZE"] * pixel;
  } else if (instance.module == "ffe_window") {
    counts.register_bits = 9 * p["CHANNELS"] * p["BITS"];
  } else if (instance.module == "ffe_accumulator_fifo") {
    counts.register_bits = accumulator_fifo_bits(p.as_int("DEPTH"), p.as_int("INTERVAL"));
    counts.memory_bits = p["DEPTH"] * p["WIDTH"];
  } else if (instance.module == "ffe_requantiser") {
    const RequantiserBits bits = requantiser_bits(p.as_int("CHANNELS"), p.as_int("OUT_BITS"));
    counts.register_bits = bits.parameters + bits.codes + bits.control;
    counts.multipliers = 1;
  } else if (instance.module == "ffe_output") {
    counts.register_bits = output_bits(p.as_int("SIZE"), p.as_int("DEPTH"));
    counts.memory_bits = p["DEPTH"] * p["WIDTH"];
  } else if (instance.module == "ffe_input") {
    counts.register_bits = input_bits(p.as_int("SIZE"));
  } else if (instance.module == "ffe_gate") {
    counts.register_bits = gate_bits(p["PIXELS"]);
  } else if (instance.module == "ffe_registers") {
    counts.register_bits = control_register_bits(p.as_int("CONVS"), p.as_int("CONV_BITS"),
                                                 p.as_int("CHANNEL_BITS"), p["TAP"] != 0);
  } else {
    throw std::logic_error("what " + instance.module + " holds is not known");
  }
  return counts;
}

}  // namespace

RtlCounts netlist_counts(const std::vector<RtlModule>& modules) {
  std::map<std::string, RtlCounts> known;
  RtlCounts counts;
  for (const RtlModule& module : modules) {
    counts = {};
    for (const auto& statement : module.statements) {
      if (const auto* sum = std::get_if<RtlSum>(&statement)) {
        ++counts.adders;
        counts.adder_bits += bits_width(sum->a);
      } else if (const auto* reg = std::get_if<RtlRegister>(&statement)) {
        counts.register_bits += bits_width(reg->d);
      } else if (const auto* instance = std::get_if<RtlInstance>(&statement)) {
        const auto generated = known.find(instance->module);
        counts += generated != known.end() ? generated->second : handwritten_counts(*instance);
      }
    }
    known[module.name] = counts;
  }
  return counts;
}

}  // namespace fixynn
