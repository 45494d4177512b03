// SPDX-License-Identifier: Apache-2.0
#include "hardware/technology.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "hardware/built_in_technologies.h"

namespace fixynn {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<const char*, FigureKind>, 4> kKinds = {{
    {"measured", FigureKind::kMeasured},
    {"published", FigureKind::kPublished},
    {"derived", FigureKind::kDerived},
    {"fitted", FigureKind::kFitted},
}};

/// An area beside the bits may be below zero by what the ends of a component save, which is a few bits. Below
/// so many (a requantiser: 10 bits of accumulator by 16 of M) whole layers would have areas below zero.
constexpr double kMostBitsBesideAdder = 10, kMostBitsBesideRequantiser = 160;

/// Control characters of ASCII and of Unicode's first page: a terminal acts on them.
bool has_control_characters(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

/// Parses and refuses a key that stands twice in one object, which the parser would silently drop.
Json parse_json(const std::string& text, const std::string& what) {
  std::vector<std::set<std::string>> keys;
  std::vector<std::string> path;
  std::string twice;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
      path.emplace_back();
    }
    if (event == Json::parse_event_t::object_end && !keys.empty()) {
      keys.pop_back();
      path.pop_back();
    }
    if (event == Json::parse_event_t::key && !keys.empty()) {
      const auto key = parsed.get<std::string>();
      path.back() = key;
      if (!keys.back().insert(key).second && twice.empty()) twice = key;
    }
    return true;
  };
  Json json;
  try {
    json = Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    fail(
        "{}: not JSON at byte {} of {}; the file is cut short or damaged, so write it anew with "
        "'fixynn-cost calibrate'",
        what, error.byte, text.size());
  } catch (const Json::exception&) {
    // Well-formed, yet beyond the parser: a number that no double holds.
    fail("{}: {}: the number is too large; give a finite one, or null where it is unknown", what,
         path.empty() ? "the first value" : printable(fmt::format("{}", fmt::join(path, "."))));
  }
  if (!twice.empty()) fail("{}: the key \"{}\" stands twice; remove one of them", what, printable(twice));
  return json;
}

void check_keys(const Json& object, const std::vector<std::string>& required,
                const std::vector<std::string>& allowed, const std::string& what) {
  if (!object.is_object()) {
    fail("{}: expected an object with the keys {}", what, fmt::join(required, ", "));
  }
  for (const std::string& key : required) {
    if (!object.contains(key)) fail("{}: the key \"{}\" is missing; add it (docs/cost.md)", what, key);
  }
  for (const auto& entry : object.items()) {
    const std::string& key = entry.key();
    if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    const std::string near = nearest_name(key, allowed);
    fail("{}: unknown key \"{}\"; {}", what, printable(key),
         near.empty() ? "remove it" : fmt::format("did you mean \"{}\"?", near));
  }
}

std::string read_text(const Json& object, const char* key, const std::string& what) {
  const Json& value = object.at(key);
  if (!value.is_string() || value.get<std::string>().empty()) {
    fail("{}: \"{}\" must be a text that is not empty", what, key);
  }
  const auto text = value.get<std::string>();
  if (has_control_characters(text)) {
    fail("{}: \"{}\" holds a control character, such as a line break; write plain text on one line", what,
         key);
  }
  return text;
}

std::optional<double> read_number(const Json& object, const char* key, const std::string& what) {
  if (!object.contains(key) || object.at(key).is_null()) return std::nullopt;
  const Json& value = object.at(key);
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    fail("{}: \"{}\" must be a finite number, or null where it is unknown", what, key);
  }
  return value.get<double>();
}

FigureKind read_kind(const Json& object, const std::string& what) {
  const std::string name = read_text(object, "kind", what);
  for (const auto& [known, kind] : kKinds) {
    if (name == known) return kind;
  }
  fail("{}: the kind \"{}\" is not measured, published, derived or fitted", what, printable(name));
}

/// Far above any figure in its unit: what is larger was given in another one.
constexpr double kMostOfAFigure = 1e6;

bool may_be_below_zero(const TechnologyKey& key) {
  return key.figure == &Technology::requantiser_unit_area_um2 || key.figure == &Technology::adder_area_um2 ||
         key.figure == &Technology::full_adder_area_um2;
}

const char* key_of(Figure Technology::*figure) {
  for (const TechnologyKey& key : technology_keys()) {
    if (key.figure == figure) return key.key;
  }
  return "unknown";
}

Figure read_figure(const Json& object, const TechnologyKey& key, const std::string& what) {
  check_keys(object, {"value", "unit", "kind", "source"}, {"value", "unit", "kind", "source", "low", "high"},
             what);
  const std::string unit = read_text(object, "unit", what);
  if (unit != key.unit) fail("{}: the unit must be \"{}\", not \"{}\"", what, key.unit, printable(unit));
  Figure figure;
  figure.kind = read_kind(object, what);
  figure.source = read_text(object, "source", what);
  figure.value = read_number(object, "value", what);
  figure.low = read_number(object, "low", what);
  figure.high = read_number(object, "high", what);
  const bool may_be_negative = may_be_below_zero(key);
  for (const auto& value : {figure.value, figure.low, figure.high}) {
    if (value && *value < 0 && !may_be_negative) fail("{}: {} is negative; give 0 or more", what, *value);
    if (value && key.figure == &Technology::adder_bit_activity && *value > 1) {
      fail("{}: {} is above 1; a bit changes at most once when its operands do", what, *value);
    }
    if (value && key.figure != &Technology::clock_mhz && std::abs(*value) > kMostOfAFigure) {
      fail("{}: {} is more than any process has; give at most {:g}", what, *value, kMostOfAFigure);
    }
    if (value && key.figure == &Technology::clock_mhz) {
      if (const std::string fault = clock_fault(*value); !fault.empty()) fail("{}: {}", what, fault);
    }
  }
  // Where all areas grow from low to high, one below zero falls.
  const double lowest = figure.low.value_or(-INFINITY), highest = figure.high.value_or(INFINITY);
  const bool falls = may_be_negative && figure.low && figure.high && lowest > highest;
  const double least = falls ? highest : lowest, most = falls ? lowest : highest;
  if (least > most || (figure.value && (*figure.value < least || *figure.value > most))) {
    fail("{}: value, low and high are out of order; low <= value <= high is needed", what);
  }
  return figure;
}

/// An area beside the bits of a component must leave the component an area above zero.
void check_beside(const Technology& technology, Figure Technology::*beside, Figure Technology::*bit,
                  double bits, const std::string& what) {
  const auto check = [&](const std::optional<double>& own, const std::optional<double>& one_bit) {
    if (!own || !one_bit || *own >= -bits * *one_bit) return;
    fail("{}: figures.{}: {} is below -{} x {}, so that areas become negative; give a larger value", what,
         key_of(beside), *own, bits, key_of(bit));
  };
  const Figure &own = technology.*beside, &one_bit = technology.*bit;
  check(own.value, one_bit.value);
  check(own.low ? own.low : own.value, one_bit.low ? one_bit.low : one_bit.value);
  check(own.high ? own.high : own.value, one_bit.high ? one_bit.high : one_bit.value);
}

Json number(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

const std::vector<TechnologyKey>& technology_keys() {
  static const std::vector<TechnologyKey> keys = {
      {"adder_bit_area_um2", "um2", &Technology::adder_bit_area_um2},
      {"full_adder_bit_area_um2", "um2", &Technology::full_adder_bit_area_um2},
      {"adder_area_um2", "um2", &Technology::adder_area_um2},
      {"full_adder_area_um2", "um2", &Technology::full_adder_area_um2},
      {"register_bit_area_um2", "um2", &Technology::register_bit_area_um2},
      {"enable_bit_area_um2", "um2", &Technology::enable_bit_area_um2},
      {"sram_bit_area_um2", "um2", &Technology::sram_bit_area_um2},
      {"requantiser_product_bit_area_um2", "um2", &Technology::requantiser_product_bit_area_um2},
      {"requantiser_unit_area_um2", "um2", &Technology::requantiser_unit_area_um2},
      {"requantiser_select_bit_area_um2", "um2", &Technology::requantiser_select_bit_area_um2},
      {"mask_bit_area_um2", "um2", &Technology::mask_bit_area_um2},
      {"adder_bit_toggle_energy_fj", "fJ", &Technology::adder_bit_toggle_energy_fj},
      {"full_adder_bit_toggle_energy_fj", "fJ", &Technology::full_adder_bit_toggle_energy_fj},
      {"adder_bit_activity", "1", &Technology::adder_bit_activity},
      {"register_bit_clock_energy_fj", "fJ", &Technology::register_bit_clock_energy_fj},
      {"register_bit_toggle_energy_fj", "fJ", &Technology::register_bit_toggle_energy_fj},
      {"requantiser_product_bit_energy_fj", "fJ", &Technology::requantiser_product_bit_energy_fj},
      {"shared_requantiser_product_bit_energy_fj", "fJ",
       &Technology::shared_requantiser_product_bit_energy_fj},
      {"sram_bit_access_energy_fj", "fJ", &Technology::sram_bit_access_energy_fj},
      {"leakage_nw_per_um2", "nW/um2", &Technology::leakage_nw_per_um2},
      {"clock_mhz", "MHz", &Technology::clock_mhz},
      {"dram_energy_pj_per_byte", "pJ/B", &Technology::dram_energy_pj_per_byte},
  };
  return keys;
}

std::string clock_fault(double clock_mhz) {
  if (clock_mhz >= kLeastClockMhz && clock_mhz <= kMostClockMhz) return "";
  return fmt::format("a clock of {} MHz is outside {}..{} MHz; give one in MHz, for example 810", clock_mhz,
                     kLeastClockMhz, kMostClockMhz);
}

std::string figure_kind_name(FigureKind kind) {
  for (const auto& [name, known] : kKinds) {
    if (known == kind) return name;
  }
  return "unknown";
}

Technology parse_technology(const std::string& json, const std::string& what) {
  const Json root = parse_json(json, what);
  check_keys(root, {"name", "summary", "figures"}, {"name", "summary", "figures"}, what);
  Technology technology;
  technology.name = read_text(root, "name", what);
  technology.summary = read_text(root, "summary", what);
  std::vector<std::string> keys;
  for (const TechnologyKey& key : technology_keys()) keys.emplace_back(key.key);
  const Json& figures = root.at("figures");
  check_keys(figures, keys, keys, what + ": figures");
  for (const TechnologyKey& key : technology_keys()) {
    technology.*key.figure =
        read_figure(figures.at(key.key), key, fmt::format("{}: figures.{}", what, key.key));
  }
  using T = Technology;
  check_beside(technology, &T::adder_area_um2, &T::adder_bit_area_um2, kMostBitsBesideAdder, what);
  check_beside(technology, &T::full_adder_area_um2, &T::full_adder_bit_area_um2, kMostBitsBesideAdder, what);
  check_beside(technology, &T::requantiser_unit_area_um2, &T::requantiser_product_bit_area_um2,
               kMostBitsBesideRequantiser, what);
  return technology;
}

Technology read_technology(const std::filesystem::path& path) {
  return parse_technology(read_text_file(path), path.string());
}

std::string technology_json(const Technology& technology) {
  Json figures = Json::object();
  for (const TechnologyKey& key : technology_keys()) {
    const Figure& figure = technology.*key.figure;
    figures[key.key] = {
        {"value", number(figure.value)}, {"unit", key.unit},          {"kind", figure_kind_name(figure.kind)},
        {"source", figure.source},       {"low", number(figure.low)}, {"high", number(figure.high)}};
  }
  const Json root = {{"name", technology.name}, {"summary", technology.summary}, {"figures", figures}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::string> technology_names() {
  std::vector<std::string> names;
  for (const auto& entry : kBuiltInTechnologies) names.emplace_back(entry.first);
  return names;
}

Technology find_technology(const std::string& name_or_path) {
  if (name_or_path.ends_with(".json")) return read_technology(name_or_path);
  for (const auto& [name, text] : kBuiltInTechnologies) {
    if (name == name_or_path) {
      return parse_technology(std::string(text), fmt::format("technology {}", name));
    }
  }
  fail_usage("unknown technology \"{}\"; known are {}, or give a file that ends with .json",
             printable(name_or_path), fmt::join(technology_names(), ", "));
}

}  // namespace fixynn
