#include "storage/detail/migrations.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace millrace::storage::detail {

std::vector<Migration> read_migrations(std::span<const Embedded> files) {
    std::vector<Migration> out;
    for (const auto& file : files) {
        Migration migration{0, std::string{file.text}, to_hex(sha256(file.text))};
        std::from_chars(file.name.data(), file.name.data() + file.name.size(), migration.version);
        out.push_back(std::move(migration));
    }
    std::ranges::sort(out, {}, &Migration::version);
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (out[i].version != static_cast<int>(i) + 1) throw std::logic_error{"migrations are not numbered 1, 2, 3, ..."};
    }
    return out;
}

std::span<const Migration> pending(std::span<const Migration> known, const std::map<int, std::string>& applied) {
    for (const auto& [version, sha256] : applied) {
        if (version > static_cast<int>(known.size())) {
            throw Error{Code::schema_newer,
                        {{"found", std::to_string(applied.rbegin()->first)}, {"known", std::to_string(known.size())}}};
        }
        if (known[static_cast<std::size_t>(version) - 1].sha256 != sha256) {
            throw Error{Code::schema_changed, {{"version", std::to_string(version)}}};
        }
    }
    return known.subspan(applied.size());
}

}  // namespace millrace::storage::detail
