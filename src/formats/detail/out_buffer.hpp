#pragma once

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "formats/format.hpp"

namespace millrace::formats {

/// Bytes on their way to a sink. `room(n)` gives a place where n bytes (and 8 more, for copies by words) may be written;
/// `set_end` says how many were.
class OutBuffer {
public:
    explicit OutBuffer(Sink& sink) : sink_{sink} { grow(block_bytes + 4096); }

    char* room(std::size_t bytes) {
        if (size_ + bytes + 8 > capacity_) make_room(bytes + 8);
        return bytes_.get() + size_;
    }
    void set_end(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.get()); }

    void put(std::string_view text) {
        while (text.size() > block_bytes) {
            put(text.substr(0, block_bytes));
            text.remove_prefix(block_bytes);
        }
        char* to = room(text.size());
        if (!text.empty()) std::memcpy(to, text.data(), text.size());
        size_ += text.size();
    }
    void put(char c) { *room(1) = c, ++size_; }

    /// Hands a full block over; to be called now and then, e.g. per row.
    void settle() {
        if (size_ >= block_bytes) flush();
    }
    void flush() {
        if (size_ == 0) return;
        const auto bytes = std::exchange(size_, 0);
        sink_.write({bytes_.get(), bytes});
    }

    std::size_t pending() const { return size_; }

private:
    static constexpr std::size_t block_bytes = 256u << 10;

    void make_room(std::size_t bytes) {
        flush();
        if (bytes > capacity_) grow(bytes);
    }
    void grow(std::size_t bytes) {
        bytes_ = std::make_unique_for_overwrite<char[]>(bytes);
        capacity_ = bytes;
    }

    Sink& sink_;
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace millrace::formats
