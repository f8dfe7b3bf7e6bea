#include "formats/xlsx/detail/workbook.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/error.hpp"

namespace millrace::formats::xlsx {
namespace {

using sheet::Attributes;
constexpr std::size_t sheets_max = 10'000;
constexpr std::size_t styles_max = 100'000;

[[noreturn]] void damaged(const char* why) { throw Error{Code::malformed_file, {{"why", why}}}; }

std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return value;
}

struct Relation {
    std::string kind;  ///< the last word of its type, which transitional and strict files share
    std::string target;
};
using Relations = std::map<std::string, Relation, std::less<>>;

std::string_view folder_of(std::string_view part) {
    const auto slash = part.rfind('/');
    return slash == part.npos ? std::string_view{} : part.substr(0, slash + 1);
}

/// "xl/" and "../docs/a.xml" make "docs/a.xml". A target outside the archive names nothing in it.
std::string resolved(std::string_view folder, std::string_view target) {
    std::string path = target.starts_with('/') ? std::string{target.substr(1)} : std::string{folder} + std::string{target};
    std::ranges::replace(path, '\\', '/');
    std::vector<std::string_view> steps;
    for (std::string_view rest = path; !rest.empty();) {
        const auto step = rest.substr(0, rest.find('/'));
        rest.remove_prefix(std::min(rest.size(), step.size() + 1));
        if (step == "..") {
            if (!steps.empty()) steps.pop_back();
        } else if (step != "." && !step.empty()) {
            steps.push_back(step);
        }
    }
    std::string out;
    for (const auto step : steps) out.append(out.empty() ? "" : "/").append(step);
    return out;
}

struct RelationsHandler final : sheet::XmlHandler {
    std::string_view folder;
    Relations relations;

    void start(std::string_view name, const Attributes& attributes) override {
        if (name != "Relationship" || attributes["TargetMode"] == "External") return;
        const auto type = attributes["Type"];
        if (relations.size() > 2 * sheets_max) damaged("too many relations");
        relations.insert_or_assign(std::string{attributes["Id"]},
                                   Relation{std::string{type.substr(type.rfind('/') + 1)}, resolved(folder, attributes["Target"])});
    }
    void end(std::string_view) override {}
    void text(std::string_view) override {}
};

Relations relations_of(sheet::Archive& archive, std::string_view part) {
    const auto folder = folder_of(part);
    const auto entry = archive.find(std::string{folder} + "_rels/" + std::string{part.substr(folder.size())} + ".rels");
    if (!entry) return {};
    RelationsHandler handler;
    handler.folder = folder;
    const auto bytes = archive.open(*entry);
    sheet::XmlReader{*bytes, handler}.all();
    return std::move(handler.relations);
}

struct WorkbookHandler final : sheet::XmlHandler {
    const Relations& relations;
    Workbook workbook;

    explicit WorkbookHandler(const Relations& r) : relations{r} {}
    void start(std::string_view name, const Attributes& attributes) override {
        if (name == "workbookPr") {
            const auto flag = attributes["date1904"];
            if (flag == "1" || flag == "true" || flag == "on") workbook.epoch = sheet::Epoch::from_1904;
        } else if (name == "sheet") {
            if (workbook.sheets.size() == sheets_max) damaged("too many sheets");
            const auto relation = relations.find(attributes["id"]);
            if (relation == relations.end()) damaged("a sheet is missing");
            // Charts and dialogs are sheets as well, without rows.
            if (relation->second.kind != "worksheet") return;
            const auto state = attributes["state"];
            workbook.sheets.push_back({std::string{attributes["name"]}, state == "hidden" || state == "veryHidden", relation->second.target});
        }
    }
    void end(std::string_view) override {}
    void text(std::string_view) override {}
};

std::string workbook_part(sheet::Archive& archive) {
    for (const auto& [id, relation] : relations_of(archive, "")) {
        if (relation.kind == "officeDocument") return relation.target;
    }
    return "xl/workbook.xml";
}

struct StylesHandler final : sheet::XmlHandler {
    std::map<std::uint32_t, sheet::Shown> custom;
    std::vector<sheet::Shown> shown;
    bool inside = false;  ///< the formats of cells, not those of named styles

    void start(std::string_view name, const Attributes& attributes) override {
        if (name == "numFmt") {
            const auto id = number(attributes["numFmtId"]);
            if (id && custom.size() < styles_max) custom.insert_or_assign(*id, sheet::shown_by(attributes["formatCode"]));
        } else if (name == "cellXfs") {
            inside = true;
        } else if (inside && name == "xf") {
            if (shown.size() == styles_max) damaged("too many cell formats");
            const auto id = number(attributes["numFmtId"]).value_or(0);
            const auto found = custom.find(id);
            shown.push_back(found != custom.end() ? found->second : sheet::shown_by(id));
        }
    }
    void end(std::string_view name) override {
        if (name == "cellXfs") inside = false;
    }
    void text(std::string_view) override {}
};

}  // namespace

Workbook read_workbook(sheet::Archive& archive) {
    const auto part = workbook_part(archive);
    if (part.ends_with(".bin")) throw Error{Code::unsupported_format, {{"format", "xlsb"}, {"known", "xlsx, csv"}}};
    const auto entry = archive.find(part);
    if (!entry) damaged("it has no workbook");
    const auto relations = relations_of(archive, part);
    WorkbookHandler handler{relations};
    const auto bytes = archive.open(*entry);
    sheet::XmlReader{*bytes, handler}.all();
    auto& workbook = handler.workbook;
    if (workbook.sheets.empty()) damaged("it has no sheets");
    for (const auto& [id, relation] : relations) {
        if (relation.kind == "sharedStrings") workbook.shared_strings = relation.target;
        if (relation.kind == "styles") workbook.styles = relation.target;
    }
    return std::move(workbook);
}

std::vector<sheet::Shown> read_styles(sheet::ByteStream& bytes) {
    StylesHandler handler;
    sheet::XmlReader{bytes, handler}.all();
    return std::move(handler.shown);
}

}  // namespace millrace::formats::xlsx
