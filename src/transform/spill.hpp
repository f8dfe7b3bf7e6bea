#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Exact work on more keys than memory holds: what does not fit goes to temporary files, part by part of the keys.
namespace millrace::transform {

/// A temporary file without a name, written front to back and read once from its start. Throws Error{storage_failed | storage_full}.
class SpillFile {
public:
    SpillFile();
    ~SpillFile();
    SpillFile(const SpillFile&) = delete;
    SpillFile& operator=(const SpillFile&) = delete;

    void write(std::string_view record);
    /// After this, only read.
    void rewind();
    /// The next record; false at the end.
    bool read(std::string& record);

private:
    void flush();
    bool fill(std::size_t wanted);

    int file_ = -1;
    std::string buffer_;
    std::size_t at_ = 0;
};

/// One bit for each row.
class Bitmap {
public:
    void set(std::uint64_t i) {
        if (i / 64 >= words_.size()) words_.resize(i / 64 + 1);
        words_[i / 64] |= std::uint64_t{1} << (i % 64);
    }
    bool test(std::uint64_t i) const { return i / 64 < words_.size() && (words_[i / 64] >> (i % 64) & 1) != 0; }

private:
    std::vector<std::uint64_t> words_;
};

/// Finds which keys occur more than once, exactly, whatever their number.
class Duplicates {
public:
    explicit Duplicates(std::uint64_t memory_bytes) : memory_bytes_{memory_bytes} {}

    void add(std::string_view key, std::uint64_t row);
    /// `found(row, first, last)` for every row whose key is also another row's: with the first and last row that have it.
    /// In no particular order.
    void finish(const std::function<void(std::uint64_t row, std::uint64_t first, std::uint64_t last)>& found);

private:
    void spill();

    const std::uint64_t memory_bytes_;
    std::uint64_t used_ = 0;
    struct Rows {
        std::vector<std::uint64_t> all;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    std::unordered_map<std::string, Rows, Hash, std::equal_to<>> keys_;
    std::vector<std::unique_ptr<SpillFile>> parts_;
    unsigned level_ = 0;  // how often the keys have been parted already
};

/// Which of `count` parts a key belongs to; another one at each level.
std::size_t part_of(std::string_view key, unsigned level, std::size_t count);

// Numbers within records.
void put_number(std::string& record, std::uint64_t value);
std::uint64_t take_number(std::string_view& record);
void put_text(std::string& record, std::string_view text);
std::string_view take_text(std::string_view& record);

}  // namespace millrace::transform
