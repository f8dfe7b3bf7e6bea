#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace millrace::formats {

/// Memory for cells whose text is not in the file as it stands (undone escapes, repairs). Addresses stay valid until
/// clear().
class Arena {
public:
    std::string_view keep(std::string_view text) {
        if (used_ + text.size() > block_bytes || blocks_.empty()) {
            if (text.size() > block_bytes / 4) return large_.emplace_back(text);
            blocks_.emplace_back().resize(block_bytes);
            used_ = 0;
        }
        char* at = blocks_.back().data() + used_;
        text.copy(at, text.size());
        used_ += text.size();
        return {at, text.size()};
    }
    void clear() {
        large_.clear();
        if (blocks_.size() > 1) blocks_.resize(1);
        used_ = 0;
    }

private:
    static constexpr std::size_t block_bytes = 64 * 1024;
    std::deque<std::string> blocks_;
    std::deque<std::string> large_;
    std::size_t used_ = 0;
};

}  // namespace millrace::formats
