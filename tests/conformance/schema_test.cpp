#include <libpq-fe.h>
#include <sqlite3.h>

#include <map>
#include <set>

#include "base/embedded.hpp"
#include "bench.hpp"
#include "storage/detail/list.hpp"
#include "storage/detail/statements.hpp"

namespace millrace {
std::span<const Embedded> sqlite_queries();
std::span<const Embedded> postgres_queries();
}  // namespace millrace

/// The SQL itself: that both backends have the same statements, that none looks through history, and the schema.
namespace millrace::test {
namespace {

using storage::detail::Statement;
using storage::detail::statement_count;

struct Shape {
    int parameters = 0;
    std::vector<std::string> columns;
    bool operator==(const Shape&) const = default;
};

std::vector<Shape> sqlite_shapes(const std::string& file) {
    const auto texts = storage::detail::read_statements(sqlite_queries());
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    std::vector<Shape> shapes;
    for (const auto& text : texts) {
        sqlite3_stmt* statement = nullptr;
        REQUIRE(sqlite3_prepare_v2(db, text.c_str(), -1, &statement, nullptr) == SQLITE_OK);
        Shape shape{sqlite3_bind_parameter_count(statement), {}};
        for (int i = 0; i < sqlite3_column_count(statement); ++i) shape.columns.emplace_back(sqlite3_column_name(statement, i));
        shapes.push_back(std::move(shape));
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
    return shapes;
}

std::vector<Shape> postgres_shapes(const std::string& url) {
    const auto texts = storage::detail::read_statements(postgres_queries());
    PGconn* db = PQconnectdb(url.c_str());
    std::vector<Shape> shapes;
    for (std::size_t n = 0; n < statement_count; ++n) {
        PQclear(PQprepare(db, "", texts[n].c_str(), 0, nullptr));
        PGresult* described = PQdescribePrepared(db, "");
        // What SQLite takes as parameters may be the fields of a row.
        const auto fields = static_cast<int>(texts.rows[n].fields.size());
        Shape shape{fields > 0 ? fields : PQnparams(described), {}};
        for (int i = 0; i < PQnfields(described); ++i) shape.columns.emplace_back(PQfname(described, i));
        shapes.push_back(std::move(shape));
        PQclear(described);
    }
    PQfinish(db);
    return shapes;
}

/// The plan of every statement, as text. On PostgreSQL the generic one, which prepared statements end up with.
std::vector<std::pair<std::string, std::string>> plans(Bench& bench) {
    const bool sqlite = bench.backend == Backend::sqlite;
    const auto texts = storage::detail::read_statements(sqlite ? sqlite_queries() : postgres_queries());
    std::vector<std::pair<std::string, std::string>> out;
    for (std::size_t i = 0; i < statement_count; ++i) {
        const std::string name{to_string(static_cast<Statement>(i))};
        std::string plan;
        if (sqlite) {
            for (const auto& line : bench.rows("EXPLAIN QUERY PLAN " + texts[i])) plan += line + '\n';
        } else {
            // One connection for all of it: psql() makes one per call, so it goes as one script.
            std::string nulls;
            for (int p = 1; texts[i].find("$" + std::to_string(p)) != std::string::npos; ++p) nulls += p > 1 ? ", NULL" : "NULL";
            const auto rows = bench.rows("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; PREPARE p AS " + texts[i] +
                                         "; EXPLAIN EXECUTE p" + (nulls.empty() ? "" : "(" + nulls + ")"));
            for (const auto& line : rows) plan += line + '\n';
        }
        out.emplace_back(name, plan);
    }
    return out;
}

/// Half a million would be truer, but the planner sees the difference at this size already.
void fill_history(Bench& bench, int count) {
    const auto n = std::to_string(count);
    const bool sqlite = bench.backend == Backend::sqlite;
    const std::string columns =
        "id, kind, type, state, progress, stage, message, queue, priority, attempt, attempts_max, losses, crashes, run_at, owner, "
        "org_id, input, metadata, filename, error_code, error_message, created_at, updated_at, completed_at";
    if (sqlite) {
        bench.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + n + ") INSERT INTO job (" + columns +
                  ") SELECT randomblob(16), 'import', 'import', 'completed', 100, '', '', 'default', 0, 1, 3, 0, 0, 1, "
                  "zeroblob(16), zeroblob(16), '{}', '{}', 'a.csv', '', '', i, i, i FROM n");
        bench.sql("INSERT INTO event (at, type, version, owner, org_id, subject, data) SELECT 1, 'x', 1, owner, owner, id, '{}' FROM job");
    } else {
        bench.sql("INSERT INTO job (" + columns +
                  ") SELECT gen_random_uuid(), 'import', 'import', 'completed', 100, '', '', 'default', 0, 1, 3, 0, 0, now(), "
                  "'00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', '{}', '{}', 'a.csv', '', '', "
                  "to_timestamp(i), now(), to_timestamp(i) FROM generate_series(1, " + n + ") i");
        bench.sql("INSERT INTO event (at, type, version, owner, org_id, subject, data) SELECT now(), 'x', 1, owner, owner, id, '{}' FROM job");
        bench.sql("ANALYZE");
    }
}

}  // namespace

TEST_CASE("each statement has the same parameters and columns in both databases") {
    Bench sqlite{Backend::sqlite}, postgres{Backend::postgres};
    const auto a = sqlite_shapes(sqlite.place() + "/millrace.db");
    const auto b = postgres_shapes(postgres.place());

    for (std::size_t i = 0; i < statement_count; ++i) {
        const auto name = to_string(static_cast<Statement>(i));
        CAPTURE(name);
        CHECK(a[i].parameters == b[i].parameters);
        // SQLite has no RETURNING where that costs; see events.append.
        const bool returning = name == "events.append" || name == "events.append_packed" || name == "leases.insert" || name == "progress.put";
        if (!returning) CHECK(a[i].columns == b[i].columns);
    }
}

ON_BOTH("no statement scans the history of jobs, events or deliveries") {
    fill_history(bench, 20000);
    // What these look at is small by nature, or they name an index that holds unfinished jobs only.
    const std::set<std::string> whole_lists{"jobs.list", "files.list", "datasets.list", "files.abandoned", "deliveries.list"};
    const std::set<std::string> small_indexes{"job_unfinished", "job_queued", "job_due", "webhook_delivery_waiting"};

    for (const auto& [name, plan] : plans(bench)) {
        CAPTURE(name);
        CAPTURE(plan);
        // SQLite says nothing of a plain INSERT.
        if (bench.backend == Backend::postgres) CHECK_FALSE(plan.empty());
        if (whole_lists.contains(name)) continue;
        for (std::size_t at = 0; at < plan.size();) {
            const auto line = plan.substr(at, plan.find('\n', at) - at);
            at = plan.find('\n', at) + 1;
            if (bench.backend == Backend::postgres) {
                CHECK(line.find("Seq Scan on job ") == line.npos);
                CHECK(line.find("Seq Scan on event") == line.npos);
                CHECK(line.find("Seq Scan on webhook_delivery") == line.npos);
                CHECK(line.find("Seq Scan on webhook_attempt") == line.npos);
                continue;
            }
            const bool scans = line.find("SCAN job ") != line.npos || line.ends_with("SCAN job") ||
                               line.find("SCAN event") != line.npos || line.find("SCAN webhook_delivery") != line.npos ||
                               line.find("SCAN webhook_attempt") != line.npos;
            bool small = false;
            for (const auto& index : small_indexes) small = small || line.find(index) != line.npos;
            CHECK((!scans || small));
        }
    }
}

ON_BOTH("a page of a list comes from an index in its order") {
    fill_history(bench, 20000);
    for (const auto& [name, where] : std::initializer_list<std::pair<const char*, const char*>>{
             {"own", "owner = $1"}, {"org", "org_id = $1"}, {"all", "1 = 1"},
             {"next page", "owner = $1 AND (created_at, id) < (created_at, $1)"}}) {
        CAPTURE(name);
        std::string id = bench.backend == Backend::sqlite ? "zeroblob(16)" : "'00000000-0000-0000-0000-000000000000'::uuid";
        std::string condition = where;
        for (auto at = condition.find("$1"); at != condition.npos; at = condition.find("$1")) condition.replace(at, 2, id);
        if (bench.backend == Backend::postgres && std::string{name} == "next page") continue;
        std::string plan;
        for (const auto& line : bench.rows(std::string{bench.backend == Backend::sqlite ? "EXPLAIN QUERY PLAN " : "EXPLAIN "} +
                                           "SELECT * FROM job WHERE " + condition + " ORDER BY created_at DESC, id DESC LIMIT 51")) {
            plan += line + '\n';
        }
        CAPTURE(plan);
        CHECK(plan.find("TEMP B-TREE") == plan.npos);
        CHECK(plan.find("Sort") == plan.npos);
        CHECK(plan.find("Seq Scan") == plan.npos);
    }
}

ON_BOTH("the views have the names, columns and words of the seeds") {
    const Job job = bench.create("import", State::blocked);
    const Job done = bench.create("external");
    bench.commit(std::move(Commit{}.add(jobs::Cancel{done.id, bench.now})));
    const auto columns = [&](const std::string& view) {
        return bench.rows(bench.backend == Backend::sqlite
                              ? "SELECT name FROM pragma_table_info('" + view + "') ORDER BY cid"
                              : "SELECT column_name FROM information_schema.columns WHERE table_name = '" + view + "' ORDER BY ordinal_position");
    };
    using Names = std::vector<std::string>;

    CHECK(columns("background_jobs") ==
          Names{"id", "job_type", "status", "progress", "related_dataset_id", "created_by", "created_at", "started_at",
                "completed_at", "error_message", "job_metadata", "updated_at", "filename"});
    CHECK(columns("jobs") == Names{"id", "user_id", "status", "progress", "input_file_id", "reference_file_id", "template_id",
                                   "result_file_id", "error_message", "created_at", "updated_at"});
    CHECK(columns("processing_jobs") == Names{"id", "source_id", "resource_type", "status", "progress_message",
                                              "result_file_id", "error_message", "created_at", "updated_at"});
    const auto words = [&](const Job& of) {
        const auto id = "'" + of.id.str() + "'";
        return bench.sql("SELECT status FROM background_jobs WHERE id = " + id) + " " +
               bench.sql("SELECT status FROM jobs WHERE id = " + id) + " " +
               bench.sql("SELECT status FROM processing_jobs WHERE id = " + id);
    };
    CHECK(words(job) == "running pending queued");
    CHECK(words(done) == "failed cancelled failed");
    CHECK(bench.sql("SELECT created_by FROM background_jobs WHERE id = '" + job.id.str() + "'") == bench.scope.user.str());
    CHECK(bench.sql("SELECT job_metadata FROM background_jobs WHERE id = '" + job.id.str() + "'").find("a.csv") != std::string::npos);
    const auto at = to_rfc3339(job.created_at);
    const auto seen = bench.sql("SELECT created_at FROM background_jobs WHERE id = '" + job.id.str() + "'");
    CHECK(seen.substr(11, 12) == at.substr(11, 12));
}

ON_BOTH("a database of a newer program, or with a changed migration, is refused") {
    const auto refusal = [&] {
        events::Hub hub;
        try {
            bench.open(hub);
        } catch (const Error& error) {
            return error.code();
        }
        return Code::usage;
    };
    CHECK(refusal() == Code::usage);
    const auto sha = bench.sql("SELECT sha256 FROM schema_version WHERE version = 1");

    bench.sql("UPDATE schema_version SET sha256 = 'other' WHERE version = 1");
    CHECK(refusal() == Code::schema_changed);
    bench.sql("UPDATE schema_version SET sha256 = '" + sha + "' WHERE version = 1");
    CHECK(refusal() == Code::usage);
    bench.sql(bench.backend == Backend::sqlite ? "INSERT INTO schema_version VALUES (99, 'x', 1)"
                                               : "INSERT INTO schema_version VALUES (99, 'x', now())");
    CHECK(refusal() == Code::schema_newer);
}

}  // namespace millrace::test
