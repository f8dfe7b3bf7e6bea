#include "formats/json/detail/document.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace millrace::formats::json_files {

// Each step is taken as a whole or not at all, so that it can be taken again when the window has grown.
Next Document::next() {
    for (;;) {
        if (state_ == State::element) return Next::row;
        if (has_sequel_ && form_ == Form::tables) return Next::end;
        auto in = scanner();
        if (state_ == State::behind_all && in.at_end()) {
            window_.pass(in.at());
            return window_.complete() ? Next::end : Next::need_more;
        }
        if (step(in)) window_.pass(in.at());
        else if (in.outcome() == Outcome::need_more) return Next::need_more;
        else refuse(in.fault());
    }
}

bool Document::step(Scanner& in) {
    char c = 0;
    if (!in.peek(c)) return false;
    switch (state_) {
        case State::value:
            return value(in);
        case State::first_key:
            if (c == '}') return in.take(), leave(), true;
            return key(in);
        case State::key:
            return key(in);
        case State::behind_value:
            if (c != ',' && c != '}') return in.refuse("expected a comma or }");
            in.take();
            if (c == '}') leave();
            else state_ = State::key;
            return true;
        case State::first_element:
            if (c == ']') in.take(), leave_table();
            else state_ = State::element;
            return true;
        case State::behind_element:
            return behind_element(in, c);
        case State::behind_all:
            return behind_all(in);
        case State::element:
            break;
    }
    return true;
}

/// A value outside of tables.
bool Document::value(Scanner& in) {
    char c = 0;
    if (!in.peek(c)) return false;
    if (path_.empty()) starts_with_object_ = c == '{';
    if (form_ == Form::whole) {
        if (tables_.empty()) tables_.emplace_back();
        state_ = State::element;
        return true;
    }
    if (c == '{') {
        if (path_.size() >= static_cast<std::size_t>(depth_max)) return in.refuse(fmt::format("nested more than {} deep", depth_max), "too_deep");
        in.take();
        path_.emplace_back();
        state_ = State::first_key;
        return true;
    }
    if (c == '[') {
        auto ahead = in;
        ahead.take();
        char first = 0;
        if (!ahead.peek(first)) return in.ended();
        if (path_.empty() || first == '{') {
            in.take();
            enter_table();
            return true;
        }
    }
    if (!in.skip(static_cast<int>(path_.size()) + 1)) return false;
    if (!path_.empty() && outside_.size() < 20) outside_.push_back(path());
    state_ = path_.empty() ? State::behind_all : State::behind_value;
    return true;
}

bool Document::key(Scanner& in) {
    char c = 0;
    if (!in.peek(c)) return false;
    if (c != '"') return in.refuse("expected a key in double quotes");
    RawString raw;
    if (!in.string(raw) || !in.colon()) return false;
    path_.back().clear();
    unescape(path_.back(), raw.text);
    state_ = State::value;
    return true;
}

bool Document::behind_element(Scanner& in, char c) {
    if (c != ',' && c != ']') return in.refuse("expected a comma or ]");
    in.take();
    if (c == ']') return leave_table(), true;
    if (!in.peek(c)) return false;  // so that the row starts without blanks
    state_ = State::element;
    return true;
}

bool Document::behind_all(Scanner& in) {
    char c = 0;
    if (!in.peek(c)) return false;
    if (c != '{' || !starts_with_object_) return in.refuse("something follows the value");
    has_sequel_ = true;
    state_ = State::value;
    return true;
}

void Document::enter_table() {
    if (tables_.size() >= tables_max) {
        throw Error{Code::malformed_file, {{"why", fmt::format("it holds more than {} arrays of objects", tables_max)}}};
    }
    tables_.push_back(path());
    state_ = State::first_element;
}

void Document::leave_table() { state_ = path_.empty() ? State::behind_all : State::behind_value; }

/// Behind a `}`.
void Document::leave() {
    path_.pop_back();
    state_ = path_.empty() ? State::behind_all : State::behind_value;
}

std::string Document::path() const {
    std::string joined;
    for (const auto& key : path_) joined += (joined.empty() ? "" : ".") + key;
    return joined;
}

void Document::pass_row(std::size_t bytes) {
    window_.pass(bytes);
    state_ = form_ == Form::whole ? State::behind_all : State::behind_element;
}

void Document::refuse(const Fault& fault) {
    const auto line = std::to_string(window_.line(fault.at));
    const auto offset = std::to_string(window_.byte_offset(fault.at));
    throw Error{Code::malformed_file,
                {{"why", fmt::format("line {}, byte {}: {}", line, offset, fault.why)}, {"line", line}, {"offset", offset}}};
}

}  // namespace millrace::formats::json_files
