#include "jobs/event_data.hpp"

#include <cstring>
#include <stdexcept>

#include "jobs/view.hpp"

namespace millrace::jobs {
namespace {

/// The first byte. Fields are added at the end, under a new one.
constexpr char form = 1;

/// Numbers in groups of seven bits, negative ones folded in; texts behind their length; what may be absent behind 0 or 1.
class Writer {
public:
    void field(std::int64_t value) {
        auto left = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
        for (; left >= 0x80; left >>= 7) out += static_cast<char>(left | 0x80);
        out += static_cast<char>(left);
    }
    void field(int value) { field(std::int64_t{value}); }
    void field(State value) { field(static_cast<int>(value)); }
    void field(Type value) { field(static_cast<int>(value)); }
    void field(Instant at) { field(at.time_since_epoch().count()); }
    void field(const Uuid& id) { out += id.raw(); }
    void field(std::string_view text) {
        field(static_cast<std::int64_t>(text.size()));
        out += text;
    }
    void field(const std::string& text) { field(std::string_view{text}); }
    void field(const json::object& object) { field(object.empty() ? std::string{} : json::serialize(object)); }
    void field(const std::vector<std::string>& texts) {
        field(static_cast<std::int64_t>(texts.size()));
        for (const auto& text : texts) field(text);
    }
    void field(const Children& c) { fields(c.total, c.completed, c.failed, c.cancelled, c.progress); }
    template <class T>
    void field(const std::optional<T>& value) {
        out += value ? '\1' : '\0';
        if (value) field(*value);
    }
    template <class... T>
    void fields(const T&... values) {
        (field(values), ...);
    }

    std::string out;
};

class Reader {
public:
    explicit Reader(std::string_view bytes) : left_{bytes} {}

    void field(std::int64_t& value) {
        std::uint64_t read = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes(1)[0]);
            read |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) break;
        }
        value = static_cast<std::int64_t>(read >> 1) ^ -static_cast<std::int64_t>(read & 1);
    }
    void field(int& value) { value = static_cast<int>(number()); }
    void field(State& value) { value = static_cast<State>(number(static_cast<std::int64_t>(State::cancelled))); }
    void field(Type& value) { value = static_cast<Type>(number(static_cast<std::int64_t>(Type::processing))); }
    void field(Instant& at) { at = Instant{Duration{number()}}; }
    void field(Uuid& id) { id = Uuid::from_raw(bytes(16)); }
    void field(std::string& text) { text = view(); }
    void field(json::object& object) {
        if (const auto text = view(); !text.empty()) object = json::parse(text).as_object();
    }
    void field(std::vector<std::string>& texts) {
        for (auto left = number(); left > 0; --left) field(texts.emplace_back());
    }
    void field(Children& c) { fields(c.total, c.completed, c.failed, c.cancelled, c.progress); }
    template <class T>
    void field(std::optional<T>& value) {
        if (bytes(1)[0] != '\0') field(value.emplace());
    }
    template <class... T>
    void fields(T&... values) {
        (field(values), ...);
    }
    std::string_view view() { return bytes(static_cast<std::size_t>(number())); }

private:
    std::string_view bytes(std::size_t count) {
        if (count > left_.size()) throw std::runtime_error{"the data of an event ends too early"};
        const auto out = left_.substr(0, count);
        left_.remove_prefix(count);
        return out;
    }
    std::int64_t number() {
        std::int64_t value = 0;
        field(value);
        return value;
    }
    /// Of an enumeration.
    std::int64_t number(std::int64_t largest) {
        const auto value = number();
        if (value < 0 || value > largest) throw std::runtime_error{"the data of an event is damaged"};
        return value;
    }

    std::string_view left_;
};

/// One list for both directions; the kind stands first, for `kind_of`.
template <class Codec>
void all_fields(Codec& codec, auto& job, auto& now) {
    codec.fields(job.kind, job.type, now.state, now.progress, now.stage, now.message, job.filename, job.supplier_id,
                 job.created_at, job.started_at, job.completed_at, now.updated_at, job.error_code, job.error_message,
                 job.metadata, job.related_dataset_id, job.attempt, job.queue, job.priority, job.parent, job.schedule,
                 job.tags, job.attempts_max, job.run_at, job.deadline, job.limit_key, job.unique_key, job.children,
                 job.acknowledged_at);
}

Reader fields_of(const events::Event& event) {
    const std::string_view bytes = event.data.bytes();
    if (!bytes.starts_with(form)) throw std::runtime_error{"the data of an event has an unknown form"};
    return Reader{bytes.substr(1)};
}

std::string render(const events::Event& event) {
    try {
        Job job;
        job.id = event.subject;
        job.owner = event.owner;
        job.org = event.org;
        Reader reader = fields_of(event);
        all_fields(reader, job, job);
        return to_json(view(job));
    } catch (const std::exception&) {
        return "null";
    }
}

events::Data written(const Job& job, const auto& now) {
    Writer writer;
    writer.out.reserve(192);
    writer.out += form;
    all_fields(writer, job, now);
    return {std::move(writer.out), &render};
}

}  // namespace

events::Data event_data(const Job& job) { return written(job, job); }

events::Data event_data(const Job& job, const Shown& now) { return written(job, now); }

events::Data event_data(std::string bytes) { return {std::move(bytes), &render}; }

std::string_view kind_of(const events::Event& event) {
    if (event.data.is_json()) return kind_in(event.data.bytes());
    try {
        return fields_of(event).view();
    } catch (const std::exception&) {
        return {};
    }
}

}  // namespace millrace::jobs
