// SPDX-License-Identifier: Apache-2.0
// The only file that sees yaml-cpp. Of yaml-cpp 0.7 it uses the event parser, one document at a time:
// LoadAll(",") never ends, Load() accepts duplicate keys, and a node tree expands aliases before anyone can
// count them.
#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace fixynn {
namespace {

[[noreturn]] void refuse_depth(const std::string& place) {
  fail_usage("{}: brackets or indentation nest more than {} deep; a configuration needs 4 levels", place,
             kMaxYamlDepth);
}

/// Builds the tree while yaml-cpp parses, so that what is not allowed stops the parser where it stands.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const std::string> source, bool has_lines)
      : source_(std::move(source)), has_lines_(has_lines) {}

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_anchor(mark, anchor);
    YamlNode node;
    node.origin = origin(mark);
    add(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { check_anchor(mark, 1); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.text = value;
    node.quoted = tag == "!";
    node.origin = origin(mark);
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    std::unordered_map<std::string, int> key_lines;
    bool expects_value = false;  ///< of a map: the last key is still without its value
  };

  YamlOrigin origin(const YAML::Mark& mark) const {
    if (!has_lines_) return {source_, 0, 0};
    return {source_, mark.line + 1, mark.column + 1};
  }
  void check_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != 0) {
      fail_usage(
          "{}: anchors (&name) and aliases (*name) are not allowed in a configuration; write the value out",
          origin(mark).text());
    }
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!") {
      fail_usage("{}: the tag '{}' is not allowed in a configuration; write the plain value",
                 origin(mark).text(), printable(tag));
    }
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    if (frames_.size() >= static_cast<size_t>(kMaxYamlDepth)) {
      refuse_depth(origin(mark).text());
    }
    if (at_key()) fail_usage("{}: a key must be a single word, not a list or a section", origin(mark).text());
    Frame frame;
    frame.node.kind = kind;
    frame.node.origin = origin(mark);
    frames_.push_back(std::move(frame));
  }
  void close() {
    YamlNode node = std::move(frames_.back().node);
    frames_.pop_back();
    add(std::move(node));
  }
  bool at_key() const {
    return !frames_.empty() && frames_.back().node.kind == YamlNode::Kind::kMap &&
           !frames_.back().expects_value;
  }
  void add(YamlNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
    } else if (at_key()) {
      add_key(node);
    } else {
      Frame& frame = frames_.back();
      // An absent value has no place of its own; its key's is where the reader must look.
      if (node.kind == YamlNode::Kind::kNull && frame.expects_value)
        node.origin = frame.node.keys.back().origin;
      frame.node.items.push_back(std::move(node));
      frame.expects_value = false;
    }
  }
  void add_key(const YamlNode& key) {
    Frame& frame = frames_.back();
    if (key.kind != YamlNode::Kind::kScalar) fail_usage("{}: a key is missing before ':'", key.origin.text());
    const auto [first, inserted] = frame.key_lines.emplace(key.text, key.origin.line);
    if (!inserted) {
      std::string path;
      for (const Frame& outer : frames_) {
        if (&outer != &frame && outer.expects_value) path += printable(outer.node.keys.back().text) + ".";
      }
      fail_usage("{}: {}{}: duplicate key{}; remove one of the two", key.origin.text(), path,
                 printable(key.text),
                 has_lines_ ? fmt::format(", first given in line {}", first->second) : "");
    }
    frame.node.keys.push_back({key.text, key.origin});
    frame.expects_value = true;
  }

  std::shared_ptr<const std::string> source_;
  bool has_lines_;
  std::vector<Frame> frames_;
  YamlNode root_;
};

/// Stops at the first event: any means that something follows the first document.
class NothingMore : public YAML::EventHandler {
 public:
  NothingMore(std::string source, bool has_lines) : source_(std::move(source)), has_lines_(has_lines) {}
  void OnDocumentStart(const YAML::Mark& mark) override { refuse(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override {
    refuse(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    refuse(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    refuse(mark);
  }
  void OnMapEnd() override {}

 private:
  [[noreturn]] void refuse(const YAML::Mark& mark) const {
    const std::string place = has_lines_ ? fmt::format(":{}:{}", mark.line + 1, mark.column + 1) : "";
    fail_usage("{}{}: something follows the end of the YAML document (a stray ',' or '---'); remove it",
               source_, place);
  }
  std::string source_;
  bool has_lines_;
};

/// "line:column" of a byte offset, from 1, in bytes.
std::string place_of(std::string_view text, size_t offset) {
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
  const size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const size_t column = newline == std::string_view::npos ? offset + 1 : offset - newline;
  return fmt::format("{}:{}", line, column);
}

void check_is_text(std::string_view text, const std::string& source) {
  if (text.size() > kMaxYamlBytes) {
    fail_usage("{}: is larger than {} KiB, which no configuration is; is this the right file?", source,
               kMaxYamlBytes / 1024);
  }
  size_t bad = find_invalid_utf8(text);
  for (size_t i = 0; i < std::min(bad, text.size()); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) bad = i;
  }
  if (bad != std::string_view::npos) {
    fail_usage("{}:{}: expected YAML text in UTF-8, got the byte 0x{:02X}; is this the right file?", source,
               place_of(text, bad), static_cast<unsigned char>(text[bad]));
  }
}

/// Offset of the quote that closes the one at `open`: \" does not close "..., and '' does not close '....
size_t find_closing_quote(std::string_view text, size_t open) {
  const char quote = text[open];
  for (size_t i = open + 1; i < text.size(); ++i) {
    const bool escape = quote == '"' ? text[i] == '\\' : text.substr(i, 2) == "''";
    if (escape) {
      ++i;
    } else if (text[i] == quote) {
      return i;
    }
  }
  return std::string_view::npos;
}

/// What yaml-cpp 0.7 gets wrong or says badly, found before it sees the text: open brackets (it reads all
/// that follow and then reports a bad key), a quote that is never closed (accepted), tabs as indentation.
void check_brackets_and_quotes(std::string_view text, const std::string& source, bool has_lines) {
  const auto place = [&](size_t offset) {
    return has_lines ? fmt::format(":{}", place_of(text, offset)) : "";
  };
  std::vector<size_t> open_brackets;
  bool indentation = true;  // only white space since the line began
  bool token_start = true;  // a quote here opens a quoted text; elsewhere it is an apostrophe
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool after_space = i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t' || text[i - 1] == '\n';
    if (c == '\n') {
      indentation = token_start = true;
      continue;
    }
    if (c == '\t' && indentation && has_lines) {
      fail_usage("{}{}: a tab in the indentation; YAML is indented with spaces", source, place(i));
    }
    if (c == ' ' || c == '\t' || c == '\r') continue;
    if (c == '#' && after_space) {
      i = std::min(text.find('\n', i), text.size()) - 1;
      continue;
    }
    indentation = false;
    if ((c == '"' || c == '\'') && token_start) {
      const size_t close = find_closing_quote(text, i);
      if (close == std::string_view::npos) {
        fail_usage("{}{}: the quote that opens here is never closed", source, place(i));
      }
      i = close;
    }
    if ((c == ']' || c == '}') && !open_brackets.empty()) open_brackets.pop_back();
    // Outside brackets, one in the middle of a plain text is a letter.
    if ((c == '[' || c == '{') && (token_start || !open_brackets.empty())) open_brackets.push_back(i);
    if (open_brackets.size() > static_cast<size_t>(kMaxYamlDepth)) refuse_depth(source + place(i));
    token_start = std::string_view("[{,:-?").find(text[i]) != std::string_view::npos;
  }
  if (!open_brackets.empty()) {
    const size_t open = open_brackets.back();
    fail_usage("{}{}: the bracket '{}' that opens here is never closed", source, place(open), text[open]);
  }
}

YamlNode parse(std::string_view text, const std::string& source, bool has_lines) {
  check_is_text(text, source);
  check_brackets_and_quotes(text, source, has_lines);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(std::make_shared<const std::string>(source), has_lines);
    if (parser.HandleNextDocument(builder)) {
      NothingMore nothing_more(source, has_lines);
      parser.HandleNextDocument(nothing_more);
    }
    return builder.take_root();
  } catch (const YAML::Exception& error) {
    const std::string place = has_lines && !error.mark.is_null()
                                  ? fmt::format(":{}:{}", error.mark.line + 1, error.mark.column + 1)
                                  : "";
    fail_usage("{}{}: not valid YAML: {}", source, place, printable(error.msg, 200));
  }
}

}  // namespace

std::string YamlOrigin::text() const {
  const std::string name = source ? *source : std::string("configuration");
  return line == 0 ? name : fmt::format("{}:{}:{}", name, line, column);
}

YamlNode parse_yaml(std::string_view text, const std::string& source) {
  return parse(text, source, true);
}

YamlNode parse_yaml_value(std::string_view text, const std::string& source) {
  return parse(text, source, false);
}

YamlNode read_yaml_file(const std::filesystem::path& path, const std::string& asked_by) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    fail_usage("{}{}: expected a configuration file, got a folder", asked_by, printable(path.string(), 4096));
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fail_usage("{}{}: cannot read the configuration: {}", asked_by, printable(path.string(), 4096),
               std::strerror(errno != 0 ? errno : EIO));
  }
  std::string text(kMaxYamlBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) fail_usage("{}{}: cannot read the configuration", asked_by, printable(path.string(), 4096));
  text.resize(static_cast<size_t>(file.gcount()));
  return parse_yaml(text, printable(path.string(), 4096));
}

}  // namespace fixynn
