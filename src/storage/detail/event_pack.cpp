#include "storage/detail/event_pack.hpp"

#include <zstd.h>

#include <cassert>
#include <cstring>
#include <stdexcept>

#include "jobs/event_data.hpp"

namespace millrace::storage::detail {
namespace {

/// Speed counts here: levels above save a tenth of the bytes and cost twice the time.
constexpr int level = 1;
/// More than any group has; what claims to be larger is damaged.
constexpr unsigned long long bytes_max = 1ULL << 30;
/// How the data of an event stands.
constexpr char json_form = 0, job_form = 1;

template <class T>
void put(std::string& out, T number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

class Taking {
public:
    explicit Taking(std::string_view bytes) : left_{bytes} {}

    bool done() const { return left_.empty(); }
    std::string_view bytes(std::size_t count) {
        if (count > left_.size()) throw std::runtime_error{"packed events end too early"};
        const auto out = left_.substr(0, count);
        left_.remove_prefix(count);
        return out;
    }
    template <class T>
    T number() {
        T out;
        std::memcpy(&out, bytes(sizeof out).data(), sizeof out);
        return out;
    }
    std::string text() { return std::string{bytes(number<std::uint32_t>())}; }
    Uuid uuid() { return Uuid::from_raw(bytes(16)); }

private:
    std::string_view left_;
};

}  // namespace

SplitEvents split(Told& told) {
    const std::span<events::Event> all{told.events};
    return {all.first(all.size() - told.routine), all.last(told.routine)};
}

std::string pack(std::span<const events::Event> events) {
    assert(events.size() <= packed_max);
    std::string plain;
    for (const auto& e : events) {
        put(plain, static_cast<std::int64_t>(e.at.time_since_epoch().count()));
        put(plain, static_cast<std::int32_t>(e.version));
        plain += e.owner.raw();
        plain += e.org.raw();
        plain += e.subject.raw();
        put(plain, std::string_view{e.type});
        plain += e.data.is_json() ? json_form : job_form;
        put(plain, std::string_view{e.data.bytes()});
    }
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    const auto size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), level);
    if (ZSTD_isError(size)) throw std::runtime_error{ZSTD_getErrorName(size)};
    out.resize(size);
    return out;
}

std::vector<events::Event> unpack(std::string_view bytes, std::int64_t last_seq) {
    const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size > bytes_max) throw std::runtime_error{"packed events are damaged"};
    std::string plain(size, '\0');
    const auto got = ZSTD_decompress(plain.data(), plain.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(got) || got != size) throw std::runtime_error{"packed events are damaged"};

    std::vector<events::Event> out;
    for (Taking taking{plain}; !taking.done();) {
        auto& e = out.emplace_back();
        e.at = Instant{Duration{taking.number<std::int64_t>()}};
        e.version = taking.number<std::int32_t>();
        e.owner = taking.uuid();
        e.org = taking.uuid();
        e.subject = taking.uuid();
        e.type = taking.text();
        const bool is_job = taking.number<char>() == job_form;
        e.data = is_job ? jobs::event_data(taking.text()) : events::Data{taking.text()};
    }
    for (std::size_t i = 0; i < out.size(); ++i) out[i].seq = last_seq - static_cast<std::int64_t>(out.size() - 1 - i);
    return out;
}

}  // namespace millrace::storage::detail
