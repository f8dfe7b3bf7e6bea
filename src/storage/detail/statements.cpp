#include "storage/detail/statements.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "base/hash.hpp"

namespace millrace::storage::detail {
namespace {

constexpr std::string_view names[] = {
#define X(group, name) #group "." #name,
#include "storage/detail/statements.inc"
#undef X
};

std::string_view trim(std::string_view text) {
    const auto blank = " \t\r\n;";
    const auto first = text.find_first_not_of(blank);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

struct Blocks {
    std::map<std::string, std::string, std::less<>> statements;
    std::map<std::string, std::string, std::less<>> definitions;
    std::map<std::string, std::string, std::less<>> rows;  ///< fields, by statement
};

/// "id uuid, at timestamptz": the type follows the first blank. The name tells fields apart, so that a server with other
/// fields makes a type of its own and disturbs nobody.
RowType read_row_type(std::string_view text) {
    RowType type{"millrace_rows_" + to_hex(sha256(text)).substr(0, 12), {}};
    for (std::size_t end = 0; end != text.npos; text.remove_prefix(end == text.npos ? 0 : end + 1)) {
        end = text.find(',');
        const auto field = trim(text.substr(0, end));
        const auto blank = field.find(' ');
        if (blank == field.npos) throw std::logic_error{"a row field without a type: " + std::string{field}};
        type.fields.emplace_back(field.substr(0, blank), trim(field.substr(blank)));
    }
    return type;
}

/// Comment lines are left out, so that the database sees (and logs) the statement only.
void read_file(const Embedded& file, Blocks& blocks) {
    std::string* into = nullptr;
    std::string statement;
    for (std::string_view rest = file.text; !rest.empty();) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
        const auto start = [&](std::string_view mark, auto& map) {
            const auto name = trim(line.substr(mark.size()));
            const auto [at, inserted] = map.emplace(name, std::string{});
            if (!inserted) throw std::logic_error{"SQL block stands twice: " + std::string{name}};
            into = &at->second;
            statement = name;
        };
        if (line.starts_with("-- name: ")) start("-- name: ", blocks.statements);
        else if (line.starts_with("-- define: ")) start("-- define: ", blocks.definitions);
        else if (line.starts_with("-- rows: ")) blocks.rows[statement] += trim(line.substr(9));
        else if (trim(line).starts_with("--") || trim(line).empty()) continue;
        else if (!into) throw std::logic_error{"SQL before the first name in " + std::string{file.name}};
        else *into += std::string{line} + '\n';
    }
}

std::string expand(std::string_view text, const Blocks& blocks) {
    std::string out;
    while (true) {
        const auto open = text.find('{');
        out += text.substr(0, open);
        if (open == text.npos) return out;
        const auto close = text.find('}', open);
        const auto word = text.substr(open + 1, close == text.npos ? close : close - open - 1);
        if (word.empty()) {  // the JSON object '{}'
            out += "{}";
            text.remove_prefix(close + 1);
            continue;
        }
        const auto found = blocks.definitions.find(word);
        if (found == blocks.definitions.end()) throw std::logic_error{"SQL names no definition: " + std::string{word}};
        out += trim(found->second);
        text.remove_prefix(close + 1);
    }
}

}  // namespace

std::string_view to_string(Statement statement) { return names[static_cast<std::size_t>(statement)]; }

Statements read_statements(std::span<const Embedded> files) {
    Blocks blocks;
    for (const auto& file : files) read_file(file, blocks);
    for (const auto& [name, text] : blocks.statements) {
        if (std::ranges::find(names, name) == std::end(names)) throw std::logic_error{"SQL that nobody uses: " + name};
    }
    Statements out;
    for (std::size_t i = 0; i < statement_count; ++i) {
        const auto found = blocks.statements.find(names[i]);
        if (found == blocks.statements.end()) throw std::logic_error{"no SQL for " + std::string{names[i]}};
        if (const auto fields = blocks.rows.find(names[i]); fields != blocks.rows.end()) {
            out.rows[i] = read_row_type(fields->second);
            blocks.definitions["rows"] = out.rows[i].name;
        }
        out.texts[i] = std::string{trim(expand(found->second, blocks))};
    }
    return out;
}

}  // namespace millrace::storage::detail
