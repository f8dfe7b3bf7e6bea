#include "formats/unpack/archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "formats/detail/spool.hpp"
#include "formats/sandbox/parent.hpp"
#include "formats/sheet/recognise.hpp"
#include "formats/unpack/detail/recognise.hpp"

namespace millrace::formats::unpack {
namespace {

constexpr std::string_view archive_format = "archive";

/// The first bytes of a file, of a compressed one those of what is in it.
std::string plain_head(Source& source) {
    auto head = sheet::head_of(source);
    const auto codec = codec_of(head);
    if (codec == Codec::none) return head;
    struct Enough {};
    struct Head final : Sink {
        std::string bytes;
        void write(std::string_view more) override {
            bytes += more;
            if (bytes.size() >= std::size_t{64} << 10) throw Enough{};
        }
    } inner;
    try {
        decompress(codec, source, inner);
    } catch (const Enough&) {
    } catch (const Error&) {
        // Whoever reads the file says so.
    }
    return std::move(inner.bytes);
}

class Walk {
public:
    Walk(const std::function<void(const Member&)>& visit, const ArchiveLimits& limits, const Check& check, const sandbox::Settings& settings,
         std::uint64_t packed)
        : visit_{visit}, limits_{limits}, check_{check}, settings_{settings}, packed_{packed} {}

    void open(Source& archive, const std::string& prefix, int depth) {
        if (is_empty_zip(archive)) return;  // libarchive takes it for damaged
        const auto entries = sandbox::ask_entries(sandbox::start_child(archive_format, archive, settings_), archive_format, archive, limits_.entries);
        while (const auto entry = entries->next()) {
            if (check_) check_();
            if (!entry->directory) enter(*entries, *entry, prefix, depth);
        }
    }

private:
    void enter(sandbox::Entries& entries, const Entry& entry, const std::string& prefix, int depth) {
        const auto path = prefix + (entry.path.empty() ? "unnamed" : entry.path);
        if (!entry.regular) return show({path, nullptr, "not_a_file"});
        if (entry.encrypted) return show({path, nullptr, "encrypted_file"});
        auto content = std::make_unique<Spool>();
        for (auto bytes = entries.read(); !bytes.empty(); bytes = entries.read()) {
            count(bytes.size());
            if (check_) check_();
            content->write(bytes);
        }
        if (!entries.complete()) return show({path, nullptr, "malformed_file"});
        show_or_open(std::move(content), path, depth);
    }

    void show_or_open(std::unique_ptr<Source> content, const std::string& path, int depth) {
        if (!may_be_archive(plain_head(*content))) return show({path, content.get()});
        try {
            auto in = plain(std::move(content), path, limits_.size, check_);
            if (!in.compression.empty()) count(in.source->size());
            if (archive_kind(*in.source).empty()) return show({path, in.source.get()});
            if (depth == limits_.depth) return show({path, nullptr, "archive_limits"});
            open(*in.source, path + "/", depth + 1);
        } catch (const Error& error) {
            // One that is damaged fails as a member does; what it has shown before stays.
            if (error.code() != Code::malformed_file && error.code() != Code::encrypted_file) throw;
            show({path, nullptr, error.code() == Code::encrypted_file ? "encrypted_file" : "malformed_file"});
        }
    }

    void show(const Member& member) {
        if (++members_ > limits_.members) throw Error{Code::archive_limits, {{"why", fmt::format("more than {} files", limits_.members)}}};
        visit_(member);
    }

    void count(std::uint64_t bytes) {
        unpacked_ += bytes;
        unpack::check(limits_.size, unpacked_, packed_);
    }

    const std::function<void(const Member&)>& visit_;
    const ArchiveLimits& limits_;
    const Check& check_;
    const sandbox::Settings& settings_;
    std::uint64_t packed_;
    std::uint64_t unpacked_ = 0;
    std::uint64_t members_ = 0;
};

std::string lower(std::string_view text) {
    std::string out{text};
    for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

/// What people pack beside their data, and would not want to find as a table.
bool accompanies_data(std::string_view path) {
    static constexpr std::string_view stems[] = {"readme", "license", "licence", "copying", "notice", "changelog", "authors", "thumbs"};
    static constexpr std::string_view endings[] = {"md",  "rst", "html", "htm", "css", "js",  "py",   "sh",   "bat", "exe", "dll", "c",   "cpp",
                                                   "h",   "ini", "cfg",  "toml", "yaml", "yml", "sql", "doc", "docx", "log", "xsd", "xsl", "rtf"};
    if (path.starts_with("__MACOSX/") || path.find("/__MACOSX/") != path.npos || path.starts_with('.') || path.find("/.") != path.npos) return true;
    const auto name = lower(file_of(path));
    const auto dot = name.rfind('.');
    const auto ending = dot == name.npos ? std::string_view{} : std::string_view{name}.substr(dot + 1);
    return std::ranges::find(stems, std::string_view{name}.substr(0, name.find('.'))) != std::end(stems) ||
           std::ranges::find(endings, ending) != std::end(endings);
}

struct HeadSource final : Source {
    std::string head;
    std::uint64_t bytes;
    HeadSource(std::string h, std::uint64_t b) : head{std::move(h)}, bytes{b} {}
    std::uint64_t size() const override { return bytes; }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return head.copy(into.data(), into.size(), static_cast<std::size_t>(std::min<std::uint64_t>(offset, head.size())));
    }
};

}  // namespace

std::string_view file_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

void each_member(Source& archive, const std::function<void(const Member&)>& visit, const ArchiveLimits& limits, const Check& check,
                 const sandbox::Settings& settings) {
    Walk{visit, limits, check, settings, archive.size()}.open(archive, "", 0);
}

std::string why_skipped(const Member& member) {
    if (member.content == nullptr) return std::string{member.why};
    if (accompanies_data(member.path)) return "not_data";
    auto head = plain_head(*member.content);
    HeadSource start{std::move(head), member.content->size()};
    try {
        recognise(start, file_of(member.path));
        return {};
    } catch (const Error& error) {
        return std::string{to_string(error.code())};
    }
}

}  // namespace millrace::formats::unpack
