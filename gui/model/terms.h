// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace fixynn::gui {

/// A word of the screen with its definition, unit and source, for tooltips and the glossary.
struct Term {
  std::string_view name;        ///< as it stands on the screen: "Fixed ops"
  std::string_view unit;        ///< "" for none
  std::string_view definition;  ///< one or two sentences
};

std::span<const Term> terms();
/// Name, unit and definition, a line each (no line for a unit that is not there); "" for a word that is not
/// in the table. Whether letters are capitals does not count.
std::string_view term_definition(std::string_view name);

}  // namespace fixynn::gui
