#include "formats/xml/detail/record.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace millrace::formats::xml {

void Record::clear() {
    if (bytes_ > kept_bytes_max) parts_.clear();
    used_ = 0;
    bytes_ = 0;
}

std::uint32_t Record::add(Outline::Path path) {
    const auto index = used_++;
    if (index == parts_.size()) parts_.emplace_back();
    auto& part = parts_[index];
    part.path = path;
    part.above = open_;
    part.first = part.last = part.next = none;
    part.is_attribute = false;
    part.text.clear();
    bytes_ += sizeof(Part);
    if (open_ == none) return index;
    auto& above = parts_[open_];
    if (above.first == none) above.first = index;
    else parts_[above.last].next = index;
    above.last = index;
    return index;
}

void Record::start(Outline::Path path, const char** attributes) {
    open_ = add(path);
    for (; *attributes != nullptr; attributes += 2) {
        if (std::string_view{*attributes}.starts_with("xmlns")) continue;
        auto& part = parts_[add(outline_.child(path, '@' + std::string{*attributes}))];
        part.is_attribute = true;
        part.text = attributes[1];
        bytes_ += part.text.size();
    }
}

void Record::text(std::string_view text) {
    parts_[open_].text += text;
    bytes_ += text.size();
}

bool Record::end() {
    open_ = parts_[open_].above;
    return open_ == none;
}

/// The text of a part, without blanks that are only layout.
std::string_view Record::value(const Part& part) const {
    if (part.first != none && is_blank(part.text)) return {};
    return part.text;
}

void Record::put(Cell* cells, Arena& arena) {
    arrays_.resize(outline_.names().size());
    put_part(0, cells, arena);
    for (std::size_t column = 0; column < arrays_.size(); ++column) {
        auto& array = arrays_[column];
        if (array.empty()) continue;
        array += ']';
        const auto kept = arena.keep(array);
        cells[column] = {kept.data(), static_cast<std::uint32_t>(kept.size()), false};
        if (array.size() > kept_bytes_max) array = {};
        else array.clear();
    }
}

void Record::put_text(const Part& part, Cell* cells, Arena& arena) const {
    const auto column = outline_.column(part.path);
    const auto text = value(part);
    if (!column || (text.empty() && !part.is_attribute)) return;
    const auto kept = arena.keep(text);
    cells[*column] = {kept.data(), static_cast<std::uint32_t>(kept.size()), true};
}

void Record::put_part(std::uint32_t index, Cell* cells, Arena& arena) {
    const auto& part = parts_[index];
    if (index > 0 && outline_.repeats(part.path)) {
        auto& array = arrays_[*outline_.column(part.path)];
        array += array.empty() ? '[' : ',';
        append_json(array, index);
        return;
    }
    put_text(part, cells, arena);
    for (auto child = part.first; child != none; child = parts_[child].next) put_part(child, cells, arena);
}

/// A part without parts of its own is a string, or null; else an object.
void Record::append_json(std::string& out, std::uint32_t index) const {
    const auto& part = parts_[index];
    const auto text = value(part);
    if (part.first == none) {
        if (text.empty() && !part.is_attribute) out += "null";
        else json::append_string(out, text);
        return;
    }
    std::vector<std::pair<Outline::Path, std::uint32_t>> children;
    for (auto child = part.first; child != none; child = parts_[child].next) children.emplace_back(parts_[child].path, child);
    std::ranges::stable_sort(children, {}, &std::pair<Outline::Path, std::uint32_t>::first);
    out += '{';
    for (std::size_t i = 0; i < children.size(); ++i) {
        const auto path = children[i].first;
        const bool array = outline_.repeats(path);
        const bool again = i > 0 && children[i - 1].first == path;
        if (i > 0) out += ',';
        if (!again) {
            json::append_string(out, outline_.name(path));
            out += array ? ":[" : ":";
        }
        append_json(out, children[i].second);
        if (array && (i + 1 == children.size() || children[i + 1].first != path)) out += ']';
    }
    if (!text.empty()) {
        out += ",\"#text\":";
        json::append_string(out, text);
    }
    out += '}';
}

}  // namespace millrace::formats::xml
