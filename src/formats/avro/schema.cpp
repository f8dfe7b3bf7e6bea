#include "formats/avro/detail/schema.hpp"

#include <array>
#include <optional>

#include "base/error.hpp"

namespace millrace::formats::avro {
namespace {

constexpr std::size_t shapes_max = 100'000;
constexpr int depth_max = 64;
constexpr std::uint64_t fixed_bytes_max = 16 << 20;
constexpr std::int64_t digits_max = 38;  ///< of a decimal

std::optional<Kind> primitive_kind(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, Kind>, 8> known = {{
        {"null", Kind::null}, {"boolean", Kind::boolean}, {"int", Kind::int32}, {"long", Kind::int64},
        {"float", Kind::float32}, {"double", Kind::float64}, {"bytes", Kind::bytes}, {"string", Kind::string},
    }};
    for (const auto& [word, kind] : known) {
        if (word == name) return kind;
    }
    return std::nullopt;
}

std::string_view text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
}

std::optional<std::int64_t> number_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_int64() ? std::optional{value->get_int64()} : std::nullopt;
}

const json::array& list_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (value == nullptr || !value->is_array()) damaged("a type of its schema is incomplete");
    return value->get_array();
}

json::value parsed(std::string_view text) {
    try {
        return json::parse(text, depth_max * 3);
    } catch (const Error&) {
        damaged("its schema is no JSON");
    }
}

/// A logical type that does not fit its type is none, as the specification wants it.
void set_logical(Shape& shape, const json::object& with) {
    const auto name = text_of(with, "logicalType");
    const bool day = shape.kind == Kind::int32, moment = shape.kind == Kind::int64;
    if (name == "date" && day) shape.logical = Logical::date;
    if (name == "time-millis" && day) shape.logical = Logical::time_millis;
    if (name == "time-micros" && moment) shape.logical = Logical::time_micros;
    if (name == "timestamp-millis" && moment) shape.logical = Logical::timestamp_millis;
    if (name == "timestamp-micros" && moment) shape.logical = Logical::timestamp_micros;
    if (name == "timestamp-nanos" && moment) shape.logical = Logical::timestamp_nanos;
    if (name == "local-timestamp-millis" && moment) shape.logical = Logical::local_millis;
    if (name == "local-timestamp-micros" && moment) shape.logical = Logical::local_micros;
    if (name == "local-timestamp-nanos" && moment) shape.logical = Logical::local_nanos;
    if (name == "decimal" && (shape.kind == Kind::bytes || shape.kind == Kind::fixed)) {
        const auto precision = number_of(with, "precision").value_or(0), scale = number_of(with, "scale").value_or(0);
        if (precision < 1 || precision > digits_max || scale < 0 || scale > precision) return;
        shape.logical = Logical::decimal;
        shape.scale = static_cast<std::int32_t>(scale);
    }
}

}  // namespace

void damaged(std::string_view why) { throw Error{Code::malformed_file, {{"format", "avro"}, {"why", std::string{why}}}}; }

Schema::Schema(std::string_view text) {
    root_ = shape_of(parsed(text), "", 0);
}

Shape& Schema::make(Kind kind) {
    if (shapes_.size() == shapes_max) damaged("its schema has too many types");
    auto& shape = shapes_.emplace_back();
    shape.kind = kind;
    return shape;
}

const Shape* Schema::shape_of(const json::value& value, const std::string& space, int depth) {
    if (depth > depth_max) damaged("its schema is nested too deeply");
    if (value.is_string()) {
        const std::string_view name = value.get_string();
        if (primitive_kind(name)) return primitive(name, nullptr);
        const auto full = name.find('.') == name.npos && !space.empty() ? space + "." + std::string{name} : std::string{name};
        auto found = names_.find(full);
        if (found == names_.end()) found = names_.find(name);
        if (found == names_.end()) damaged("its schema names a type that it has not");
        return found->second;
    }
    if (value.is_array()) {
        auto& choice = make(Kind::choice);
        for (const auto& part : value.get_array()) choice.parts.push_back(shape_of(part, space, depth + 1));
        return &choice;
    }
    if (!value.is_object()) damaged("a type of its schema is none");
    const auto& type = value.get_object();
    const auto* inner = type.if_contains("type");
    if (inner == nullptr) damaged("a type of its schema is incomplete");
    if (!inner->is_string()) return shape_of(*inner, space, depth + 1);
    const std::string_view name = inner->get_string();
    if (name == "record" || name == "error") return named(type, Kind::record, space, depth);
    if (name == "enum") return named(type, Kind::enumeration, space, depth);
    if (name == "fixed") return named(type, Kind::fixed, space, depth);
    if (name == "array" || name == "map") {
        const auto* items = type.if_contains(name == "array" ? "items" : "values");
        if (items == nullptr) damaged("a type of its schema is incomplete");
        auto& shape = make(name == "array" ? Kind::array : Kind::map);
        shape.parts.push_back(shape_of(*items, space, depth + 1));
        return &shape;
    }
    return primitive_kind(name) ? primitive(name, &type) : shape_of(*inner, space, depth + 1);
}

const Shape* Schema::primitive(std::string_view name, const json::object* with) {
    auto& shape = make(*primitive_kind(name));
    if (with != nullptr) set_logical(shape, *with);
    return &shape;
}

const Shape* Schema::named(const json::object& type, Kind kind, const std::string& space, int depth) {
    std::string name{text_of(type, "name")};
    std::string inside{text_of(type, "namespace")};
    if (inside.empty()) inside = space;
    if (const auto dot = name.rfind('.'); dot != name.npos) inside = name.substr(0, dot);
    else if (!inside.empty()) name = inside + "." + name;
    auto& shape = make(kind);
    names_.emplace(name, &shape);  // before its fields, which may name it
    if (kind == Kind::fixed) {
        const auto size = number_of(type, "size").value_or(-1);
        if (size < 0 || static_cast<std::uint64_t>(size) > fixed_bytes_max) damaged("a type of its schema has an impossible size");
        shape.size = static_cast<std::uint64_t>(size);
        set_logical(shape, type);
    } else if (kind == Kind::enumeration) {
        for (const auto& symbol : list_of(type, "symbols")) {
            if (!symbol.is_string()) damaged("a type of its schema is incomplete");
            shape.names.emplace_back(symbol.get_string());
        }
    } else {
        for (const auto& field : list_of(type, "fields")) {
            const auto* object = field.if_object();
            const auto* inner = object != nullptr ? object->if_contains("type") : nullptr;
            if (inner == nullptr) damaged("a field of its schema is incomplete");
            shape.names.emplace_back(text_of(*object, "name"));
            shape.parts.push_back(shape_of(*inner, inside, depth + 1));
        }
    }
    return &shape;
}

}  // namespace millrace::formats::avro
