#include "storage/detail/list.hpp"

#include <fmt/format.h>

namespace millrace::storage::detail {
namespace {

using query::Operator;
using query::Type;

constexpr ListColumn job_fields[] = {
    {"id", "id", Type::uuid},
    {"state", "state", Type::word, false, "CASE WHEN lease_job IS NULL THEN state ELSE 'running' END"},
    {"type", "type", Type::word},
    {"kind", "kind", Type::word},
    {"queue", "queue", Type::word},
    {"stage", "stage", Type::word},
    {"filename", "filename", Type::text},
    {"supplier_id", "supplier_id", Type::text, true},
    {"error_code", "error_code", Type::word, false, "CASE WHEN lease_job IS NULL THEN error_code ELSE '' END"},
    {"error_message", "error_message", Type::text, false, "CASE WHEN lease_job IS NULL THEN error_message ELSE '' END"},
    {"progress", "progress", Type::number, false,
     "CASE WHEN shown_progress > progress THEN shown_progress ELSE progress END"},
    {"priority", "priority", Type::number},
    {"attempt", "attempt", Type::number, false, "coalesce(lease_attempt, attempt)"},
    {"parent_id", "parent", Type::uuid, true},
    {"schedule_id", "schedule_id", Type::uuid, true},
    {"limit_key", "limit_key", Type::text, true},
    {"unique_key", "unique_key", Type::text, true},
    {"tags", "CAST(tags AS text)", Type::text},
    {"created_at", "created_at", Type::time},
    {"updated_at", "updated_at", Type::time, false, 
     "CASE WHEN shown_at > coalesce(lease_at, updated_at) THEN shown_at ELSE coalesce(lease_at, updated_at) END"},
    {"started_at", "started_at", Type::time, true, "coalesce(started_at, lease_at)"},
    {"completed_at", "completed_at", Type::time, true},
};
constexpr std::string_view job_texts[] = {"filename", "message", "error_message", "kind", "supplier_id"};

constexpr ListColumn dataset_fields[] = {
    {"id", "id", Type::uuid},
    {"name", "name", Type::text},
    {"filename", "filename", Type::text},
    {"supplier_id", "supplier_id", Type::text, true},
    {"sha256", "sha256", Type::word},
    {"format", "format", Type::word},
    {"row_count", "row_count", Type::number},
    {"rows_rejected", "rows_rejected", Type::number},
    {"job_id", "job_id", Type::uuid},
    {"series_id", "coalesce(series_id, id)", Type::uuid},
    {"parent_id", "parent_id", Type::uuid, true},
    {"version", "version", Type::number},
    {"mode", "mode", Type::word},
    {"created_at", "created_at", Type::time},
};
constexpr std::string_view dataset_texts[] = {"name", "filename", "supplier_id"};

constexpr ListColumn file_fields[] = {
    {"id", "id", Type::uuid},
    {"state", "state", Type::word},
    {"filename", "filename", Type::text},
    {"media_type", "media_type", Type::word},
    {"sha256", "sha256", Type::word},
    {"size", "size_bytes", Type::number},
    {"created_at", "created_at", Type::time},
};
constexpr std::string_view file_texts[] = {"filename"};

constexpr ListColumn schedule_fields[] = {
    {"id", "id", Type::uuid},
    {"name", "name", Type::text},
    {"cron", "cron", Type::text},
    {"zone", "zone", Type::word},
    {"next_at", "next_at", Type::time, true},
    {"last_at", "last_at", Type::time, true},
    {"created_at", "created_at", Type::time},
    {"updated_at", "updated_at", Type::time},
};
constexpr std::string_view schedule_texts[] = {"name"};

constexpr ListColumn webhook_fields[] = {
    {"id", "id", Type::uuid},
    {"url", "url", Type::text},
    {"format", "format", Type::word},
    {"disabled_reason", "disabled_reason", Type::word},
    {"created_at", "created_at", Type::time},
    {"updated_at", "updated_at", Type::time},
};
constexpr std::string_view webhook_texts[] = {"url", "description"};

constexpr ListColumn delivery_fields[] = {
    {"id", "id", Type::uuid},
    {"webhook_id", "webhook_id", Type::uuid},
    {"state", "state", Type::word},
    {"type", "type", Type::word},
    {"subject", "subject", Type::uuid},
    {"attempts", "attempts", Type::number},
    {"last_status", "last_status", Type::number, true},
    {"created_at", "created_at", Type::time},
    {"updated_at", "updated_at", Type::time},
};
constexpr std::string_view delivery_texts[] = {"type", "last_error"};

constexpr ListColumn template_fields[] = {
    {"id", "id", Type::uuid},
    {"name", "name", Type::text},
    {"description", "description", Type::text},
    {"fingerprint", "fingerprint", Type::word},
    {"sha256", "sha256", Type::word},
    {"created_at", "created_at", Type::time},
    {"updated_at", "updated_at", Type::time},
};
constexpr std::string_view template_texts[] = {"name", "description"};
constexpr ListColumn source_fields[] = {
    {"id", "id", Type::uuid},
    {"name", "name", Type::text},
    {"source_type", "source_type", Type::word},
    {"created_at", "created_at", Type::time},
};
constexpr std::string_view source_texts[] = {"name", "description"};

constexpr bool is_textual(Type type) { return type == Type::text || type == Type::word; }

class Compiler {
public:
    Compiler(const ListTable& table, const Session& session, const Listing& listing)
        : table_{table}, dialect_{session.dialect()}, listing_{listing} {
        out_.sql = std::string{session.text(table.select)} + " WHERE ";
    }

    ListQuery compile(const Scope& scope) {
        resolve_sort();
        add_scope(scope);
        for (const auto& term : listing_.filter.terms) add_condition(term_sql(term), term.negated);
        for (const auto& text : listing_.filter.texts) add_condition(free_text_sql(text.text), text.negated);
        if (listing_.cursor) add_cursor();
        add_order();
        return std::move(out_);
    }

private:
    /// A parameter; the database is told the type of each by its value.
    std::string place(Value value) {
        out_.values.push_back(std::move(value));
        return fmt::format("{}{}", dialect_ == Dialect::sqlite ? '?' : '$', out_.values.size());
    }

    const ListColumn& column(std::string_view field) const {
        const auto found = std::ranges::find(table_.fields, field, &ListColumn::field);
        if (found == table_.fields.end()) {
            throw Error{Code::invalid_parameter, {{"name", std::string{field}}, {"why", "it cannot be asked for here"}}};
        }
        return *found;
    }

    /// Bytes decide the order and equality of texts, whatever the locale of the database.
    std::string expression(const ListColumn& c) const {
        if (dialect_ == Dialect::postgres && is_textual(c.type)) return fmt::format("({}) COLLATE \"C\"", seen(c));
        return std::string{seen(c)};
    }

    static std::string_view seen(const ListColumn& c) { return c.seen.empty() ? c.column : c.seen; }

    void add_scope(const Scope& scope) {
        switch (scope.reach) {
            case Scope::Reach::own:
                out_.sql += "owner = " + place(scope.user);
                return;
            case Scope::Reach::org:
                out_.sql += "org_id = " + place(scope.org);
                return;
            case Scope::Reach::all:
                out_.sql += "1 = 1";
        }
    }

    /// A condition on a null neither holds nor fails; negated it holds.
    void add_condition(const std::string& sql, bool negated) {
        out_.sql += fmt::format(" AND ({}){}", sql, negated ? " IS NOT TRUE" : "");
    }

    std::string term_sql(const query::Term& term) {
        const ListColumn& c = column(term.field);
        if (term.op == Operator::contains) return contains_sql(seen(c), std::get<std::string>(term.values.at(0)));
        std::string sql;
        for (const auto& value : term.values) {
            if (!sql.empty()) sql += " OR ";
            if (term.span != Duration{}) sql += day_sql(c, std::get<Instant>(value), term.span);
            else sql += compare_sql(c, sign(term.op), parameter(value));
        }
        return sql;
    }

    static std::string_view sign(Operator op) {
        switch (op) {
            case Operator::less: return "<";
            case Operator::less_equal: return "<=";
            case Operator::greater: return ">";
            case Operator::greater_equal: return ">=";
            default: return "=";
        }
    }

    std::string day_sql(const ListColumn& c, Instant from, Duration span) {
        return fmt::format("({} AND {})", compare_sql(c, ">=", from), compare_sql(c, "<", from + span));
    }

    std::string compare_sql(const ListColumn& c, std::string_view op, Value value) {
        // Numbers in filters are doubles: compared as such, so that 2.5 lies between 2 and 3 in both databases.
        const bool widen = dialect_ == Dialect::postgres && std::holds_alternative<double>(value);
        return fmt::format("{}{} {} {}", expression(c), widen ? "::double precision" : "", op, place(std::move(value)));
    }

    static Value parameter(const query::Value& value) {
        return std::visit([](const auto& v) { return to_value(v); }, value);
    }

    /// ASCII letters match without case: lower() of SQLite, and of PostgreSQL under the collation "C".
    std::string contains_sql(std::string_view name, std::string_view text) {
        if (dialect_ == Dialect::sqlite) {
            return fmt::format("instr(lower({}), lower({})) > 0", name, place(to_value(text)));
        }
        return fmt::format("strpos(lower({} COLLATE \"C\"), lower({} COLLATE \"C\")) > 0", name, place(to_value(text)));
    }

    std::string free_text_sql(std::string_view text) {
        std::string sql;
        for (const auto& name : table_.texts) {
            if (!sql.empty()) sql += " OR ";
            sql += contains_sql(name, text);
        }
        return sql;
    }

    void resolve_sort() {
        out_.cursor_name = fmt::format("{}|{}", table_.name, query::to_string(listing_.sort));
        for (const auto& key : listing_.sort.keys) out_.keys.push_back({&column(key.field), key.descending});
        if (out_.keys.empty()) out_.keys.push_back({&column("created_at"), true});
        // In the direction of the last key, so that one index serves both.
        out_.keys.push_back({&column("id"), out_.keys.back().descending});
    }

    void add_cursor() {
        const auto values = query::decode_cursor(out_.cursor_name, *listing_.cursor);
        if (values.size() != out_.keys.size()) {
            throw Error{Code::invalid_parameter, {{"name", "cursor"}, {"why", "it is not one that this list gave out"}}};
        }
        std::vector<Value> places;
        for (const auto& value : values) {
            places.push_back(std::visit(
                [](const auto& v) -> Value {
                    if constexpr (std::same_as<std::decay_t<decltype(v)>, std::monostate>) return nullptr;
                    else if constexpr (std::same_as<std::decay_t<decltype(v)>, std::string>) return v;
                    else return to_value(v);
                },
                value));
        }
        out_.sql += " AND " + (is_plain() ? row_value_sql(places) : lexicographic_sql(places));
    }

    /// All keys in one direction and never null: a comparison of row values, which an index answers.
    bool is_plain() const {
        return std::ranges::all_of(out_.keys, [&](const auto& key) {
            return !key.column->nullable && key.descending == out_.keys[0].descending;
        });
    }

    std::string row_value_sql(const std::vector<Value>& values) {
        std::string left, right;
        for (std::size_t i = 0; i < values.size(); ++i) {
            left += (i ? ", " : "") + expression(*out_.keys[i].column);
            right += (i ? ", " : "") + place(values[i]);
        }
        return fmt::format("({}) {} ({})", left, out_.keys[0].descending ? "<" : ">", right);
    }

    /// After (a, b): beyond a, or at a and beyond b, and so on.
    std::string lexicographic_sql(const std::vector<Value>& values) {
        std::string sql, equal;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto& [c, descending] = out_.keys[i];
            const bool null = std::holds_alternative<std::nullptr_t>(values[i]);
            std::string beyond;
            if (null) beyond = descending ? "1 = 0" : fmt::format("{} IS NOT NULL", seen(*c));
            else beyond = fmt::format("{} {} {}", expression(*c), descending ? "<" : ">", place(values[i]));
            if (!null && descending && c->nullable) beyond = fmt::format("({} OR {} IS NULL)", beyond, seen(*c));
            sql += fmt::format("{}({}{})", i ? " OR " : "", equal, beyond);
            if (null) equal += fmt::format("{} IS NULL AND ", seen(*c));
            else equal += fmt::format("{} = {} AND ", expression(*c), place(values[i]));
        }
        return "(" + sql + ")";
    }

    void add_order() {
        out_.sql += " ORDER BY ";
        for (std::size_t i = 0; i < out_.keys.size(); ++i) {
            const auto& [c, descending] = out_.keys[i];
            out_.sql += fmt::format("{}{} {}", i ? ", " : "", expression(*c), descending ? "DESC" : "ASC");
            // SQLite has nulls lowest by itself.
            if (dialect_ == Dialect::postgres && c->nullable) out_.sql += descending ? " NULLS LAST" : " NULLS FIRST";
        }
        out_.sql += " LIMIT " + place(to_value(std::clamp(listing_.limit, 1, list_limit_max) + 1));
    }

    const ListTable& table_;
    const Dialect dialect_;
    const Listing& listing_;
    ListQuery out_;
};

}  // namespace

const ListTable job_list{"jobs", Statement::jobs_list, job_fields, job_texts};
const ListTable dataset_list{"datasets", Statement::datasets_list, dataset_fields, dataset_texts};
const ListTable file_list{"files", Statement::files_list, file_fields, file_texts};
const ListTable schedule_list{"schedules", Statement::schedules_list, schedule_fields, schedule_texts};

const ListTable webhook_list{"webhooks", Statement::webhooks_list, webhook_fields, webhook_texts};
const ListTable delivery_list{"deliveries", Statement::deliveries_list, delivery_fields, delivery_texts};
const ListTable template_list{"templates", Statement::templates_list, template_fields, template_texts};
const ListTable source_list{"data_sources", Statement::sources_list, source_fields, source_texts};

ListQuery compile_list(const ListTable& table, const Session& session, const Scope& scope, const Listing& listing) {
    return Compiler{table, session, listing}.compile(scope);
}

std::string cursor_after(const ListQuery& query, const Row& row) {
    std::vector<query::CursorValue> values;
    for (const auto& key : query.keys) {
        int at = 0;
        while (row.name(at) != key.column->column) ++at;
        if (row.is_null(at)) {
            values.emplace_back(std::monostate{});
            continue;
        }
        switch (key.column->type) {
            case Type::text:
            case Type::word:
                values.emplace_back(std::string{row.text(at)});
                break;
            case Type::number:
                values.emplace_back(row.integer(at));
                break;
            case Type::time:
                values.emplace_back(row.instant(at));
                break;
            case Type::uuid:
                values.emplace_back(row.uuid(at));
        }
    }
    return query::encode_cursor(query.cursor_name, values);
}

}  // namespace millrace::storage::detail
