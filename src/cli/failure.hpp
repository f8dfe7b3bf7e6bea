#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

/// How commands end: exit status and what a person reads.
namespace millrace::cli {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_partial = 3;
inline constexpr int exit_conflict = 6;
inline constexpr int exit_timeout = 8;
inline constexpr int exit_interrupted = 130;

/// How one file, job or pair of several came out.
struct Outcome {
    int status = exit_ok;
    bool rejected_rows = false;
};

/// The status of a command that did several things: of one alone its own; of several the common one, 1 when they failed
/// in different ways, 3 when some came out well (or rows were rejected) and some did not.
int combined_status(const std::vector<Outcome>& outcomes);

/// The language of messages, from LC_ALL, LC_MESSAGES or LANG: "nl" or "en".
std::string language();

/// What, why and what to try, on several lines, for stderr. Everything in it is safe to print.
std::string explain(const Error& error, bool colour, bool debug);

/// What to try next after such an error; empty when the message says it all.
std::string hint(Code code);

}  // namespace millrace::cli
