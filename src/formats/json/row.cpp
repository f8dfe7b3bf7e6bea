#include "formats/json/detail/row.hpp"

#include <fmt/format.h>

#include <cassert>

namespace millrace::formats::json_files {
namespace {

Cell cell_of(std::string_view text, bool quoted) { return {text.data(), static_cast<std::uint32_t>(text.size()), quoted}; }

}  // namespace

Outcome Row::read(Scanner& in, Columns& columns, int depth) {
    used_ = 0;
    columns.begin_row();
    char c = 0;
    if (!in.peek(c)) return in.outcome();
    is_object_ = c == '{';
    const bool good = is_object_ ? object(in, columns, Columns::root, depth) : value(in, columns, Columns::root, depth);
    if (!good) columns.forget_row();
    return in.outcome();
}

bool Row::key(Scanner& in, std::string_view& text) {
    RawString raw;
    if (!in.string(raw)) return false;
    text = raw.text;
    if (raw.escaped) {
        scratch_.clear();
        unescape(scratch_, raw.text);
        text = scratch_;
    }
    return true;
}

bool Row::object(Scanner& in, Columns& columns, Columns::Node node, int depth) {
    if (depth > depth_max) return in.refuse(fmt::format("nested more than {} deep", depth_max), "too_deep");
    in.take();
    char c = 0;
    if (!in.peek(c)) return false;
    if (c == '}') {
        in.take();
        if (node != Columns::root) add({.node = node, .cell = cell_of("{}", false), .empty = true});
        return true;
    }
    std::size_t hint = 0;
    for (;;) {
        if (!in.peek(c)) return false;
        if (c != '"') return in.refuse("expected a key in double quotes");
        const auto at = in.at();
        auto child = columns.expected(node, hint);
        if (child != Columns::none && in.accept(columns.key(child))) {
            ++hint;
        } else {
            std::string_view text;
            if (!key(in, text)) return false;
            child = columns.child(node, text, hint);
        }
        if (!in.colon()) return false;
        if (!columns.visit(child)) {
            in.note("duplicate_key", fmt::format("the key \"{}\" stands twice in one object", columns.key(child)), at);
        }
        if (!value(in, columns, child, depth + 1) || !in.peek(c)) return false;
        if (c != ',' && c != '}') return in.refuse("expected a comma or }");
        in.take();
        if (c == '}') return true;
    }
}

bool Row::value(Scanner& in, Columns& columns, Columns::Node node, int depth) {
    char c = 0;
    if (!in.peek(c)) return false;
    if (c == '"') {
        RawString raw;
        if (!in.string(raw)) return false;
        add({.node = node, .cell = cell_of(raw.text, true), .escaped = raw.escaped});
        return true;
    }
    if (c == '{' && flatten_ && node != Columns::none) return object(in, columns, node, depth);
    const auto from = in.at();
    if (!in.skip(depth)) return false;
    const auto text = in.since(from);
    if (text == "null") add({.node = node, .empty = true});
    else add({.node = node, .cell = cell_of(text, false)});
    return true;
}

void Row::teach(Columns& columns, bool usable) const {
    if (!usable) return columns.forget_row();
    if (!is_object_ || fields().empty()) return;
    columns.learn_object();
    for (const auto& field : fields()) columns.learn(field.node, field.empty);
}

void Row::put(const Columns& columns, Cell* cells, Arena& arena) {
    // Without any key in the table, an object is a value like others.
    if (is_object_ && !columns.has_objects()) cells[0] = cell_of("{}", false);
    for (const auto& field : fields()) {
        assert(field.node != Columns::none);  // settle() has refused a table of too many columns
        const auto column = is_object_ ? columns.column(field.node) : std::optional<std::uint32_t>{0};
        if (!column) continue;
        auto cell = field.cell;
        if (field.escaped) {
            scratch_.clear();
            unescape(scratch_, cell.text());
            cell = cell_of(arena.keep(scratch_), true);
        }
        cells[*column] = cell;
    }
}

}  // namespace millrace::formats::json_files
