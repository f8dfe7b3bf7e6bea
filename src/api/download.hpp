#pragma once

#include "api/table.hpp"
#include "query/query.hpp"

namespace millrace::api {

/// A stored object as an attachment, with Range and If-None-Match by its hash.
http::Download blob_download(Call& call, const std::string& sha256, const std::string& filename, std::string content_type);

/// `filter`, `sort`, `cursor` and `limit` of a list.
template <class Request>
Request list_request(Call& call, std::span<const query::Field> fields) {
    Request wanted;
    wanted.filter = query::parse_filter(call.request.query_value("filter").value_or(""), fields);
    wanted.sort = query::parse_sort(call.request.query_value("sort").value_or("-created_at"), fields);
    if (const auto cursor = call.request.query_value("cursor")) wanted.cursor = std::string{*cursor};
    wanted.limit = limit_of(call.request);
    return wanted;
}

}  // namespace millrace::api
