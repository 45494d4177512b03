// SPDX-License-Identifier: Apache-2.0
#include "calibrate/boolean_function.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/error.h"
#include "core/text.h"

namespace fixynn {
namespace {

constexpr int kDeepest = 100;  ///< nested parentheses; more is no cell's function
constexpr size_t kLongest = 10000;

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '[' || c == ']' || c == '.';
}

}  // namespace

class BooleanFunction::Parser {
 public:
  Parser(BooleanFunction& function, const std::string& text, const std::string& what)
      : function_(function), text_(text), what_(what) {}

  void parse() {
    if (text_.size() > kLongest) stop("is longer than a cell's function can be");
    parse_or(0);
    if (peek() != '\0') stop(fmt::format("has '{}' where an operator is expected", printable({&peeked_, 1})));
  }

 private:
  [[noreturn]] void stop(const std::string& fault) {
    fail("{}: the function \"{}\" {} (character {})", what_, printable(text_), fault, at_ + 1);
  }

  /// The next character that is not blank; '\0' at the end.
  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    peeked_ = at_ < text_.size() ? text_[at_] : '\0';
    return peeked_;
  }

  void parse_or(int depth) {
    parse_and(depth);
    while (peek() == '+' || peek() == '|') {
      ++at_;
      parse_and(depth);
      function_.code_.push_back(kOr);
    }
  }

  void parse_and(int depth) {
    parse_xor(depth);
    for (;;) {
      const char c = peek();
      if (c == '*' || c == '&') {
        ++at_;
      } else if (c != '!' && c != '(' && !is_name_character(c)) {
        return;
      }
      parse_xor(depth);
      function_.code_.push_back(kAnd);
    }
  }

  void parse_xor(int depth) {
    parse_factor(depth);
    while (peek() == '^') {
      ++at_;
      parse_factor(depth);
      function_.code_.push_back(kXor);
    }
  }

  void parse_factor(int depth) {
    bool inverted = false;
    while (peek() == '!') {
      inverted = !inverted;
      ++at_;
    }
    if (peek() == '(') {
      if (depth == kDeepest) stop("has too many nested parentheses");
      ++at_;
      parse_or(depth + 1);
      if (peek() != ')') stop("lacks a closing parenthesis");
      ++at_;
    } else if (is_name_character(peek())) {
      parse_name();
    } else {
      stop(peek() == '\0' ? "ends where a pin is expected" : "lacks a pin");
    }
    while (peek() == '\'') {
      inverted = !inverted;
      ++at_;
    }
    if (inverted) function_.code_.push_back(kNot);
  }

  void parse_name() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_name_character(text_[at_])) ++at_;
    const std::string name = text_.substr(begin, at_ - begin);
    if (name == "0" || name == "1") {
      function_.code_.push_back(name == "0" ? kZero : kOne);
      return;
    }
    auto& names = function_.variables_;
    const auto found = std::find(names.begin(), names.end(), name);
    function_.code_.push_back(static_cast<int>(found - names.begin()));
    if (found == names.end()) names.push_back(name);
  }

  BooleanFunction& function_;
  const std::string& text_;
  const std::string& what_;
  size_t at_ = 0;
  char peeked_ = '\0';
};

BooleanFunction::BooleanFunction(const std::string& expression, const std::string& what) {
  Parser(*this, expression, what).parse();
}

uint64_t BooleanFunction::evaluate(std::span<const uint64_t> values) const {
  std::vector<uint64_t> stack;
  stack.reserve(code_.size());
  for (const int code : code_) {
    if (code >= 0) {
      stack.push_back(values[static_cast<size_t>(code)]);
    } else if (code == kZero || code == kOne) {
      stack.push_back(code == kOne ? ~uint64_t{0} : 0);
    } else if (code == kNot) {
      stack.back() = ~stack.back();
    } else {
      const uint64_t right = stack.back();
      stack.pop_back();
      uint64_t& left = stack.back();
      left = code == kAnd ? (left & right) : code == kOr ? (left | right) : (left ^ right);
    }
  }
  return stack.back();
}

uint64_t BooleanFunction::truth_table(std::span<const std::string> inputs) const {
  constexpr std::array<uint64_t, 6> kColumns = {0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                                0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000};
  if (inputs.size() > kColumns.size()) {
    fail("a function of {} inputs was given where truth tables have at most 6", inputs.size());
  }
  std::vector<uint64_t> values;
  for (const std::string& variable : variables_) {
    const auto found = std::find(inputs.begin(), inputs.end(), variable);
    if (found == inputs.end())
      fail("a function reads \"{}\", which is none of the inputs", printable(variable));
    values.push_back(kColumns[static_cast<size_t>(found - inputs.begin())]);
  }
  const uint64_t table = evaluate(values);
  return inputs.size() == kColumns.size() ? table : table & ((uint64_t{1} << (1u << inputs.size())) - 1);
}

}  // namespace fixynn
