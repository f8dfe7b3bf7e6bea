#include "models.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <map>

namespace millrace::extract {
namespace {

constexpr std::array directories = {"/usr/share/tesseract-ocr/5/tessdata/", "/usr/share/tesseract-ocr/4.00/tessdata/", "/usr/share/tessdata/"};
constexpr std::array languages = {"eng", "nld", "deu", "fra"};

// Children share the pages of their zygote, so what is read here is in memory once.
std::map<std::string, std::vector<char>, std::less<>>& models() {
    static std::map<std::string, std::vector<char>, std::less<>> all;
    return all;
}

std::vector<char> bytes_of(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

void load_models() {
    for (const std::string language : languages) {
        for (const auto* directory : directories) {
            if (auto bytes = bytes_of(directory + language + ".traineddata"); !bytes.empty()) {
                models().emplace(language, std::move(bytes));
                break;
            }
        }
    }
}

const std::vector<char>* model(std::string_view language) {
    const auto found = models().find(language);
    return found == models().end() ? nullptr : &found->second;
}

}  // namespace millrace::extract
