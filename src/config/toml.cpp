// The only place that knows toml++: it costs seconds to compile.
#include "config/detail/toml.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

namespace millrace::config::detail {
namespace {

int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

std::string where(const File& file, int line) { return file.name + " line " + std::to_string(line); }

bool read_scalar(const toml::node& node, Raw& raw) {
    if (const auto* text = node.as_string()) raw = {Raw::Kind::string, text->get(), {}};
    else if (const auto* whole = node.as_integer()) raw = {Raw::Kind::integer, std::to_string(whole->get()), {}};
    else if (const auto* real = node.as_floating_point()) raw = {Raw::Kind::real, fmt::format("{}", real->get()), {}};
    else if (const auto* flag = node.as_boolean()) raw = {Raw::Kind::boolean, flag->get() ? "true" : "false", {}};
    else return false;
    return true;
}

bool read_array(const toml::array& array, Raw& raw) {
    raw.kind = Raw::Kind::list;
    for (const auto& item : array) {
        const auto* text = item.as_string();
        if (!text) return false;
        raw.items.push_back(text->get());
    }
    return true;
}

void read_table(const File& file, const toml::table& table, const std::string& prefix, std::vector<TomlEntry>& entries,
                std::vector<Issue>& issues) {
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string{name.str()};
        if (const auto* inner = node.as_table()) {
            read_table(file, *inner, key + ".", entries, issues);
            continue;
        }
        TomlEntry entry{key, {}, line_of(node)};
        const auto* array = node.as_array();
        if (array ? read_array(*array, entry.raw) : read_scalar(node, entry.raw)) {
            entries.push_back(std::move(entry));
        } else {
            issues.push_back({key, "wrong_type", where(file, entry.line) + ": no setting takes such a value"});
        }
    }
}

}  // namespace

std::vector<TomlEntry> read_toml(const File& file, std::vector<Issue>& issues) {
    std::vector<TomlEntry> entries;
    try {
        read_table(file, toml::parse(file.text), "", entries, issues);
    } catch (const toml::parse_error& error) {
        const auto at = error.source().begin;
        issues.push_back({file.name, "invalid_toml",
                          fmt::format("line {}, column {}: {}", at.line, at.column, error.description())});
    }
    return entries;
}

}  // namespace millrace::config::detail
