#include "config/config.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include "base/suggest.hpp"
#include "config/detail/toml.hpp"

extern char** environ;

namespace millrace::config {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;

std::optional<std::string> read_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    std::string text;
    char block[4096];
    ssize_t n = 0;
    while ((n = ::read(file, block, sizeof block)) > 0 && text.size() <= file_bytes_max) {
        text.append(block, static_cast<std::size_t>(n));
    }
    ::close(file);
    if (n < 0 || text.size() > file_bytes_max) return std::nullopt;
    return text;
}

/// Sets values layer by layer and remembers where each came from.
class Loader {
public:
    Loader(Binding& binding, const Layers& layers) : binding_{binding}, layers_{layers} {
        for (auto& setting : binding.settings) {
            settings_.emplace(setting.key, &setting);
            keys_.push_back(setting.key);
            if (setting.secret) keys_.push_back(setting.key + "_file");
        }
        for (const auto& [alias, key] : layers.aliases) {
            if (const auto found = settings_.find(key); found != settings_.end()) {
                settings_.emplace(alias, found->second);
                keys_.push_back(alias);
            }
        }
    }

    Loaded load() {
        for (auto file = layers_.files.rbegin(); file != layers_.files.rend(); ++file) take_file(*file);
        take_environment();
        take_flags();
        run_checks();
        if (!issues_.empty()) fail();
        Loaded loaded{.origins = {}, .warnings = std::move(warnings_)};
        for (const auto& setting : binding_.settings) {
            const auto found = origins_.find(setting.key);
            loaded.origins.push_back({setting.key, setting.show(), found == origins_.end() ? "default" : found->second});
        }
        return loaded;
    }

private:
    struct Target {
        Setting* setting = nullptr;
        bool from_file = false;
    };

    std::optional<Target> find(std::string_view key) const {
        if (const auto found = settings_.find(key); found != settings_.end()) return Target{found->second, false};
        constexpr std::string_view suffix = "_file";
        if (!key.ends_with(suffix)) return std::nullopt;
        const auto found = settings_.find(key.substr(0, key.size() - suffix.size()));
        if (found == settings_.end() || !found->second->secret) return std::nullopt;
        return Target{found->second, true};
    }

    void take_file(const File& file) {
        given_.clear();
        for (auto& entry : detail::read_toml(file, issues_)) {
            const auto origin = file.name + " line " + std::to_string(entry.line);
            if (const auto target = find(entry.key)) set(*target, std::move(entry.raw), origin);
            else unknown(issues_, entry.key, origin, did_you_mean(entry.key, keys_));
        }
    }

    void take_environment() {
        given_.clear();
        // Weakest first, so that MILLRACE_DATABASE_URL wins over DATABASE_URL.
        for (const auto& [name, value] : layers_.environment) {
            for (const auto& [variable, key] : layers_.variables) {
                if (name != variable && name != variable + "_FILE") continue;
                const auto target = find(name == variable ? key : key + "_file");
                if (target) set(*target, {Raw::Kind::text, value, {}}, "environment " + name);
            }
        }
        given_.clear();
        std::map<std::string, std::string> keys_by_variable;
        std::vector<std::string> variables = layers_.other_variables;
        for (const auto& key : keys_) {
            keys_by_variable.emplace(variable_of(key), key);
            variables.push_back(variable_of(key));
        }
        for (const auto& [name, value] : layers_.environment) {
            if (!name.starts_with("MILLRACE_")) continue;
            if (const auto key = keys_by_variable.find(name); key != keys_by_variable.end()) {
                set(*find(key->second), {Raw::Kind::text, value, {}}, "environment " + name);
            } else if (std::ranges::find(layers_.other_variables, name) == layers_.other_variables.end()) {
                unknown(warnings_, name, "environment", did_you_mean(name, variables));
            }
        }
    }

    void take_flags() {
        given_.clear();
        std::map<std::string, Raw> lists;  // a list may come in several flags
        for (const auto& [key, value] : layers_.flags) {
            const auto target = find(key);
            if (!target) {
                std::vector<std::string> flags;
                for (const auto& known : keys_) flags.push_back(flag_of(known));
                unknown(issues_, flag_of(key), "flag", did_you_mean(flag_of(key), flags));
                continue;
            }
            Raw raw{Raw::Kind::text, value, {}};
            if (target->setting->list) {
                auto& all = lists[target->setting->key];
                all.text += (all.text.empty() ? "" : ",") + value;
                raw = all;
            }
            given_.erase(target->setting->key);  // the last one counts, as everywhere
            set(*target, std::move(raw), "flag " + flag_of(key));
        }
    }

    void set(const Target& target, Raw raw, const std::string& origin) {
        auto& setting = *target.setting;
        if (!given_.insert(setting.key).second) {
            return problem(setting.key, "given_twice", origin, "it is given twice here, by value and by file or by two names");
        }
        if (target.from_file) {
            const auto text = read_file(raw.text);
            if (!text) return problem(setting.key, "unreadable_file", origin, fmt::format("the file {} cannot be read", raw.text));
            raw = {Raw::Kind::text, *text, {}};
            while (raw.text.ends_with('\n') || raw.text.ends_with('\r')) raw.text.pop_back();
        }
        const auto why = setting.set(raw);
        if (!why.empty()) return problem(setting.key, "wrong_value", origin, why);
        origins_[setting.key] = origin;
    }

    void run_checks() {
        for (const auto& check : binding_.checks) {
            std::vector<Issue> found;
            check.run(found);
            for (auto& issue : found) {
                const auto key = check.prefix + issue.pointer;
                const auto origin = origins_.find(key);
                problem(key, issue.code, origin == origins_.end() ? "default" : origin->second, issue.detail);
            }
        }
    }

    void problem(const std::string& key, const std::string& code, const std::string& origin, const std::string& why) {
        issues_.push_back({key, code, origin + ": " + why});
    }

    static void unknown(std::vector<Issue>& to, const std::string& key, const std::string& origin, const std::string& hint) {
        to.push_back({key, "unknown_key", origin + ": there is no such setting" + hint});
    }

    [[noreturn]] void fail() {
        const auto& [key, code, detail] = issues_[0];
        const auto colon = detail.find(": ");  // origin: why
        const auto why = colon == detail.npos ? detail : detail.substr(colon + 2);
        Error error{Code::invalid_config, {{"key", key}, {"origin", detail.substr(0, colon)}, {"why", why}}};
        error.issues = std::move(issues_);
        throw error;
    }

    Binding& binding_;
    const Layers& layers_;
    std::map<std::string, Setting*, std::less<>> settings_;  ///< by key and alias
    std::vector<std::string> keys_;
    std::set<std::string> given_;  ///< in the present layer
    std::map<std::string, std::string> origins_;
    std::vector<Issue> issues_;
    std::vector<Issue> warnings_;
};

std::string home_file() {
    if (const char* base = std::getenv("XDG_CONFIG_HOME"); base && *base == '/') return std::string{base} + "/millrace/millrace.toml";
    if (const char* home = std::getenv("HOME"); home && *home == '/') return std::string{home} + "/.config/millrace/millrace.toml";
    return "";
}

}  // namespace

std::string flag_of(std::string_view key) {
    std::string flag = "--";
    for (const char c : key) flag += c == '.' || c == '_' ? '-' : c;
    return flag;
}

std::string variable_of(std::string_view key) {
    std::string variable = "MILLRACE_";
    for (const char c : key) variable += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return variable;
}

Layers system_layers(Pairs flags, const std::string& file) {
    Layers layers;
    layers.flags = std::move(flags);
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view pair{*entry};
        const auto equals = pair.find('=');
        if (equals != pair.npos) layers.environment.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
    const char* from_variable = std::getenv("MILLRACE_CONFIG");
    const std::string named = !file.empty() ? file : from_variable ? from_variable : "";
    if (!named.empty()) {
        const auto text = read_file(named);
        if (!text) throw Error{Code::invalid_config, {{"key", "config"}, {"origin", named}, {"why", "the file cannot be read"}}};
        layers.files.push_back({named, *text});
    }
    for (const std::string& path : {named.empty() ? std::string{"./millrace.toml"} : "", home_file(),
                                    std::string{"/etc/millrace/millrace.toml"}}) {
        if (path.empty()) continue;
        if (auto text = read_file(path)) layers.files.push_back({path, std::move(*text)});
    }
    return layers;
}

Loaded load(Binding& binding, const Layers& layers) { return Loader{binding, layers}.load(); }

namespace detail {

std::string read_boolean(const Raw& raw, bool& out) {
    const bool word = raw.kind == Raw::Kind::text || raw.kind == Raw::Kind::boolean;
    if (word && (raw.text == "true" || raw.text == "1" || raw.text == "yes" || raw.text == "on")) out = true;
    else if (word && (raw.text == "false" || raw.text == "0" || raw.text == "no" || raw.text == "off")) out = false;
    else return "it is true or false";
    return "";
}

std::string read_text(const Raw& raw, std::string& out) {
    if (raw.kind != Raw::Kind::text && raw.kind != Raw::Kind::string) return "it takes a text in quotes";
    out = raw.text;
    return "";
}

std::string read_list(const Raw& raw, std::vector<std::string>& out) {
    if (raw.kind == Raw::Kind::list) {
        out = raw.items;
        return "";
    }
    if (raw.kind != Raw::Kind::text && raw.kind != Raw::Kind::string) return "it takes a list of texts";
    out.clear();
    std::string_view rest = raw.text;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        auto item = rest.substr(0, comma);
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (!item.empty()) out.emplace_back(item);
        rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    }
    return "";
}

std::string read_duration(const Raw& raw, Duration& out) {
    const bool usable = raw.kind != Raw::Kind::boolean && raw.kind != Raw::Kind::list;
    const auto value = usable ? parse_duration(raw.text) : std::nullopt;
    if (!value) return "it takes a duration such as 250ms, 10s, 5m, 1h or 7d";
    out = *value;
    return "";
}

std::string read_bytes(const Raw& raw, Bytes& out) {
    const bool usable = raw.kind == Raw::Kind::text || raw.kind == Raw::Kind::string || raw.kind == Raw::Kind::integer;
    const auto value = usable ? parse_bytes(raw.text) : std::nullopt;
    if (!value) return "it takes a size such as 512, 64KiB, 20MiB or 10GB";
    out = *value;
    return "";
}

std::string read_real(const Raw& raw, double& out) {
    const char* end = raw.text.data() + raw.text.size();
    double value = 0;
    const auto [stop, error] = std::from_chars(raw.text.data(), end, value);
    const bool usable = raw.kind != Raw::Kind::boolean && raw.kind != Raw::Kind::list;
    if (!usable || error != std::errc{} || stop != end || !std::isfinite(value)) return "it takes a number";
    out = value;
    return "";
}

}  // namespace detail
}  // namespace millrace::config
