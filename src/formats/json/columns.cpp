#include "formats/json/detail/columns.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace millrace::formats::json_files {

void Columns::begin_row() {
    ++row_;
    row_began_ = items_.size();
}

Columns::Node Columns::find(const Item& item, std::string_view key) const {
    if (item.children.size() > linear_max) {
        const auto found = item.by_key.find(key);
        return found == item.by_key.end() ? none : found->second;
    }
    for (const auto child : item.children) {
        if (items_[child].key == key) return child;
    }
    return none;
}

Columns::Node Columns::child(Node parent, std::string_view key, std::size_t& hint) {
    auto node = find(items_[parent], key);
    if (node == none) node = add(parent, key);
    if (node != none) hint = items_[node].position + 1;
    return node;
}

Columns::Node Columns::add(Node parent, std::string_view key) {
    // Each column may have a few objects above it. Rows that were refused are read again among more nodes.
    const std::size_t times = settled_ ? 2 : 1;
    if (items_.size() > times * 4 * columns_max_ || key_bytes_ + key.size() > times * key_bytes_max) too_many_ = true;
    if (too_many_) return none;
    const auto node = static_cast<Node>(items_.size());
    key_bytes_ += key.size();
    auto& fresh = items_.emplace_back();
    fresh.key = key;
    fresh.is_plain = std::ranges::none_of(key, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
    fresh.parent = parent;
    auto& item = items_[parent];
    fresh.position = static_cast<std::uint32_t>(item.children.size());
    item.children.push_back(node);
    if (item.children.size() == linear_max + 1) {
        for (const auto child : item.children) item.by_key.emplace(items_[child].key, child);
    } else if (item.children.size() > linear_max) {
        item.by_key.emplace(fresh.key, node);
    }
    return node;
}

void Columns::learn(Node node, bool empty) {
    if (node == none) return;
    auto& item = items_[node];
    if (!std::exchange(item.learned, true)) item.order = order_++;
    if (!empty) item.solid = true;
}

void Columns::forget_row() {
    while (items_.size() > row_began_) {
        const auto& last = items_.back();
        auto& parent = items_[last.parent];
        parent.by_key.erase(last.key);
        parent.children.pop_back();
        if (parent.children.size() == linear_max) parent.by_key.clear();
        key_bytes_ -= last.key.size();
        items_.pop_back();
    }
}

std::string Columns::name_of(Node node) const {
    std::string name = items_[node].key;
    for (auto at = items_[node].parent; at != root; at = items_[at].parent) name.insert(0, items_[at].key + '.');
    return name;
}

void Columns::settle() {
    settled_ = true;
    std::vector<Node> found;
    for (Node node = 1; node < items_.size(); ++node) {
        const auto& item = items_[node];
        if (item.learned && (item.solid || item.children.empty())) found.push_back(node);
    }
    if (too_many_ || found.size() > columns_max_) {
        throw Error{Code::too_many_columns, {{"limit", std::to_string(columns_max_)}}};
    }
    std::ranges::sort(found, {}, [&](Node node) { return items_[node].order; });
    std::size_t bytes = 0;
    for (const auto node : found) {
        items_[node].column = static_cast<std::uint32_t>(names_.size());
        bytes += names_.emplace_back(name_of(node)).size();
        if (bytes > 2 * key_bytes_max) throw Error{Code::too_many_columns, {{"limit", std::to_string(columns_max_)}}};
    }
    if (names_.empty()) names_.emplace_back("value");
}

}  // namespace millrace::formats::json_files
