// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "core/text.h"
#include "rtl/package_parts.h"

namespace fixynn {
namespace {

// How both kinds of file begin, by which one is known again.
constexpr const char* kHexStart = "// Writes to s_axil for ";
constexpr const char* kHeaderStart =
    "/* SPDX-License-Identifier: Apache-2.0\n * Batch norms for the fixed-weight feature extractor with ";

// Firmware that serves several tasks includes a header of each: what all share is the same text in each and
// has a guard of its own; all else has the prefix. The prefix's guard holds the digest, so that two networks
// of one name do not hide each other.
constexpr const char* kHeader = R"({start}{title}:
 * those of {network}, whose writes have the SHA-256 {digest}... (of the lines of writes in the .hex file).
 * register_map.md says what they mean. To program them, with `base` the address of s_axil:
 *
 *   for (i = 0; i < {macro}_PARAMETER_WRITES; i++)
 *     *(volatile uint32_t *)(base + {prefix}_parameters[i].address) = {prefix}_parameters[i].data;
 *   *(volatile uint32_t *)(base + FFE_CONTROL) = FFE_COMMIT;
 *
 * The register WEIGHTS must read {macro}_WEIGHTS_WORD. Headers of other tasks (fixynn-rtl parameters) can be included
 * beside this one; another name than {prefix} is given with --name. */
#ifndef FIXYNN_FFE_REGISTERS
#define FIXYNN_FFE_REGISTERS
#include <stdint.h>

#define FFE_ID 0x00u
#define FFE_VERSION 0x04u
#define FFE_WEIGHTS 0x08u
#define FFE_SHAPE 0x0cu
#define FFE_CONTROL 0x10u
#define FFE_STATUS 0x14u
#define FFE_FRAMES_IN 0x18u
#define FFE_FRAMES_OUT 0x1cu
#define FFE_FRAMES_BAD 0x20u
#define FFE_FRAMES_TAP 0x24u

/* CONTROL */
#define FFE_COMMIT 0x1u
#define FFE_MAIN_OFF 0x2u
#define FFE_TAP_ON 0x4u
#define FFE_MAIN_WAITS 0x8u

/* What ID must read. */
#define FFE_ID_WORD 0x4e4e5846u

struct ffe_parameter_write {{
  uint32_t address, data;
}};
#endif

#ifndef {macro}_PARAMETERS_H
#define {macro}_PARAMETERS_H 0x{digest}u

/* What WEIGHTS must read. */
#define {macro}_WEIGHTS_WORD 0x{weights}u

#define {macro}_PARAMETER_WRITES {writes}
static const struct ffe_parameter_write {prefix}_parameters[{macro}_PARAMETER_WRITES] = {{
{lines}}};

#elif {macro}_PARAMETERS_H != 0x{digest}u
#error "Two networks have the name {prefix}: write one of the headers again with fixynn-rtl parameters --name"
#endif
)";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string upper_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string write_lines(const std::vector<ParameterWrite>& writes) {
  std::string text;
  for (const ParameterWrite& write : writes) text += fmt::format("{:08x}{:08x}\n", write.address, write.data);
  return text;
}

/// A name may hold anything, a comment's end too.
std::string in_comment(std::string text) {
  for (size_t at; (at = text.find("*/")) != std::string::npos;) text.replace(at, 2, "* /");
  return text;
}

}  // namespace

std::string parameter_hex(const std::vector<ParameterWrite>& writes, const std::string& what) {
  return fmt::format("{}{}: address and data, 8 digits each\n", kHexStart, what) + write_lines(writes);
}

bool is_parameter_file(std::string_view text) {
  return text.starts_with(kHexStart) || text.starts_with(kHeaderStart);
}

bool is_c_prefix(std::string_view name) {
  if (name.empty() || !is_letter_or_digit(name[0]) || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return c == '_' || is_letter_or_digit(c); });
}

std::string c_prefix(const std::string& network_name) {
  std::string name = std::filesystem::path(network_name).stem().string();
  for (char& c : name) {
    if (!is_letter_or_digit(c)) c = '_';
  }
  return is_c_prefix(name) ? name : "ffe_" + name;
}

ParameterFiles parameter_files(const ParameterMap& map, const IntegerNetwork& network,
                               const ParameterSource& source) {
  const std::vector<ParameterWrite> writes = parameter_writes(map, network);
  std::string lines;
  size_t next = 0;
  for (const ParameterMap::Layer& layer : map.layers) {
    int largest = 0;  // what it leaves of 16 bits is another task's room
    for (size_t i = next; i < next + 2 * layer.negated.size(); i += 2)
      largest = std::max(largest, std::abs(static_cast<int>(writes.at(i).data)));
    lines += fmt::format("    /* {}: M and B of each channel; the largest M is {} of 32767 */\n", layer.conv,
                         largest);
    for (size_t c = 0; c < layer.negated.size(); ++c, next += 2) {
      lines +=
          fmt::format("    {{0x{:05x}u, 0x{:08x}u}}, {{0x{:05x}u, 0x{:08x}u}},\n", writes.at(next).address,
                      writes[next].data, writes.at(next + 1).address, writes[next + 1].data);
    }
  }
  const std::string digest = text_sha256(write_lines(writes)).substr(0, 8), name = printable(source.network);
  return {{"parameters.hex",
           parameter_hex(
               writes, fmt::format("the batch norms of {}, SHA-256 {}... of the lines below", name, digest))},
          {"parameters.h",
           fmt::format(fmt::runtime(kHeader), fmt::arg("start", kHeaderStart),
                       fmt::arg("title", in_comment(map.title)), fmt::arg("network", in_comment(name)),
                       fmt::arg("digest", digest), fmt::arg("prefix", source.prefix),
                       fmt::arg("macro", upper_case(source.prefix)),
                       fmt::arg("weights", map.layers.back().weights_to_here_sha256.substr(0, 8)),
                       fmt::arg("writes", writes.size()), fmt::arg("lines", lines))},
          writes.size(),
          digest};
}

}  // namespace fixynn
