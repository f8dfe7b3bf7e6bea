#include "pipelines/import/import.hpp"

#include <fmt/format.h>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "datasets/build.hpp"
#include "datasets/ops.hpp"
#include "formats/format.hpp"
#include "formats/unpack/archive.hpp"
#include "pipelines/import/archive.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::import {
namespace {

BOOST_DEFINE_ENUM_CLASS(OnDuplicate, error, reuse, version)
BOOST_DEFINE_ENUM_CLASS(Tables, all, main)

// Of one file: what is known of them is in memory until the job ends.
constexpr std::size_t datasets_max = 100;
constexpr std::uint64_t columns_max = 40'000;  ///< of all of them, before the last one

struct Input {
    Uuid file_id;
    Uuid dataset_id;
    OnDuplicate on_duplicate = OnDuplicate::error;
    json::object dialect;
    std::optional<std::uint32_t> table;
    Tables tables = Tables::all;
};
BOOST_DESCRIBE_STRUCT(Input, (), (file_id, dataset_id, on_duplicate, dialect, table, tables))

using observe::Level;
using BlobSource = blobs::AsSource<formats::Source>;
using BlobSink = blobs::AsSink<formats::Sink>;

[[noreturn]] void refuse_duplicate(const Uuid& existing) {
    throw Error{Code::duplicate, {{"existing_dataset_id", existing.str()}}};
}

/// The objects of one dataset while they are written.
struct Outputs {
    BlobSink data, texts, rejects;

    explicit Outputs(blobs::BlobStore& store) : data{store}, texts{store}, rejects{store} {}

    datasets::Sinks sinks() {
        return {.data = &data, .texts = &texts, .rejects = &rejects, .restart = [this] {
                    data.restart();
                    texts.restart();
                    rejects.restart();
                }};
    }
    void store(datasets::Dataset& dataset) {
        dataset.table_blob = data.finish();
        dataset.text_blob = texts.finish();
        dataset.rejects_blob = rejects.finish();
    }
};

/// Is it the table that cannot be used, so that the others still can?
bool is_of_table(const Error& error) { return http_status(error.code()) == 422 && !error.retryable(); }

/// One run of the job; the steps are its stages.
class Import {
public:
    Import(const Tools& tools, jobs::Context& context)
        : tools_{tools}, context_{context}, input_{read_input(context.job())}, scope_{.user = context.job().owner, .org = context.job().org} {
        auto file = tools_.files.get(input_.file_id, scope_);
        if (!file) throw Error{Code::corrupt_blob, {{"sha256", input_.file_id.str()}}};
        file_ = std::move(*file);
    }

    void run() {
        if (finish_archive(tools_, context_)) return;
        open_file();
        if (!formats::unpack::archive_kind(*in_.source).empty()) return import_archive(tools_, context_, file_, *in_.source);
        const auto& format = check_format();
        if (check_duplicate()) return;
        context_.stage(40, "stored");
        work::failpoint("import.stored");
        Outputs outputs{tools_.blobs};
        made_.push_back(build(format, first_table(), input_.dataset_id, outputs));
        build_others(format);
        context_.stage(70, "parsed");
        work::failpoint("import.parsed");
        outputs.store(made_.front());
        context_.stage(90, "written");
        work::failpoint("import.written");
        finish();
    }

private:
    static Input read_input(const jobs::Job& job) {
        Input input;
        std::vector<Issue> issues;
        read_json(json::value(job.input), input, issues, "", true);
        if (!issues.empty()) {
            throw Error{Code::bad_request, {{"why", "job input " + issues[0].pointer + " " + issues[0].detail}}};
        }
        return input;
    }

    void open_file() {
        context_.stage(10, "format_check");
        work::failpoint("import.format_check");
        in_ = formats::unpack::plain(std::make_unique<BlobSource>(tools_.blobs.open(file_.sha256)), file_.filename, {}, [this] { context_.check(); });
        if (!in_.compression.empty()) note(Level::info, "{} bytes, compressed by {}, hold {}", file_.size, in_.compression, in_.source->size());
    }

    const formats::Format& check_format() {
        const auto& format = formats::recognise(*in_.source, in_.filename, input_.dialect);
        note(Level::info, "{} bytes, read as {}", in_.source->size(), format.name());
        return format;
    }

    /// True when the job is done: the owner has these bytes as a dataset already and wants that one.
    bool check_duplicate() {
        context_.stage(20, "duplicate_check");
        work::failpoint("import.duplicate_check");
        const auto existing = tools_.datasets.by_content(file_.owner, file_.sha256, first_table());
        // The dataset of this very job is there when a crash came between its commit and the answer.
        if (!existing || existing->id == input_.dataset_id) return false;
        switch (input_.on_duplicate) {
            case OnDuplicate::error:
                refuse_duplicate(existing->id);
            case OnDuplicate::version:
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
    bool wants_all() const { return !input_.table && input_.tables == Tables::all; }

    /// What importing the file has made beside this dataset.
    json::array same_import(const datasets::Dataset& dataset) const {
        json::array ids;
        if (!wants_all()) return {dataset.id.str()};
        for (const auto& id : tools_.datasets.tables(dataset.owner, dataset.sha256, dataset.version)) ids.emplace_back(id.str());
        return ids;
    }

    /// Every further table that people see becomes a dataset of its own. One that cannot be used is reported, and fails nothing.
    void build_others(const formats::Format& format) {
        if (!wants_all() || (format.counts_other_tables() && other_rows_ == 0)) return;
        const auto tables = format.tables(*in_.source, {.dialect = input_.dialect});
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
            Outputs outputs{tools_.blobs};
            auto dataset = build(format, number, id, outputs);
            outputs.store(dataset);
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

    datasets::Dataset build(const formats::Format& format, int table, const Uuid& id, Outputs& outputs) {
        auto& source = *in_.source;
        datasets::BuildOptions options;
        options.source_bytes = source.size();
        options.stop = context_.stop();
        options.on_progress = [&](std::uint64_t bytes) {
            context_.tick(40 + static_cast<int>(29 * bytes / std::max<std::uint64_t>(1, source.size())), "parsing");
        };
        const auto open = [&](std::function<void(formats::Reject)> on_reject) {
            return format.open(source, {.table = static_cast<std::size_t>(table - 1), .dialect = input_.dialect, .on_reject = std::move(on_reject)});
        };
        if (!made_.empty()) note(Level::info, "table {}", table);
        const auto result = datasets::build(open, outputs.sinks(), options);
        log_build(result);
        if (result.rows == 0 && result.report.rows_rejected == 0) throw Error{Code::no_rows};
        if (made_.empty()) other_rows_ = result.report.other_table_rows;
        return describe(format, result, table, id);
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
            datasets::Unique unique;
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
        if (!skipped_.empty()) finish.metadata.emplace("tables_skipped", skipped_);
        return finish;
    }

    void finish() {
        work::failpoint("import.finish");
        for (;;) {
            const auto done = context_.finish(ending());
            if (done) return;
            // The same bytes became a dataset while these were being parsed, or a further table of theirs is one.
            if (input_.on_duplicate == OnDuplicate::error) refuse_duplicate(done.existing);
            if (check_duplicate()) return;
            version_ = tools_.datasets.newest_version(file_.owner, file_.sha256) + 1;
        }
    }

    const Tools& tools_;
    jobs::Context& context_;
    const Input input_;
    const Scope scope_;
    intake::File file_;
    formats::unpack::Plain in_;  ///< the file, unpacked
    int version_ = 1;
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
