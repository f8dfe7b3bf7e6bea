#include "ontology/ontology.hpp"

#include <boost/json/value_from.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/describe.hpp"
#include "base/error.hpp"
#include "base/suggest.hpp"

namespace millrace::ontology {
namespace {

constexpr std::size_t text_bytes_max = 4096;

/// How a concept is written: text plain or by language, one parent or several.
struct Wire {
    std::string id;
    json::value label;
    json::value synonyms;
    std::string definition, description;
    std::optional<std::string> parent;
    std::vector<std::string> parents;
    std::vector<std::string> examples;
    json::value properties;
    bool classifiable = true;

    static std::vector<std::string_view> required() { return {"id"}; }
};
BOOST_DESCRIBE_STRUCT(Wire, (), (id, label, synonyms, definition, description, parent, parents, examples, properties, classifiable))

struct WireProperty {
    std::string id;
    json::value label;
    std::string type = "string";
    std::string unit, pattern;
    std::vector<std::string> values;
    bool required_ = false, many = false;

    static std::vector<std::string_view> required() { return {"id"}; }
};
BOOST_DESCRIBE_STRUCT(WireProperty, (), (id, label, type, unit, pattern, values, many))

class Reader {
public:
    Ontology read(const json::value& document) {
        Ontology ontology;
        const auto* object = document.if_object();
        const auto* concepts = object ? object->if_contains("concepts") : nullptr;
        if (const auto* title = object ? object->if_contains("title") : nullptr; title && title->is_string()) ontology.title = title->as_string();
        if (!concepts || !concepts->is_array()) {
            report("/concepts", "required", "an ontology is {\"concepts\": [{\"id\", \"label\", \"parent\", \"synonyms\", \"classifiable\"}]}");
            throw error_;
        }
        for (const auto& entry : concepts->as_array()) {
            ontology.concepts.push_back(concept_of(entry, "/concepts/" + std::to_string(ontology.concepts.size())));
            if (ontology.concepts.size() > concepts_max) report("/concepts", "too_many", "more than " + std::to_string(concepts_max));
            if (error_.issues.size() > 100) break;
        }
        if (!error_.issues.empty()) throw error_;
        return ontology;
    }

private:
    void report(std::string pointer, std::string code, std::string detail) {
        error_.issues.push_back({std::move(pointer), std::move(code), std::move(detail)});
    }

    Concept concept_of(const json::value& value, const std::string& at) {
        Wire wire;
        millrace::read_json(value, wire, error_.issues, at, true);
        Concept entry{.id = wire.id, .definition = wire.definition.empty() ? wire.description : wire.definition, .parents = wire.parents,
                      .examples = wire.examples, .classifiable = wire.classifiable};
        if (wire.parent && !wire.parent->empty()) entry.parents.push_back(*wire.parent);
        entry.label = label_of(wire.label, at + "/label");
        entry.synonyms = synonyms_of(wire.synonyms, at + "/synonyms");
        if (entry.label.empty() && !entry.id.empty()) entry.label["en"] = entry.id;
        entry.properties = properties_of(wire.properties, at + "/properties");
        return entry;
    }

    std::map<std::string, std::string> label_of(const json::value& value, const std::string& at) {
        if (value.is_null()) return {};
        if (value.is_string()) return {{"en", std::string{value.as_string()}}};
        std::map<std::string, std::string> labels;
        millrace::read_json(value, labels, error_.issues, at);
        return labels;
    }

    std::map<std::string, std::vector<std::string>> synonyms_of(const json::value& value, const std::string& at) {
        if (value.is_null()) return {};
        std::map<std::string, std::vector<std::string>> synonyms;
        if (value.is_array()) millrace::read_json(value, synonyms["en"], error_.issues, at);
        else millrace::read_json(value, synonyms, error_.issues, at);
        return synonyms;
    }

    std::vector<Property> properties_of(const json::value& value, const std::string& at) {
        std::vector<Property> properties;
        if (value.is_null()) return properties;
        if (!value.is_array()) {
            report(at, "wrong_type", "expected an array");
            return properties;
        }
        for (const auto& item : value.as_array()) {
            const auto here = at + '/' + std::to_string(properties.size());
            WireProperty wire;
            millrace::read_json(item, wire, error_.issues, here, true);
            if (const auto* required = item.is_object() ? item.as_object().if_contains("required") : nullptr) {
                millrace::read_json(*required, wire.required_, error_.issues, here + "/required");
            }
            properties.push_back({.id = wire.id, .label = label_of(wire.label, here + "/label"), .type = wire.type, .unit = wire.unit,
                                  .pattern = wire.pattern, .values = wire.values, .required = wire.required_, .many = wire.many});
        }
        return properties;
    }

    Error error_{Code::invalid_fields};
};

template <class Map>
json::object by_language(const Map& map) {
    json::object object;
    for (const auto& [language, text] : map) object.emplace(language, boost::json::value_from(text));
    return object;
}

json::object to_json(const Property& property) {
    json::object object{{"id", property.id}, {"type", property.type}, {"required", property.required}, {"many", property.many}};
    if (!property.label.empty()) object.emplace("label", by_language(property.label));
    if (!property.unit.empty()) object.emplace("unit", property.unit);
    if (!property.pattern.empty()) object.emplace("pattern", property.pattern);
    if (!property.values.empty()) object.emplace("values", boost::json::value_from(property.values));
    return object;
}

bool is_id(std::string_view id) {
    return !id.empty() && id.size() <= 200 && id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == id.npos;
}

/// Finds what check() reports; walks parents without recursion, so depth costs no stack.
class Checker {
public:
    explicit Checker(const Ontology& ontology) : ontology_{ontology} {
        for (std::size_t i = 0; i < ontology.concepts.size(); ++i) index_.emplace(ontology.concepts[i].id, i);
    }

    void run() {
        std::vector<std::string> ids;
        for (const auto& entry : ontology_.concepts) ids.push_back(entry.id);
        for (std::size_t i = 0; i < ontology_.concepts.size(); ++i) check_concept(i, ids);
        if (error_.issues.empty()) check_cycles();
        if (!error_.issues.empty()) throw error_;
    }

private:
    void report(std::size_t i, const char* field, const char* code, std::string detail) {
        error_.issues.push_back({"/concepts/" + std::to_string(i) + field, code, std::move(detail)});
    }

    void check_concept(std::size_t i, const std::vector<std::string>& ids) {
        const auto& entry = ontology_.concepts[i];
        if (!is_id(entry.id)) report(i, "/id", "malformed", "an id is 1 to 200 letters, digits, dots, dashes and underscores");
        else if (index_.at(entry.id) != i) report(i, "/id", "duplicate", "the id \"" + entry.id + "\" stands twice");
        for (const auto& parent : entry.parents) {
            if (!index_.contains(parent)) report(i, "/parents", "not_found", "there is no concept \"" + parent + '"' + did_you_mean(parent, ids));
        }
        for (const auto& [language, label] : entry.label) {
            if (label.size() > text_bytes_max) report(i, "/label", "too_long", "a label is at most " + std::to_string(text_bytes_max) + " bytes");
        }
        std::set<std::string> properties;
        for (const auto& property : entry.properties) check_property(i, property, properties);
    }

    void check_property(std::size_t i, const Property& property, std::set<std::string>& seen) {
        if (!is_id(property.id)) report(i, "/properties", "malformed", "the property needs an id of letters, digits, dots, dashes and underscores");
        else if (!seen.insert(property.id).second) report(i, "/properties", "duplicate", "the property \"" + property.id + "\" stands twice");
        const auto& types = property_types();
        if (std::ranges::find(types, property.type) == types.end()) {
            report(i, "/properties", "unknown_value", "there is no type \"" + property.type + '"' + did_you_mean(property.type, types));
        }
    }

    /// Takes away concepts whose parents are all gone; what is left goes round.
    void check_cycles() {
        const auto size = ontology_.concepts.size();
        std::vector<std::vector<std::size_t>> children(size);
        std::vector<std::size_t> waiting(size), ready;
        for (std::size_t i = 0; i < size; ++i) {
            const auto& parents = ontology_.concepts[i].parents;
            waiting[i] = parents.size();
            for (const auto& parent : parents) children[index_.at(parent)].push_back(i);
            if (parents.empty()) ready.push_back(i);
        }
        for (std::size_t at = 0; at < ready.size(); ++at) {
            for (const auto child : children[ready[at]]) {
                if (--waiting[child] == 0) ready.push_back(child);
            }
        }
        if (ready.size() == size) return;
        auto at = static_cast<std::size_t>(std::ranges::find_if(waiting, [](auto left) { return left > 0; }) - waiting.begin());
        report(at, "/parents", "cycle", "concepts are above themselves: " + circle_from(at, waiting));
    }

    std::string circle_from(std::size_t at, const std::vector<std::size_t>& waiting) const {
        std::vector<std::size_t> path;
        while (std::ranges::find(path, at) == path.end()) {
            path.push_back(at);
            for (const auto& parent : ontology_.concepts[at].parents) {
                if (waiting[index_.at(parent)] == 0) continue;
                at = index_.at(parent);
                break;
            }
        }
        std::string text;
        for (auto step = std::ranges::find(path, at); step != path.end() && step - path.begin() < 20; ++step) text += ontology_.concepts[*step].id + " < ";
        return text + ontology_.concepts[at].id;
    }

    const Ontology& ontology_;
    std::unordered_map<std::string_view, std::size_t> index_;
    Error error_{Code::invalid_fields};
};

}  // namespace

const Concept* Ontology::find(std::string_view id) const {
    const auto found = std::ranges::find(concepts, id, &Concept::id);
    return found == concepts.end() ? nullptr : &*found;
}

const std::vector<std::string>& property_types() {
    static const std::vector<std::string> types{"string", "text", "integer", "number", "boolean", "date", "datetime", "money", "quantity",
                                                "enum", "url", "email", "iban", "vat_id", "country", "language", "reference"};
    return types;
}

Ontology read_json(const json::value& document) {
    auto ontology = Reader{}.read(document);
    check(ontology);
    return ontology;
}

json::value to_json(const Ontology& ontology) {
    json::array concepts;
    for (const auto& entry : ontology.concepts) {
        json::object object{{"id", entry.id}, {"label", by_language(entry.label)}, {"parents", boost::json::value_from(entry.parents)},
                            {"classifiable", entry.classifiable}};
        if (!entry.synonyms.empty()) object.emplace("synonyms", by_language(entry.synonyms));
        if (!entry.definition.empty()) object.emplace("definition", entry.definition);
        if (!entry.examples.empty()) object.emplace("examples", boost::json::value_from(entry.examples));
        json::array properties;
        for (const auto& property : entry.properties) properties.emplace_back(to_json(property));
        if (!properties.empty()) object.emplace("properties", std::move(properties));
        concepts.emplace_back(std::move(object));
    }
    return json::object{{"title", ontology.title}, {"concepts", std::move(concepts)}};
}

void check(const Ontology& ontology) { Checker{ontology}.run(); }

std::string_view label_of(const Concept& entry, std::string_view language) {
    for (const auto wanted : {language, std::string_view{"en"}}) {
        if (const auto found = entry.label.find(std::string{wanted}); found != entry.label.end()) return found->second;
    }
    return entry.label.empty() ? std::string_view{entry.id} : std::string_view{entry.label.begin()->second};
}

std::vector<const Concept*> lineage(const Ontology& ontology, const Concept& entry) {
    std::vector<const Concept*> above{&entry};
    for (std::size_t at = 0; at < above.size(); ++at) {
        for (const auto& parent : above[at]->parents) {
            const auto* found = ontology.find(parent);
            if (found && std::ranges::find(above, found) == above.end()) above.push_back(found);
        }
    }
    return above;
}

std::vector<Property> properties_of(const Ontology& ontology, const Concept& entry) {
    std::vector<Property> properties;
    for (const auto* from : lineage(ontology, entry)) {
        for (const auto& property : from->properties) {
            if (std::ranges::find(properties, property.id, &Property::id) == properties.end()) properties.push_back(property);
        }
    }
    return properties;
}

}  // namespace millrace::ontology
