#include "jobs/cron.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace millrace::jobs {
namespace {

constexpr std::size_t length_max = 200;
constexpr std::chrono::seconds every_min{1}, every_max{366 * 24h};

constexpr std::string_view month_names[] = {"",     "january", "february",  "march",   "april",    "may",     "june",
                                            "july", "august",  "september", "october", "november", "december"};
constexpr std::string_view weekday_names[] = {"sunday",   "monday", "tuesday", "wednesday",
                                              "thursday", "friday", "saturday"};

struct Field {
    enum class Kind { second, minute, hour, day, month, weekday } kind;
    std::string_view name;
    int min, max;
    std::span<const std::string_view> names;
    std::string_view allowed;
    int last() const { return kind == Kind::weekday ? 6 : max; }  ///< 7 is another word for 0
};

constexpr Field fields[] = {
    {Field::Kind::second, "second", 0, 59, {}, "0-59, *, lists, ranges and steps"},
    {Field::Kind::minute, "minute", 0, 59, {}, "0-59, *, lists, ranges and steps"},
    {Field::Kind::hour, "hour", 0, 23, {}, "0-23, *, lists, ranges and steps"},
    {Field::Kind::day, "day of month", 1, 31, {}, "1-31, *, ?, L, L-3, 15W, LW, lists, ranges and steps"},
    {Field::Kind::month, "month", 1, 12, month_names, "1-12, jan-dec, *, lists, ranges and steps"},
    {Field::Kind::weekday, "day of week", 0, 7, weekday_names,
     "0-7 (0 and 7 are Sunday), sun-sat, *, ?, mon#2, friL, lists, ranges and steps"},
};

struct Macro {
    std::string_view name, meaning;
};
constexpr Macro macros[] = {{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
                            {"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
                            {"@annually", "0 0 1 1 *"}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_space(char c) { return c == ' ' || c == '\t'; }

/// What stands at the reading position, for an error.
std::string quoted(char c) { return c > ' ' && c < 0x7f ? fmt::format("\"{}\"", c) : "this character"; }

struct Word {
    std::string_view text;
    std::size_t at;  ///< in the expression, from 0
};

std::vector<Word> words_of(std::string_view text) {
    std::vector<Word> words;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && !is_space(text[end])) ++end;
        if (end > at) words.push_back({text.substr(at, end - at), at});
        at = end + 1;
    }
    return words;
}

/// Reads one expression. Every step answers whether it went well; the first that did not has set `problem`.
class Parser {
public:
    Parser(std::string_view text, Cron& cron) : text_{text}, cron_{cron} {}

    bool run() {
        const auto words = words_of(text_);
        if (text_.size() > length_max)
            return fail("expression", length_max, fmt::format("at most {} characters", length_max));
        if (words.empty())
            return fail("expression", 0, "it is empty; write five fields, six with seconds, or a macro like @daily");
        if (words[0].text[0] == '@') return macro(words);
        if (words.size() < 5 || words.size() > 6) {
            return fail(
                "expression", words.size() < 5 ? text_.size() : words[6].at,
                fmt::format("{} fields; five are needed (minute hour day-of-month month day-of-week), or six with the "
                            "second first",
                            words.size()));
        }
        return read_fields(words);
    }

    std::optional<Error> problem;

private:
    std::string_view text_;
    Cron& cron_;
    const Field* field_ = nullptr;
    std::string_view word_;  ///< the field being read
    std::size_t start_ = 0;  ///< of the word in the expression
    std::size_t at_ = 0;     ///< in the word

    bool fail(std::string_view field, std::size_t at, std::string why) {
        problem = Error{Code::invalid_cron,
                        {{"field", std::string{field}}, {"position", std::to_string(at + 1)}, {"why", std::move(why)}}};
        return false;
    }
    bool fail_at(std::size_t at, const std::string& why) {
        return fail(field_->name, start_ + at, fmt::format("{}; allowed: {}", why, field_->allowed));
    }
    bool unexpected() {
        return at_ < word_.size() ? fail_at(at_, quoted(word_[at_]) + " is not expected here")
                                  : fail_at(at_, "something is missing");
    }

    bool at(char c) const { return at_ < word_.size() && lower(word_[at_]) == c; }
    bool take(char c) {
        if (!at(c)) return false;
        ++at_;
        return true;
    }

    bool read_fields(const std::vector<Word>& words) {
        const Field* field = words.size() == 6 ? &fields[0] : &fields[1];
        for (const Word& word : words) {
            field_ = field++;
            word_ = word.text;
            start_ = word.at;
            at_ = 0;
            if (!read_list()) return false;
        }
        const auto all = [](std::uint64_t bits, int values) { return bits == (std::uint64_t{1} << values) - 1; };
        cron_.elapsed = cron_.elapsed || all(cron_.minutes, 60) || all(cron_.hours, 24);
        return true;
    }

    bool read_list() {
        if (field_->kind == Field::Kind::second) cron_.seconds = 0;
        do {
            if (!read_item()) return false;
        } while (take(','));
        return at_ == word_.size() || unexpected();
    }

    bool is(Field::Kind kind) const { return field_->kind == kind; }
    bool end_item() { return at_ == word_.size() || word_[at_] == ',' || unexpected(); }

    bool read_item() {
        if (take('*')) {
            star();
            return read_step(field_->min, field_->last());
        }
        if ((is(Field::Kind::day) || is(Field::Kind::weekday)) && take('?')) {
            star();
            set(field_->min, field_->last(), 1);
            return end_item();
        }
        if (is(Field::Kind::day) && take('l')) return read_last_day();
        return read_values();
    }

    /// A value, alone or with what may follow one: `-`, `/`, and in the fields of days `W`, `#` or `L`.
    bool read_values() {
        const auto begin = at_;
        int first = 0;
        if (!read_value(first)) return false;
        if (take('-')) return read_range(first, begin);
        if (is(Field::Kind::day) && take('w')) {
            cron_.near_days |= 1u << first;
            return end_item();
        }
        if (is(Field::Kind::weekday) && (at('#') || at('l'))) return read_nth(first % 7);
        if (at('/')) return read_step(first, std::max(first, field_->last()));
        set(first, first, 1);
        return end_item();
    }

    bool read_range(int first, std::size_t begin) {
        int last = 0;
        if (!read_value(last)) return false;
        if (last < first && is(Field::Kind::weekday)) last += 7;
        if (last >= first) return read_step(first, last);
        return fail_at(
            begin, fmt::format("the range goes backwards; write {}-{},{}-{}", first, field_->max, field_->min, last));
    }

    /// The field is not restricted by this item, unless by a step.
    void star() {
        if (field_->kind == Field::Kind::minute || field_->kind == Field::Kind::hour) cron_.elapsed = true;
        if (field_->kind == Field::Kind::day) cron_.any_day = true;
        if (field_->kind == Field::Kind::weekday) cron_.any_weekday = true;
    }

    /// `/n` or nothing, after a range.
    bool read_step(int first, int last) {
        int step = 1;
        if (take('/')) {
            const auto begin = at_;
            if (!read_number(step)) return false;
            const int values = field_->last() - field_->min + 1;
            if (step < 1 || step > values) {
                return fail_at(begin, fmt::format("a step of {} is outside 1-{}{}", step, values,
                                                  step < 1 ? "" : "; longer intervals: @every 90m"));
            }
        }
        set(first, last, step);
        return end_item();
    }

    /// What may follow `L`: nothing, `-3`, `W`.
    bool read_last_day() {
        if (take('w')) {
            cron_.near_last_day = true;
        } else if (take('-')) {
            const auto begin = at_;
            int before = 0;
            if (!read_number(before)) return false;
            if (before < 1 || before > 30) return fail_at(begin, "L-n takes 1-30");
            cron_.days_before_last |= 1u << before;
        } else {
            cron_.days_before_last |= 1;
        }
        return end_item();
    }

    /// `#2` or `L` after a weekday.
    bool read_nth(int weekday) {
        int nth = 0;
        if (take('#')) {
            const auto begin = at_;
            if (!read_number(nth)) return false;
            if (nth < 1 || nth > 5) return fail_at(begin, "a month has a weekday #1 to #5");
        } else {
            ++at_;
        }
        cron_.nth[static_cast<std::size_t>(weekday)] |= static_cast<std::uint8_t>(1u << nth);
        return end_item();
    }

    bool read_number(int& value) {
        const auto begin = at_;
        for (value = 0; at_ < word_.size() && is_digit(word_[at_]); ++at_)
            value = std::min(value * 10 + (word_[at_] - '0'), 100'000);
        return at_ > begin || unexpected();
    }

    bool read_value(int& value) {
        const auto begin = at_;
        if (at_ < word_.size() && is_letter(word_[at_]) && !field_->names.empty()) return read_name(value);
        if (!read_number(value)) return false;
        if (value >= field_->min && value <= field_->max) return true;
        return fail_at(begin, fmt::format("{} is out of range", word_.substr(begin, at_ - begin)));
    }

    /// A month or weekday by its name or the first three letters of it; the `L` of `friL` is left where it is.
    bool read_name(int& value) {
        std::string name;
        for (auto at = at_; at < word_.size() && is_letter(word_[at]); ++at) name += lower(word_[at]);
        for (std::size_t i = 0; i < field_->names.size(); ++i) {
            const auto known = field_->names[i];
            if (known.empty()) continue;
            for (const auto form : {known, known.substr(0, 3)}) {
                if (name != form && !(field_->kind == Field::Kind::weekday && name == std::string{form} + 'l'))
                    continue;
                at_ += form.size();
                value = static_cast<int>(i);
                return true;
            }
        }
        return fail_at(at_,
                       fmt::format("\"{}\" is no {}", name, field_->kind == Field::Kind::month ? "month" : "weekday"));
    }

    void set(int first, int last, int step) {
        for (int value = first; value <= last; value += step) {
            const auto n = static_cast<unsigned>(value);
            switch (field_->kind) {
                case Field::Kind::second:
                    cron_.seconds |= std::uint64_t{1} << n;
                    break;
                case Field::Kind::minute:
                    cron_.minutes |= std::uint64_t{1} << n;
                    break;
                case Field::Kind::hour:
                    cron_.hours |= 1u << n;
                    break;
                case Field::Kind::day:
                    cron_.days |= 1u << n;
                    break;
                case Field::Kind::month:
                    cron_.months |= 1u << n;
                    break;
                case Field::Kind::weekday:
                    cron_.weekdays |= static_cast<std::uint8_t>(1u << n % 7);
                    break;
            }
        }
    }

    bool macro(const std::vector<Word>& words) {
        std::string name{words[0].text};
        std::ranges::transform(name, name.begin(), lower);
        if (name == "@every") return every(words);
        const auto known = std::ranges::find(macros, name, &Macro::name);
        if (known == std::end(macros)) {
            return fail("macro", words[0].at,
                        "it is not known; allowed: @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually "
                        "and @every 15m");
        }
        if (words.size() > 1) return fail("macro", words[1].at, name + " stands alone");
        return read_fields(words_of(known->meaning));
    }

    /// `@every 1h30m`: days, hours, minutes, seconds, each at most once and in this order.
    bool every(const std::vector<Word>& words) {
        constexpr std::string_view allowed = "allowed: @every and a length of 1s to 366d, like 15m, 1h30m or 7d";
        if (words.size() != 2)
            return fail("interval", words.size() > 2 ? words[2].at : text_.size(), std::string{allowed});
        const std::string_view length = words[1].text;
        std::string_view units = "dhms";
        std::chrono::seconds sum{};
        std::size_t at = 0;
        do {
            std::int64_t value = 0;
            const auto begin = at;
            for (; at < length.size() && is_digit(length[at]); ++at)
                value = std::min<std::int64_t>(value * 10 + (length[at] - '0'), 1'000'000'000);
            const auto unit = at < length.size() ? units.find(lower(length[at])) : units.npos;
            if (at == begin || unit == units.npos) return fail("interval", words[1].at + at, std::string{allowed});
            constexpr int seconds[] = {86400, 3600, 60, 1};
            sum += std::chrono::seconds{value * seconds[4 - units.size() + unit]};
            units.remove_prefix(unit + 1);
            ++at;
        } while (at < length.size());
        if (sum < every_min || sum > every_max) return fail("interval", words[1].at, std::string{allowed});
        cron_.every = sum;
        return true;
    }
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    return text;
}

}  // namespace

Result<Cron> parse_cron(std::string_view text) {
    Cron cron;
    Parser parser{text, cron};
    if (!parser.run()) return std::unexpected{std::move(*parser.problem)};
    cron.text = trimmed(text);
    return cron;
}

}  // namespace millrace::jobs
