#include "formats/sandbox/child.hpp"

#include <algorithm>
#include <array>
#include <new>

namespace millrace::formats::sandbox {
namespace {

/// The file, which only the parent can read. Some blocks of it are kept, since formats read in small steps, and the sectors
/// of an old workbook lie scattered.
class AskedSource final : public Source {
public:
    AskedSource(Link& link, std::uint64_t size) : link_{link}, size_{size} {}

    std::uint64_t size() const override { return size_; }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        std::size_t done = 0;
        while (done < into.size() && offset + done < size_) {
            const auto at = offset + done;
            const auto& block = block_with(at);
            const auto from = static_cast<std::size_t>(at - block.at);
            if (from >= block.frame.payload.size()) break;
            done += block.frame.payload.copy(into.data() + done, into.size() - done, from);
        }
        return done;
    }

private:
    static constexpr std::uint64_t block_bytes = 64 * 1024;
    struct Block {
        std::uint64_t at = UINT64_MAX;
        Frame frame;
    };

    const Block& block_with(std::uint64_t at) {
        const auto number = at / block_bytes;
        auto& block = blocks_[number % blocks_.size()];
        if (block.at != number * block_bytes) {
            block.at = number * block_bytes;
            send(link_, Kind::need, to_payload(Need{block.at, static_cast<std::uint32_t>(std::min(block_bytes, size_ - block.at))}));
            receive(link_, need_bytes_max, block.frame);
        }
        return block;
    }

    Link& link_;
    std::uint64_t size_;
    std::array<Block, 16> blocks_;
};

const Format& find(std::span<const Format* const> formats, std::string_view name) {
    for (const auto* format : formats) {
        if (format->name() == name) return *format;
    }
    throw Error{Code::unsupported_format, {{"format", std::string{name}}, {"known", ""}}};
}

void read_table(Link& link, const Format& format, Source& source, const ReadOptions& options) {
    const auto reader = format.open(source, options);
    send(link, Kind::opened, to_payload(Opened{reader->names(), reader->has_header()}));
    std::string payload;
    for (TextBatch batch; reader->next(batch);) {
        payload.clear();
        append_batch(payload, batch);
        send(link, Kind::batch, payload);
    }
    send(link, Kind::report, to_payload(reader->report()));
}

void unpack_entries(Link& link, Source& source, std::uint64_t entries_max) {
    unpack::ArchiveReader archive{source, entries_max};
    std::string block(content_bytes_max, '\0');
    while (const auto entry = archive.next()) {
        send(link, Kind::entry, to_payload(*entry));
        std::optional<std::size_t> got = 0;
        if (entry->regular && !entry->encrypted) {
            while ((got = archive.read(block)) && *got > 0) send(link, Kind::content, std::string_view{block}.substr(0, *got));
        }
        send(link, Kind::entry_end, got ? "" : "damaged");
    }
    send(link, Kind::archive_end, "");
}

}  // namespace

void serve(Link& link, std::span<const Format* const> formats) {
    Frame frame;
    receive(link, need_bytes_max, frame);
    const auto request = read_request(frame.payload);
    try {
        AskedSource source{link, request.size};
        if (request.unpack) return unpack_entries(link, source, request.entries_max);
        const auto& format = find(formats, request.format);
        ReadOptions options{.table = request.table, .dialect = request.dialect, .on_reject = {}, .record_bytes_max = request.record_bytes_max,
                            .columns_max = request.columns_max};
        options.on_reject = [&](const Reject& reject) { send(link, Kind::reject, to_payload(reject)); };
        if (request.open) read_table(link, format, source, options);
        else send(link, Kind::tables, to_payload(format.tables(source, options)));
    } catch (const Error& error) {
        send(link, Kind::error, to_payload(error));
    } catch (const std::bad_alloc&) {
        send(link, Kind::error, to_payload(Error{Code::parser_limits, {{"format", request.format}, {"why", "memory"}}}));
    }
}

}  // namespace millrace::formats::sandbox
