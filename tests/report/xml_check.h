// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fixynn::testing_report {

/// First fault in a piece of XML, or "": tags that do not nest, unquoted or repeated attributes, bare & or <,
/// unknown entities, control characters.
inline std::string xml_fault(std::string_view text) {
  std::vector<std::string> open;
  const auto check_text = [](std::string_view part) -> std::string {
    for (size_t i = 0; i < part.size(); ++i) {
      const unsigned char c = static_cast<unsigned char>(part[i]);
      if (c == '<') return "bare <";
      if (c < 0x20 && c != '\n' && c != '\t' && c != '\r') return "control character";
      if (c != '&') continue;
      const size_t end = part.find(';', i);
      if (end == std::string_view::npos) return "bare &";
      const std::string entity(part.substr(i, end - i + 1));
      const std::set<std::string> known{"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
      if (!known.contains(entity)) return "unknown entity " + entity;
    }
    return "";
  };
  size_t roots = 0;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '<') {
      const size_t end = std::min(text.find('<', i), text.size());
      if (const std::string fault = check_text(text.substr(i, end - i)); !fault.empty()) return fault;
      i = end;
      continue;
    }
    size_t at = i + 1;
    const bool closing = at < text.size() && text[at] == '/';
    if (closing) ++at;
    const size_t name_start = at;
    while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '-'))
      ++at;
    const std::string name(text.substr(name_start, at - name_start));
    std::set<std::string> attributes;
    while (at < text.size() && text[at] == ' ') {
      const size_t start = at + 1, equals = text.find('=', start);
      if (equals == std::string_view::npos || equals + 1 >= text.size())
        return "an attribute without a value in " + name;
      const char quote = text[equals + 1];
      if (quote != '"' && quote != '\'') return "an unquoted attribute in " + name;
      const size_t end = text.find(quote, equals + 2);
      if (end == std::string_view::npos) return "an open attribute in " + name;
      if (!attributes.insert(std::string(text.substr(start, equals - start))).second)
        return "a repeated attribute in " + name;
      if (const std::string fault = check_text(text.substr(equals + 2, end - equals - 2)); !fault.empty())
        return fault;
      at = end + 1;
    }
    const bool empty = at < text.size() && text[at] == '/';
    if (empty) ++at;
    if (name.empty() || at >= text.size() || text[at] != '>') return "an unfinished tag " + name;
    i = at + 1;
    if (closing) {
      if (open.empty() || open.back() != name) return "</" + name + "> closes nothing";
      open.pop_back();
    } else if (!empty) {
      if (open.empty() && ++roots > 1) return "more than one root";
      open.push_back(name);
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

}  // namespace fixynn::testing_report
