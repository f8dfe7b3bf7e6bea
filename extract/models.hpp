#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::extract {

/// Reads the models of all languages that are installed and wanted, once, so that children need no files.
void load_models();
/// The bytes of `eng.traineddata` and the like; null for one that is not there.
const std::vector<char>* model(std::string_view language);

}  // namespace millrace::extract
