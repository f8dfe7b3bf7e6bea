#include "formats/xls/detail/workbook.hpp"

#include <map>

namespace millrace::formats::xls {
namespace {

constexpr std::size_t sheets_max = 10'000;
constexpr std::size_t string_bytes_max = 256u << 20;
constexpr std::uint16_t biff8 = 0x600;

class Globals {
public:
    explicit Globals(Stream& stream) : records_{stream} {}

    Workbook read() {
        if (!records_.next() || records_.kind() != record::bof) damaged("it does not begin as a workbook");
        if (u16(records_.body(), 0) != biff8) throw Error{Code::unsupported_format, {{"format", "xls before Excel 97"}, {"known", "xls, xlsx, csv"}}};
        while (records_.next() && records_.kind() != record::eof) take();
        if (book_.sheets.empty()) damaged("it has no sheets");
        for (const auto id : style_formats_) {
            const auto custom = formats_.find(id);
            book_.styles.push_back(custom != formats_.end() ? custom->second : sheet::shown_by(std::uint32_t{id}));
        }
        return std::move(book_);
    }

private:
    void take() {
        const auto body = records_.body();
        switch (records_.kind()) {
            case record::file_pass: throw Error{Code::encrypted_file};
            case record::date_1904:
                if (u16(body, 0) != 0) book_.epoch = sheet::Epoch::from_1904;
                break;
            case record::xf: style_formats_.push_back(u16(body, 2)); break;
            case record::format: take_format(); break;
            case record::bound_sheet: take_sheet(body); break;
            case record::shared_strings: take_strings(); break;
            default: break;
        }
    }

    void take_format() {
        ContinuedText text{records_};
        const auto id = text.number<std::uint16_t>();
        std::string code;
        const auto count = text.number<std::uint16_t>();
        text.text(code, count);
        formats_[id] = sheet::shown_by(code);
    }

    void take_sheet(std::string_view body) {
        constexpr std::uint8_t worksheet = 0;
        if (book_.sheets.size() == sheets_max) damaged("too many sheets");
        SheetPart part{.name = {}, .hidden = (u8(body, 4) & 3) != 0, .offset = u32(body, 0)};
        if (u8(body, 5) != worksheet) return;
        auto characters = body.substr(8 <= body.size() ? 8 : body.size());
        take_characters(part.name, characters, u8(body, 6), (u8(body, 7) & 1) != 0);
        book_.sheets.push_back(std::move(part));
    }

    void take_strings() {
        ContinuedText text{records_};
        text.skip(4);  // how often they are used
        const auto count = text.number<std::uint32_t>();
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto length = text.number<std::uint16_t>();
            text.text(book_.text, length);
            if (book_.text.size() > string_bytes_max) {
                throw Error{Code::parser_limits, {{"format", "xls"}, {"why", std::to_string(string_bytes_max) + " bytes of shared strings"}}};
            }
            book_.ends.push_back(static_cast<std::uint32_t>(book_.text.size()));
        }
    }

    Records records_;
    Workbook book_;
    std::vector<std::uint16_t> style_formats_;
    std::map<std::uint16_t, sheet::Shown> formats_;
};

}  // namespace

Workbook read_workbook(Stream& stream) { return Globals{stream}.read(); }

}  // namespace millrace::formats::xls
