#include <doctest/doctest.h>

#include "query/query.hpp"

using namespace millrace;
using namespace millrace::query;

namespace {

constexpr std::string_view states[] = {"queued", "running", "completed", "failed", "cancelled"};
constexpr Field fields[] = {
    {"state", Type::word, false, states}, {"kind", Type::word},          {"filename", Type::text, true},
    {"progress", Type::number, true},     {"created_at", Type::time, true}, {"id", Type::uuid},
};

Instant at(std::string_view text) { return *from_rfc3339(text); }

std::vector<Issue> issues_of(std::string_view text) {
    try {
        parse_filter(text, fields);
    } catch (const Error& error) {
        CHECK(error.code() == Code::invalid_parameter);
        return error.issues;
    }
    return {};
}

}  // namespace

TEST_CASE("a filter becomes checked terms and free texts") {
    const auto filter = parse_filter(
        R"(state:failed,cancelled -kind:import progress:>=50 filename:~"a \"b\"" "free text" loose -"not this")", fields);

    REQUIRE(filter.terms.size() == 4);
    CHECK(filter.terms[0].values == std::vector<Value>{"failed", "cancelled"});
    CHECK(filter.terms[1].negated);
    CHECK(filter.terms[2].op == Operator::greater_equal);
    CHECK(filter.terms[2].values == std::vector<Value>{50.0});
    CHECK(filter.terms[3].op == Operator::contains);
    CHECK(filter.terms[3].values == std::vector<Value>{"a \"b\""});
    CHECK(filter.texts == std::vector<FreeText>{{"free text", false}, {"loose", false}, {"not this", true}});
    CHECK(parse_filter("", fields).empty());
    CHECK(parse_filter("  \t ", fields).empty());
}

TEST_CASE("a field with other characters in its name stands in quotes") {
    constexpr Field odd[] = {{"unit price", Type::number, true}, {"a\"b, c", Type::text, true}, {"-x", Type::text, true}};

    const auto filter = parse_filter(R"("unit price":>5 -"a\"b, c":~y "unit price" "x y")", odd);
    const auto sort = parse_sort(R"(-"unit price","a\"b, c","-x")", odd);

    REQUIRE(filter.terms.size() == 2);
    CHECK(filter.terms[0].field == "unit price");
    CHECK(filter.terms[0].op == Operator::greater);
    CHECK(filter.terms[1].field == "a\"b, c");
    CHECK(filter.terms[1].negated);
    CHECK(filter.texts == std::vector<FreeText>{{"unit price", false}, {"x y", false}});
    CHECK(to_string(parse_filter(to_string(filter), odd)) == to_string(filter));
    REQUIRE(sort.keys.size() == 3);
    CHECK(sort.keys[0] == SortKey{"unit price", true});
    CHECK(sort.keys[1] == SortKey{"a\"b, c", false});
    CHECK(sort.keys[2] == SortKey{"-x", false});
    CHECK(parse_sort(to_string(sort), odd) == sort);
    CHECK(parse_names(R"(a,"b, c",d)") == std::vector<std::string>{"a", "b, c", "d"});
}

TEST_CASE("a day stands for all of it") {
    struct Row { std::string name; std::string_view text; Operator op; Instant value; Duration span; };
    const auto day = at("2026-01-01T00:00:00Z"), next = at("2026-01-02T00:00:00Z");
    for (const Row& row : std::initializer_list<Row>{
             {"on", "created_at:2026-01-01", Operator::equal, day, std::chrono::days{1}},
             {"after", "created_at:>2026-01-01", Operator::greater_equal, next, {}},
             {"from", "created_at:>=2026-01-01", Operator::greater_equal, day, {}},
             {"before", "created_at:<2026-01-01", Operator::less, day, {}},
             {"until", "created_at:<=2026-01-01", Operator::less, next, {}},
             {"moment", "created_at:>2026-01-01T12:00:00+01:00", Operator::greater, day + 11h, {}},
         }) {
        CAPTURE(row.name);
        const auto filter = parse_filter(row.text, fields);
        REQUIRE(filter.terms.size() == 1);
        CHECK(filter.terms[0].op == row.op);
        CHECK(filter.terms[0].values == std::vector<Value>{row.value});
        CHECK(filter.terms[0].span == row.span);
    }
}

TEST_CASE("a filter that cannot be meant is refused at its place") {
    struct Row { std::string name; std::string_view text; std::string_view code; std::string_view detail; };
    for (const Row& row : std::initializer_list<Row>{
             {"unknown field", "stat:failed", "unknown_field", "at character 1: there is no field \"stat\"; did you mean \"state\"?"},
             {"unknown word", "state:faild", "unknown_value", "did you mean \"failed\"?"},
             {"no number", "progress:many", "wrong_type", "at character 10: progress takes a number"},
             {"infinite", "progress:1e999", "wrong_type", "number"},
             {"nan", "progress:nan", "wrong_type", "number"},
             {"no time", "created_at:2026-02-30", "wrong_type", "a day"},
             {"no id", "id:1234", "wrong_type", "an id"},
             {"no order", "state:>failed", "wrong_operator", "no order"},
             {"no text", "progress:~5", "wrong_operator", "~ is for texts"},
             {"no value", "state:", "empty_value", "no value"},
             {"empty in a list", "state:failed,,queued", "empty_value", "at character 14"},
             {"two bounds", "progress:>1,2", "too_many_values", "only ="},
             {"days and times", "created_at:2026-01-01,2026-01-01T00:00:00Z", "mixed_values", "only days"},
             {"open quote", "filename:\"abc", "unclosed_quote", "not closed"},
             {"after a quote", "filename:\"abc\"def", "unexpected_text", "blank"},
             {"nothing to look for", "\"\"", "empty_text", "nothing"},
             {"control character", "a\nb", "control_character", "at character 2"},
             {"NUL", std::string_view{"a\0b", 3}, "control_character", "at character 2"},
             {"not UTF-8", "a\xff", "invalid_utf8", "UTF-8"},
             {"characters, not bytes", "\xc3\xa9\xc3\xa9 stat:x", "unknown_field", "at character 4"},
         }) {
        CAPTURE(row.name);
        const auto issues = issues_of(row.text);
        REQUIRE(!issues.empty());
        CAPTURE(issues[0].detail);
        CHECK(issues[0].code == row.code);
        CHECK(issues[0].detail.contains(row.detail));
    }
}

TEST_CASE("all problems of a filter are reported together") {
    CHECK(issues_of("stat:failed progress:x id:y").size() == 3);
}

TEST_CASE("a filter has limits") {
    CHECK(!issues_of(std::string(filter_bytes_max + 1, 'a')).empty());
    std::string many;
    for (std::size_t i = 0; i <= filter_terms_max; ++i) many += "a ";
    CHECK(issues_of(many).at(0).code == "too_many_terms");
    std::string values = "kind:a";
    for (std::size_t i = 0; i < term_values_max; ++i) values += ",a";
    CHECK(issues_of(values).at(0).code == "too_many_values");
}

TEST_CASE("a filter written as text is read as the same filter") {
    for (const std::string_view text :
         {R"(state:failed,queued -kind:"a b" progress:<=-0.1 filename:"" filename:~"\\\"" -"x:y" "-z")",
          "created_at:2026-01-01,2026-02-01 created_at:>=2026-01-01T10:00:00.123456Z",
          "id:01890000-0000-7000-8000-000000000000 plain words -other"}) {
        CAPTURE(text);
        auto filter = parse_filter(text, fields);
        auto again = parse_filter(to_string(filter), fields);
        for (auto& term : filter.terms) term.position = 0;
        for (auto& term : again.terms) term.position = 0;
        CHECK(again == filter);
    }
}

TEST_CASE("a filter judges things in memory as SQL would") {
    const auto value_of = [](std::string_view name) -> std::optional<Value> {
        if (name == "state") return "failed";
        if (name == "filename") return "Orders March.csv";
        if (name == "progress") return 40.0;
        if (name == "created_at") return at("2026-01-01T23:59:59.999Z");
        return std::nullopt;
    };
    struct Row { std::string_view text; bool want; };
    for (const Row& row : std::initializer_list<Row>{
             {"", true},
             {"state:failed", true},
             {"state:queued,failed", true},
             {"-state:failed", false},
             {"filename:~MARCH", true},
             {"filename:\"orders march.csv\"", false},
             {"progress:>40", false},
             {"progress:>=40 progress:<41", true},
             {"created_at:2026-01-01", true},
             {"created_at:>2026-01-01", false},
             {"created_at:<=2026-01-01", true},
             {"kind:import", false},
             {"-kind:import", true},
             {"march", true},
             {"-march", false},
             {"april", false},
         }) {
        CAPTURE(row.text);
        CHECK(matches(parse_filter(row.text, fields), value_of, "orders march.csv") == row.want);
    }
}

TEST_CASE("a sort names fields that can be sorted by, each once") {
    CHECK(parse_sort("-created_at,filename", fields) == Sort{{{"created_at", true}, {"filename", false}}});
    CHECK(parse_sort("", fields).empty());
    CHECK(to_string(parse_sort("-created_at,filename", fields)) == "-created_at,filename");
    for (const std::string_view text : {"state", "created", "-", ",", "created_at,", "created_at,-created_at", "--progress"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_sort(text, fields), Error);
    }
}

TEST_CASE("a cursor gives back what was put in") {
    const std::vector<CursorValue> values{std::monostate{}, std::string{"a\0b", 3}, std::int64_t{-5}, 0.25,
                                          at("2026-01-01T00:00:00Z"), Uuid::from_name("test", "a")};
    CHECK(decode_cursor("jobs|-created_at", encode_cursor("jobs|-created_at", values)) == values);
    CHECK(decode_cursor("x", encode_cursor("x", {})).empty());
}

TEST_CASE("a cursor that was changed, cut or made for another list is refused") {
    const std::vector<CursorValue> values{std::string{"abc"}, Uuid::from_name("test", "a")};
    const auto cursor = encode_cursor("jobs", values);

    CHECK_THROWS_AS(decode_cursor("datasets", cursor), Error);
    for (std::size_t i = 0; i < cursor.size(); ++i) {
        auto changed = cursor;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK_THROWS_AS(decode_cursor("jobs", changed), Error);
        CHECK_THROWS_AS(decode_cursor("jobs", cursor.substr(0, i)), Error);
    }
    CHECK_THROWS_AS(decode_cursor("jobs", cursor + "AAAA"), Error);
    CHECK_THROWS_AS(decode_cursor("jobs", cursor + "="), Error);
    CHECK_THROWS_AS(decode_cursor("jobs", std::string(100'000, 'A')), Error);
}
