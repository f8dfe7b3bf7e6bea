#include "transform/plan.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/suggest.hpp"
#include "transform/detail/fields.hpp"
#include "transform/detail/rejects.hpp"
#include "transform/detail/render.hpp"
#include "transform/group.hpp"
#include "transform/rules.hpp"
#include "transform/spill.hpp"

namespace millrace::transform {

LookupTables::LookupTables(const std::map<std::string, LookupSpec>& specs, const OpenLookup& open) {
    for (const auto& [name, spec] : specs) {
        if (spec.rows) {
            tables.push_back(std::make_unique<LookupTable>(name, spec));
        } else {
            const auto reader = open(name, spec);
            tables.push_back(std::make_unique<LookupTable>(name, spec, *reader));
        }
        by_name.emplace(name, tables.back().get());
    }
}

struct Plan::State {
    Spec spec;
    std::vector<SourceColumn> source;   // as it is read
    std::vector<SourceColumn> columns;  // after unpivot
    Options options;
    std::optional<RulesSpec> rules_spec;
    std::unique_ptr<Program> filter, program;
    Program::Node filter_node = 0;
    std::vector<Field> fields;
    std::vector<Program::Node> dedupe;
    std::optional<Rules> rules;
    struct Aggregate {
        Grouping::Aggregate what;
        std::optional<Program::Node> value, when;
    };
    std::vector<std::size_t> group_keys;  // numbers of fields
    std::vector<Aggregate> aggregates;
    std::vector<formats::WriteColumn> written;

    bool two_passes() const { return !dedupe.empty() || (rules && rules->has_late()); }
    void define(Program& made, const Lookups& lookups, std::vector<Issue>& issues) const;
    void bind_filter(const Lookups& lookups, std::vector<Issue>& issues);
    void bind_rules(std::vector<Issue>& issues);
    void bind_dedupe(std::vector<Issue>& issues);
    void bind_groups(std::vector<Issue>& issues);
    std::optional<std::size_t> field_of(const std::string& target) const;
};

void Plan::State::define(Program& made, const Lookups& lookups, std::vector<Issue>& issues) const {
    for (std::size_t i = 0; i < spec.let.size(); ++i) {
        const auto at = fmt::format("/let/{}", i);
        const auto& let = spec.let[i];
        if (made.knows(let.name)) issues.push_back({at + "/name", "duplicate", "there is \"" + let.name + "\" already"});
        if (auto expr = read_expression(let.expr, at + "/expr", issues)) made.define(let.name, std::move(*expr));
    }
    // Each one is looked at by itself, so that what is wrong is told where it stands.
    Program scratch{columns, lookups, options.now};
    for (const auto& let : spec.let) {
        if (auto expr = parse_expression(let.expr)) scratch.define(let.name, std::move(*expr));
    }
    for (std::size_t i = 0; i < spec.let.size(); ++i) {
        const auto expr = parse_expression(spec.let[i].expr);
        if (expr) noting(issues, fmt::format("/let/{}/expr", i), spec.let[i].expr, [&] { scratch.add(*expr); });
    }
}

void Plan::State::bind_filter(const Lookups& lookups, std::vector<Issue>& issues) {
    if (!spec.rows.filter) return;
    filter = std::make_unique<Program>(columns, lookups, options.now);
    for (const auto& let : spec.let) {
        if (auto expr = parse_expression(let.expr)) filter->define(let.name, std::move(*expr));
    }
    const auto expr = read_expression(*spec.rows.filter, "/rows/filter", issues);
    if (!expr) return;
    noting(issues, "/rows/filter", *spec.rows.filter, [&] {
        filter_node = filter->add(*expr);
        const auto type = filter->type(filter_node);
        if (type.kind != Kind::boolean) throw ExpressionFault{expr->begin, expr->end, "a filter is true or false; this is " + to_string(type)};
    });
}

void Plan::State::bind_rules(std::vector<Issue>& issues) {
    std::string prefix;
    if (options.rules) {
        rules_spec = *options.rules;
    } else if (spec.validation) {
        prefix = "/validation";
        try {
            rules_spec = parse_rules(json::serialize(*spec.validation));
        } catch (const Error& error) {
            for (const auto& issue : error.issues) issues.push_back({prefix + issue.pointer, issue.code, issue.detail});
            return;
        }
    }
    if (!rules_spec) return;
    std::vector<std::string> names;
    for (const auto& field : fields) names.push_back(field.target);
    std::vector<Issue> found;
    rules.emplace(*rules_spec, *program, source, names, options.memory_bytes / 2, options.now, found);
    for (auto& issue : found) issues.push_back({prefix + issue.pointer, issue.code, issue.detail});
}

void Plan::State::bind_dedupe(std::vector<Issue>& issues) {
    if (!spec.rows.dedupe) return;
    const auto& by = spec.rows.dedupe->by;
    if (by.empty()) issues.push_back({"/rows/dedupe/by", "required", "say by which values rows are the same"});
    for (std::size_t i = 0; i < by.size(); ++i) {
        const auto at = fmt::format("/rows/dedupe/by/{}", i);
        // A bare name may have spaces: it is what a column is called.
        const auto expr = program->knows(by[i]) ? std::optional{column(by[i])} : read_expression(by[i], at, issues);
        if (expr) noting(issues, at, by[i], [&] { dedupe.push_back(program->add(*expr)); });
    }
}

std::optional<std::size_t> Plan::State::field_of(const std::string& target) const {
    const auto at = std::ranges::find(fields, target, &Field::target);
    if (at == fields.end()) return std::nullopt;
    return static_cast<std::size_t>(at - fields.begin());
}

void Plan::State::bind_groups(std::vector<Issue>& issues) {
    const auto& group = *spec.group_by;
    std::vector<std::string> targets;
    for (const auto& field : fields) targets.push_back(field.target);
    written.clear();
    for (std::size_t i = 0; i < group.keys.size(); ++i) {
        const auto at = field_of(group.keys[i]);
        if (!at) {
            issues.push_back({fmt::format("/group_by/keys/{}", i), "unknown_target", "the result has no column \"" + group.keys[i] + "\"" + did_you_mean(group.keys[i], targets)});
            continue;
        }
        group_keys.push_back(*at);
        written.push_back(fields[*at].column);
    }
    for (std::size_t i = 0; i < group.aggregates.size(); ++i) {
        const auto& given = group.aggregates[i];
        const auto pointer = fmt::format("/group_by/aggregates/{}", i);
        Aggregate made{.what = {.spec = given, .of = {Kind::int64}, .result = {Kind::int64}}, .value = {}, .when = {}};
        std::optional<std::size_t> of;
        if (given.of && !(of = field_of(*given.of))) {
            issues.push_back({pointer + "/of", "unknown_target", "the result has no column \"" + *given.of + "\"" + did_you_mean(*given.of, targets)});
            continue;
        }
        if (!of && given.op != Aggregation::count) {
            issues.push_back({pointer + "/of", "required", "say of which column"});
            continue;
        }
        if (of) {
            made.value = fields[*of].node;
            made.what.of = program->type(*made.value);
        }
        const auto result = Grouping::result_of(given.op, made.what.of);
        if (!result) {
            issues.push_back({pointer + "/op", "wrong_type", fmt::format("there is no {} of {}", word(given.op), to_string(made.what.of))});
            continue;
        }
        made.what.result = *result;
        if (given.when) {
            if (const auto expr = read_expression(*given.when, pointer + "/when", issues)) {
                noting(issues, pointer + "/when", *given.when, [&] {
                    made.when = program->add(*expr);
                    if (program->type(*made.when).kind != Kind::boolean) throw ExpressionFault{expr->begin, expr->end, "this is not true or false"};
                });
            }
        }
        const auto type = data_type_of(made.what.result);
        if (!type) issues.push_back({pointer, "wrong_type", "the result has too many digits after the point; round the column first"});
        const bool same = of && made.what.result == made.what.of;
        written.push_back({.name = given.target, .label = given.target, .type = same ? fields[*of].column.type : type.value_or(formats::DataType{}),
                           .trimmed = same ? fields[*of].column.trimmed : true});
        if (given.op == Aggregation::sum && type && type->type == formats::Type::decimal) written.back().type.precision = 18;
        aggregates.push_back(std::move(made));
    }
    for (std::size_t i = 0; i < written.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (written[i].name == written[j].name) issues.push_back({"/group_by", "duplicate", "the result has the column \"" + written[i].name + "\" twice"});
        }
    }
}

Plan::Plan(Spec spec, std::vector<SourceColumn> source, const Lookups& lookups, const Options& options) : state_{new State} {
    auto& state = *state_;
    Error error{Code::invalid_fields};
    state.spec = std::move(spec);
    state.source = std::move(source);
    state.options = options;
    state.columns = columns_after(state.spec.rows, state.source, error.issues);
    state.program = std::make_unique<Program>(state.columns, lookups, options.now);
    state.define(*state.program, lookups, error.issues);
    state.bind_filter(lookups, error.issues);
    state.fields = bind_fields(state.spec.fields, *state.program, error.issues);
    for (const auto& field : state.fields) state.written.push_back(field.column);
    if (error.issues.empty()) {
        // From here on, a name means the column of the result.
        for (const auto& field : state.fields) state.program->name(field.target, field.node);
        state.bind_rules(error.issues);
        state.bind_dedupe(error.issues);
        if (state.spec.group_by) state.bind_groups(error.issues);
    }
    if (!error.issues.empty()) throw error;
}

Plan::~Plan() = default;

const Spec& Plan::spec() const { return state_->spec; }
const std::vector<formats::WriteColumn>& Plan::columns() const { return state_->written; }

namespace {

std::string message_for(std::string_view code) { return std::string{fault_text(code)}; }

}  // namespace

/// The work of one run over all batches.
class Runner {
public:
    using State = Plan::State;

    Runner(State& state, const RunOptions& options, bool gathering, const Bitmap* repeated)
        : state_{state}, options_{options}, gathering_{gathering}, repeated_{repeated} {
        if (gathering) return;
        if (options.output) writer_ = options.output(state.written);
        if (options.rejects) rejects_.emplace(state.columns, options.rejects);
        for (const auto& column : state.written) outputs_.push_back({.type = column.type});
        if (state.spec.group_by) {
            std::vector<Type> keys;
            for (const auto key : state.group_keys) keys.push_back(state.program->type(state.fields[key].node));
            std::vector<Grouping::Aggregate> aggregates;
            for (const auto& aggregate : state.aggregates) aggregates.push_back(aggregate.what);
            grouping_.emplace(std::move(keys), std::move(aggregates), state.options.memory_bytes / 2);
        }
    }

    void run(RowSource& source) {
        while (const auto* batch = source.next()) {
            if (options_.stop.stop_requested()) throw Error{Code::cancelled};
            const auto rows = batch->rows();
            for (std::size_t begin = 0; begin < rows; begin += batch_rows_max) take(*batch, begin, std::min(begin + batch_rows_max, rows));
            if (options_.on_progress) options_.on_progress(source.bytes_consumed(), report_.rows_in);
        }
        const auto& read = source.report();
        report_.rows_unreadable = read.rows_rejected;
        report_.rows_added = seen_ - last_number_;
        report_.rows_in = last_number_;
    }

    void finish() {
        if (state_.rules) {
            state_.rules->judge_table(seen_, [&](const Problem& problem) {
                ++report_.problems[problem.rule + ' ' + problem.code];
                if (options_.on_problem) options_.on_problem(problem);
            });
        }
        if (grouping_) write_groups();
        if (writer_) writer_->finish();
        if (rejects_) rejects_->finish();
        if (options_.timed) {
            for (const auto& program : {state_.filter.get(), state_.program.get()}) {
                if (!program) continue;
                for (const auto& [op, time] : program->times()) report_.operator_micros[op] += static_cast<std::uint64_t>(time.count() / 1000);
            }
        }
    }

    /// The first pass: which rows repeat others.
    Bitmap repeated() {
        Bitmap found;
        const bool first = state_.spec.rows.dedupe && state_.spec.rows.dedupe->keep == Keep::first;
        duplicates_.finish([&](std::uint64_t row, std::uint64_t first_row, std::uint64_t last_row) {
            if (row != (first ? first_row : last_row)) found.set(row);
        });
        if (state_.rules) {
            state_.rules->finish_gathering();
            state_.rules->restart();
        }
        return found;
    }

    RunReport& report() { return report_; }

private:
    /// Problems are found column by column; they are told in the order of their rows.
    void tell_pending() {
        std::ranges::stable_sort(pending_, {}, &Problem::row);
        for (const auto& problem : pending_) options_.on_problem(problem);
        pending_.clear();
    }

    void take(const RowBatch& batch, std::size_t begin, std::size_t end) {
        work(batch, begin, end);
        if (!pending_.empty()) tell_pending();
    }

    void work(const RowBatch& batch, std::size_t begin, std::size_t end) {
        frame_.scratch.clear();
        frame_.faults.clear();
        selected_.clear();
        for (auto row = begin; row < end; ++row) selected_.push_back(static_cast<std::uint32_t>(row));
        seen_ += end - begin;
        last_number_ = batch.number(end - 1);
        report_.rows_in = last_number_;
        notes_.assign(end - begin, {});
        if (state_.filter) apply_filter(batch);
        if (selected_.empty()) return;
        number_rows(batch);
        state_.program->run(batch, selected_, frame_);
        kept_.assign(selected_.size(), 1);
        told_.assign(selected_.size(), 0);
        notes_.assign(selected_.size(), {});
        judge();
        const auto ordinal = std::exchange(ordinal_, ordinal_ + selected_.size());
        if (gathering_) return gather(ordinal);
        drop_repeated(ordinal);
        count_and_reject(batch);
        if (grouping_) add_to_groups();
        else write();
    }

    void number_rows(const RowBatch& batch) {
        numbers_.clear();
        for (const auto row : selected_) numbers_.push_back(batch.number(row));
        frame_.row_numbers = numbers_;
    }

    void apply_filter(const RowBatch& batch) {
        number_rows(batch);
        state_.filter->run(batch, selected_, frame_);
        const auto& answer = state_.filter->value(state_.filter_node);
        std::vector<std::uint32_t> failed;
        std::size_t kept = 0;
        for (std::size_t i = 0; i < selected_.size(); ++i) {
            if (answer.state(i) == State_error) {
                const auto& fault = frame_.faults[answer.faults[i]];
                tell({.row = numbers_[i], .column = "", .rule = "filter", .code = std::string{fault.code}, .value = fault.text, .message = message_for(fault.code)}, &notes_[failed.size()]);
                failed.push_back(selected_[i]);
                continue;
            }
            if (!answer.has(i) || answer.ints[i] == 0) {
                ++report_.rows_filtered;
                continue;
            }
            selected_[kept++] = selected_[i];
        }
        selected_.resize(kept);
        if (failed.empty()) return;
        report_.rows_rejected += failed.size();
        if (rejects_) rejects_->write(batch, failed, notes_);
    }

    /// What could not be made, and what rules say. `kept_` says afterwards which rows are good.
    void judge() {
        for (const auto& field : state_.fields) {
            const auto& value = state_.program->value(field.node);
            if (value.plain) continue;
            for (std::size_t row = 0; row < value.rows; ++row) {
                if (value.states[row] == State_error) judge_fault(field, value, row);
            }
        }
        if (!state_.rules) return;
        state_.rules->judge(frame_, ordinal_, kept_, [&](const Problem& problem, std::size_t row) {
            if (problem.severity != Severity::info) told_[row] = 1;
            tell(problem, &notes_[row]);
        });
    }

    void judge_fault(const Field& field, const Vector& value, std::size_t row) {
        const auto& fault = frame_.faults[value.faults[row]];
        if (field.on_error == OnError::fail && !gathering_) {
            if (!pending_.empty()) tell_pending();
            throw Error{Code::value_refused, {{"row", std::to_string(numbers_[row])}, {"column", field.target},
                                              {"why", fmt::format("{} ({})", message_for(fault.code), fault.text)}}};
        }
        const bool rejects = field.on_error == OnError::reject_row;
        if (rejects) kept_[row] = 0;
        told_[row] = 1;
        tell({.row = numbers_[row], .column = field.target, .rule = "", .code = std::string{fault.code}, .severity = rejects ? Severity::error : Severity::warning,
              .value = fault.text, .message = message_for(fault.code)}, &notes_[row]);
    }

    void tell(const Problem& problem, std::string* note) {
        if (gathering_) return;
        ++report_.problems[(problem.rule.empty() ? problem.column : problem.rule) + ' ' + problem.code];
        if (options_.on_problem) pending_.push_back(problem);
        if (!note || problem.severity != Severity::error || !rejects_) return;
        if (!note->empty()) *note += "; ";
        *note += problem.column.empty() ? problem.code : problem.column + ": " + problem.code;
    }

    void gather(std::uint64_t ordinal) {
        if (state_.rules) state_.rules->gather(ordinal, selected_.size());
        if (state_.dedupe.empty()) return;
        std::string key;
        for (std::size_t row = 0; row < selected_.size(); ++row) {
            if (!kept_[row]) continue;
            key.clear();
            for (const auto node : state_.dedupe) {
                const auto& value = state_.program->value(node);
                if (value.has(row)) put_text(key, text_of(value, row) + '\1');
                else put_text(key, "");
            }
            duplicates_.add(key, ordinal + row);
        }
    }

    void drop_repeated(std::uint64_t ordinal) {
        dropped_.assign(selected_.size(), 0);
        if (!repeated_ || state_.dedupe.empty()) return;
        for (std::size_t row = 0; row < selected_.size(); ++row) {
            if (!repeated_->test(ordinal + row)) continue;
            dropped_[row] = 1;
            kept_[row] = 0;
            ++report_.rows_duplicate;
        }
    }

    void count_and_reject(const RowBatch& batch) {
        std::vector<std::uint32_t> rejected;
        std::size_t next = 0;
        for (std::size_t row = 0; row < selected_.size(); ++row) {
            if (kept_[row]) {
                report_.rows_warned += told_[row];
                continue;
            }
            if (dropped_[row]) continue;
            rejected.push_back(selected_[row]);
            if (next != row) notes_[next] = std::move(notes_[row]);
            ++next;
        }
        report_.rows_rejected += rejected.size();
        if (!rejected.empty() && rejects_) rejects_->write(batch, rejected, notes_);
    }

    void write() {
        const auto count = static_cast<std::size_t>(std::ranges::count(kept_, 1));
        if (count == 0) return;
        report_.rows_out += count;
        if (!writer_) return;
        std::vector<const formats::Column*> columns;
        for (std::size_t i = 0; i < state_.fields.size(); ++i) {
            const auto& field = state_.fields[i];
            auto& column = outputs_[i];
            column.clear();
            append_rows(with_others(field), kept_, column);
            columns.push_back(&column);
        }
        writer_->write({columns, 0, count});
    }

    /// The value of a field where errors have been replaced as it says.
    const Vector& with_others(const Field& field) {
        const auto& value = state_.program->value(field.node);
        if (value.plain || !field.other) return value;
        const auto& other = state_.program->value(*field.other);
        patched_ = value;
        for (std::size_t row = 0; row < value.rows; ++row) {
            if (value.states[row] != State_error) continue;
            patched_.states[row] = other.state(row);
            if (!other.has(row)) continue;
            if (value.type.is_text()) patched_.texts[row] = other.texts[row];
            else if (value.type.kind == Kind::decimal) patched_.decimals[row] = other.decimals[row];
            else if (value.type.kind == Kind::float64) patched_.floats[row] = other.floats[row];
            else patched_.ints[row] = other.ints[row];
        }
        return patched_;
    }

    void add_to_groups() {
        std::vector<Vector> own;  // patched copies, which must not share one place
        own.reserve(state_.group_keys.size() + state_.aggregates.size());
        std::vector<const Vector*> keys, values, when;
        const auto of_field = [&](const Field& field) {
            const auto& value = with_others(field);
            return &value == &patched_ ? &own.emplace_back(value) : &value;
        };
        for (const auto key : state_.group_keys) keys.push_back(of_field(state_.fields[key]));
        for (const auto& aggregate : state_.aggregates) {
            const auto field = aggregate.value ? std::ranges::find(state_.fields, *aggregate.value, &Field::node) : state_.fields.end();
            values.push_back(field == state_.fields.end() ? nullptr : of_field(*field));
            when.push_back(aggregate.when ? &state_.program->value(*aggregate.when) : nullptr);
        }
        report_.rows_grouped += static_cast<std::size_t>(std::ranges::count(kept_, 1));
        grouping_->add(keys, values, when, kept_);
    }

    void write_groups() {
        const auto result = grouping_->finish([&](std::span<const Vector> columns) {
            const auto rows = columns.empty() ? 0 : columns.front().rows;
            const std::vector<std::uint8_t> all(rows, 1);
            std::vector<const formats::Column*> written;
            for (std::size_t i = 0; i < columns.size(); ++i) {
                outputs_[i].clear();
                append_rows(columns[i], all, outputs_[i]);
                written.push_back(&outputs_[i]);
            }
            if (writer_) writer_->write({written, 0, rows});
        });
        report_.rows_out = result.groups;
        report_.rows_grouped -= result.groups;
        if (result.overflows > 0) report_.problems["group_by overflow"] += result.overflows;
    }

    static constexpr auto State_error = transform::State::error;

    State& state_;
    const RunOptions& options_;
    const bool gathering_;
    const Bitmap* const repeated_;
    std::unique_ptr<formats::TableWriter> writer_;
    std::optional<RejectWriter> rejects_;
    std::optional<Grouping> grouping_;
    Duplicates duplicates_{state_.options.memory_bytes / 2};
    std::vector<formats::Column> outputs_;
    Vector patched_;

    Frame frame_;
    std::vector<std::uint32_t> selected_;   // rows of the batch that are worked on
    std::vector<std::uint64_t> numbers_;
    std::vector<std::uint8_t> kept_, told_, dropped_;
    std::vector<std::string> notes_;
    std::vector<Problem> pending_;
    std::uint64_t seen_ = 0, last_number_ = 0, ordinal_ = 0;
    RunReport report_;
};

RunReport Plan::run(const OpenRows& open, const RunOptions& options) {
    auto& state = *state_;
    state.program->timed = options.timed;
    if (state.filter) state.filter->timed = options.timed;
    if (state.rules) state.rules->restart();
    Bitmap repeated;
    if (state.two_passes()) {
        RunOptions silent;
        silent.stop = options.stop;
        Runner first{state, silent, true, nullptr};
        const auto source = reshaped(state.spec.rows, open());
        first.run(*source);
        repeated = first.repeated();
    }
    Runner runner{state, options, false, &repeated};
    const auto source = reshaped(state.spec.rows, open());
    runner.run(*source);
    runner.finish();
    auto& report = runner.report();
    const auto judged = report.rows_in + report.rows_added;
    std::optional<double> limit = state.spec.limits.reject_rate_max;
    if (state.rules_spec && state.rules_spec->limits.reject_rate_max) limit = std::min(limit.value_or(1), *state.rules_spec->limits.reject_rate_max);
    if (limit && judged > 0 && static_cast<double>(report.rows_rejected) > *limit * static_cast<double>(judged)) {
        throw Error{Code::too_many_rejects, {{"rejected", std::to_string(report.rows_rejected)}, {"rows", std::to_string(judged)}, {"limit", fmt::format("{}", *limit)}}};
    }
    return std::move(report);
}

json::object Plan::preview(const OpenRows& open, std::size_t rows_max) {
    auto& state = *state_;
    json::array rows;
    Frame frame;
    const auto source = reshaped(state.spec.rows, open());
    const auto text = [](const Vector& value, std::size_t row) -> json::value {
        if (!value.has(row)) return nullptr;
        return json::value(boost::json::string{shown(text_of(value, row))});
    };
    while (const auto* batch = rows.size() < rows_max ? source->next() : nullptr) {
        const auto end = std::min({batch->rows(), rows_max - rows.size(), batch_rows_max});
        std::vector<std::uint32_t> all(end);
        std::iota(all.begin(), all.end(), 0);
        std::vector<std::uint64_t> numbers;
        for (const auto row : all) numbers.push_back(batch->number(row));
        frame.scratch.clear();
        frame.faults.clear();
        frame.row_numbers = numbers;
        std::vector<json::object> made(end);
        for (std::size_t row = 0; row < end; ++row) made[row] = {{"row", numbers[row]}, {"source", json::object{}}, {"target", json::object{}}, {"filtered", false}, {"problems", json::array{}}};
        Vector cells;
        for (std::size_t c = 0; c < state.columns.size(); ++c) {
            batch->load(c, all, cells);
            for (std::size_t row = 0; row < end; ++row) made[row]["source"].as_object()[state.columns[c].name] = text(cells, row);
        }
        if (state.filter) {
            state.filter->run(*batch, all, frame);
            const auto& answer = state.filter->value(state.filter_node);
            for (std::size_t row = 0; row < end; ++row) made[row]["filtered"] = !answer.has(row) || answer.ints[row] == 0;
        }
        state.program->run(*batch, all, frame);
        const auto note = [&](std::size_t row, json::object problem) { made[row]["problems"].as_array().push_back(std::move(problem)); };
        for (const auto& field : state.fields) {
            const auto& value = state.program->value(field.node);
            for (std::size_t row = 0; row < end; ++row) {
                made[row]["target"].as_object()[field.target] = text(field.other && value.state(row) == transform::State::error ? state.program->value(*field.other) : value, row);
                if (value.state(row) != transform::State::error) continue;
                const auto& fault = frame.faults[value.faults[row]];
                note(row, {{"column", field.target}, {"code", fault.code}, {"value", fault.text}, {"operator", fault.op}, {"message", fault_text(fault.code)}});
            }
        }
        if (state.rules) {
            std::vector<std::uint8_t> kept(end, 1);
            state.rules->judge(frame, 0, kept, [&](const Problem& problem, std::size_t row) {
                note(row, json::parse(to_json(problem)).as_object());
            });
        }
        for (auto& row : made) rows.push_back(std::move(row));
    }
    if (state.rules) state.rules->restart();
    json::array columns;
    for (const auto& field : state.fields) columns.push_back({{"name", field.target}, {"type", to_string(state.program->type(field.node))}});
    return {{"columns", std::move(columns)}, {"rows", std::move(rows)}};
}

}  // namespace millrace::transform
