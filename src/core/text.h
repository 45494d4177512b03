// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fixynn {

/// Smallest number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, for "did you mean". Empty when none is close enough to be what was meant:
/// more than a third of its letters would have to change, 2 of a name of 4 to 8, 1 of a shorter one. Ties go
/// to the first.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

/// A piece of a user's file made safe for a one-line message: control characters and bytes that are not UTF-8
/// as \xNN, cut after `max_bytes` with "...".
std::string printable(std::string_view text, size_t max_bytes = 60);

/// Byte offset of the first byte that does not belong to well-formed UTF-8, or npos. Overlong forms and
/// surrogates are not well-formed.
size_t find_invalid_utf8(std::string_view text);

/// "0.4s", "12s", "3m 12s", "2h 05m", "3d 04h"; "n/a" for a negative or non-finite time.
std::string format_duration(double seconds);

/// With thousands separators: "40,774,272".
std::string format_count(int64_t count);

/// "1 epoch", "3 epochs": a count with its noun, "s" appended unless it is one.
std::string format_plural(int64_t count, std::string_view noun);

}  // namespace fixynn
