// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "rtl/package.h"
#include "rtl/testbench.h"

namespace fixynn {

/// What a person or a tool needs beside the Verilog: README.md, register_map.md, block_diagram.svg, Makefile,
/// fixynn_ffe.core (FuseSoC), synth.ys (Yosys), ffe_top.sdc. `with_vectors`: the package has vectors/, so
/// that it can be simulated.
std::vector<RtlFile> document_files(const FfeRtl& ffe, bool with_vectors);

/// manifest.json: network, options, files with their SHA-256, counts, latency, initiation interval, layers,
/// and what the verification found (null before it).
std::string manifest_json(const FfeRtl& ffe, const std::vector<RtlFile>& files,
                          const std::optional<VerifyReport>& verify);

}  // namespace fixynn
