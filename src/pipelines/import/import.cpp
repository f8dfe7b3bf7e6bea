#include "pipelines/import/import.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "datasets/build.hpp"
#include "datasets/open.hpp"
#include "datasets/ops.hpp"
#include "datasets/version.hpp"
#include "formats/format.hpp"
#include "formats/unpack/archive.hpp"
#include "pipelines/import/archive.hpp"
#include "pipelines/import/checkpoints.hpp"
#include "pipelines/import/fetch.hpp"
#include "pipelines/import/pace.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::import {
namespace {

BOOST_DEFINE_ENUM_CLASS(OnDuplicate, error, reuse, version)
BOOST_DEFINE_ENUM_CLASS(Tables, all, main)

// Of one file: what is known of them is in memory until the job ends.
constexpr std::size_t datasets_max = 100;
constexpr std::uint64_t columns_max = 40'000;  ///< of all of them, before the last one

constexpr auto tick_pause = 200ms;  ///< between two messages about progress

struct Input {
    std::optional<std::string> url;  ///< where the file is, when it is not here yet
    std::string filename;            ///< for it; empty: as its server calls it
    Uuid file_id;
    Uuid dataset_id;
    OnDuplicate on_duplicate = OnDuplicate::error;
    json::object dialect;
    std::optional<std::uint32_t> table;
    Tables tables = Tables::all;
    /// What follows is for a new version of a dataset, instead of a dataset of its own.
    std::optional<Uuid> version_of;
    datasets::Mode mode = datasets::Mode::replace;
    std::vector<std::string> key;
    std::optional<datasets::Contract> contract;  ///< absent: that of the version before
};
BOOST_DESCRIBE_STRUCT(Input, (), (url, filename, file_id, dataset_id, on_duplicate, dialect, table, tables, version_of, mode, key, contract))

using observe::Level;
using BlobSource = blobs::AsSource<formats::Source>;

[[noreturn]] void refuse_duplicate(const Uuid& existing) {
    throw Error{Code::duplicate, {{"existing_dataset_id", existing.str()}}};
}

/// Is it the table that cannot be used, so that the others still can?
bool is_of_table(const Error& error) { return http_status(error.code()) == 422 && !error.retryable(); }

/// One run of the job; the steps are its stages.
class Import {
public:
    Import(const Tools& tools, jobs::Context& context)
        : tools_{tools}, context_{context}, input_{read_input(context.job())}, scope_{.user = context.job().owner, .org = context.job().org} {
        auto file = input_.url ? fetch(tools_, context_, *input_.url, input_.file_id, input_.filename) : tools_.files.get(input_.file_id, scope_);
        if (!file) throw Error{Code::corrupt_blob, {{"sha256", input_.file_id.str()}}};
        file_ = std::move(*file);
    }

    void run() {
        if (finish_archive(tools_, context_)) return;
        open_file();
        if (!formats::unpack::archive_kind(*in_.source).empty()) return import_archive(tools_, context_, file_, *in_.source);
        try {
            const auto& format = check_format();
            // A version that another one has overtaken is built again, of that one.
            do {
                find_parent();
                if (check_duplicate()) return;
                context_.stage(40, "stored");
                work::failpoint("import.stored");
            } while (!(is_large() ? import_large(format) : import(format, BlobObjects{tools_.blobs}.all())));
        } catch (const Error& error) {
            if (is_over(error)) Checkpoints{tools_.drafts, context_, file_.sha256}.remove();
            throw;
        }
    }

private:
    /// False when another version was first.
    bool import(const formats::Format& format, const Objects& objects, Checkpoints* checkpoints = nullptr) {
        made_.clear();
        made_.push_back(build(format, first_table(), input_.dataset_id, objects, checkpoints));
        build_others(format);
        context_.stage(70, "parsed");
        work::failpoint("import.parsed");
        objects.store(made_.front());
        context_.stage(90, "written");
        work::failpoint("import.written");
        return finish();
    }

    /// Reading this file takes long enough to be worth going on with. A version is always built from the beginning.
    bool is_large() const {
        const auto every = tools_.import.checkpoint_bytes.count;
        return every > 0 && in_.source->size() > every && !input_.version_of;
    }

    bool import_large(const formats::Format& format) {
        Checkpoints checkpoints{tools_.drafts, context_, file_.sha256};
        checkpoints.open();
        if (const auto from = checkpoints.from(); from > 0) {
            note(Level::info, "goes on at byte {} of {}, where an earlier attempt has left it", from, in_.source->size());
            resumed_from_ = from;
        }
        const bool done = import(format, checkpoints.objects(), &checkpoints);
        checkpoints.remove();
        return done;
    }

    /// Will no further attempt go on with what this one has written?
    bool is_over(const Error& error) const {
        if (!is_large()) return false;
        if (!context_.stop().stop_requested()) return !error.retryable();
        const auto job = tools_.jobs.get(context_.job().id);
        return !job || job->state == jobs::State::cancelling || jobs::is_terminal(job->state);
    }

    static Input read_input(const jobs::Job& job) {
        Input input;
        std::vector<Issue> issues;
        read_json(json::value(job.input), input, issues, "", true);
        if (!issues.empty()) {
            throw Error{Code::bad_request, {{"why", "job input " + issues[0].pointer + " " + issues[0].detail}}};
        }
        const bool no_mode = input.version_of && (input.mode == datasets::Mode::import || (input.mode == datasets::Mode::upsert && input.key.empty()));
        if (no_mode) throw Error{Code::bad_request, {{"why", "job input /mode is none for a version"}}};
        // What a job makes has the same ids in every attempt.
        if (input.url) input.file_id = Uuid::from_name(job.id.str(), "file");
        if (input.dataset_id == Uuid{}) input.dataset_id = Uuid::from_name(job.id.str(), "dataset");
        return input;
    }

    void open_file() {
        context_.stage(10, "format_check");
        work::failpoint("import.format_check");
        in_ = formats::unpack::plain(std::make_unique<BlobSource>(tools_.blobs.open(file_.sha256)), file_.filename, {}, [this] { context_.check(); });
        if (!in_.compression.empty()) note(Level::info, "{} bytes, compressed by {}, hold {}", file_.size, in_.compression, in_.source->size());
    }

    const formats::Format& check_format() {
        auto source = watched();
        const auto& format = formats::recognise(source, in_.filename, input_.dialect);
        note(Level::info, "{} bytes, read as {}", source.size(), format.name());
        return format;
    }

    /// The newest version of the dataset that this becomes a version of.
    void find_parent() {
        if (!input_.version_of) return;
        const auto of = tools_.datasets.get(*input_.version_of, scope_);
        if (!of) throw Error{Code::not_found};
        parent_ = tools_.datasets.newest_of_series(of->series_id);
        // The dataset of this very job is there when a crash came between its commit and the answer.
        if (parent_ && parent_->id == input_.dataset_id) parent_ = parent_->parent_id ? tools_.datasets.get(*parent_->parent_id, scope_) : std::nullopt;
        if (!parent_) throw Error{Code::not_found};
        version_ = parent_->version + 1;
    }

    /// The dataset that these bytes are already: for a version, the one whose rows it would only repeat.
    std::optional<datasets::Dataset> duplicate() const {
        using datasets::Mode;
        if (!parent_) return tools_.datasets.by_content(file_.owner, file_.sha256, first_table());
        const auto is_whole = [](const datasets::Dataset& d) { return d.mode == Mode::import || d.mode == Mode::replace; };
        const bool repeats = is_whole(*parent_) || (parent_->mode == Mode::upsert && input_.mode == Mode::upsert);
        if (input_.mode != Mode::append) return parent_->sha256 == file_.sha256 && repeats ? parent_ : std::nullopt;
        // Rows of this file are still there unless a later version has replaced them.
        for (auto at = parent_; at; at = at->parent_id ? tools_.datasets.get(*at->parent_id, scope_) : std::nullopt) {
            if (at->sha256 == file_.sha256) return at;
            if (is_whole(*at)) break;
        }
        return std::nullopt;
    }

    /// True when the job is done: the owner has these bytes as a dataset already and wants that one.
    bool check_duplicate() {
        context_.stage(20, "duplicate_check");
        work::failpoint("import.duplicate_check");
        const auto existing = duplicate();
        // The dataset of this very job is there when a crash came between its commit and the answer.
        if (!existing || existing->id == input_.dataset_id) return false;
        switch (input_.on_duplicate) {
            case OnDuplicate::error:
                refuse_duplicate(existing->id);
            case OnDuplicate::version:
                if (parent_) return false;
                version_ = tools_.datasets.newest_version(file_.owner, file_.sha256) + 1;
                note(Level::info, "these bytes are a dataset already: this becomes version {}", version_);
                return false;
            case OnDuplicate::reuse:
                note(Level::info, "these bytes are a dataset already, which is used");
                context_.finish({.related_dataset_id = existing->id, .metadata = {{"reused", true}, {"dataset_ids", same_import(*existing)}}});
                return true;
        }
        return false;
    }

    int first_table() const { return static_cast<int>(input_.table.value_or(1)); }
    bool wants_all() const { return !input_.table && input_.tables == Tables::all && !parent_; }

    /// What importing the file has made beside this dataset.
    json::array same_import(const datasets::Dataset& dataset) const {
        json::array ids;
        if (!wants_all()) return {dataset.id.str()};
        for (const auto& id : tools_.datasets.tables(dataset.owner, dataset.sha256, dataset.job_id)) ids.emplace_back(id.str());
        return ids;
    }

    /// Every further table that people see becomes a dataset of its own. One that cannot be used is reported, and fails nothing.
    void build_others(const formats::Format& format) {
        if (!wants_all() || (format.counts_other_tables() && other_rows_ == 0)) return;
        auto source = watched();
        const auto tables = format.tables(source, {.dialect = input_.dialect, .stop = context_.stop()});
        for (std::size_t i = 1; i < tables.size(); ++i) {
            context_.check();
            const int number = static_cast<int>(i) + 1;
            if (tables[i].hidden) skip(number, tables[i].name, "hidden");
            else if (made_.size() == datasets_max || columns_made() >= columns_max) skip(number, tables[i].name, "too_many_tables");
            else build_other(format, number, tables[i].name);
        }
    }

    void build_other(const formats::Format& format, int number, const std::string& name) {
        try {
            // Known before the job runs, as the id of the first is: a rerun writes the same rows.
            const auto id = Uuid::from_name(context_.job().id.str(), "table " + std::to_string(number));
            BlobObjects objects{tools_.blobs};
            auto dataset = build(format, number, id, objects.all());
            objects.all().store(dataset);
            dataset.name += " – " + (name.empty() ? std::to_string(number) : name);
            made_.push_back(std::move(dataset));
        } catch (const Error& error) {
            if (!is_of_table(error)) throw;
            skip(number, name, to_string(error.code()));
        }
    }

    std::uint64_t columns_made() const {
        std::uint64_t columns = 0;
        for (const auto& dataset : made_) columns += dataset.column_count;
        return columns;
    }

    void skip(int number, const std::string& name, std::string_view why) {
        note(why == "hidden" ? Level::info : Level::warn, "table {} is not imported: {}", number, why);
        if (skipped_.size() < datasets_max) skipped_.push_back(json::object{{"table", number}, {"name", name}, {"why", why}});
    }

    WatchedSource watched() const { return {*in_.source, context_.stop()}; }

    datasets::Dataset build(const formats::Format& format, int table, const Uuid& id, const Objects& objects, Checkpoints* checkpoints = nullptr) {
        auto source = watched();
        datasets::BuildOptions options;
        options.source_bytes = source.size();
        options.stop = context_.stop();
        // A version reads the rows before as well.
        const auto total = std::max<std::uint64_t>(1, source.size() + (parent_ && input_.mode != datasets::Mode::replace ? parent_bytes() : 0));
        Pace pace{total, in(0s)};
        auto told = in(0s);
        options.on_progress = [&, total](std::uint64_t bytes, std::uint64_t rows) {
            const auto now = in(0s);
            const auto text = pace.after(bytes, rows, now);
            if (now < told) return;
            told = now + tick_pause;
            context_.tick(40 + static_cast<int>(29 * std::min(bytes, total) / total), "parsing: " + text);
        };
        if (checkpoints) {
            options.checkpoint_bytes = tools_.import.checkpoint_bytes.count;
            options.on_checkpoint = [&](const std::string& state, std::uint64_t at) { checkpoints->save(state, at); };
            options.go_on_from = checkpoints->state();
        }
        const auto open = [&](std::function<void(formats::Reject)> on_reject) {
            return format.open(source, {.table = static_cast<std::size_t>(table - 1), .dialect = input_.dialect, .on_reject = std::move(on_reject), .stop = context_.stop()});
        };
        if (!made_.empty()) note(Level::info, "table {}", table);
        datasets::Changes changes;
        const auto result = parent_ ? build_version(open, objects, options, changes) : datasets::build(open, objects.sinks(), options);
        if (made_.empty()) bytes_read_ = source.bytes_read();
        log_build(result);
        if (result.rows == 0 && result.report.rows_rejected == 0) throw Error{Code::no_rows};
        if (made_.empty()) other_rows_ = result.report.other_table_rows;
        auto dataset = describe(format, result, table, id);
        if (parent_) describe_version(dataset, changes);
        return dataset;
    }

    datasets::BuildResult build_version(const datasets::OpenTable& open, const Objects& objects, const datasets::BuildOptions& options, datasets::Changes& changes) {
        std::vector<std::unique_ptr<datasets::OpenDataset>> opened;  // one for each pass
        const datasets::Parent parent{.columns = datasets::OpenDataset::columns_of(*parent_),
                                      .open = [&] {
                                          opened.push_back(std::make_unique<datasets::OpenDataset>(tools_.blobs, *parent_));
                                          return std::move(opened.back()->rows);
                                      },
                                      .bytes = parent_bytes()};
        const datasets::VersionPlan plan{.mode = input_.mode, .key = input_.key, .contract = contract()};
        auto result = datasets::build_version(open, parent, plan, objects.sinks(), options, changes);
        note(Level::info, "version {}: {} rows before kept, {} replaced, {} new", version_, changes.rows_kept, changes.rows_replaced, changes.rows_new);
        if (changes.rows_discarded + changes.values_discarded > 0) {
            note(Level::warn, "the contract left out {} rows and {} values", changes.rows_discarded, changes.values_discarded);
        }
        return result;
    }

    std::uint64_t parent_bytes() const { return tools_.blobs.open(parent_->table_blob)->size(); }
    datasets::Contract contract() const { return input_.contract.value_or(parent_->contract); }

    void describe_version(datasets::Dataset& dataset, const datasets::Changes& changes) const {
        dataset.series_id = parent_->series_id;
        dataset.parent_id = parent_->id;
        dataset.name = parent_->name;
        dataset.mode = input_.mode;
        for (const auto& column : input_.key) dataset.key.emplace_back(column);
        dataset.contract = contract();
        dataset.changes = json::parse(to_json(changes)).as_object();
    }

    template <class... T>
    void note(Level level, fmt::format_string<T...> text, T&&... values) {
        context_.log(level, fmt::format(text, std::forward<T>(values)...));
    }

    /// What was found and what was done about it; counts and settings, no contents.
    void log_build(const datasets::BuildResult& result) {
        const auto& report = result.report;
        note(Level::info, "dialect {}", json::serialize(report.dialect));
        note(Level::info, "{} rows in: {} kept, {} rejected, {} reported beside the table; {} columns; passes: {}", report.rows_in,
             report.rows_out, report.rows_rejected, report.rows_reported, result.columns.size(), report.passes);
        const std::pair<const char*, std::uint64_t> found[] = {{"rows repaired", report.rows_repaired}, {"heading rows", report.header_rows},
                                                               {"rows before the table", report.preamble_rows}, {"footnotes", report.footnote_rows},
                                                               {"blank rows", report.blank_rows}, {"rows of other tables", report.other_table_rows},
                                                               {"cells kept as text beside their value", report.cells_with_text}};
        std::string repairs;
        for (const auto& [what, count] : found) {
            if (count > 0) repairs += fmt::format("{}{} {}", repairs.empty() ? "" : ", ", count, what);
        }
        if (!repairs.empty()) note(Level::info, "{}", repairs);
        for (const auto& warning : report.warnings) note(Level::warn, "{}", warning);
        if (report.rows_rejected > 0) note(Level::warn, "{} rows were rejected; the rejects of the dataset say why", report.rows_rejected);
    }

    datasets::Dataset describe(const formats::Format& format, const datasets::BuildResult& result, int table, const Uuid& id) const {
        datasets::Dataset dataset;
        dataset.id = id;
        dataset.owner = file_.owner;
        dataset.org = file_.org;
        dataset.name = dataset.filename = file_.filename;
        dataset.supplier_id = context_.job().supplier_id;
        dataset.job_id = context_.job().id;
        dataset.file_id = file_.id;
        dataset.sha256 = file_.sha256;
        dataset.table = table;
        dataset.format = format.name();
        dataset.size_bytes = file_.size;
        dataset.row_count = result.rows;
        dataset.rows_in = result.report.rows_in;
        dataset.rows_rejected = result.report.rows_rejected;
        dataset.rows_reported = result.report.rows_reported;
        dataset.column_count = result.columns.size();
        dataset.columns = json::parse(to_json(result.columns)).as_array();
        dataset.report = json::parse(to_json(result.report)).as_object();
        dataset.report.emplace("profile", json::parse(to_json(result.profile)));
        dataset.created_at = tools_.clock.now();
        return dataset;
    }

    /// The end of the job with all its datasets, or none.
    jobs::Finish ending() {
        jobs::Finish finish;
        json::array ids;
        for (auto& dataset : made_) {
            dataset.version = version_;
            if (!parent_) join_series(dataset);
            datasets::Unique unique;
            unique.mode = dataset.mode;
            unique.series_id = dataset.series_id;
            unique.id = dataset.id;
            unique.owner = dataset.owner;
            unique.sha256 = dataset.sha256;
            unique.version = dataset.version;
            unique.table = dataset.table;
            finish.with.guard(std::move(unique)).add(datasets::Put{dataset});
            ids.emplace_back(dataset.id.str());
        }
        const auto& first = made_.front();
        finish.related_dataset_id = first.id;
        finish.metadata = {{"row_count", first.row_count}, {"rows_rejected", first.rows_rejected}, {"dataset_ids", std::move(ids)}};
        if (resumed_from_) {
            finish.metadata.emplace("resumed_from_bytes", *resumed_from_);
            finish.metadata.emplace("bytes_read", bytes_read_);
        }
        if (!skipped_.empty()) finish.metadata.emplace("tables_skipped", skipped_);
        return finish;
    }

    /// The same bytes read again are the next version of what they became first.
    void join_series(datasets::Dataset& dataset) const {
        dataset.series_id = dataset.id;
        const auto before = version_ > 1 ? tools_.datasets.by_content(dataset.owner, dataset.sha256, dataset.table) : std::nullopt;
        if (!before || before->id == dataset.id) return;
        dataset.series_id = before->series_id;
        if (const auto newest = tools_.datasets.newest_of_series(before->series_id)) {
            dataset.parent_id = newest->id;
            dataset.version = std::max(version_, newest->version + 1);
        }
    }

    /// False when another version was first.
    bool finish() {
        work::failpoint("import.finish");
        for (;;) {
            const auto done = context_.finish(ending());
            if (done) return true;
            if (parent_) return false;
            // The same bytes became a dataset while these were being parsed, or a further table of theirs is one.
            if (input_.on_duplicate == OnDuplicate::error) refuse_duplicate(done.existing);
            if (check_duplicate()) return true;
            version_ = tools_.datasets.newest_version(file_.owner, file_.sha256) + 1;
        }
    }

    const Tools& tools_;
    jobs::Context& context_;
    const Input input_;
    const Scope scope_;
    intake::File file_;
    formats::unpack::Plain in_;  ///< the file, unpacked
    std::optional<datasets::Dataset> parent_;  ///< the version before, when this becomes one
    int version_ = 1;
    std::optional<std::uint64_t> resumed_from_;  ///< where in the file the first table went on
    std::uint64_t bytes_read_ = 0;          ///< of the file for its first table, by this attempt
    std::uint64_t other_rows_ = 0;          ///< of tables beside the first, as far as its reader has counted them
    std::vector<datasets::Dataset> made_;  ///< in the order of their tables
    json::array skipped_;                  ///< tables that were not imported
};

}  // namespace

jobs::Kind kind(const Tools& tools) {
    return {.name = "import", .type = jobs::Type::import, .label = "Import", .attempts_max = 3,
            .run = [tools](jobs::Context& context) { Import{tools, context}.run(); }};
}

}  // namespace millrace::pipelines::import
