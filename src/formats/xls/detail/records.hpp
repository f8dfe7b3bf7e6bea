#pragma once

#include <string>
#include <string_view>

#include "formats/xls/detail/bytes.hpp"
#include "formats/xls/detail/compound.hpp"

namespace millrace::formats::xls {

/// Numbers of the records that are read here, see [MS-XLS] 2.3.
namespace record {
constexpr std::uint16_t formula = 0x06, eof = 0x0a, date_1904 = 0x22, file_pass = 0x2f, continued = 0x3c, bound_sheet = 0x85, mul_rk = 0xbd,
                        rich_string = 0xd6, xf = 0xe0, shared_strings = 0xfc, label_sst = 0xfd, number = 0x203, label = 0x204, bool_err = 0x205,
                        string = 0x207, rk = 0x27e, format = 0x41e, bof = 0x809;
}  // namespace record

/// The records of a workbook stream, one after the other.
class Records {
public:
    explicit Records(Stream& stream, std::uint64_t from = 0) : stream_{stream}, next_{from} {}

    /// The next record; false at the end of the stream.
    bool next();
    /// The same when it is of that kind; else it stays the next one.
    bool next_if(std::uint16_t kind);
    std::uint16_t kind() const { return kind_; }
    std::string_view body() const { return body_; }
    std::uint64_t position() const { return next_; }

private:
    static constexpr std::size_t window_bytes = 256 * 1024;
    bool fill(std::size_t bytes);

    Stream& stream_;
    std::uint64_t next_ = 0;  ///< where the record behind this one begins
    std::string window_;
    std::uint64_t window_at_ = 0;
    std::uint16_t kind_ = 0;
    std::string_view body_;
};

/// Text that goes on in the records behind it: bytes, numbers and characters across their borders.
class ContinuedText {
public:
    explicit ContinuedText(Records& records) : records_{records}, rest_{records.body()} {}

    bool at_end() const { return rest_.empty(); }
    template <class T>
    T number() {
        char bytes[sizeof(T)];
        for (auto& byte : bytes) {
            if (rest_.empty()) go_on();
            byte = rest_[0];
            rest_.remove_prefix(1);
        }
        return number_at<T>({bytes, sizeof bytes}, 0);
    }
    void skip(std::uint64_t bytes);
    /// `count` characters. Each further record begins with a byte that says how its characters are written.
    void characters(std::string& out, std::size_t count, bool wide);
    /// A text of `count` characters with all that may come with it; only the characters are kept.
    void text(std::string& out, std::size_t count);

private:
    void go_on();
    Records& records_;
    std::string_view rest_;
};

}  // namespace millrace::formats::xls
