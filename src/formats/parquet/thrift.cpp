#include "formats/parquet/thrift.hpp"

#include "base/error.hpp"

namespace millrace::formats::parquet::thrift {

void Reader::expect(bool condition) const {
    if (!condition) throw Error{Code::malformed_file, {{"format", "parquet"}, {"why", "its metadata cannot be read"}}};
}

void Reader::enter() { expect(++depth_ <= 16); }

std::uint8_t Reader::byte() {
    expect(at_ < bytes_.size());
    return static_cast<std::uint8_t>(bytes_[at_++]);
}

std::uint64_t Reader::varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const auto next = byte();
        value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
        if (next < 0x80) return value;
    }
    expect(false);
    return 0;
}

Reader::List Reader::begin_list(Wire type) {
    expect(type == list || type == set);
    const auto head = byte();
    const std::uint64_t size = (head >> 4) == 15 ? varint() : head >> 4;
    // Every element takes at least a byte, so this bounds what a list can make us allocate.
    expect(size <= left());
    return {static_cast<std::size_t>(size), static_cast<Wire>(head & 15)};
}

std::int64_t Reader::integer(Wire type) {
    expect(type == i16 || type == i32 || type == i64);
    return zigzag();
}

std::string_view Reader::bytes(Wire type) {
    expect(type == binary);
    const auto size = varint();
    expect(size <= left());
    at_ += size;
    return bytes_.substr(at_ - size, size);
}

void Reader::skip(Wire type) {
    switch (type) {
        case yes:
        case no: return;
        case i8: byte(); return;
        case i16:
        case i32:
        case i64: varint(); return;
        case dbl: expect(left() >= 8); at_ += 8; return;
        case binary: bytes(binary); return;
        case list:
        case set: {
            enter();
            const auto items = begin_list(type);
            for (std::size_t i = 0; i < items.size; ++i) {
                if (items.type == yes || items.type == no) byte();
                else skip(items.type);
            }
            --depth_;
            return;
        }
        case map: {
            enter();
            const auto size = varint();
            expect(size <= left());
            const auto kinds = size > 0 ? byte() : std::uint8_t{0};
            for (std::uint64_t i = 0; i < size; ++i) {
                skip(static_cast<Wire>(kinds >> 4));
                skip(static_cast<Wire>(kinds & 15));
            }
            --depth_;
            return;
        }
        case structure: fields([this](Field field) { skip(field.type); }); return;
        default: expect(false);
    }
}

}  // namespace millrace::formats::parquet::thrift
