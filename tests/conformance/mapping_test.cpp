#include "bench.hpp"
#include "mapping/ops.hpp"

/// Templates with their versions, and what people have accepted before.
namespace millrace::test {
namespace {

mapping::Template made(Bench& bench, std::string fingerprint = "") {
    mapping::Template t;
    t.id = Uuid::generate();
    t.owner = bench.scope.user;
    t.org = bench.scope.org;
    t.name = "Prices";
    t.spec = {{"spec", 1}, {"fields", json::array{}}};
    t.sha256 = "one";
    t.fingerprint = std::move(fingerprint);
    t.created_at = t.updated_at = bench.now;
    bench.commit(std::move(Commit{}.guard(mapping::TemplateIs{t.id, 0}).add(mapping::PutTemplate{t})));
    return t;
}

void learn(Bench& bench, const Uuid& owner, const Uuid& org, std::vector<mapping::Choice> choices, Instant at) {
    mapping::Learn op;
    op.owner = owner;
    op.org = org;
    op.choices = std::move(choices);
    op.at = at;
    bench.commit(std::move(Commit{}.add(op)));
}

}  // namespace

ON_BOTH("a change of a template is a new version and the old one stays") {
    auto t = made(bench);
    t.version = 2;
    t.spec = {{"spec", 1}, {"name", "two"}};
    t.sha256 = "two";
    CHECK(bench.ledger().commit(std::move(Commit{}.guard(mapping::TemplateIs{t.id, 1}).add(mapping::PutTemplate{t}))));
    CHECK_FALSE(bench.ledger().commit(std::move(Commit{}.guard(mapping::TemplateIs{t.id, 1}).add(mapping::PutTemplate{t}))));

    auto& store = bench.storage().mappings();
    CHECK(store.get(t.id, bench.scope)->version == 2);
    CHECK(store.versions(t.id).size() == 2);
    CHECK(store.versions(t.id).front().sha256 == "two");
    CHECK(store.spec(t.id, 1)->contains("fields"));
    CHECK_FALSE(store.spec(t.id, 3));
    CHECK_FALSE(store.get(t.id, Scope{Uuid::generate(), Uuid::generate()}));

    bench.commit(std::move(Commit{}.add(mapping::RemoveTemplate{t.id})));
    CHECK_FALSE(store.get(t.id, bench.scope));
    CHECK(store.versions(t.id).empty());
}

ON_BOTH("a template is found by the columns it was made for") {
    const auto t = made(bench, "abc");
    made(bench);
    auto& store = bench.storage().mappings();
    CHECK(store.by_fingerprint(bench.scope.user, "abc")->id == t.id);
    CHECK_FALSE(store.by_fingerprint(bench.scope.user, ""));
    CHECK_FALSE(store.by_fingerprint(Uuid::generate(), "abc"));
}

ON_BOTH("what the user has chosen goes before the organisation, and that before all others") {
    const auto colleague = Uuid::generate(), stranger = Uuid::generate(), elsewhere = Uuid::generate();
    learn(bench, stranger, elsewhere, {{"artnr", "gtin"}, {"bedrag", "total"}, {"naam", "name"}}, bench.now);
    learn(bench, stranger, elsewhere, {{"artnr", "gtin"}}, bench.now + 1s);
    learn(bench, colleague, bench.scope.org, {{"artnr", "ean"}, {"bedrag", "amount"}}, bench.now);
    learn(bench, bench.scope.user, bench.scope.org, {{"artnr", "sku"}}, bench.now);

    const auto memory = bench.storage().mappings().memory(bench.scope.user, bench.scope.org, {"artnr", "bedrag", "naam", "datum"});

    CHECK(memory.choices.size() == 3);
    CHECK(memory.choices.at("artnr").front().target == "sku");
    CHECK(memory.choices.at("bedrag").front().target == "amount");
    CHECK(memory.choices.at("naam").front().target == "name");
    CHECK(bench.storage().mappings().memory(stranger, elsewhere, {"artnr"}).choices.at("artnr").front().times == 2);
}

ON_BOTH("of what a user has chosen the last one counts, however often it was another one") {
    for (const auto after : {0s, 1s, 2s}) learn(bench, bench.scope.user, bench.scope.org, {{"artnr", "ean"}}, bench.now + after);
    learn(bench, bench.scope.user, bench.scope.org, {{"artnr", "sku"}}, bench.now + 3s);

    CHECK(bench.storage().mappings().memory(bench.scope.user, bench.scope.org, {"artnr"}).choices.at("artnr").front().target == "sku");
}

}  // namespace millrace::test
