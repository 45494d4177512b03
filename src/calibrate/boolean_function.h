// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace fixynn {

/// A Boolean expression in Liberty's syntax: ! before, ' after, ^, & * or nothing between, + or |,
/// parentheses, 0 and 1; in this order of precedence (Liberty User Guide 2012.06, function attribute). Works
/// on 64 values at once, a bit each.
class BooleanFunction {
 public:
  /// Throws one sentence, beginning with `what`, that names the place in the expression.
  BooleanFunction(const std::string& expression, const std::string& what);

  /// Names of the variables, in the order of first appearance.
  const std::vector<std::string>& variables() const { return variables_; }

  /// `values`: one word a variable.
  uint64_t evaluate(std::span<const uint64_t> values) const;

  /// Bit k: the value where inputs[i] is bit i of k. At most 6 inputs, which hold all variables.
  uint64_t truth_table(std::span<const std::string> inputs) const;

 private:
  /// Postfix code: a variable's number, or one of the operators below.
  enum Operator : int { kNot = -1, kAnd = -2, kOr = -3, kXor = -4, kZero = -5, kOne = -6 };
  class Parser;
  std::vector<std::string> variables_;
  std::vector<int> code_;
};

}  // namespace fixynn
