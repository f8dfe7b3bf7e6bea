#include "mapping/proposal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "mapping/assignment.hpp"
#include "mapping/conversions.hpp"
#include "mapping/matchers/matcher.hpp"

namespace millrace::mapping {
namespace {

Field column(std::string name, const std::vector<std::string>& values) {
    Summarizer summarizer;
    for (const auto& value : values) summarizer.add(value);
    Field field{.name = std::move(name)};
    field.values = summarizer.finish();
    return field;
}

Field declared(std::string name, std::string type, std::string title = "", std::vector<std::string> enumeration = {}) {
    return {.name = std::move(name), .title = std::move(title), .type = std::move(type), .enumeration = std::move(enumeration)};
}

const Entry* entry(const Proposal& proposal, std::string_view source) {
    const auto at = std::ranges::find(proposal.mapping, source, &Entry::source);
    return at == proposal.mapping.end() ? nullptr : &*at;
}

Table export_of_customers() {
    return {.fields = {column("Klantnr", {"1001", "1002", "1003", "1004"}), column("E-mailadres", {"a@x.nl", "b@x.nl", "c@x.nl"}),
                       column("Geb.datum", {"31-12-1980", "01-02-1975", "05-06-1999"}), column("Bedrag", {"1.234,50", "12,00", "7,25"}),
                       column("Geslacht", {"Man", "Vrouw", "Onbekend"}), column("Sterrenbeeld", {"Ram", "Stier", "Leeuw"})}};
}

Table template_of_customers() {
    return {.fields = {declared("customer_number", "string", "Customer number"), declared("email", "string", "E-mail"), declared("date_of_birth", "date", "Date of birth"),
                       declared("amount", "number", "Amount"), declared("gender", "string", "Gender", {"M", "F", "X"}), declared("iban", "string", "IBAN")}};
}

TEST_CASE("an export in another language finds its fields, and what has none stays unmapped") {
    const auto proposal = propose(export_of_customers(), template_of_customers());

    for (const auto& [source, target] : {std::pair{"Klantnr", "customer_number"}, {"E-mailadres", "email"}, {"Geb.datum", "date_of_birth"}, {"Bedrag", "amount"}, {"Geslacht", "gender"}}) {
        CAPTURE(source);
        REQUIRE(entry(proposal, source));
        CHECK(entry(proposal, source)->target == target);
        CHECK_FALSE(entry(proposal, source)->reason.empty());
    }
    CHECK(proposal.unmapped_source == std::vector<std::string>{"Sterrenbeeld"});
    CHECK(proposal.unmapped_target == std::vector<std::string>{"iban"});
}

TEST_CASE("values are converted as the target's types need it") {
    const auto proposal = propose(export_of_customers(), template_of_customers());

    const auto* date = entry(proposal, "Geb.datum");
    REQUIRE(date);
    REQUIRE(date->convert.size() == 1);
    CHECK(date->convert[0].op == "parse_date");
    CHECK(date->convert[0].arguments.at("order") == "dmy");
    const auto* amount = entry(proposal, "Bedrag");
    REQUIRE(amount);
    CHECK(amount->convert.at(0).op == "parse_decimal");
    CHECK(amount->convert.at(0).arguments.at("point") == ",");
}

TEST_CASE("values of an enumeration are mapped, and those that stand for none are named") {
    const auto proposal = propose(export_of_customers(), template_of_customers());

    const auto* gender = entry(proposal, "Geslacht");
    REQUIRE(gender);
    CHECK(gender->values == std::map<std::string, std::string>{{"Man", "M"}, {"Vrouw", "F"}});
    CHECK(gender->unmapped_values == std::vector<std::string>{"Onbekend"});
}

TEST_CASE("columns without telling names are known by their values") {
    const Table source{.fields = {column("veld1", {"a@x.nl", "b@x.nl", "c@y.be"}), column("veld2", {"NL91 ABNA 0417 1643 00", "DE89370400440532013000"})}};

    const auto proposal = propose(source, template_of_customers());

    REQUIRE(entry(proposal, "veld1"));
    CHECK(entry(proposal, "veld1")->target == "email");
    REQUIRE(entry(proposal, "veld2"));
    CHECK(entry(proposal, "veld2")->target == "iban");
}

TEST_CASE("what was chosen before is chosen again, also to leave a column out") {
    Memory memory;
    memory.choices["sterrenbeeld"] = {.target = "iban"};
    memory.choices["geslacht"] = {.target = ""};

    const auto proposal = propose(export_of_customers(), template_of_customers(), &memory);

    REQUIRE(entry(proposal, "Sterrenbeeld"));
    CHECK(entry(proposal, "Sterrenbeeld")->target == "iban");
    CHECK(entry(proposal, "Sterrenbeeld")->reason == "chosen before for this name");
    CHECK_FALSE(entry(proposal, "Geslacht"));
}

TEST_CASE("the same tables give the same proposal") {
    CHECK(to_json(propose(export_of_customers(), template_of_customers())) == to_json(propose(export_of_customers(), template_of_customers())));
}

TEST_CASE("the fingerprint does not depend on order and case of the names") {
    auto turned = export_of_customers();
    std::ranges::reverse(turned.fields);
    turned.fields[0].name = "STERRENBEELD";

    CHECK(fingerprint_of(turned) == fingerprint_of(export_of_customers()));
    turned.fields.pop_back();
    CHECK(fingerprint_of(turned) != fingerprint_of(export_of_customers()));
}

TEST_CASE("each field is mapped at most once") {
    const Table source{.fields = {column("email", {"a@x.nl"}), column("e-mail", {"b@x.nl"}), column("mail", {"c@x.nl"})}};

    const auto proposal = propose(source, template_of_customers());

    CHECK(std::ranges::count(proposal.mapping, "email", &Entry::target) == 1);
}

TEST_CASE("tables without fields, without values and with bytes that are no text are no trouble") {
    CHECK(propose({}, {}).mapping.empty());
    CHECK(propose(export_of_customers(), {}).unmapped_source.size() == 6);
    CHECK(propose({.fields = {{.name = "\xFF\xFE"}, {.name = ""}, {.name = std::string(10'000, 'x')}}}, template_of_customers()).candidates.size() < 100);
}

TEST_CASE("the assignment is the best of all") {
    std::mt19937 random{5};
    std::uniform_real_distribution<float> value{-0.3F, 1.0F};
    for (int round = 0; round < 50; ++round) {
        const std::size_t rows = 1 + random() % 4, columns = 1 + random() % 5;
        Matrix values{rows, columns};
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < columns; ++c) values.at(r, c) = value(random);
        }

        const auto given = assign(values);

        const auto best = [&](auto&& self, std::size_t row, unsigned used) -> double {
            if (row == rows) return 0;
            double most = self(self, row + 1, used);
            for (std::size_t c = 0; c < columns; ++c) {
                if (!(used >> c & 1)) most = std::max(most, static_cast<double>(values.at(row, c)) + self(self, row + 1, used | 1U << c));
            }
            return most;
        };
        double sum = 0;
        unsigned used = 0;
        for (std::size_t r = 0; r < rows; ++r) {
            if (given[r] < 0) continue;
            CHECK((used >> given[r] & 1) == 0);
            used |= 1U << given[r];
            CHECK(values.at(r, static_cast<std::size_t>(given[r])) > 0);
            sum += static_cast<double>(values.at(r, static_cast<std::size_t>(given[r])));
        }
        CHECK(sum == doctest::Approx(best(best, 0, 0)));
    }
}

TEST_CASE("a date without a telling value is read with the day first") {
    const auto steps = conversions(column("d", {"01/02/2024", "03/04/2024"}), declared("d", "date"));
    REQUIRE(steps.size() == 1);
    CHECK(steps[0].arguments.at("order") == "dmy");
}

TEST_CASE("what groups thousands stands between digits, not before the sign of a currency") {
    struct Row { const char* name; std::vector<std::string> values; const char* group; };
    for (const Row& row : std::initializer_list<Row>{
             {"points and a sign", {"1.100,50 €", "2.100,75 €"}, "."},
             {"commas and a sign", {"$ 1,100.50", "$ 2,100.75"}, ","},
             {"spaces and a sign", {"1 100,50 €", "2 100,75 €"}, " "},
             {"apostrophes", {"1'100.50", "2'100.75"}, "'"},
         }) {
        CAPTURE(row.name);
        const auto steps = conversions(column("price", row.values), declared("price", "number"));

        REQUIRE(steps.size() == 1);
        CHECK(steps[0].arguments.at("group") == row.group);
    }
}

TEST_CASE("every feature of every matcher has a name of its own") {
    std::vector<std::string_view> names;
    for (const auto* matcher : matchers()) names.insert(names.end(), matcher->features().begin(), matcher->features().end());
    std::ranges::sort(names);
    CHECK(std::ranges::adjacent_find(names) == names.end());
}

}  // namespace
}  // namespace millrace::mapping
