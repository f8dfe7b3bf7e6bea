#include "bench.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <barrier>
#include <thread>

#include "support/postgres.hpp"

/// What the server hides from its clients, the reader of a failed test wants to see.
REGISTER_EXCEPTION_TRANSLATOR(const millrace::Error& error) {
    std::string text{to_string(error.code())};
    for (const auto& [name, value] : error.args()) text += " " + name + "=" + value;
    return doctest::String{text.c_str()};
}

namespace millrace::test {
namespace {

/// One server for the whole run; each test has a database of its own, copied from one that is migrated once.
class Cluster {
public:
    std::string fresh() {
        return server_.create_database("test_" + std::to_string(++serial_), "migrated");
    }

private:
    Cluster() {
        const auto url = server_.create_database("migrated");
        events::Hub hub;
        storage::open_postgres({.url = url}, hub, {});
    }
    friend Cluster& cluster();

    PgServer server_;
    int serial_ = 0;
};

Cluster& cluster() {
    static Cluster one;
    return one;
}

std::string fresh_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-sqlite-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    return pattern;
}

std::vector<std::string> sqlite_rows(const std::string& file, const std::string& text) {
    sqlite3* db = nullptr;
    std::vector<std::string> out;
    std::string failed;
    if (sqlite3_open(file.c_str(), &db) == SQLITE_OK) {
        sqlite3_busy_timeout(db, 5000);
        char* why = nullptr;
        const auto on_row = [](void* to, int count, char** values, char**) {
            auto& line = static_cast<std::vector<std::string>*>(to)->emplace_back();
            for (int i = 0; i < count; ++i) line += (i ? "|" : "") + std::string{values[i] ? values[i] : ""};
            return 0;
        };
        if (sqlite3_exec(db, text.c_str(), on_row, &out, &why) != SQLITE_OK) failed = why ? why : "?";
        sqlite3_free(why);
    }
    sqlite3_close(db);
    if (!failed.empty()) throw std::runtime_error{text + ": " + failed};
    return out;
}

}  // namespace

Bench::Bench(Backend b) : backend{b}, place_{b == Backend::sqlite ? fresh_directory() : cluster().fresh()} {
    storage_ = open(hub);
}

Bench::~Bench() {
    second_.reset();
    storage_.reset();
    if (backend == Backend::sqlite) std::filesystem::remove_all(place_);
}

std::unique_ptr<storage::Storage> Bench::open(events::Hub& other_hub) {
    if (backend == Backend::sqlite) return storage::open_sqlite({.directory = place_, .payload = payload_}, other_hub, {});
    return storage::open_postgres({.url = place_, .poll = 50ms, .payload = payload_}, other_hub, {});
}

storage::Storage& Bench::second() {
    if (backend == Backend::sqlite) return *storage_;
    if (!second_) second_ = open(second_hub_);
    return *second_;
}

void Bench::reopen() {
    storage_.reset();
    storage_ = open(hub);
}

void Bench::encrypt(storage::PayloadSettings keys) {
    payload_ = std::move(keys);
    reopen();
}

std::vector<std::string> Bench::rows(const std::string& text) {
    return backend == Backend::sqlite ? sqlite_rows(place_ + "/millrace.db", text) : psql(place_, text);
}

std::string Bench::sql(const std::string& text) {
    const auto all = rows(text);
    return all.empty() ? "" : all[0];
}

std::string Bench::dump() {
    std::string out;
    const bool sqlite = backend == Backend::sqlite;
    for (const auto& table : rows(sqlite ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
                                         : "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")) {
        if (table == "schema_version") continue;
        std::string all = "*";
        if (sqlite) {
            all.clear();
            for (const auto& column : rows("SELECT name FROM pragma_table_info('" + table + "')")) {
                all += (all.empty() ? "quote(" : ", quote(") + column + ")";
            }
        }
        auto lines = rows("SELECT " + all + " FROM " + table);
        std::ranges::sort(lines);
        for (const auto& line : lines) out += table + ": " + line + '\n';
    }
    return out;
}

Job Bench::new_job(std::string kind, State state) {
    Job job;
    job.id = Uuid::generate();
    job.kind = std::move(kind);
    job.type = jobs::Type::import;
    job.state = state;
    job.owner = scope.user;
    job.org = scope.org;
    job.filename = "a.csv";
    job.input = {{"file_id", "x"}, {"nested", json::object{{"n", 1}}}};
    job.created_at = job.updated_at = job.run_at = now;
    return job;
}

Job Bench::create(Job job) {
    REQUIRE(commit(std::move(Commit{}.add(jobs::Create{job}))) == Outcome::applied);
    return job;
}

Job Bench::create(std::string kind, State state) { return create(new_job(std::move(kind), state)); }

std::optional<jobs::Claimed> Bench::claim_one(const jobs::Worker& by) {
    jobs().hello(by);
    auto claimed = jobs().claim({.worker = by.id, .kinds = {std::begin(kinds_used), std::end(kinds_used)}, .limit = 1,
                                 .lease = 20s, .now = now});
    if (claimed.empty()) return std::nullopt;
    return claimed[0];
}

Outcome Bench::settle(const jobs::Lease& lease, State state, std::string error_code) {
    jobs::Settle settle;
    settle.job = lease.job;
    settle.state = state;
    settle.outcome = error_code.empty() ? "completed" : "failed";
    settle.error_code = std::move(error_code);
    settle.at = now;
    return commit(std::move(Commit{}.guard(jobs::Fence{lease}).add(std::move(settle))));
}

std::vector<events::Event> Bench::all_events() { return storage().events().after(0, 100000); }

std::vector<std::string> Bench::event_types() {
    std::vector<std::string> types;
    for (const auto& event : all_events()) types.push_back(event.type);
    return types;
}

std::string describe(const Job& j) {
    std::string text = to_json(jobs::view(j));
    text += json::serialize(j.input) + json::serialize(j.result);
    for (const int n : {j.attempts_max, j.losses, j.crashes}) text += ' ' + std::to_string(n);
    for (const auto& id : {j.input_file_id, j.reference_file_id, j.template_id, j.result_file_id}) {
        text += ' ' + id.value_or(Uuid{}).str();
    }
    return text + to_rfc3339(j.run_at) + j.org.str();
}

void together(std::vector<std::function<void()>> bodies) {
    std::barrier start{static_cast<std::ptrdiff_t>(bodies.size())};
    std::vector<std::jthread> threads;
    for (auto& body : bodies) {
        threads.emplace_back([&start, body = std::move(body)] {
            start.arrive_and_wait();
            body();
        });
    }
}

}  // namespace millrace::test
