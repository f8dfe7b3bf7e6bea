#include "formats/json/writer.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/json.hpp"
#include "formats/detail/cells.hpp"

namespace millrace::formats {
namespace {

constexpr std::int64_t exact_max = std::int64_t{1} << 53;  ///< beyond it readers that use doubles lose digits

char* put_escape(char* to, unsigned char c) {
    constexpr char hex[] = "0123456789abcdef";
    *to++ = '\\';
    switch (c) {
        case '"': *to++ = '"'; return to;
        case '\\': *to++ = '\\'; return to;
        case '\n': *to++ = 'n'; return to;
        case '\r': *to++ = 'r'; return to;
        case '\t': *to++ = 't'; return to;
        default:
            std::memcpy(to, "u00", 3);
            to[3] = hex[c >> 4];
            to[4] = hex[c & 15];
            return to + 5;
    }
}

/// The inside of a JSON string; the text is valid UTF-8. Room for six times its size and 8 bytes more.
char* put_escaped(char* to, std::string_view text) {
    constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    const char* at = text.data();
    const char* const end = at + text.size();
    static_assert(std::endian::native == std::endian::little);
    while (end - at >= 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        const auto quote = word ^ (ones * '"'), slash = word ^ (ones * '\\');
        // Bytes below 0x20, equal to " or equal to \. A borrow can mark a byte wrongly, but never the lowest one.
        const auto marks = (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & highs;
        std::memcpy(to, &word, 8);
        if (marks == 0) {
            at += 8;
            to += 8;
            continue;
        }
        const auto clean = std::countr_zero(marks) / 8;
        at += clean;
        to = put_escape(to + clean, static_cast<unsigned char>(*at++));
    }
    for (; at < end; ++at) {
        const auto c = static_cast<unsigned char>(*at);
        if (c < 0x20 || c == '"' || c == '\\') to = put_escape(to, c);
        else *to++ = *at;
    }
    return to;
}

class JsonWriter final : public TableWriter {
public:
    JsonWriter(Sink& sink, std::vector<WriteColumn> columns, bool array)
        : columns_{std::move(columns)}, array_{array}, out_{sink}, texts_{report_} {
        for (const auto& column : columns_) {
            std::string key = keys_.empty() ? "{" : ",";
            json::append_string(key, column.name);
            key += ':';
            const auto size = key.size();
            fixed_bytes_ += size + value_bytes_max;
            key.resize(std::max(size, short_key));
            keys_.push_back({std::move(key), size});
        }
        if (array_) out_.put('[');
    }

    void write(const Rows& rows) override {
        texts_.look_at(rows);
        for (auto row = rows.begin; row < rows.end; ++row) {
            if (array_) out_.put(report_.rows == 0 ? "\n" : ",\n");
            write_row(rows, row);
            ++report_.rows;
            out_.settle();
        }
    }

    void finish() override {
        if (array_) out_.put("\n]\n");
        out_.flush();
    }
    const WriteReport& report() const override { return report_; }
    std::size_t pending() const override { return out_.pending(); }

private:
    static constexpr std::size_t short_key = 32;
    /// `{"name":`, then `,"name":`; the text is filled up to short_key bytes.
    struct Key {
        std::string text;
        std::size_t size = 0;
    };

    void write_row(const Rows& rows, std::size_t row) {
        char* to = out_.room(fixed_bytes_ + 4);
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            const auto& column = *rows.columns[i];
            to = put_key(to, keys_[i]);
            if (column.is_null(row)) {
                std::memcpy(to, "null", 4);
                to += 4;
            } else if (column.type.is_text()) {
                out_.set_end(to);
                put_text(column, i, row);
                to = out_.room(fixed_bytes_ + 4);
            } else {
                to = put(to, column, row, columns_[i]);
            }
        }
        if (keys_.empty()) *to++ = '{';
        *to++ = '}';
        if (!array_) *to++ = '\n';
        out_.set_end(to);
    }

    /// Most keys are short: a copy of a fixed size is two instructions.
    static char* put_key(char* to, const Key& key) {
        if (key.size <= short_key) std::memcpy(to, key.text.data(), short_key);
        else std::memcpy(to, key.text.data(), key.size);
        return to + key.size;
    }

    void put_text(const Column& column, std::size_t index, std::size_t row) {
        auto text = texts_.text(column, index, row);
        constexpr std::size_t slice = 16u << 10;
        char* to = out_.room(std::min(text.size(), slice) * 6 + 2);
        *to++ = '"';
        while (text.size() > slice) {
            out_.set_end(put_escaped(to, text.substr(0, slice)));
            text.remove_prefix(slice);
            to = out_.room(std::min(text.size(), slice) * 6 + 2);
        }
        to = put_escaped(to, text);
        *to++ = '"';
        out_.set_end(to);
    }

    static char* put(char* to, const Column& column, std::size_t row, const WriteColumn& how) {
        bool quoted = true;
        switch (column.type.type) {
            case Type::int64:
                quoted = column.ints[row] > exact_max || column.ints[row] < -exact_max;
                break;
            case Type::decimal:
                quoted = significant_digits(column.ints[row]) > 15;
                break;
            case Type::float64:
                if (!std::isfinite(column.floats[row])) {
                    std::memcpy(to, "null", 4);
                    return to + 4;
                }
                [[fallthrough]];
            case Type::boolean:
                quoted = false;
                break;
            default:
                break;
        }
        if (quoted) *to++ = '"';
        to = put_value(to, column, row, how);
        if (quoted) *to++ = '"';
        return to;
    }

    const std::vector<WriteColumn> columns_;
    const bool array_;
    OutBuffer out_;
    WriteReport report_;
    Utf8Texts texts_;
    std::vector<Key> keys_;
    std::size_t fixed_bytes_ = 0;    ///< of a row, its texts aside
};

std::unique_ptr<TableWriter> open_lines(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions&) {
    return std::make_unique<JsonWriter>(sink, std::move(columns), false);
}
std::unique_ptr<TableWriter> open_array(Sink& sink, std::vector<WriteColumn> columns, const WriteOptions&) {
    return std::make_unique<JsonWriter>(sink, std::move(columns), true);
}

}  // namespace

const OutputFormat& json_lines::output() {
    static constexpr OutputFormat format{.name = "ndjson", .extension = ".ndjson", .media_type = "application/x-ndjson", .text = true, .open = open_lines};
    return format;
}

const OutputFormat& json_array::output() {
    static constexpr OutputFormat format{.name = "json", .extension = ".json", .media_type = "application/json", .text = true, .open = open_array};
    return format;
}

}  // namespace millrace::formats
