// Filters, sorts and cursors from anybody: refused with Error{invalid_parameter} or understood, and what was understood
// means the same when written and read again.
#include <cstdlib>

#include "query/query.hpp"

using namespace millrace;

namespace {

constexpr std::string_view states[] = {"queued", "failed"};
constexpr query::Field fields[] = {
    {"state", query::Type::word, true, states}, {"name", query::Type::text, true}, {"progress", query::Type::number, true},
    {"created_at", query::Type::time, true},    {"id", query::Type::uuid},
};

void require(bool claim) {
    if (!claim) std::abort();
}

template <class Act>
void refused_or(Act act) {
    try {
        act();
    } catch (const Error& error) {
        require(error.code() == Code::invalid_parameter);
    }
}

void without_positions(query::Filter& filter) {
    for (auto& term : filter.terms) term.position = 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    refused_or([&] {
        auto filter = query::parse_filter(text, fields);
        const auto written = query::to_string(filter);
        if (written.size() > query::filter_bytes_max) return;
        auto again = query::parse_filter(written, fields);
        without_positions(filter);
        without_positions(again);
        require(again == filter);
        query::matches(filter, [](std::string_view) { return std::optional<query::Value>{"failed"}; }, "text");
    });
    refused_or([&] {
        const auto sort = query::parse_sort(text, fields);
        require(query::parse_sort(query::to_string(sort), fields) == sort);
    });
    refused_or([&] {
        // NaN does not equal itself, so texts are compared.
        require(query::encode_cursor("list", query::decode_cursor("list", text)) == text);
    });
    return 0;
}
