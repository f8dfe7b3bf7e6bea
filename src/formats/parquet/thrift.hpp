#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The Thrift compact protocol, as far as Parquet needs it (structs, lists, i32, i64, bool, binary).
namespace millrace::formats::parquet::thrift {

/// Wire types of the compact protocol.
enum Wire : std::uint8_t { stop = 0, yes = 1, no = 2, i8 = 3, i16 = 4, i32 = 5, i64 = 6, dbl = 7, binary = 8,
                           list = 9, set = 10, map = 11, structure = 12 };

/// Appends to a string. Fields of a struct are written in ascending order of id.
class Writer {
public:
    explicit Writer(std::string& out) : out_{out} {}

    void begin() { last_.push_back(0); }
    void end() {
        out_ += '\0';
        last_.pop_back();
    }
    void integer(int id, std::int64_t value, Wire type = i32) {
        header(id, type);
        zigzag(value);
    }
    void boolean(int id, bool value) { header(id, value ? yes : no); }
    void bytes(int id, std::string_view value) {
        header(id, binary);
        item(value);
    }
    void begin_struct(int id) {
        header(id, structure);
        begin();
    }
    void begin_list(int id, Wire type, std::size_t size) {
        header(id, list);
        if (size < 15) {
            out_ += static_cast<char>(size << 4 | type);
        } else {
            out_ += static_cast<char>(0xf0 | type);
            varint(size);
        }
    }
    // Elements of a list; structs are elements as begin() ... end().
    void item(std::int64_t value) { zigzag(value); }
    void item(std::string_view value) {
        varint(value.size());
        out_ += value;
    }
    void item_bool(bool value) { out_ += static_cast<char>(value ? yes : no); }

private:
    void header(int id, Wire type) {
        const int delta = id - last_.back();
        last_.back() = id;
        if (delta > 0 && delta < 16) {
            out_ += static_cast<char>(delta << 4 | type);
        } else {
            out_ += static_cast<char>(type);
            zigzag(id);
        }
    }
    void zigzag(std::int64_t value) {
        varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
    }
    void varint(std::uint64_t value) {
        while (value >= 0x80) {
            out_ += static_cast<char>(value | 0x80);
            value >>= 7;
        }
        out_ += static_cast<char>(value);
    }

    std::string& out_;
    std::vector<int> last_;
};

/// Reads bytes that may be hostile: never beyond the end, no recursion deeper than 16, no list longer than the bytes
/// that are left. Throws Error{malformed_file}.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_{bytes} {}

    struct Field {
        int id = 0;
        Wire type = stop;
    };
    struct List {
        std::size_t size = 0;
        Wire type = stop;
    };

    /// Calls `on_field(Field)` for each field; what it does not consume it must skip with `skip(type)`.
    template <class OnField>
    void fields(OnField on_field) {
        enter();
        int id = 0;
        for (;;) {
            const auto head = byte();
            const auto type = static_cast<Wire>(head & 15);
            if (type == stop) break;
            id = (head >> 4) != 0 ? id + (head >> 4) : static_cast<int>(zigzag());
            on_field(Field{id, type});
        }
        --depth_;
    }
    List begin_list(Wire type);
    /// Value of a field; the field must have a matching type.
    std::int64_t integer(Wire type);
    bool boolean(Wire type) { return expect(type == yes || type == no), type == yes; }
    std::string_view bytes(Wire type);
    bool bool_item() { return byte() == yes; }
    void structure_expected(Wire type) { expect(type == structure); }
    void skip(Wire type);
    std::size_t position() const { return at_; }
    std::size_t left() const { return bytes_.size() - at_; }

private:
    void enter();
    void expect(bool condition) const;
    std::uint8_t byte();
    std::uint64_t varint();
    std::int64_t zigzag() {
        const auto raw = varint();
        return static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace millrace::formats::parquet::thrift
