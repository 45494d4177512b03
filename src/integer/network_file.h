// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "integer/integer_network.h"

namespace fixynn {

// Network files (networks/fixed_NN.safetensors): a safetensors file with the integers of every lowered
// convolution, the float parameters of all of them, and a description in its metadata. docs/network_format.md
// defines it.

/// Checks the network (check_network) and replaces the file atomically. Equal networks give equal bytes.
/// `metadata` may hold any keys but the format's own; throws for one of those.
void write_network(const std::filesystem::path& path, const IntegerNetwork& network);

/// Reads and checks everything: format, checksum, shapes, bits, code ranges, intervals, the frozen weights'
/// SHA-256. Throws one sentence naming the file, the place in it and the fault.
IntegerNetwork read_network(const std::filesystem::path& path);

/// The same from and to memory; `what` names the file in errors.
std::vector<uint8_t> serialise_network(const IntegerNetwork& network, const std::string& what);
IntegerNetwork parse_network(std::span<const uint8_t> contents, const std::string& what);

}  // namespace fixynn
