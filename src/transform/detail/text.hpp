#pragma once

#include <string>
#include <string_view>

#include "transform/operator.hpp"

/// Help for operators that work on text.
namespace millrace::transform {

/// White space as Unicode has it, at the start (end) of the text: how many bytes; 0 for none.
std::size_t space_at_start(std::string_view text);
std::size_t space_at_end(std::string_view text);
std::string_view trim(std::string_view text);

bool is_ascii(std::string_view text);
/// Characters (code points) of valid UTF-8.
std::size_t count_characters(std::string_view text);
/// Where character `n` begins; the size of the text when there are fewer.
std::size_t offset_of_character(std::string_view text, std::size_t n);

enum class Case : unsigned char { lower, upper, title };
std::string to_case(std::string_view text, Case wanted);
/// Without regard to case, accents and white space at the ends; for comparisons.
std::string folded(std::string_view text);
std::string without_accents(std::string_view text);

/// Text to text, of the first argument.
template <class Make>
Bound text_to_text(Make make) {
    return {.type = {Kind::text}, .run = [make](Call& call) {
        const auto& in = call.arg(0).texts;
        auto& out = call.out.texts;
        each(call, [&](std::size_t row) { out[row] = make(in[row], call.frame.scratch); });
    }};
}

template <class Test>
Bound text_to_bool(Test test) {
    return {.type = {Kind::boolean}, .run = [test](Call& call) {
        const auto& in = call.arg(0).texts;
        auto& out = call.out.ints;
        each(call, [&](std::size_t row) { out[row] = test(in[row]) ? 1 : 0; });
    }};
}

}  // namespace millrace::transform
