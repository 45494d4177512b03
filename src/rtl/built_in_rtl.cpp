// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <stdexcept>

#include "rtl/built_in_sources.h"
#include "rtl/layer_verilog.h"

namespace fixynn {
namespace {

void add_module(const std::string& name, std::set<std::string>& names) {
  if (!names.insert(name).second) return;
  const std::string text = built_in_rtl(name);
  for (const auto& [known, ignored] : kBuiltInRtl) {
    const std::string instance = "  " + std::string(known) + " #(";
    if (text.find(instance) != std::string::npos) add_module(std::string(known), names);
  }
}

}  // namespace

std::vector<std::string> handwritten_modules(const std::vector<RtlModule>& modules) {
  std::set<std::string> own, names;
  for (const RtlModule& module : modules) own.insert(module.name);
  for (const RtlModule& module : modules) {
    for (const auto& statement : module.statements) {
      const auto* instance = std::get_if<RtlInstance>(&statement);
      if (instance != nullptr && own.count(instance->module) == 0) add_module(instance->module, names);
    }
  }
  return {names.begin(), names.end()};
}

std::string built_in_rtl(const std::string& name) {
  for (const auto& [known, text] : kBuiltInRtl) {
    if (known == name) return std::string(text);
  }
  throw std::logic_error("no hand-written module " + name);
}

}  // namespace fixynn
