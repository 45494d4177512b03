// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "calibrate/liberty.h"
#include "core/error.h"
#include "core/text.h"

namespace fixynn {
namespace {

constexpr int kDeepestGroup = 50;  ///< libraries have five or six levels

/// Liberty's syntax (Liberty User Guide 2012.06, vol. 1, "General Syntax"):
///   NAME (ARGUMENT, ...) { statements }     a group
///   NAME (ARGUMENT, ...) ;                  a complex attribute, also `define`
///   NAME : VALUE ;                          a simple attribute
/// Comments are C's and C++'s; a backslash continues a line. As other readers do, it takes a line's end for
/// a forgotten semicolon.
class Parser {
 public:
  Parser(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  LibertyGroup parse() {
    skip_blanks();
    if (at_end()) fail("{}: there is no library group in the file", what_);
    LibertyGroup holder;
    statement(holder, 0);
    if (holder.groups.empty()) stop("the first statement is no group; a Liberty file begins with library");
    skip_blanks();
    if (!at_end()) stop("text after the end of the library group");
    return std::move(holder.groups.front());
  }

 private:
  [[noreturn]] void stop(const std::string& fault) { fail("{}:{}: {}", what_, line_, fault); }

  bool at_end() const { return at_ >= text_.size(); }
  char current() const { return text_[at_]; }

  void advance() {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }

  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }
  static bool ends_word(char c) {
    return is_blank(c) || c == '(' || c == ')' || c == '{' || c == '}' || c == ';' || c == ',' || c == '"' ||
           c == '\\';
  }

  bool comment_follows() const {
    return current() == '/' && at_ + 1 < text_.size() && (text_[at_ + 1] == '*' || text_[at_ + 1] == '/');
  }

  void skip_comment() {
    if (text_[at_ + 1] == '/') {
      while (!at_end() && current() != '\n') ++at_;
      return;
    }
    const int begin = line_;
    at_ += 2;
    while (at_ + 1 < text_.size() && !(current() == '*' && text_[at_ + 1] == '/')) advance();
    if (at_ + 1 >= text_.size()) {
      stop(fmt::format("the file ends inside the comment that begins at line {}; it seems to be cut off",
                       begin));
    }
    at_ += 2;
  }

  /// True when a backslash and a line's end were skipped.
  bool skip_continuation() {
    if (current() != '\\') return false;
    size_t next = at_ + 1;
    while (next < text_.size() && (text_[next] == ' ' || text_[next] == '\t' || text_[next] == '\r')) ++next;
    if (next < text_.size() && text_[next] != '\n') return false;
    while (at_ < next) advance();
    if (!at_end()) advance();
    return true;
  }

  void skip_blanks(bool also_lines = true) {
    while (!at_end()) {
      if (current() == '\n' && !also_lines) return;
      if (is_blank(current())) {
        advance();
      } else if (comment_follows()) {
        skip_comment();
      } else if (!skip_continuation()) {
        return;
      }
    }
  }

  [[noreturn]] void stop_cut() {
    if (open_.empty()) stop("the file ends in its first statement; it seems to be cut off");
    const auto& [name, line] = open_.back();
    stop(fmt::format("the file ends inside the group {} that begins at line {}; it seems to be cut off",
                     printable(name), line));
  }

  std::string quoted() {
    const int begin = line_;
    advance();
    std::string value;
    while (!at_end() && current() != '"') {
      if (skip_continuation()) continue;
      if (current() == '\\' && at_ + 1 < text_.size()) advance();
      value += current();
      advance();
    }
    if (at_end()) {
      stop(fmt::format(
          "the file ends inside the text in quotes that begins at line {}; it seems to be cut off", begin));
    }
    advance();
    return value;
  }

  std::string word(bool stop_at_colon) {
    const size_t begin = at_;
    while (!at_end() && !ends_word(current()) && !(stop_at_colon && current() == ':') && !comment_follows()) {
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::vector<std::string> arguments() {
    std::vector<std::string> values;
    advance();
    for (;;) {
      skip_blanks();
      if (at_end()) stop_cut();
      if (current() == ')') break;
      if (current() == ',') {
        advance();
      } else if (current() == '"') {
        values.push_back(quoted());
      } else {
        values.push_back(word(false));
        if (values.back().empty()) stop(unexpected("between parentheses"));
      }
    }
    advance();
    return values;
  }

  std::string unexpected(const char* where) const {
    return fmt::format("unexpected '{}' {}", printable(text_.substr(at_, 1)), where);
  }

  /// Up to the semicolon or the line's end; several words (expressions of voltages) are joined by blanks.
  std::string simple_value(const std::string& name) {
    std::string value;
    bool empty = true;
    for (;;) {
      skip_blanks(false);
      if (at_end()) stop_cut();
      if (current() == ';') {
        advance();
        break;
      }
      if (current() == '\n' || current() == '}') break;
      if (!value.empty()) value += ' ';
      empty = false;
      if (current() == '"') {
        value += quoted();
      } else if (current() == '(' || current() == ')' || current() == ',') {
        value += current();
        advance();
      } else {
        const std::string next = word(false);
        if (next.empty()) stop(unexpected("in a value"));
        value += next;
      }
    }
    if (empty) stop(fmt::format("the attribute {} has no value", printable(name)));
    return value;
  }

  void statement(LibertyGroup& parent, int depth) {
    const int line = line_;
    std::string name = current() == '"' ? quoted() : word(true);
    if (name.empty()) stop(unexpected("where a statement begins"));
    skip_blanks();
    if (at_end()) stop_cut();
    if (current() == ':') {
      advance();
      std::string value = simple_value(name);
      parent.attributes.emplace_back(std::move(name), std::vector<std::string>{std::move(value)});
      return;
    }
    if (current() != '(') {
      stop(fmt::format("':' or '(' is expected after {}, not '{}'", printable(name),
                       printable(text_.substr(at_, 1))));
    }
    std::vector<std::string> values = arguments();
    skip_blanks();
    if (at_end() && depth > 0) stop_cut();
    if (!at_end() && current() == '{') {
      if (depth == kDeepestGroup) stop("groups are nested too deep");
      LibertyGroup group{std::move(name), std::move(values), {}, {}, line};
      advance();
      body(group, depth + 1);
      parent.groups.push_back(std::move(group));
      return;
    }
    if (at_end()) stop("the file ends in its first statement; it seems to be cut off");
    if (current() == ';') advance();
    parent.attributes.emplace_back(std::move(name), std::move(values));
  }

  void body(LibertyGroup& group, int depth) {
    open_.emplace_back(group.name, group.line);
    for (;;) {
      skip_blanks();
      if (at_end()) stop_cut();
      if (current() == '}') break;
      if (current() == ';') {
        advance();
      } else {
        statement(group, depth);
      }
    }
    advance();
    open_.pop_back();
  }

  std::string_view text_;
  const std::string& what_;
  size_t at_ = 0;
  int line_ = 1;
  std::vector<std::pair<std::string, int>> open_;
};

}  // namespace

const std::string* LibertyGroup::find(const std::string& attribute) const {
  const std::string* found = nullptr;
  for (const auto& [key, values] : attributes) {
    if (key == attribute && !values.empty()) found = &values.front();
  }
  return found;
}

LibertyGroup parse_liberty(const std::string& text, const std::string& what) {
  return Parser(text, what).parse();
}

}  // namespace fixynn
