#include "ontology/ontology.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.hpp"

using namespace millrace;
using namespace millrace::ontology;

namespace {

Ontology read(std::string_view text) { return ontology::read_json(json::parse(text)); }

std::vector<std::string> problems(std::string_view text) {
    std::vector<std::string> found;
    try {
        read(text);
    } catch (const Error& error) {
        for (const auto& issue : error.issues) found.push_back(issue.pointer + ' ' + issue.code);
    }
    return found;
}

constexpr std::string_view papers = R"({"title": "Papers", "concepts": [
    {"id": "document", "label": {"en": "Document", "nl": "Stuk"}, "classifiable": false, "properties": [
        {"id": "date", "type": "date", "required": true}, {"id": "number", "type": "string"}]},
    {"id": "payable", "label": "Payable", "properties": [{"id": "total", "type": "money"}]},
    {"id": "invoice", "parents": ["document", "payable"], "synonyms": {"en": ["bill"], "nl": ["factuur", "rekening"]},
     "definition": "Asks for money", "examples": ["Please pay within 30 days"],
     "properties": [{"id": "number", "type": "integer", "label": "Invoice number", "values": [], "many": false}]}]})";

}  // namespace

TEST_CASE("an ontology that is written reads back as it was") {
    const auto once = to_json(read(papers));

    CHECK(to_json(ontology::read_json(once)) == once);
    CHECK(once.at("concepts").at(2).at("label").at("en") == "invoice");
    CHECK(once.at("concepts").at(2).at("synonyms").at("nl").at(1) == "rekening");
}

TEST_CASE("a concept inherits the properties of all above it, its own go first") {
    const auto ontology = read(papers);

    std::string all;
    for (const auto& property : properties_of(ontology, *ontology.find("invoice"))) all += property.id + ':' + property.type + ' ';

    CHECK(all == "number:integer date:date total:money ");
}

TEST_CASE("what is wrong with an ontology is said where it stands") {
    struct Row {
        const char* name;
        std::string_view text;
        std::vector<std::string> want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"no concepts", R"({"topics": []})", {"/concepts required"}},
             {"no object", "[]", {"/concepts required"}},
             {"an id twice", R"({"concepts": [{"id": "a"}, {"id": "a"}]})", {"/concepts/1/id duplicate"}},
             {"no id", R"({"concepts": [{"label": "A"}]})", {"/concepts/0/id required"}},
             {"an id with spaces", R"({"concepts": [{"id": "a b"}]})", {"/concepts/0/id malformed"}},
             {"a parent that is not there", R"({"concepts": [{"id": "a", "parent": "b"}]})", {"/concepts/0/parents not_found"}},
             {"its own parent", R"({"concepts": [{"id": "a", "parent": "a"}]})", {"/concepts/0/parents cycle"}},
             {"a circle", R"({"concepts": [{"id": "r"}, {"id": "a", "parents": ["r", "c"]}, {"id": "b", "parent": "a"}, {"id": "c", "parent": "b"}]})", {"/concepts/1/parents cycle"}},
             {"a label of numbers", R"({"concepts": [{"id": "a", "label": 7}]})", {"/concepts/0/label wrong_type"}},
             {"synonyms in no list", R"({"concepts": [{"id": "a", "synonyms": "b"}]})", {"/concepts/0/synonyms wrong_type"}},
             {"an unknown type", R"({"concepts": [{"id": "a", "properties": [{"id": "p", "type": "moneys"}]}]})", {"/concepts/0/properties unknown_value"}},
         }) {
        CAPTURE(row.name);
        CHECK(problems(row.text) == row.want);
    }
}

TEST_CASE("a chain of concepts may be as long as it likes") {
    std::string text = R"({"concepts": [{"id": "c0"})";
    for (int i = 1; i < 5000; ++i) text += R"(,{"id": "c)" + std::to_string(i) + R"(", "parent": "c)" + std::to_string(i - 1) + "\"}";

    const auto ontology = read(text + "]}");

    CHECK(lineage(ontology, ontology.concepts.back()).size() == 5000);
}
