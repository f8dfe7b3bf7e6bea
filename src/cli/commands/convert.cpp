#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "base/describe.hpp"
#include "cli/commands.hpp"
#include "cli/converting.hpp"
#include "cli/failure.hpp"
#include "cli/reading.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "formats/sniff.hpp"
#include "formats/unpack/archive.hpp"

namespace millrace::cli {
namespace {

struct Pair {
    std::string in, out;
};

json::object report_of(const formats::ReadReport& report) {
    json::array warnings;
    for (const auto& warning : report.warnings) warnings.emplace_back(warning);
    return {{"bytes", report.bytes},
            {"rows_in", report.rows_in},
            {"rows_out", report.rows_out},
            {"rows_rejected", report.rows_rejected},
            {"rows_reported", report.rows_reported},
            {"header_rows", report.header_rows},
            {"preamble_rows", report.preamble_rows},
            {"footnote_rows", report.footnote_rows},
            {"blank_rows", report.blank_rows},
            {"other_table_rows", report.other_table_rows},
            {"rows_repaired", report.rows_repaired},
            {"dialect", report.dialect},
            {"warnings", std::move(warnings)}};
}

/// Says what happened to each file; in JSON on `data_`, for people on stderr. Safe from any thread.
class Reporter {
public:
    Reporter(bool json, void (*data)(std::string_view), Terminal terminal) : json_{json}, data_{data}, terminal_{terminal} {}

    void done(const Pair& pair, const datasets::Converted& converted, bool talkative) {
        const std::lock_guard hold{mutex_};
        const auto& report = converted.read;
        if (json_) {
            auto line = report_of(report);
            line.insert_or_assign("in", pair.in);
            line.insert_or_assign("out", pair.out);
            if (converted.manifest) line.insert_or_assign("manifest", json::parse(to_json(*converted.manifest)));
            return data_(json::serialize(line) + '\n');
        }
        if (converted.manifest) {
            for (const auto& [reason, count] : converted.manifest->altered) {
                put_note(fmt::format("{}: {} cells altered: {}", printable(pair.out), grouped(count), reason));
            }
        }
        if (report.rows_rejected > 0) {
            put_note(fmt::format("{}: {} of {} rows rejected", printable(pair.in), grouped(report.rows_rejected), grouped(report.rows_in)));
        } else if (talkative) {
            put_note(fmt::format("{} -> {}: {} rows", printable(pair.in), printable(pair.out), grouped(report.rows_out)));
        }
        for (const auto& warning : report.warnings) put_note(printable(pair.in) + ": " + printable(warning));
    }

    void skipped(const Pair& pair, const std::string& why) {
        const std::lock_guard hold{mutex_};
        if (json_) return data_(json::serialize(json::object{{"in", pair.in}, {"skipped", why}}) + '\n');
        put_note(fmt::format("skipped {}: {}", printable(pair.in), why));
    }

    void failed(const Pair& pair, const Error& error) {
        const std::lock_guard hold{mutex_};
        if (json_) {
            const json::object line{{"in", pair.in}, {"out", pair.out}, {"error_code", to_string(error.code())},
                                    {"error_message", error.message(language())}};
            return data_(json::serialize(line) + '\n');
        }
        put_note(styled("failed", Style::red, terminal_.colour) + " " + printable(pair.in) + ": " + printable(error.message(language())));
    }

private:
    const bool json_;
    void (*const data_)(std::string_view);
    const Terminal terminal_;
    std::mutex mutex_;
};

std::size_t first_table(const Arguments& arguments) { return static_cast<std::size_t>(arguments.table.value_or(1) - 1); }

datasets::Converted convert(formats::unpack::Plain& in, const std::string& out, const Arguments& arguments, std::size_t table) {
    const auto plan = output_plan(out, arguments);
    return convert_file(*in.source, in.filename, {.table = table, .dialect = dialect_of(arguments)}, out, plan, arguments.json);
}

/// What a member of an archive holds, for as long as it is visited.
struct Borrowed final : formats::Source {
    formats::Source& source;
    explicit Borrowed(formats::Source& s) : source{s} {}
    std::uint64_t size() const override { return source.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override { return source.read(offset, into); }
};

formats::unpack::Plain plain_of(const formats::unpack::Member& member) {
    return formats::unpack::plain(std::make_unique<Borrowed>(*member.content), std::string{formats::unpack::file_of(member.path)});
}

/// Where the members of an archive go: their paths below a directory, with the ending of what they become.
class Places {
public:
    Places(std::filesystem::path directory, const Arguments& arguments)
        : directory_{std::move(directory)}, ending_{arguments.to.empty() ? ".csv" : "." + arguments.to} {}

    std::string of(const std::string& path, const std::string& filename) {
        auto place = directory_ / std::filesystem::path{path}.parent_path() / std::filesystem::path{filename}.stem();
        std::filesystem::create_directories(place.parent_path());
        auto name = place.string();
        for (int n = 2; !taken_.insert(name).second; ++n) name = fmt::format("{}-{}", place.string(), n);
        return name + ending_;
    }

private:
    std::filesystem::path directory_;
    std::string ending_;
    std::set<std::string> taken_;
};

void count_into(Outcome& total, const datasets::Converted& done) { total.rejected_rows |= done.read.rows_rejected > 0; }

/// Each member becomes a file; one that cannot be used stops no other.
Outcome convert_members(formats::Source& archive, const Pair& pair, const Arguments& arguments, Reporter& reporter, bool talkative) {
    Outcome total;
    Places places{pair.out, arguments};
    const auto visit = [&](const formats::unpack::Member& member) {
        Pair one{pair.in + "/" + member.path, ""};
        if (const auto why = formats::unpack::why_skipped(member); !why.empty()) return reporter.skipped(one, why);
        try {
            auto in = plain_of(member);
            one.out = places.of(member.path, in.filename);
            const auto done = convert(in, one.out, arguments, first_table(arguments));
            count_into(total, done);
            reporter.done(one, done, talkative);
        } catch (const Error& error) {
            total.rejected_rows = true;
            reporter.failed(one, error);
        }
    };
    formats::unpack::each_member(archive, visit);
    return total;
}

/// An archive with one data file becomes one file.
Outcome convert_only_member(formats::Source& archive, const Pair& pair, const Arguments& arguments, Reporter& reporter, bool talkative) {
    std::size_t files = 0;
    formats::unpack::each_member(archive, [&](const auto& member) { files += formats::unpack::why_skipped(member).empty(); });
    if (files != 1) throw Error{Code::usage, {{"why", fmt::format("{} has {} files that can be converted: give a directory for them, e.g. millrace convert {} out/", pair.in, files, pair.in)}}};
    Outcome total;
    formats::unpack::each_member(archive, [&](const formats::unpack::Member& member) {
        if (!formats::unpack::why_skipped(member).empty()) return;
        auto in = plain_of(member);
        const auto done = convert(in, pair.out, arguments, first_table(arguments));
        count_into(total, done);
        reporter.done(pair, done, talkative);
    });
    return total;
}

/// A file, or those in an archive.
Outcome convert_any(const Pair& pair, const Arguments& arguments, Reporter& reporter, bool talkative) {
    auto in = open_plain(pair.in);
    if (!formats::unpack::archive_kind(*in.source).empty()) {
        const bool directory = pair.out.ends_with('/') || std::filesystem::is_directory(pair.out);
        return directory ? convert_members(*in.source, pair, arguments, reporter, talkative) : convert_only_member(*in.source, pair, arguments, reporter, talkative);
    }
    const auto done = convert(in, pair.out, arguments, first_table(arguments));
    reporter.done(pair, done, talkative);
    Outcome total;
    count_into(total, done);
    return total;
}

std::string all_of(formats::Source& source) {
    std::string text(source.size(), '\0');
    text.resize(source.read(0, text));
    return text;
}

/// Lines IN TAB OUT; what stands in further columns is for others.
std::vector<Pair> read_list(const std::string& path) {
    const auto source = open_source(path);
    const auto text = all_of(*source);
    std::vector<Pair> pairs;
    std::string_view rest = text;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const auto end = rest.find('\n');
        auto line = rest.substr(0, end);
        rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        const auto tab = line.find('\t');
        if (tab == line.npos || tab == 0) {
            throw Error{Code::usage, {{"why", fmt::format("{} line {}: expected IN, a tab and OUT", path, number)}}};
        }
        auto out = line.substr(tab + 1);
        pairs.push_back({std::string{line.substr(0, tab)}, std::string{out.substr(0, out.find('\t'))}});
    }
    return pairs;
}

int convert_list(const std::vector<Pair>& pairs, const Arguments& arguments, Reporter& reporter) {
    std::vector<Outcome> outcomes(pairs.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (auto i = next++; i < pairs.size(); i = next++) {
            try {
                outcomes[i] = convert_any(pairs[i], arguments, reporter, false);
            } catch (const Error& error) {
                outcomes[i].status = exit_failed;
                reporter.failed(pairs[i], error);
            } catch (const std::exception& error) {
                outcomes[i].status = exit_failed;
                reporter.failed(pairs[i], Error::with_text(Code::internal, error.what()));
            }
        }
    };
    {
        std::vector<std::jthread> others;
        const auto threads = std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), pairs.size());
        for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
        work();
    }
    const auto failed = std::ranges::count(outcomes, exit_failed, &Outcome::status);
    if (failed > 0) put_note(fmt::format("{} of {} files failed", failed, pairs.size()));
    // One bad file among thousands is a part of the work, whether the others were one or many.
    const auto rejected = std::ranges::any_of(outcomes, &Outcome::rejected_rows);
    return failed > 0 || rejected ? exit_partial : exit_ok;
}

/// "orders.csv" for the first table, "orders-2.csv" for the second.
std::string name_of_table(const std::string& out, std::size_t table) {
    if (table == 0) return out;
    const std::filesystem::path path{out};
    return (path.parent_path() / fmt::format("{}-{}{}", path.stem().string(), table + 1, path.extension().string())).string();
}

int convert_all(const Pair& pair, const Arguments& arguments, Reporter& reporter, bool talkative) {
    auto in = open_plain(pair.in);
    const auto dialect = dialect_of(arguments);
    const auto count = formats::recognise(*in.source, in.filename, dialect).tables(*in.source, {.dialect = dialect}).size();
    bool rejected = false;
    for (std::size_t table = 0; table < count; ++table) {
        const Pair one{pair.in, name_of_table(pair.out, table)};
        const auto done = convert(in, one.out, arguments, table);
        reporter.done(one, done, talkative);
        rejected |= done.read.rows_rejected > 0;
    }
    return rejected ? exit_partial : exit_ok;
}

}  // namespace

int run_convert(const Arguments& arguments) {
    const auto err = Terminal::of(STDERR_FILENO, arguments.colour);
    if (!arguments.list.empty()) {
        if (!arguments.files.empty()) throw Error{Code::usage, {{"why", "convert takes --list FILE or IN OUT, not both"}}};
        Reporter reporter{arguments.json, put, err};
        if (arguments.all_tables) throw Error{Code::usage, {{"why", "--all-tables takes IN OUT, not --list"}}};
        return convert_list(read_list(arguments.list), arguments, reporter);
    }
    if (arguments.files.size() != 2) throw Error{Code::usage, {{"why", "convert needs IN and OUT, e.g. millrace convert messy.txt clean.csv"}}};
    const Pair pair{arguments.files[0], arguments.files[1]};
    const bool to_stdout = pair.out == "-";
    Reporter reporter{arguments.json, to_stdout ? put_error : put, err};
    if (arguments.all_tables) {
        if (to_stdout || pair.in == "-") throw Error{Code::usage, {{"why", "--all-tables needs files, not -"}}};
        return convert_all(pair, arguments, reporter, err.live);
    }
    return convert_any(pair, arguments, reporter, !to_stdout && err.live).rejected_rows ? exit_partial : exit_ok;
}

int run_sniff(const Arguments& arguments) {
    const auto terminal = Terminal::of(STDOUT_FILENO, arguments.colour);
    std::vector<Outcome> outcomes;
    for (const auto& path : arguments.files) {
        try {
            const auto in = open_plain(path);
            json::object found{{"file", path}};
            if (!in.compression.empty()) found.emplace("compression", in.compression);
            const bool archive = !formats::unpack::archive_kind(*in.source).empty();
            for (auto& field : archive ? formats::sniff_archive(*in.source) : formats::sniff(*in.source, in.filename, {.dialect = dialect_of(arguments)})) found.insert_or_assign(field.key(), field.value());
            outcomes.push_back({exit_ok});
            if (arguments.json) {
                put(json::serialize(found) + '\n');
                continue;
            }
            std::string text = styled(printable(path), Style::bold, terminal.colour) + "\n";
            for (const auto& field : found) {
                if (field.key() != "file") text += "  " + printable(field.key()) + ": " + printable(cell_text(field.value())) + "\n";
            }
            put(text);
        } catch (const Error& error) {
            if (arguments.files.size() == 1) throw;
            put_note(printable(path) + ": " + printable(error.message(language())));
            outcomes.push_back({exit_status(error.code())});
        }
    }
    return combined_status(outcomes);
}

}  // namespace millrace::cli
