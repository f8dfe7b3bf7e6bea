#include <doctest/doctest.h>

#include "llm/standin/standin.hpp"
#include "mapping/llm_reviewer.hpp"
#include "mapping/privacy.hpp"
#include "mapping/proposal.hpp"

using namespace millrace;
using namespace millrace::mapping;

namespace {

const SystemClock wall;

Table table(std::string name, const std::vector<std::string>& names) {
    Table out{.name = std::move(name)};
    for (const auto& field : names) out.fields.push_back({.name = field});
    return out;
}

Matrix matrix(std::size_t rows, std::size_t columns, const std::vector<float>& values) {
    Matrix out{rows, columns};
    for (std::size_t i = 0; i < values.size(); ++i) out.at(i / columns, i % columns) = values[i];
    return out;
}

Summary summary(const std::vector<std::string>& values) {
    Summarizer summarizer;
    for (const auto& value : values) summarizer.add(value);
    return summarizer.finish();
}

/// Names that say little, so that there is something to ask.
const Table source = table("source", {"wert1", "wert2", "menge", "kundennr"});
const Table target = table("target", {"amount", "quantity", "customer_number", "price"});

std::string applied(const Proposal& proposal) {
    std::string out;
    for (const auto& entry : proposal.mapping) out += entry.source + '=' + entry.target + '@' + std::to_string(entry.confidence) + ' ';
    return out;
}

llm::Settings settings_for(const llm::Standin& standin) {
    llm::Settings settings;
    settings.provider = llm::Api::openai;
    settings.url = standin.url() + "/v1";
    settings.model = "small";
    settings.timeout = 300ms;
    settings.patience = 2s;
    settings.retry_pause = 1ms;
    settings.attempts = 2;
    return settings;
}

}  // namespace

TEST_CASE("only what is uncertain is a doubt") {
    //                                           certain          a rival        low           nothing
    const auto confidence = matrix(4, 3, {0.95F, 0.1F, 0.0F, 0.2F, 0.92F, 0.85F, 0.3F, 0.1F, 0.05F, 0.0F, 0.0F, 0.0F});
    const auto doubts = doubts_of(confidence, {0, 1, -1, -1}, {0, 0, 0, 0});
    REQUIRE(doubts.size() == 2);
    CHECK(doubts[0].source == 1);
    CHECK(doubts[0].candidates.size() == 2);
    CHECK(doubts[0].candidates[0].target == 1);
    CHECK(doubts[1].source == 2);
    CHECK(doubts[1].candidates.size() == 2);  // the one that the first has is not offered
    CHECK(doubts_of(confidence, {0, 1, -1, -1}, {0, 1, 1, 0}).empty());
}

TEST_CASE("a verdict moves a field between its candidates and nothing else") {
    auto confidence = matrix(2, 3, {0.6F, 0.55F, 0.1F, 0.3F, 0.5F, 0.4F});
    std::vector<int> given{0, 1};
    const auto doubts = doubts_of(confidence, given, {0, 0});
    reconsider(doubts, {{.source = 0, .target = 1, .confidence = 0.9, .reason = ""}, {.source = 1, .target = std::nullopt, .confidence = 0.8, .reason = ""}}, confidence, given);
    CHECK(given == std::vector<int>{1, 2});
    CHECK(confidence.at(0, 1) == doctest::Approx(0.725));
    CHECK(confidence.at(0, 0) == doctest::Approx(0.33));
    CHECK(confidence.at(1, 2) == doctest::Approx(0.24));
}

TEST_CASE("an answer is looked at before it counts") {
    const std::vector<Doubt> doubts{{0, {{0, 0.4}, {1, 0.3}}}, {1, {{0, 0.4}}}};
    struct Row { const char* name; const char* answer; std::size_t problems; };
    for (const Row& row : std::initializer_list<Row>{
             {"good", R"({"s1":{"target":"t2","confidence":1,"reason":"x"},"s2":{"target":"t1","confidence":0.5}})", 0},
             {"none", R"({"s1":{"target":"none","confidence":1},"s2":{"target":"none","confidence":0}})", 0},
             {"a candidate of another", R"({"s1":{"target":"t1","confidence":1},"s2":{"target":"t2","confidence":1}})", 1},
             {"twice the same", R"({"s1":{"target":"t1","confidence":1},"s2":{"target":"t1","confidence":1}})", 1},
             {"not there", R"({"s1":{"target":"t1","confidence":1}})", 1},
             {"too sure", R"({"s1":{"target":"t1","confidence":1.5},"s2":{"target":"none","confidence":-0.1}})", 2},
             {"words for numbers", R"({"s1":{"target":"t1","confidence":"high"},"s2":{"target":"none","confidence":1}})", 1},
             {"numbers for words", R"({"s1":{"target":1,"confidence":1},"s2":{"target":null,"confidence":1}})", 2},
             {"more than was asked", R"({"s1":{"target":"t1","confidence":1},"s2":{"target":"none","confidence":1},"s3":{"target":"t9","confidence":1}})", 1},
             {"no objects", R"({"s1":"t1","s2":["t1"]})", 2},
         }) {
        CAPTURE(row.name);
        CHECK(problems_of(json::parse(row.answer).as_object(), doubts).size() == row.problems);
    }
}

TEST_CASE("what is asked holds no more than privacy allows") {
    Table people = table("people", {"mail"});
    people.fields[0].values = summary({"anna@example.org", "bob@example.org"});
    const std::vector<Doubt> doubts{{0, {{0, 0.4}}}};
    const auto text = [&](llm::Privacy privacy) { return json::serialize(question_of(people, target, doubts, privacy).data); };
    CHECK_FALSE(text(llm::Privacy::names).contains("shapes"));
    CHECK(text(llm::Privacy::profile).contains("aaaa@aaaaaaa.aaa"));
    CHECK_FALSE(text(llm::Privacy::profile).contains("anna"));
    CHECK(text(llm::Privacy::samples).contains("samples"));
    CHECK_FALSE(text(llm::Privacy::samples).contains("anna"));
    CHECK_FALSE(text(llm::Privacy::samples).contains("example"));
}

TEST_CASE("samples are shown unless they identify somebody") {
    struct Row { const char* name; std::vector<std::string> values; std::vector<std::string> want; };
    for (const Row& row : std::initializer_list<Row>{
             {"words", {"open", "closed"}, {"open", "closed"}},
             {"small numbers", {"12.50", "3"}, {"12.50", "3"}},
             {"long numbers", {"4024007138010896"}, {"9999999999999999"}},
             {"e-mail", {"a@b.nl"}, {"a@a.aa"}},
             {"IBAN", {"NL91ABNA0417164300"}, {"AA99AAAA9999999999"}},
             {"what directs and hides", {"a\u202Eb\x01" "c"}, {"abc"}},
         }) {
        CAPTURE(row.name);
        CHECK(samples_of(summary(row.values)) == row.want);
    }
}

TEST_CASE("a language model decides what is uncertain, in one call") {
    const auto before = propose(source, target);
    llm::Rule rule;
    rule.reply.choose = {{"wert1", "price"}, {"wert2", "amount"}};
    rule.reply.confidence = 1;
    const llm::Standin standin{{.script = {{rule}}}};
    llm::Client client{settings_for(standin), {.clock = wall}};
    LlmReviewer reviewer{client, {}, {}};

    const auto after = propose(source, target, nullptr, {.reviewer = &reviewer});

    CHECK(reviewer.answered());
    CHECK(standin.seen().size() == 1);
    CHECK(applied(after) != applied(before));
    bool told = false;
    for (const auto& entry : after.mapping) {
        if (entry.provenance != "llm") continue;
        told = true;
        CHECK(entry.reason == "llm: chosen by the script");
    }
    CHECK(told);
}

TEST_CASE("whatever a bad server does, the mapping is the one without it") {
    const auto without = applied(propose(source, target));
    for (const auto fault : llm::faults()) {
        // These are mended, or are good answers in another form.
        if (fault == "schema_refused" || fault == "completion_tokens" || fault == "fenced_json" || fault == "args_as_object" || fault == "no_usage") continue;
        CAPTURE(fault);
        llm::Rule rule;
        rule.fault = fault;
        rule.retry_after = 0;
        rule.reply.choose = {{"wert1", "price"}, {"wert2", "amount"}};
        rule.reply.confidence = 1;
        const llm::Standin standin{{.script = {{rule}}}};
        llm::Client client{settings_for(standin), {.clock = wall}};
        LlmReviewer reviewer{client, {}, {}};

        const auto with = propose(source, target, nullptr, {.reviewer = &reviewer});

        CHECK(applied(with) == without);
        CHECK_FALSE(reviewer.answered());
        CHECK(standin.seen().size() <= 2);
    }
}

TEST_CASE("fifty columns are two calls") {
    std::vector<std::string> names, targets;
    for (int i = 0; i < 60; ++i) {
        names.push_back("F" + std::to_string(i));
        targets.push_back("value_" + std::to_string(i));
    }
    const llm::Standin standin{{}};
    llm::Client client{settings_for(standin), {.clock = wall}};
    LlmReviewer reviewer{client, {}, {}};
    propose(table("source", names), table("target", targets), nullptr, {.reviewer = &reviewer});
    CHECK(standin.seen().size() <= 2);
}
