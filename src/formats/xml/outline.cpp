#include "formats/xml/detail/outline.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace millrace::formats::xml {

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

Outline::Path Outline::child(Path parent, std::string_view name) {
    auto& item = items_[parent];
    if (item.children.size() > linear_max) {
        if (const auto found = item.by_name.find(name); found != item.by_name.end()) return found->second;
    } else {
        for (const auto child : item.children) {
            if (items_[child].name == name) return child;
        }
    }
    // Each column may have a few elements above it.
    name_bytes_ += name.size();
    if (items_.size() > 4ULL * columns_max_ || name_bytes_ > name_bytes_max) {
        throw Error{Code::too_many_columns, {{"limit", std::to_string(columns_max_)}}};
    }
    const auto path = static_cast<Path>(items_.size());
    auto& fresh = items_.emplace_back();
    fresh.name = name;
    fresh.parent = parent;
    fresh.is_attribute = name.starts_with('@');
    item.children.push_back(path);
    if (item.children.size() == linear_max + 1) {
        for (const auto child : item.children) item.by_name.emplace(items_[child].name, child);
    } else if (item.children.size() > linear_max) {
        item.by_name.emplace(fresh.name, path);
    }
    return path;
}

void Outline::see(Path path, std::uint64_t instance) {
    auto& item = items_[path];
    if (item.instance != instance) item.instance = instance, item.here = 0;
    item.most = std::max(item.most, ++item.here);
}

void Outline::start(std::string_view name, const char** attributes) {
    auto& around = open_.back();
    around.has_parts = true;
    const auto path = child(around.path, name);
    see(path, around.instance);
    Open fresh{.path = path, .instance = ++instances_};
    for (; *attributes != nullptr; attributes += 2) {
        if (std::string_view{*attributes}.starts_with("xmlns")) continue;
        see(child(path, '@' + std::string{*attributes}), fresh.instance);
        fresh.has_parts = true;
    }
    open_.push_back(fresh);
}

void Outline::text(std::string_view text) {
    auto& open = open_.back();
    if (!is_blank(text)) open.has_words = true;
    else open.has_blanks = true;
}

void Outline::end() {
    const auto& open = open_.back();
    // Blanks between parts are layout, blanks alone are a value.
    if (open.has_words || (open.has_blanks && !open.has_parts)) items_[open.path].has_text = true;
    open_.pop_back();
}

/// Elements with parts are rows before plain values; a list of plain values is one where nothing else is beside it.
bool Outline::is_row_like(Path path) const {
    return !items_[path].children.empty() || items_[items_[path].parent].children.size() == 1;
}

Outline::Path Outline::find_row(const std::optional<std::string>& given) const {
    if (given) {
        for (Path path = 1; path < items_.size(); ++path) {
            if (items_[path].is_attribute) continue;
            const auto full = path_of(path, top, "/");
            if (full == *given || full.ends_with('/' + *given)) return path;
        }
        throw Error{Code::invalid_parameter, {{"name", "row"}, {"why", "the document has no element " + *given}}};
    }
    const auto depth = [&](Path path) {
        std::size_t n = 0;
        for (; path != top; path = items_[path].parent) ++n;
        return n;
    };
    Path best = 1;  // the root element
    for (Path path = 2; path < items_.size(); ++path) {
        const auto& item = items_[path];
        if (item.is_attribute || item.most < 2 || !is_row_like(path)) continue;
        if (item.most > items_[best].most || (item.most == items_[best].most && depth(path) < depth(best))) best = path;
    }
    return best;
}

void Outline::settle(const std::optional<std::string>& row) {
    if (items_.size() == 1) throw Error{Code::malformed_file, {{"why", "it has no element"}}};
    row_ = find_row(row);
    add_columns(row_);
    // The tree is walked by branches, columns stand in order of appearance.
    std::vector<Path> found;
    for (Path path = 1; path < items_.size(); ++path) {
        if (items_[path].column) found.push_back(path);
    }
    if (found.size() > columns_max_) throw Error{Code::too_many_columns, {{"limit", std::to_string(columns_max_)}}};
    std::size_t bytes = 0;
    for (const auto path : found) {
        items_[path].column = static_cast<std::uint32_t>(names_.size());
        bytes += names_.emplace_back(path == row_ ? "#text" : path_of(path, row_, ".")).size();
        if (bytes > 2 * name_bytes_max) throw Error{Code::too_many_columns, {{"limit", std::to_string(columns_max_)}}};
    }
}

void Outline::add_columns(Path path) {
    auto& item = items_[path];
    const bool array = path != row_ && item.most > 1;
    if (array || item.is_attribute || item.has_text || item.children.empty()) item.column = 0;
    if (array) return;
    for (const auto child : item.children) add_columns(child);
}

std::string Outline::path_of(Path path, Path from, std::string_view separator) const {
    std::string joined;
    for (; path != from && path != top; path = items_[path].parent) {
        joined = joined.empty() ? items_[path].name : items_[path].name + std::string{separator} + joined;
    }
    return joined;
}

std::vector<std::string> Outline::outside() const {
    std::vector<std::string> found;
    for (Path path = 1; path < items_.size() && found.size() < 20; ++path) {
        if (!items_[path].is_attribute && !items_[path].has_text) continue;
        auto above = path;
        while (above != top && above != row_) above = items_[above].parent;
        if (above == top) found.push_back(path_of(path, top, "/"));
    }
    return found;
}

}  // namespace millrace::formats::xml
