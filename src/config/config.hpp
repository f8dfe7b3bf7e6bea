#pragma once

#include <fmt/format.h>

#include <boost/describe/class.hpp>

#include <charconv>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/describe.hpp"
#include "base/secret.hpp"

/// Settings in layers: flags > environment > ./millrace.toml > ~/.config/millrace/millrace.toml >
/// /etc/millrace/millrace.toml > the defaults of the struct. Every module owns a described struct; nested structs give
/// the key, and key, flag and variable derive from each other:
///
///     http.head_timeout = --http-head-timeout = MILLRACE_HTTP_HEAD_TIMEOUT
///
/// Members are std::string, bool, integers, double, chrono durations ("10s"), Bytes ("64MiB"), Secret (never shown; also
/// from a file, by the same name with `_file`), described enums, std::vector<std::string> (comma separated, or a TOML
/// array), and std::optional of these. An unsigned member with `bytes` in its name also takes "64KiB".
///
/// A struct may have `static std::vector<std::pair<std::string_view, std::string_view>> help()` (member, sentence) and
/// `void check(std::vector<Issue>&) const`, which adds problems with the member's name as their pointer.
namespace millrace::config {

/// A value as a layer gave it. Flags and variables are text; TOML knows more.
struct Raw {
    enum class Kind { text, string, boolean, integer, real, list } kind = Kind::text;
    std::string text;
    std::vector<std::string> items;  ///< of a list
};

/// One setting, bound to the member that holds it.
struct Setting {
    std::string key;      ///< "http.head_timeout"
    std::string type;     ///< for people: "duration", "size", "true or false", ...
    std::string help;
    std::string initial;  ///< the default as text; masked when secret
    bool secret = false;
    bool list = false;
    std::function<std::string(const Raw&)> set;  ///< answers why not; empty when done
    std::function<std::string()> show;           ///< masked when secret
};

/// All settings of a struct and what checks them. Refers to the struct, which must outlive it.
struct Binding {
    struct Check {
        std::string prefix;
        std::function<void(std::vector<Issue>&)> run;
    };
    std::vector<Setting> settings;
    std::vector<Check> checks;
};

std::string flag_of(std::string_view key);      ///< "--http-head-timeout"
std::string variable_of(std::string_view key);  ///< "MILLRACE_HTTP_HEAD_TIMEOUT"

struct File {
    std::string name;  ///< as shown to people, e.g. "./millrace.toml"
    std::string text;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Where values come from. Plain data, so that a test needs no environment and no files.
struct Layers {
    Pairs flags;              ///< key (or alias) and value; a list may come several times
    Pairs environment;        ///< all of it
    std::vector<File> files;  ///< TOML, the most specific first
    /// Other names of keys: flags and MILLRACE_ variables derive from them as well, e.g. {"listen", "http.listen"}.
    Pairs aliases;
    /// Variables without our prefix. The variable that derives from the key wins over them.
    Pairs variables{{"DATABASE_URL", "database.url"}, {"JWT_SECRET", "accounts.jwt_secret"}};
    /// MILLRACE_ variables that are no settings.
    std::vector<std::string> other_variables{"MILLRACE_FAILPOINT", "MILLRACE_CONFIG", "MILLRACE_URL", "MILLRACE_TOKEN"};
};

/// The environment and the files of this process. `file` (a flag or MILLRACE_CONFIG) takes the place of
/// ./millrace.toml. Throws Error{invalid_config} when it cannot be read; the other files may be absent.
Layers system_layers(Pairs flags, const std::string& file = "");

/// The value of one setting and where it comes from, e.g. "environment MILLRACE_DATA_DIR", "./millrace.toml line 3".
struct Origin {
    std::string key;
    std::string value;  ///< masked when secret
    std::string origin;
};
BOOST_DESCRIBE_STRUCT(Origin, (), (key, value, origin))

struct Loaded {
    std::vector<Origin> origins;  ///< of every setting, in the order of the struct
    /// MILLRACE_ variables that mean nothing here. No error: orchestrators inject names of their own (a service called
    /// "millrace" gives MILLRACE_SERVICE_HOST).
    std::vector<Issue> warnings;
};

/// Sets what the layers say. Throws Error{invalid_config}, whose issues name every problem with key and origin:
/// unknown keys and flags (with the one that was meant), values of the wrong type, unreadable secret files, broken TOML,
/// and what the structs' own checks say.
Loaded load(Binding& binding, const Layers& layers);

template <class Settings>
Binding bind(Settings& settings);

template <class Settings>
Loaded load(Settings& settings, const Layers& layers) {
    auto binding = bind(settings);
    return load(binding, layers);
}

namespace detail {

inline constexpr std::string_view mask = "********";

template <class T>
concept Chrono = requires { typename T::period; };

std::string read_boolean(const Raw& raw, bool& out);
std::string read_list(const Raw& raw, std::vector<std::string>& out);
std::string read_duration(const Raw& raw, Duration& out);
std::string read_bytes(const Raw& raw, Bytes& out);
std::string read_text(const Raw& raw, std::string& out);
std::string read_real(const Raw& raw, double& out);

template <class T>
std::string read_integer(const Raw& raw, T& out, bool counts_bytes) {
    if (raw.kind != Raw::Kind::text && raw.kind != Raw::Kind::integer && raw.kind != Raw::Kind::string) {
        return "it takes a whole number";
    }
    const char* end = raw.text.data() + raw.text.size();
    T value{};
    const auto [stop, error] = std::from_chars(raw.text.data(), end, value);
    if (error == std::errc{} && stop == end) {
        out = value;
        return "";
    }
    if (counts_bytes) {
        if (const auto bytes = parse_bytes(raw.text); bytes && std::in_range<T>(bytes->count)) {
            out = static_cast<T>(bytes->count);
            return "";
        }
        return "it takes a size such as 64KiB";
    }
    if (error == std::errc::result_out_of_range) return "the number is too large";
    return "it takes a whole number";
}

template <class T>
std::string read(const Raw& raw, T& out, std::string_view name) {
    if constexpr (std::same_as<T, bool>) {
        return read_boolean(raw, out);
    } else if constexpr (std::same_as<T, std::string>) {
        return read_text(raw, out);
    } else if constexpr (std::same_as<T, Secret>) {
        std::string text;
        auto why = read_text(raw, text);
        if (why.empty()) out = Secret{std::move(text)};
        return why;
    } else if constexpr (std::same_as<T, Bytes>) {
        return read_bytes(raw, out);
    } else if constexpr (std::same_as<T, std::vector<std::string>>) {
        return read_list(raw, out);
    } else if constexpr (Chrono<T>) {
        Duration value{};
        auto why = read_duration(raw, value);
        if (!why.empty()) return why;
        const auto whole = std::chrono::duration_cast<T>(value);
        if (whole != value) return "it is finer than this setting counts";
        out = whole;
        return "";
    } else if constexpr (millrace::detail::Integer<T>) {
        return read_integer(raw, out, name.contains("bytes") || name.contains("memory"));
    } else if constexpr (std::floating_point<T>) {
        double value = 0;
        auto why = read_real(raw, value);
        if (why.empty()) out = static_cast<T>(value);
        return why;
    } else if constexpr (millrace::detail::is_optional<T>::value) {
        return read(raw, out.emplace(), name);
    } else {
        static_assert(millrace::detail::DescribedEnum<T>, "a setting of this type cannot be read");
        if (const auto known = from_word<T>(raw.text); known && raw.kind != Raw::Kind::list) {
            out = *known;
            return "";
        }
        std::string words;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
            [&](auto e) { words += (words.empty() ? "" : ", ") + std::string{e.name}; });
        return "it is one of " + words;
    }
}

template <class T>
std::string show(const T& value) {
    if constexpr (std::same_as<T, bool>) {
        return value ? "true" : "false";
    } else if constexpr (std::same_as<T, std::string>) {
        return value;
    } else if constexpr (std::same_as<T, Secret>) {
        return value.empty() ? "" : std::string{mask};
    } else if constexpr (std::same_as<T, Bytes> || millrace::detail::Integer<T>) {
        using std::to_string;
        return to_string(value);
    } else if constexpr (std::same_as<T, std::vector<std::string>>) {
        return fmt::format("{}", fmt::join(value, ","));
    } else if constexpr (Chrono<T>) {
        return to_string(std::chrono::duration_cast<Duration>(value));
    } else if constexpr (std::floating_point<T>) {
        return fmt::format("{}", value);
    } else if constexpr (millrace::detail::is_optional<T>::value) {
        return value ? show(*value) : "";
    } else {
        return std::string{word(value)};
    }
}

template <class T>
std::string type_name() {
    if constexpr (std::same_as<T, bool>) return "true or false";
    else if constexpr (std::same_as<T, std::string>) return "text";
    else if constexpr (std::same_as<T, Secret>) return "secret";
    else if constexpr (std::same_as<T, Bytes>) return "size";
    else if constexpr (std::same_as<T, std::vector<std::string>>) return "list";
    else if constexpr (Chrono<T>) return "duration";
    else if constexpr (millrace::detail::Integer<T>) return "whole number";
    else if constexpr (std::floating_point<T>) return "number";
    else if constexpr (millrace::detail::is_optional<T>::value) return type_name<typename T::value_type>();
    else return "word";
}

template <class Settings>
void bind_to(Binding& binding, Settings& settings, const std::string& prefix) {
    boost::mp11::mp_for_each<millrace::detail::Members<Settings>>([&](auto described) {
        auto& member = settings.*described.pointer;
        using T = std::remove_cvref_t<decltype(member)>;
        const std::string key = prefix + described.name;
        if constexpr (millrace::detail::DescribedStruct<T>) {
            bind_to(binding, member, key + ".");
        } else {
            Setting setting{.key = key,
                            .type = type_name<T>(),
                            .help = {},
                            .initial = show(member),
                            .secret = std::same_as<T, Secret> || std::same_as<T, std::optional<Secret>>,
                            .list = std::same_as<T, std::vector<std::string>>,
                            .set = [&member, key](const Raw& raw) { return read(raw, member, key); },
                            .show = [&member] { return show(member); }};
            if constexpr (requires { Settings::help(); }) {
                for (const auto& [name, text] : Settings::help()) {
                    if (name == std::string_view{described.name}) setting.help = text;
                }
            }
            binding.settings.push_back(std::move(setting));
        }
    });
    if constexpr (requires(std::vector<Issue>& issues) { settings.check(issues); }) {
        binding.checks.push_back({prefix, [&settings](std::vector<Issue>& issues) { settings.check(issues); }});
    }
}

}  // namespace detail

template <class Settings>
Binding bind(Settings& settings) {
    Binding binding;
    detail::bind_to(binding, settings, "");
    return binding;
}

}  // namespace millrace::config
