#include "cli/paging.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace millrace::cli {

void list_pages(Remote& remote, const std::string& path, const std::string& filter, const Arguments& arguments, Listing& listing) {
    std::string query;
    if (!filter.empty()) query += "&filter=" + http::encode_segment(filter);
    if (!arguments.sort.empty()) query += "&sort=" + http::encode_segment(arguments.sort);
    if (!arguments.scope.empty()) query += "&scope=" + http::encode_segment(arguments.scope);
    std::size_t left = arguments.all ? SIZE_MAX : static_cast<std::size_t>(arguments.limit);
    for (std::string cursor; left > 0;) {
        auto at = fmt::format("{}?limit={}{}", path, std::min<std::size_t>(left, 1000), query);
        if (!cursor.empty()) at += "&cursor=" + http::encode_segment(cursor);
        const auto page = remote.get(at);
        if (!page.is_object()) return;
        const auto* items = page.get_object().if_contains("items");
        if (!items || !items->is_array()) return;
        for (const auto& item : items->get_array()) put(listing.add(item.get_object()));
        left -= std::min(left, items->get_array().size());
        cursor = cell_text(member(page.get_object(), "next_cursor"));
        if (cursor.empty()) return;
    }
}

}  // namespace millrace::cli
