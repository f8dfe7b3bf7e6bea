#include "mapping/schema.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "base/error.hpp"

namespace millrace::mapping {
namespace {

std::string text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_string() ? std::string{value->as_string()} : std::string{};
}

std::string scalar_text(const json::value& value) {
    return value.is_string() ? std::string{value.as_string()} : json::serialize(value);
}

void read_enumeration(const json::object& object, Field& field) {
    const auto* values = object.if_contains("enum");
    if (!values || !values->is_array()) return;
    for (const auto& value : values->as_array()) {
        if (!value.is_null()) field.enumeration.push_back(scalar_text(value));
    }
}

/// The type, also of ["string", "null"]; the format tells dates from other strings.
std::string type_of(const json::object& object) {
    auto type = text_of(object, "type");
    if (const auto* several = object.if_contains("type"); several && several->is_array()) {
        for (const auto& one : several->as_array()) {
            if (one.is_string() && one.as_string() != "null" && type.empty()) type = one.as_string();
        }
    }
    if (type != "string") return type;
    const auto format = text_of(object, "format");
    if (format == "date") return "date";
    if (format == "date-time") return "datetime";
    return format == "time" ? "time" : type;
}

Field field_of(const json::object& object) {
    Field field{.name = text_of(object, "name"), .title = text_of(object, "title"), .description = text_of(object, "description"), .type = type_of(object),
                .format = text_of(object, "format")};
    read_enumeration(object, field);
    if (const auto* required = object.if_contains("required"); required && required->is_bool()) field.required = required->as_bool();
    if (const auto* constraints = object.if_contains("constraints"); constraints && constraints->is_object()) {
        read_enumeration(constraints->as_object(), field);
        if (const auto* required = constraints->as_object().if_contains("required"); required && required->is_bool()) field.required = required->as_bool();
    }
    return field;
}

void add_properties(const json::object& schema, const std::string& prefix, int depth, Table& table) {
    const auto* properties = schema.if_contains("properties");
    if (!properties || !properties->is_object()) return;
    std::set<std::string> required;
    if (const auto* names = schema.if_contains("required"); names && names->is_array()) {
        for (const auto& name : names->as_array()) {
            if (name.is_string()) required.emplace(name.as_string());
        }
    }
    for (const auto& property : properties->as_object()) {
        if (!property.value().is_object()) continue;
        const auto& object = property.value().as_object();
        const auto name = prefix + std::string{property.key()};
        if (object.contains("properties") && depth > 0) {
            add_properties(object, name + '.', depth - 1, table);
            continue;
        }
        auto field = field_of(object);
        field.name = name;
        field.required = required.contains(std::string{property.key()});
        table.fields.push_back(std::move(field));
    }
}

void check_names(const Table& table) {
    std::set<std::string_view> names;
    for (const auto& field : table.fields) {
        if (!names.insert(field.name).second) throw Error{Code::malformed_file, {{"why", "two fields of the schema are named " + field.name}}};
    }
}

/// The document when the source is one JSON object; a schema is small.
std::optional<json::value> json_object(formats::Source& source) {
    constexpr std::uint64_t schema_bytes_max = 16u << 20;
    if (source.size() == 0 || source.size() > schema_bytes_max) return std::nullopt;
    std::string text(std::min<std::uint64_t>(source.size(), 64), '\0');
    text.resize(source.read(0, text));
    const auto first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (first == text.npos || text[first] != '{') return std::nullopt;
    text.resize(source.size());
    text.resize(source.read(0, text));
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    try {
        return json::parse(text);
    } catch (const Error&) {
        return std::nullopt;  // several objects, one per line: a table
    }
}

}  // namespace

std::optional<Table> read_schema(const json::value& value) {
    if (!value.is_object()) return std::nullopt;
    const auto& root = value.as_object();
    Table table{.name = text_of(root, "name")};
    if (table.name.empty()) table.name = text_of(root, "title");
    if (const auto* fields = root.if_contains("fields"); fields && fields->is_array()) {
        for (const auto& field : fields->as_array()) {
            if (!field.is_object() || text_of(field.as_object(), "name").empty()) return std::nullopt;
            table.fields.push_back(field_of(field.as_object()));
        }
    } else {
        const auto* items = root.if_contains("items");
        const auto& object = items && items->is_object() && items->as_object().contains("properties") ? items->as_object() : root;
        const auto* properties = object.if_contains("properties");
        if (!properties || !properties->is_object()) return std::nullopt;
        add_properties(object, "", 4, table);
    }
    check_names(table);
    return table;
}

Table read_table(formats::TableReader& reader, std::uint64_t rows_max) {
    const auto& names = reader.names();
    std::vector<Summarizer> summaries(names.size());
    formats::TextBatch batch;
    while (reader.next(batch)) {
        for (std::size_t row = 0; row < batch.rows; ++row) {
            for (std::size_t column = 0; column < batch.columns && column < names.size(); ++column) summaries[column].add(batch.at(row, column).text());
        }
        if (batch.first_row + batch.rows >= rows_max) break;
    }
    Table table;
    for (std::size_t i = 0; i < names.size(); ++i) {
        Field field{.name = names[i]};
        field.values = summaries[i].finish();
        table.fields.push_back(std::move(field));
    }
    return table;
}

Table read(formats::Source& source, std::string_view filename, const ReadOptions& options) {
    if (const auto document = json_object(source)) {
        if (auto schema = read_schema(*document)) return *std::move(schema);
    }
    const auto& format = formats::recognise(source, filename, options.dialect);
    const auto reader = format.open(source, {.table = options.table, .dialect = options.dialect});
    return read_table(*reader);
}

}  // namespace millrace::mapping
