#include "transform/detail/cells.hpp"

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>

#include "base/error.hpp"

namespace millrace::transform {

void copy_cell(Call& call, std::size_t row, const Vector& from, std::size_t from_row) {
    const auto state = from.state(from_row);
    if (state != State::value) {
        call.out.set_state(row, state);
        if (state != State::error) return;
        if (call.out.faults.size() < call.out.rows) call.out.faults.resize(call.out.rows);
        call.out.faults[row] = from.faults[from_row];
        return;
    }
    switch (call.out.type.kind) {
        case Kind::text:
        case Kind::json:
        case Kind::list: call.out.texts[row] = from.texts[from_row]; break;
        case Kind::decimal: call.out.decimals[row] = from.decimals[from_row]; break;
        case Kind::float64: call.out.floats[row] = from.floats[from_row]; break;
        default: call.out.ints[row] = from.ints[from_row];
    }
}

int compare_cells(const Vector& a, std::size_t a_row, const Vector& b, std::size_t b_row) {
    const auto order = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
    switch (a.type.kind) {
        case Kind::text:
        case Kind::json:
        case Kind::list: return order(a.texts[a_row], b.texts[b_row]);
        case Kind::decimal: return order(a.decimals[a_row], b.decimals[b_row]);
        case Kind::float64: return order(a.floats[a_row], b.floats[b_row]);
        default: return order(a.ints[a_row], b.ints[b_row]);
    }
}

std::vector<std::string> list_items(std::string_view list) {
    std::vector<std::string> items;
    const auto value = json::parse(list);
    if (const auto* array = value.if_array()) {
        for (const auto& item : *array) items.push_back(item.is_string() ? std::string{std::string_view{item.get_string()}} : json::serialize(item));
    }
    return items;
}

std::string list_text(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const auto& item : items) {
        if (out.size() > 1) out += ',';
        json::append_string(out, item);
    }
    return out + ']';
}

}  // namespace millrace::transform
