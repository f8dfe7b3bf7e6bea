#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace millrace::intake {

/// The checksum that somebody announced for bytes to come.
class Checksum {
public:
    static constexpr std::string_view known = "sha1,sha256,md5";

    /// "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=". Throws Error{invalid_parameter}.
    static Checksum read(std::string_view header);
    Checksum(Checksum&&) noexcept;
    ~Checksum();

    void update(std::string_view bytes);
    /// Do the bytes have it? Asked once.
    bool matches();

private:
    struct State;
    Checksum(std::unique_ptr<State> state, std::string expected);

    std::unique_ptr<State> state_;
    std::string expected_;
};

}  // namespace millrace::intake
