// SPDX-License-Identifier: Apache-2.0
#include "calibrate/liberty.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

namespace fixynn {
namespace {

/// What the library's numbers are multiplied by.
struct Units {
  double capacitance_ff = 0;
  double energy_fj = 0;
  std::optional<double> leakage_nw;
};

/// The library being read, for messages.
struct Context {
  const std::string& what;
  Units units;
  std::map<std::string, const LibertyGroup*> templates;
};

double number(const std::string& text, const std::string& place) {
  const size_t first = text.find_first_not_of(" \t+"), last = text.find_last_not_of(" \t");
  double value = 0;
  bool good = first != std::string::npos && last >= first;
  if (good) {
    const char* end = text.data() + last + 1;
    const auto [stop, error] = std::from_chars(text.data() + first, end, value);
    good = error == std::errc() && stop == end && std::isfinite(value);
  }
  if (!good) fail("{}: \"{}\" is not a number", place, printable(text));
  return value;
}

std::string place_of(const std::string& what, const LibertyGroup& group, const std::string& attribute) {
  return fmt::format("{}:{}: {} of the group {}", what, group.line, printable(attribute),
                     printable(group.name));
}

std::optional<double> find_number(const std::string& what, const LibertyGroup& group,
                                  const std::string& attribute) {
  const std::string* text = group.find(attribute);
  if (text == nullptr) return std::nullopt;
  return number(*text, place_of(what, group, attribute));
}

/// All numbers of an index or of values, from however many quoted lists.
std::optional<std::vector<double>> find_numbers(const std::string& what, const LibertyGroup& group,
                                                const std::string& attribute) {
  for (const auto& [key, lists] : group.attributes) {
    if (key != attribute) continue;
    std::vector<double> values;
    for (const std::string& list : lists) {
      for (size_t at = 0; at < list.size();) {
        const size_t begin = list.find_first_not_of(" \t,", at);
        if (begin == std::string::npos) break;
        const size_t end = std::min(list.find_first_of(" \t,", begin), list.size());
        values.push_back(number(list.substr(begin, end - begin), place_of(what, group, attribute)));
        at = end;
      }
    }
    return values;
  }
  return std::nullopt;
}

/// "1pW", "10ns", "1mA": the number and the prefix's power of ten, without the unit itself.
double unit_factor(const std::string& text, const std::string& place) {
  const size_t digits = std::min(text.find_first_not_of("0123456789.+-eE \t"), text.size());
  if (digits == 0 || digits == text.size()) fail("{}: \"{}\" is not a unit", place, printable(text));
  double factor = number(text.substr(0, digits), place);
  const std::string unit = text.substr(digits);
  if (unit.size() >= 2) {
    static const std::map<char, double> kPrefixes = {{'k', 1e3},   {'K', 1e3},   {'M', 1e6},   {'m', 1e-3},
                                                     {'u', 1e-6},  {'n', 1e-9},  {'p', 1e-12}, {'P', 1e-12},
                                                     {'f', 1e-15}, {'F', 1e-15}, {'a', 1e-18}};
    const auto prefix = kPrefixes.find(unit.front());
    if (prefix == kPrefixes.end()) fail("{}: \"{}\" is not a unit", place, printable(text));
    factor *= prefix->second;
  }
  if (!(factor > 0)) fail("{}: \"{}\" is not a unit", place, printable(text));
  return factor;
}

/// Energy in power tables is in capacitive_load_unit * voltage_unit^2 (the Library Compiler user guide gives
/// that, divided by time_unit, for power): fF V^2 = fJ, pF V^2 = pJ.
Units read_units(const LibertyGroup& library, const std::string& what) {
  const auto load = std::find_if(library.attributes.begin(), library.attributes.end(),
                                 [](const auto& entry) { return entry.first == "capacitive_load_unit"; });
  if (load == library.attributes.end() || load->second.size() != 2) {
    fail("{}:{}: the library has no capacitive_load_unit (number, pf or ff); its capacitances cannot be read",
         what, library.line);
  }
  Units units;
  const std::string place = place_of(what, library, "capacitive_load_unit");
  units.capacitance_ff = unit_factor(load->second[0] + load->second[1], place) / 1e-15;
  const std::string* volt = library.find("voltage_unit");
  const double volts = volt == nullptr ? 1 : unit_factor(*volt, place_of(what, library, "voltage_unit"));
  units.energy_fj = units.capacitance_ff * volts * volts;
  if (const std::string* leakage = library.find("leakage_power_unit")) {
    units.leakage_nw = unit_factor(*leakage, place_of(what, library, "leakage_power_unit")) / 1e-9;
  }
  return units;
}

/// An axis of a table: its values and whether it is the load.
struct Axis {
  std::vector<double> values;
  bool is_load = false;
};

std::vector<Axis> table_axes(const LibertyGroup& table, const Context& context) {
  const std::string name = table.arguments.empty() ? "scalar" : table.arguments.front();
  const auto entry = context.templates.find(name);
  const LibertyGroup* model = entry == context.templates.end() ? nullptr : entry->second;
  if (name != "scalar" && model == nullptr) {
    fail("{}:{}: the table's template {} is not defined in the library", context.what, table.line,
         printable(name));
  }
  std::vector<Axis> axes;
  for (const char digit : {'1', '2', '3'}) {
    const std::string index = std::string("index_") + digit;
    const std::string* variable = model == nullptr ? nullptr : model->find(std::string("variable_") + digit);
    if (variable == nullptr) break;
    auto values = find_numbers(context.what, table, index);
    if (!values) values = find_numbers(context.what, *model, index);
    if (!values || values->empty()) {
      fail("{}:{}: the table has no {}", context.what, table.line, index);
    }
    if (!std::is_sorted(values->begin(), values->end())) {
      fail("{}:{}: {} of the table does not rise", context.what, table.line, index);
    }
    axes.push_back({std::move(*values), *variable == "total_output_net_capacitance"});
  }
  return axes;
}

/// The table at the middle of every axis but the load.
EnergyCurve energy_curve(const LibertyGroup& table, const Context& context) {
  const std::vector<Axis> axes = table_axes(table, context);
  const auto values = find_numbers(context.what, table, "values");
  size_t count = 1;
  for (const Axis& axis : axes) count *= axis.values.size();
  if (!values || values->size() != count) {
    fail("{}:{}: the table has {} values where its template asks for {}", context.what, table.line,
         values ? values->size() : 0, count);
  }
  size_t offset = 0, load_stride = 0, stride = count;
  const Axis* load = nullptr;
  for (const Axis& axis : axes) {
    stride /= axis.values.size();
    if (axis.is_load && load == nullptr) {
      load = &axis;
      load_stride = stride;
    } else {
      offset += stride * (axis.values.size() / 2);
    }
  }
  EnergyCurve curve;
  for (size_t i = 0; i < (load == nullptr ? 1 : load->values.size()); ++i) {
    if (load != nullptr) curve.load_ff.push_back(load->values[i] * context.units.capacitance_ff);
    curve.energy_fj.push_back((*values)[offset + i * load_stride] * context.units.energy_fj);
  }
  return curve;
}

LibertyPower read_power(const LibertyGroup& group, const Context& context) {
  LibertyPower power;
  const auto text = [&](const char* key) {
    const std::string* value = group.find(key);
    return value == nullptr ? std::string() : *value;
  };
  power.related_pin = text("related_pin");
  power.when = text("when");
  power.rail = text("related_pg_pin");
  for (const LibertyGroup& table : group.groups) {
    if (table.name == "rise_power" || table.name == "power") power.rise = energy_curve(table, context);
    if (table.name == "fall_power" || table.name == "power") power.fall = energy_curve(table, context);
  }
  return power;
}

LibertyPin read_pin(const LibertyGroup& group, const std::string& name, const Context& context) {
  LibertyPin pin;
  pin.name = name;
  const std::string* direction = group.find("direction");
  pin.is_output = direction != nullptr && *direction != "input";
  if (const std::string* function = group.find("function")) pin.function = *function;
  if (const std::string* clock = group.find("clock")) pin.is_clock = *clock == "true";
  const std::optional<double> capacitance = find_number(context.what, group, "capacitance");
  if (capacitance.value_or(0) < 0) {
    fail("{}:{}: the pin {} has a negative capacitance", context.what, group.line, printable(name));
  }
  if (!pin.is_output) pin.capacitance_ff = capacitance.value_or(0) * context.units.capacitance_ff;
  for (const LibertyGroup& part : group.groups) {
    if (part.name == "internal_power") pin.power.push_back(read_power(part, context));
  }
  if (!pin.function.empty()) {
    BooleanFunction(pin.function, fmt::format("{}:{}: pin {}", context.what, group.line, printable(name)));
  }
  return pin;
}

/// For each rail the entry without a state, else the mean over states; summed over rails. Else the cell's
/// own attribute.
std::optional<double> read_leakage(const LibertyGroup& cell, const Context& context) {
  if (!context.units.leakage_nw) return std::nullopt;
  struct Rail {
    std::optional<double> always;
    double sum = 0;
    int count = 0;
  };
  std::map<std::string, Rail> rails;
  for (const LibertyGroup& part : cell.groups) {
    if (part.name != "leakage_power") continue;
    const std::optional<double> value = find_number(context.what, part, "value");
    if (!value) fail("{}:{}: the group leakage_power has no value", context.what, part.line);
    const std::string* rail_name = part.find("related_pg_pin");
    Rail& rail = rails[rail_name == nullptr ? "" : *rail_name];
    if (part.find("when") == nullptr) {
      rail.always = value;
    } else {
      rail.sum += *value;
      ++rail.count;
    }
  }
  if (rails.empty()) {
    const std::optional<double> value = find_number(context.what, cell, "cell_leakage_power");
    return value ? std::optional(*value * *context.units.leakage_nw) : std::nullopt;
  }
  double total = 0;
  for (const auto& [name, rail] : rails) total += rail.always ? *rail.always : rail.sum / rail.count;
  return total * *context.units.leakage_nw;
}

LibertyCell read_cell(const LibertyGroup& group, const Context& context) {
  LibertyCell cell;
  if (group.arguments.size() != 1) {
    fail("{}:{}: a cell needs one name, this one has {}", context.what, group.line, group.arguments.size());
  }
  cell.name = group.arguments.front();
  const std::optional<double> area = find_number(context.what, group, "area");
  if (!area || *area < 0) {
    fail("{}:{}: the cell {} has {}", context.what, group.line, printable(cell.name),
         area ? "a negative area" : "no area");
  }
  cell.area_um2 = *area;
  cell.leakage_nw = read_leakage(group, context);
  for (const LibertyGroup& part : group.groups) {
    if (part.name == "pin") {
      for (const std::string& name : part.arguments) cell.pins.push_back(read_pin(part, name, context));
    } else if (part.name == "ff") {
      cell.is_flip_flop = true;
      if (!part.arguments.empty()) cell.state = part.arguments[0];
      if (part.arguments.size() > 1) cell.inverted_state = part.arguments[1];
      if (const std::string* next = part.find("next_state")) cell.next_state = *next;
      if (const std::string* clock = part.find("clocked_on")) cell.clocked_on = *clock;
      cell.has_asynchronous_inputs = part.find("clear") != nullptr || part.find("preset") != nullptr;
      if (cell.next_state.empty() || cell.clocked_on.empty() || cell.state.empty()) {
        fail("{}:{}: the flip-flop {} lacks its state, next_state or clocked_on", context.what, part.line,
             printable(cell.name));
      }
    }
  }
  return cell;
}

}  // namespace

LibertyLibrary library_from_group(const LibertyGroup& group, const std::string& what) {
  if (group.name != "library") {
    fail("{}:{}: the file begins with {}, not with library; it is no Liberty file", what, group.line,
         printable(group.name));
  }
  Context context{what, read_units(group, what), {}};
  for (const LibertyGroup& part : group.groups) {
    if (part.name == "power_lut_template" && !part.arguments.empty()) {
      context.templates[part.arguments.front()] = &part;
    }
  }
  LibertyLibrary library;
  if (!group.arguments.empty()) library.name = group.arguments.front();
  const std::string* volt = group.find("voltage_unit");
  const double volts = volt == nullptr ? 1 : unit_factor(*volt, place_of(what, group, "voltage_unit"));
  // Areas do not need it; what computes energies refuses 0.
  library.voltage_v = find_number(what, group, "nom_voltage").value_or(0) * volts;
  for (const LibertyGroup& part : group.groups) {
    if (part.name != "cell") continue;
    LibertyCell cell = read_cell(part, context);
    const std::string name = cell.name;
    if (!library.cells.emplace(name, std::move(cell)).second) {
      fail("{}:{}: the cell {} is there twice", what, part.line, printable(name));
    }
  }
  if (library.cells.empty()) fail("{}:{}: the library has no cells", what, group.line);
  return library;
}

LibertyLibrary read_liberty(const std::filesystem::path& path) {
  const std::string what = path.string();
  return library_from_group(parse_liberty(read_text_file(path), what), what);
}

}  // namespace fixynn
