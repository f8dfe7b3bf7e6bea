#include <algorithm>
#include <random>

#include "bench.hpp"

/// Lists against a reference in memory: every filter, sorted every way, page by page.
namespace millrace::test {
namespace {

using query::Value;

std::optional<Value> text_or_null(const std::optional<std::string>& text) {
    return text ? std::optional<Value>{*text} : std::nullopt;
}
std::optional<Value> time_or_null(const std::optional<Instant>& at) { return at ? std::optional<Value>{*at} : std::nullopt; }

std::optional<Value> value_of(const Job& j, std::string_view field) {
    if (field == "id") return j.id;
    if (field == "state") return std::string{word(j.state)};
    if (field == "type") return std::string{jobs::type_word(j.type)};
    if (field == "kind") return j.kind;
    if (field == "queue") return j.queue;
    if (field == "stage") return j.stage;
    if (field == "filename") return j.filename;
    if (field == "supplier_id") return text_or_null(j.supplier_id);
    if (field == "error_code") return j.error_code;
    if (field == "error_message") return j.error_message;
    if (field == "progress") return double(j.progress);
    if (field == "priority") return double(j.priority);
    if (field == "attempt") return double(j.attempt);
    if (field == "created_at") return j.created_at;
    if (field == "updated_at") return j.updated_at;
    if (field == "started_at") return time_or_null(j.started_at);
    if (field == "completed_at") return time_or_null(j.completed_at);
    FAIL("no such field");
    return {};
}

/// Compares by one key; nulls are lowest.
std::strong_ordering by(const Job& a, const Job& b, const query::SortKey& key) {
    const auto x = value_of(a, key.field), y = value_of(b, key.field);
    std::strong_ordering order = std::strong_ordering::equal;
    if (!x || !y) order = x.has_value() <=> y.has_value();
    else if (*x < *y) order = std::strong_ordering::less;
    else if (*y < *x) order = std::strong_ordering::greater;
    return key.descending ? 0 <=> order : order;
}

std::vector<Uuid> expected(std::vector<Job> jobs, const Scope& scope, const query::Filter& filter, query::Sort sort) {
    std::erase_if(jobs, [&](const Job& j) {
        const auto text = j.filename + "\n" + j.message + "\n" + j.error_message + "\n" + j.kind + "\n" + j.supplier_id.value_or("");
        return !scope.sees(j.owner, j.org) ||
               !query::matches(filter, [&](std::string_view field) { return value_of(j, field); }, text);
    });
    if (sort.empty()) sort.keys.push_back({"created_at", true});
    const bool down = sort.keys.back().descending;
    std::ranges::sort(jobs, [&](const Job& a, const Job& b) {
        for (const auto& key : sort.keys) {
            const auto order = by(a, b, key);
            if (order != 0) return order < 0;
        }
        return down ? b.id < a.id : a.id < b.id;
    });
    std::vector<Uuid> ids;
    for (const auto& job : jobs) ids.push_back(job.id);
    return ids;
}

std::vector<Uuid> listed(Bench& bench, const Scope& scope, const query::Filter& filter, const query::Sort& sort, int limit) {
    std::vector<Uuid> ids;
    std::optional<std::string> cursor;
    for (int pages = 0; pages < 200; ++pages) {
        const auto page = bench.jobs().list(scope, {filter, sort, cursor, limit});
        CHECK(page.items.size() <= static_cast<std::size_t>(limit));
        for (const auto& job : page.items) ids.push_back(job.id);
        cursor = page.next_cursor;
        if (!cursor) return ids;
    }
    FAIL("the pages do not end");
    return ids;
}

/// Jobs with few different values, so that many are equal in each field.
std::vector<Job> crowd(Bench& bench, int count) {
    std::mt19937 random{7};
    const auto pick = [&](auto... values) {
        const std::common_type_t<decltype(values)...> all[] = {values...};
        return all[random() % sizeof...(values)];
    };
    std::vector<Job> jobs;
    const Uuid other = Uuid::generate();
    for (int i = 0; i < count; ++i) {
        Job job = bench.new_job(pick("import", "export", "other"), State::blocked);
        job.type = pick(jobs::Type::import, jobs::Type::export_);
        job.filename = pick("Prices.CSV", "prices_2.csv", "größe 100%.csv", "ZÜRICH.csv", "");
        if (random() % 2) job.supplier_id = pick("s1", "S2");
        job.message = pick("", "timeout of the reader", "ok");
        job.priority = pick(-1, 0, 7);
        job.progress = pick(0, 50, 99);
        job.created_at = job.updated_at = bench.now - pick(0h, 1h, 30h, 50h);
        if (random() % 5 == 0) job.owner = other;
        if (random() % 10 == 0) job.org = other;
        bench.create(job);
        if (random() % 2) {
            jobs::Settle settle;
            settle.job = job.id;
            settle.state = pick(State::completed, State::failed);
            settle.error_code = settle.state == State::failed ? "timed_out" : "";
            settle.error_message = settle.state == State::failed ? "Took too long: \"x_y%z\"" : "";
            settle.at = bench.now - pick(0min, 1min);
            bench.commit(std::move(Commit{}.add(settle)));
        }
        jobs.push_back(bench.get(job.id));
    }
    return jobs;
}

}  // namespace

ON_BOTH("a list is what the filter says, in the order asked for, whatever the size of a page") {
    const auto jobs = crowd(bench, 60);
    Scope all = bench.scope, org = bench.scope;
    all.reach = Scope::Reach::all;
    org.reach = Scope::Reach::org;
    const auto day = to_rfc3339(bench.now - 30h).substr(0, 10);
    for (const std::string& text : std::initializer_list<std::string>{
             "", "state:completed", "-state:completed", "state:failed,blocked kind:import", "type:export", "filename:~PRICES",
             "filename:Prices.CSV", "-filename:~csv", "filename:~\"100%\"", "filename:~ü", "filename:\"\"", "supplier_id:s1",
             "-supplier_id:s1", "priority:>0", "priority:<=0 progress:50,99", "-priority:7", "progress:>=49.5", "timeout",
             "-timeout", "\"x_y%z\"", "s2 -ok", "created_at:" + day, "created_at:>" + day, "-created_at:<=" + day,
             "completed_at:<=2999-01-01", "-completed_at:<=2999-01-01", "started_at:>2000-01-01", "error_code:timed_out",
             "id:" + jobs[3].id.str() + "," + jobs[9].id.str(), "attempt:0 queue:default stage:\"\"", "error_message:~LONG"}) {
        // The grammar refuses some of these empty values, which is its business.
        query::Filter filter;
        try {
            filter = query::parse_filter(text, jobs::list_fields());
        } catch (const Error&) {
            CHECK(text.find("stage") != text.npos);
            continue;
        }
        CAPTURE(text);
        CHECK(listed(bench, bench.scope, filter, {}, 7) == expected(jobs, bench.scope, filter, {}));
    }
    for (const std::string& text : std::initializer_list<std::string>{
             "created_at", "-created_at", "completed_at", "-completed_at", "completed_at,-created_at", "-completed_at,created_at"}) {
        const auto sort = query::parse_sort(text, jobs::list_fields());
        const auto filter = query::parse_filter("priority:<5", jobs::list_fields());
        for (const auto* scope : {&bench.scope, &org, &all}) {
            for (const int limit : {1, 6, 1000}) {
                CAPTURE(text);
                CAPTURE(limit);
                CHECK(listed(bench, *scope, filter, sort, limit) == expected(jobs, *scope, filter, sort));
            }
        }
    }
}

ON_BOTH("a cursor is good for its list only, and a limit is kept within bounds") {
    for (int i = 0; i < 3; ++i) bench.create();
    const auto page = bench.jobs().list(bench.scope, {{}, {}, {}, 2});
    REQUIRE(page.next_cursor);

    CHECK(bench.jobs().list(bench.scope, {{}, {}, page.next_cursor, 2}).items.size() == 1);
    CHECK_FALSE(bench.jobs().list(bench.scope, {{}, {}, page.next_cursor, 2}).next_cursor);
    const auto other = query::parse_sort("-completed_at", jobs::list_fields());
    CHECK_THROWS_AS(bench.jobs().list(bench.scope, {{}, other, page.next_cursor, 2}), Error);
    CHECK_THROWS_AS(bench.storage().intake().list(bench.scope, {{}, {}, page.next_cursor, 2}), Error);
    CHECK_THROWS_AS(bench.jobs().list(bench.scope, {{}, {}, "rubbish", 2}), Error);
    CHECK(bench.jobs().list(bench.scope, {{}, {}, {}, 0}).items.size() == 1);
    CHECK(bench.jobs().list(bench.scope, {{}, {}, {}, 1'000'000}).items.size() == 3);
}

ON_BOTH("every field that the modules name can be asked for and sorted by") {
    const auto walk = [&](auto& store, std::span<const query::Field> fields) {
        for (const auto& field : fields) {
            CAPTURE(field.name);
            query::Filter filter;
            query::Value value = std::string{field.words.empty() ? "x" : field.words[0]};
            if (field.type == query::Type::number) value = 1.0;
            if (field.type == query::Type::time) value = bench.now;
            if (field.type == query::Type::uuid) value = Uuid::generate();
            filter.terms.push_back({.field = std::string{field.name}, .values = {value}});
            CHECK(store.list(bench.scope, {filter, {}, {}, 5}).items.empty());
            if (!field.sortable) continue;
            query::Sort sort{{{std::string{field.name}, true}}};
            CHECK(store.list(bench.scope, {{}, sort, {}, 5}).items.empty());
        }
        query::Filter text;
        text.texts.push_back({"x", false});
        CHECK(store.list(bench.scope, {text, {}, {}, 5}).items.empty());
        query::Filter unknown;
        unknown.terms.push_back({.field = "id; DROP TABLE job", .values = {std::string{"x"}}});
        CHECK_THROWS_AS(store.list(bench.scope, {unknown, {}, {}, 5}), Error);
    };

    walk(bench.jobs(), jobs::list_fields());
    walk(bench.storage().datasets(), datasets::list_fields());
    walk(bench.storage().intake(), intake::list_fields());
    walk(bench.storage().schedules(), jobs::schedule_fields());
    walk(bench.storage().mappings(), mapping::template_fields());
}

ON_BOTH("files and datasets are listed newest first or by name, page by page") {
    std::vector<std::string> names{"b", "a", "B", "ä", "c"};
    Commit commit;
    for (const auto& name : names) {
        intake::File file;
        file.id = Uuid::generate();
        file.owner = bench.scope.user;
        file.filename = name;
        file.created_at = bench.later(1s);
        commit.add(intake::Begin{file});
        datasets::Dataset d;
        d.id = Uuid::generate();
        d.owner = bench.scope.user;
        d.name = d.sha256 = name;
        d.created_at = bench.now;
        commit.add(datasets::Put{d});
    }
    bench.commit(std::move(commit));
    const auto walk = [&](auto& store, auto name_of, std::string_view sort_text, auto fields) {
        std::vector<std::string> out;
        std::optional<std::string> cursor;
        do {
            const auto page = store.list(bench.scope, {{}, query::parse_sort(sort_text, fields), cursor, 2});
            for (const auto& item : page.items) out.push_back(name_of(item));
            cursor = page.next_cursor;
        } while (cursor);
        return out;
    };
    const auto files = [&](std::string_view sort) {
        return walk(bench.storage().intake(), [](const auto& f) { return f.filename; }, sort, intake::list_fields());
    };
    const auto sets = [&](std::string_view sort) {
        return walk(bench.storage().datasets(), [](const auto& d) { return d.name; }, sort, datasets::list_fields());
    };

    const std::vector<std::string> newest{names.rbegin(), names.rend()}, by_name{"B", "a", "b", "c", "ä"};
    CHECK(files("") == newest);
    CHECK(sets("") == newest);
    CHECK(files("filename") == by_name);
    CHECK(sets("name") == by_name);
}

}  // namespace millrace::test
