#pragma once

#include "app/settings.hpp"
#include "cli/arguments.hpp"

namespace millrace::cli {

struct LoadedSettings {
    app::Settings settings;
    std::vector<config::Origin> origins;
    std::vector<Issue> warnings;
};

/// The settings of this process: the words of the command line, then environment and files. Throws
/// Error{usage | invalid_config}.
LoadedSettings load_settings(const Arguments& arguments);

/// Was the setting given by anybody, or is it the default?
bool is_given(const LoadedSettings& loaded, std::string_view key);

/// Words of a command line as keys and values: --key value, --key=value, --switch. Flags that no setting has keep their
/// name, for config to name the one that was meant. Throws Error{usage} for a word that is no flag.
config::Pairs setting_flags(const std::vector<std::string>& words, const std::vector<config::Setting>& settings,
                            const config::Pairs& aliases);

}  // namespace millrace::cli
