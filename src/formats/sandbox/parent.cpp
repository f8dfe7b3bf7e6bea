#include "formats/sandbox/parent.hpp"

#include <algorithm>

namespace millrace::formats::sandbox {
namespace {

constexpr std::size_t small_frame_bytes_max = 1 << 20;
constexpr std::size_t tables_max = 100'000;
constexpr std::size_t name_bytes_max = 64 << 20;  ///< of all names together
constexpr std::size_t reject_raw_bytes_max = 64 * 1024;

[[noreturn]] void refuse(const char* why) { throw Nonsense{why}; }

/// What `talk` answers; nonsense of the child becomes an error of its format.
template <class Talk>
auto believing_nothing(std::string_view format, Talk&& talk) {
    try {
        return talk();
    } catch (const Nonsense& nonsense) {
        throw Error{Code::parser_crashed, {{"format", std::string{format}}, {"why", nonsense.why}}};
    }
}

Request request_for(std::string_view format, const Source& source, const ReadOptions& options) {
    return {.format = std::string{format}, .size = source.size(), .table = options.table, .dialect = options.dialect,
            .record_bytes_max = options.record_bytes_max, .columns_max = options.columns_max};
}

Request request_to_open(std::string_view format, const Source& source, const ReadOptions& options) {
    auto request = request_for(format, source, options);
    request.open = true;
    return request;
}

/// Talks with a child: gives it the bytes it needs, passes its rejects on, and hands over what else it says.
class Conversation {
public:
    Conversation(Link& link, Source& source, const ReadOptions& options, const Request& request)
        : link_{link}, source_{source}, options_{options},
          frame_bytes_max_{options.record_bytes_max + std::uint64_t{options.columns_max} * 8 + small_frame_bytes_max},
          // Every part of a file is read a few times at most: for its tables, its styles, its rows. The pages of a database may
          // lie scattered, each in a block of its own.
          needed_bytes_left_{source.size() * 40 + (64u << 20)} {
        send(link_, Kind::request, to_payload(request));
    }

    /// The next frame that is neither a need nor a reject. Throws the child's error.
    const Frame& next() {
        for (;;) {
            receive(link_, frame_bytes_max_, frame_);
            switch (frame_.kind) {
                case Kind::need: give(read_need(frame_.payload)); break;
                case Kind::reject: pass_on(read_reject(frame_.payload)); break;
                case Kind::error: throw read_error(frame_.payload);
                case Kind::tables:
                case Kind::opened:
                case Kind::batch:
                case Kind::report:
                case Kind::entry:
                case Kind::content:
                case Kind::entry_end:
                case Kind::archive_end: return frame_;
                case Kind::request:
                case Kind::bytes:
                default: refuse("a frame is of no known kind");
            }
        }
    }

    std::uint64_t rejected() const { return rejected_; }

private:
    void give(const Need& need) {
        if (need.length > needed_bytes_left_) refuse("too much is asked for");
        needed_bytes_left_ -= need.length;
        bytes_.resize(need.length);
        bytes_.resize(need.offset < source_.size() ? source_.read(need.offset, bytes_) : 0);
        send(link_, Kind::bytes, bytes_);
    }

    void pass_on(Reject reject) {
        if (reject.code.empty() || reject.code.size() > 64 || reject.raw.size() > reject_raw_bytes_max) refuse("a reject is not one");
        ++rejected_;
        if (options_.on_reject) options_.on_reject(std::move(reject));
    }

    Link& link_;
    Source& source_;
    ReadOptions options_;
    std::uint64_t frame_bytes_max_;
    std::uint64_t needed_bytes_left_;
    std::uint64_t rejected_ = 0;
    Frame frame_;
    std::string bytes_;
};

class Reader final : public TableReader {
public:
    Reader(std::unique_ptr<Link> link, std::string_view format, Source& source, const ReadOptions& options)
        : link_{std::move(link)}, format_{format}, size_{source.size()}, conversation_{*link_, source, options, request_to_open(format, source, options)} {
        believing_nothing(format_, [&] { begin(options); });
    }

    const std::vector<std::string>& names() const override { return opened_.names; }
    bool has_header() const override { return opened_.header; }
    const ReadReport& report() const override { return report_; }

    bool next(TextBatch& batch) override {
        return believing_nothing(format_, [&] { return hear(batch); });
    }

private:
    void begin(const ReadOptions& options) {
        const auto& frame = conversation_.next();
        if (frame.kind != Kind::opened) refuse("a table does not begin");
        opened_ = read_opened(frame.payload);
        std::size_t bytes = 0;
        for (const auto& name : opened_.names) bytes += name.size();
        if (opened_.names.empty() || opened_.names.size() > options.columns_max || bytes > name_bytes_max) refuse("there are no columns");
    }

    bool hear(TextBatch& batch) {
        batch.rows = 0;
        batch.columns = opened_.names.size();
        batch.first_row = rows_;
        batch.cells.clear();
        if (done_) return false;
        const auto& frame = conversation_.next();
        if (frame.kind == Kind::report) {
            finish(read_report(frame.payload));
            batch.bytes_consumed = size_;
            return false;
        }
        if (frame.kind != Kind::batch) refuse("a table has neither rows nor an end");
        read_batch(frame.payload, batch);
        if (batch.columns != opened_.names.size()) refuse("a batch has a wrong size");
        rows_ += batch.rows;
        consumed_ = batch.bytes_consumed = std::clamp(batch.bytes_consumed, consumed_, size_);
        return true;
    }

    void finish(ReadReport report) {
        const auto reported = report.header_rows + report.preamble_rows + report.footnote_rows + report.blank_rows + report.other_table_rows;
        if (report.rows_out != rows_ || report.rows_rejected != conversation_.rejected() || report.rows_reported != reported ||
            report.rows_in != report.rows_out + report.rows_rejected + reported) {
            refuse("the account of its rows does not add up");
        }
        report_ = std::move(report);
        report_.bytes = size_;
        done_ = true;
    }

    std::unique_ptr<Link> link_;
    std::string format_;
    std::uint64_t size_;
    Conversation conversation_;
    Opened opened_;
    ReadReport report_;
    std::uint64_t rows_ = 0;
    std::uint64_t consumed_ = 0;
    bool done_ = false;
};

class Unpacking final : public Entries {
public:
    Unpacking(std::unique_ptr<Link> link, std::string_view format, Source& source, const Request& request)
        : link_{std::move(link)}, format_{format}, entries_left_{request.entries_max}, conversation_{*link_, source, {}, request} {}

    std::optional<unpack::Entry> next() override {
        while (!read().empty()) {}
        return believing_nothing(format_, [&] { return hear(); });
    }
    std::string_view read() override {
        return believing_nothing(format_, [&] { return hear_content(); });
    }
    bool complete() const override { return complete_; }

private:
    std::optional<unpack::Entry> hear() {
        const auto& frame = conversation_.next();
        if (frame.kind == Kind::archive_end) return std::nullopt;
        if (frame.kind != Kind::entry || entries_left_ == 0) refuse("an archive has neither entries nor an end");
        --entries_left_;
        inside_ = true;
        auto entry = read_entry(frame.payload);
        entry.path = unpack::harmless_path(entry.path);
        return entry;
    }
    std::string_view hear_content() {
        if (!inside_) return {};
        const auto& frame = conversation_.next();
        if (frame.kind == Kind::content && !frame.payload.empty()) return frame.payload;
        if (frame.kind != Kind::entry_end) refuse("an entry has neither bytes nor an end");
        inside_ = false;
        complete_ = frame.payload.empty();
        return {};
    }

    std::unique_ptr<Link> link_;
    std::string format_;
    std::uint64_t entries_left_;
    Conversation conversation_;
    bool inside_ = false;
    bool complete_ = true;
};

}  // namespace

std::vector<TableInfo> ask_tables(Link& link, std::string_view format, Source& source, const ReadOptions& options) {
    Conversation conversation{link, source, options, request_for(format, source, options)};
    return believing_nothing(format, [&] {
        const auto& frame = conversation.next();
        if (frame.kind != Kind::tables) refuse("there are no tables");
        auto tables = read_tables(frame.payload);
        if (tables.size() > tables_max) refuse("there are too many tables");
        return tables;
    });
}

std::unique_ptr<TableReader> ask_table(std::unique_ptr<Link> link, std::string_view format, Source& source,
                                       const ReadOptions& options) {
    return std::make_unique<Reader>(std::move(link), format, source, options);
}

std::unique_ptr<Entries> ask_entries(std::unique_ptr<Link> link, std::string_view format, Source& source, std::uint64_t entries_max) {
    return std::make_unique<Unpacking>(std::move(link), format, source,
                                       Request{.unpack = true, .format = std::string{format}, .size = source.size(), .entries_max = entries_max});
}

}  // namespace millrace::formats::sandbox
