#include "cli/settings.hpp"

#include <algorithm>
#include <map>

namespace millrace::cli {
namespace {

struct Target {
    std::string key;
    bool is_switch = false;  ///< may stand alone
};

std::map<std::string, Target> targets_of(const std::vector<config::Setting>& settings, const config::Pairs& aliases) {
    std::map<std::string, Target> targets;
    std::map<std::string, bool> switches;
    for (const auto& setting : settings) {
        const bool is_switch = setting.type == "true or false";
        switches[setting.key] = is_switch;
        targets[config::flag_of(setting.key)] = {setting.key, is_switch};
        if (setting.secret) targets[config::flag_of(setting.key + "_file")] = {setting.key + "_file", false};
    }
    for (const auto& [alias, key] : aliases) {
        if (const auto known = switches.find(key); known != switches.end()) targets[config::flag_of(alias)] = {key, known->second};
    }
    return targets;
}

bool is_boolean(const std::string& word) {
    return word == "true" || word == "false" || word == "yes" || word == "no" || word == "on" || word == "off";
}

}  // namespace

config::Pairs setting_flags(const std::vector<std::string>& words, const std::vector<config::Setting>& settings,
                            const config::Pairs& aliases) {
    const auto targets = targets_of(settings, aliases);
    config::Pairs pairs;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (!word.starts_with("--") || word.size() == 2) {
            throw Error{Code::usage, {{"why", "One argument too many: " + word}}};
        }
        const auto equals = word.find('=');
        const auto flag = word.substr(0, equals);
        const auto found = targets.find(flag);
        const auto key = found == targets.end() ? flag.substr(2) : found->second.key;
        const bool has_next = i + 1 < words.size() && !words[i + 1].starts_with("--");
        if (equals != word.npos) {
            pairs.emplace_back(key, word.substr(equals + 1));
        } else if (found != targets.end() && found->second.is_switch) {
            pairs.emplace_back(key, has_next && is_boolean(words[i + 1]) ? words[++i] : "true");
        } else if (has_next) {
            pairs.emplace_back(key, words[++i]);
        } else if (found == targets.end()) {
            pairs.emplace_back(key, "");
        } else {
            throw Error{Code::usage, {{"why", flag + " needs a value"}}};
        }
    }
    return pairs;
}

LoadedSettings load_settings(const Arguments& arguments) {
    LoadedSettings loaded;
    auto binding = config::bind(loaded.settings);
    auto flags = setting_flags(arguments.settings, binding.settings, app::aliases());
    if (!arguments.data_dir.empty()) flags.emplace_back("data_dir", arguments.data_dir);
    auto layers = config::system_layers(std::move(flags), arguments.config);
    layers.aliases = app::aliases();
    for (const char* name : {"MILLRACE_TOKEN_FILE", "MILLRACE_BIN"}) layers.other_variables.emplace_back(name);
    auto result = config::load(binding, layers);
    loaded.origins = std::move(result.origins);
    loaded.warnings = std::move(result.warnings);
    return loaded;
}

bool is_given(const LoadedSettings& loaded, std::string_view key) {
    const auto found = std::ranges::find(loaded.origins, key, &config::Origin::key);
    return found != loaded.origins.end() && found->origin != "default";
}

}  // namespace millrace::cli
