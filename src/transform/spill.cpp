#include "transform/spill.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "base/error.hpp"

namespace millrace::transform {
namespace {

constexpr std::size_t block_bytes = 256 * 1024;
constexpr std::size_t parts_count = 32;
constexpr unsigned levels_max = 6;  ///< keys that still do not fit then are one key, or nearly

[[noreturn]] void fail(const char* what) {
    if (errno == ENOSPC) throw Error{Code::storage_full};
    throw Error{Code::storage_failed, {{"why", std::string{"temporary file: "} + what + ": " + std::generic_category().message(errno)}}};
}

}  // namespace

SpillFile::SpillFile() {
    const char* directory = std::getenv("TMPDIR");
    std::string name = std::string{directory && *directory ? directory : "/tmp"} + "/millrace-XXXXXX";
    file_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file_ < 0) fail("make");
    ::unlink(name.c_str());
}

SpillFile::~SpillFile() { ::close(file_); }

void SpillFile::write(std::string_view record) {
    const auto size = static_cast<std::uint32_t>(record.size());
    buffer_.append(reinterpret_cast<const char*>(&size), sizeof size);
    buffer_ += record;
    if (buffer_.size() >= block_bytes / 4) flush();
}

void SpillFile::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const auto n = ::write(file_, rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("write");
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
    buffer_.clear();
}

void SpillFile::rewind() {
    flush();
    if (::lseek(file_, 0, SEEK_SET) != 0) fail("seek");
    at_ = 0;
}

bool SpillFile::fill(std::size_t wanted) {
    while (buffer_.size() - at_ < wanted) {
        buffer_.erase(0, at_);
        at_ = 0;
        const auto have = buffer_.size();
        buffer_.resize(have + std::max(block_bytes, wanted));
        auto n = ::read(file_, buffer_.data() + have, buffer_.size() - have);
        while (n < 0 && errno == EINTR) n = ::read(file_, buffer_.data() + have, buffer_.size() - have);
        if (n < 0) fail("read");
        buffer_.resize(have + static_cast<std::size_t>(n));
        if (n == 0) return false;
    }
    return true;
}

bool SpillFile::read(std::string& record) {
    std::uint32_t size = 0;
    if (!fill(sizeof size)) return false;
    std::memcpy(&size, buffer_.data() + at_, sizeof size);
    at_ += sizeof size;
    if (!fill(size)) return false;
    record.assign(buffer_, at_, size);
    at_ += size;
    return true;
}

std::size_t part_of(std::string_view key, unsigned level, std::size_t count) {
    // The hash of the key, mixed with the level so that the keys of one part come apart at the next one.
    std::uint64_t hash = std::hash<std::string_view>{}(key) + (level + 1) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 30;
    hash *= 0xbf58476d1ce4e5b9;
    hash ^= hash >> 27;
    return static_cast<std::size_t>(hash % count);
}

void put_number(std::string& record, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) record += static_cast<char>(value | 0x80);
    record += static_cast<char>(value);
}

std::uint64_t take_number(std::string_view& record) {
    std::uint64_t value = 0;
    for (int shift = 0; !record.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(record.front());
        record.remove_prefix(1);
        value |= std::uint64_t{byte & 0x7fu} << shift;
        if (byte < 0x80) break;
    }
    return value;
}

void put_text(std::string& record, std::string_view text) {
    put_number(record, text.size());
    record += text;
}

std::string_view take_text(std::string_view& record) {
    const auto size = take_number(record);
    const auto text = record.substr(0, size);
    record.remove_prefix(text.size());
    return text;
}

void Duplicates::add(std::string_view key, std::uint64_t row) {
    if (!parts_.empty()) {
        std::string record;
        put_number(record, row);
        record += key;
        return parts_[part_of(key, level_, parts_.size())]->write(record);
    }
    auto at = keys_.find(key);
    if (at == keys_.end()) {
        at = keys_.emplace(key, Rows{}).first;
        used_ += key.size() + 96;
    }
    at->second.all.push_back(row);
    used_ += 8;
    if (used_ > memory_bytes_ && level_ < levels_max) spill();
}

void Duplicates::spill() {
    std::vector<std::unique_ptr<SpillFile>> parts;
    for (std::size_t i = 0; i < parts_count; ++i) parts.push_back(std::make_unique<SpillFile>());
    std::string record;
    for (const auto& [key, rows] : keys_) {
        auto& part = *parts[part_of(key, level_, parts.size())];
        for (const auto row : rows.all) {
            record.clear();
            put_number(record, row);
            record += key;
            part.write(record);
        }
    }
    parts_ = std::move(parts);
    keys_.clear();
    used_ = 0;
}

void Duplicates::finish(const std::function<void(std::uint64_t, std::uint64_t, std::uint64_t)>& found) {
    for (const auto& [key, rows] : keys_) {
        if (rows.all.size() < 2) continue;
        const auto [first, last] = std::ranges::minmax(rows.all);
        for (const auto row : rows.all) found(row, first, last);
    }
    keys_.clear();
    std::string record;
    for (auto& part : parts_) {
        part->rewind();
        Duplicates inner{memory_bytes_};
        inner.level_ = level_ + 1;
        while (part->read(record)) {
            std::string_view rest = record;
            const auto row = take_number(rest);
            inner.add(rest, row);
        }
        part.reset();
        inner.finish(found);
    }
    parts_.clear();
}

}  // namespace millrace::transform
