#pragma once

#include "formats/format.hpp"

namespace millrace::formats {

/// A temporary file without a name, written front to back and then read anywhere. Where ScratchFile is; gone with the object.
class Spool final : public Sink, public Source {
public:
    /// Throws Error{storage_failed}, as does all else; a full disk is Error{storage_full}.
    Spool();
    ~Spool() override;
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    void write(std::string_view bytes) override;
    std::uint64_t size() const override { return size_; }
    std::size_t read(std::uint64_t offset, std::span<char> into) override;

private:
    int file_ = -1;
    std::uint64_t size_ = 0;
};

}  // namespace millrace::formats
