#include "cli/remote.hpp"

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/version.hpp"
#include "cli/failure.hpp"
#include "cli/settings.hpp"
#include "work/lock_file.hpp"

namespace millrace::cli {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::string first_line(const std::string& path) {
    std::ifstream file{path};
    std::string line;
    if (!std::getline(file, line)) throw Error{Code::usage, {{"why", "the file " + path + " cannot be read or is empty"}}};
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

/// The data directory that a server would have with these options: an empty file of settings counts as well.
std::string data_directory(const Arguments& arguments) { return load_settings(arguments).settings.data_dir; }

std::string find_url(const Arguments& arguments) {
    auto url = !arguments.server.empty() ? arguments.server : variable("MILLRACE_URL");
    if (url.empty()) {
        const auto holder = work::holder_of(data_directory(arguments));
        url = holder && !holder->url.empty() ? holder->url : "http://127.0.0.1:8000";
    }
    if (url.find("://") == url.npos) url = "http://" + url;
    while (url.ends_with('/')) url.pop_back();
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        throw Error{Code::usage, {{"why", "the server is an http or https URL, not \"" + url + "\""}}};
    }
    return url;
}

std::string find_token(const Arguments& arguments) {
    if (!arguments.token.empty()) return arguments.token;
    if (auto token = variable("MILLRACE_TOKEN"); !token.empty()) return token;
    const auto file = variable("MILLRACE_TOKEN_FILE");
    return file.empty() ? "" : first_line(file);
}

/// For servers (or proxies before them) that name no code of ours.
Code code_of_status(int status) {
    switch (status) {
        case 401: return Code::unauthorized;
        case 403: return Code::forbidden;
        case 404: return Code::not_found;
        case 409: return Code::conflict;
        case 413: return Code::payload_too_large;
        case 429: return Code::too_many_requests;
        case 502: case 503: case 504: return Code::unavailable;
        default: return status >= 500 ? Code::internal : Code::bad_request;
    }
}

std::string text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string{std::string_view{value->get_string()}} : "";
}

}  // namespace

Endpoint find_server(const Arguments& arguments) { return {find_url(arguments), find_token(arguments)}; }

Remote::Remote(Endpoint endpoint, std::stop_token stop) : endpoint_{std::move(endpoint)}, stop_{std::move(stop)} {}

json::value Remote::get(const std::string& path) { return call("GET", path, nullptr); }
json::value Remote::post(const std::string& path, const json::value& body) {
    return call("POST", path, body.is_null() ? nullptr : &body);
}
json::value Remote::patch(const std::string& path, const json::value& body) { return call("PATCH", path, &body); }
json::value Remote::put(const std::string& path, const json::value& body) { return call("PUT", path, &body); }
json::value Remote::remove(const std::string& path) { return call("DELETE", path, nullptr); }

http::ClientResponse Remote::send(http::ClientRequest request, const std::string& path) {
    request.url = endpoint_.url + path;
    request.stop = stop_;
    if (!endpoint_.token.empty()) request.headers.set("Authorization", "Bearer " + endpoint_.token);
    request.headers.set("User-Agent", fmt::format("millrace/{}", app::version()));
    request.headers.set("Accept-Language", language());
    try {
        return client_.send(request);
    } catch (const Error& error) {
        if (error.code() != Code::unreachable) throw;
        const auto* why = error.arg("why");  // name the server, not the address of one request
        throw Error{Code::unreachable, {{"url", endpoint_.url}, {"why", why ? *why : ""}}};
    }
}

json::value Remote::call(std::string method, const std::string& path, const json::value* body) {
    http::ClientRequest request{.method = std::move(method)};
    request.headers.set("Accept", "application/json");
    if (body) {
        request.body = json::serialize(*body);
        request.headers.set("Content-Type", "application/json");
    }
    const auto response = send(std::move(request), path);
    if (response.status >= 400) throw error_of(response);
    if (response.body.empty()) return nullptr;
    try {
        return json::parse(response.body);
    } catch (const Error&) {
        throw Error{Code::unreachable, {{"url", endpoint_.url}, {"why", "what answers there is not millrace"}}};
    }
}

Error Remote::error_of(const http::ClientResponse& response) {
    json::value body;
    try {
        body = json::parse(response.body);
    } catch (const Error&) {
        body = nullptr;
    }
    const auto by_status = code_of_status(response.status);
    if (!body.is_object()) {
        auto text = fmt::format("The server answered with status {}.", response.status);
        return Error::with_text(by_status, std::move(text));
    }
    const auto& problem = body.get_object();
    const auto word = text_of(problem, "code");
    auto code = code_from(word);
    if (code == Code::internal && word != "internal") code = by_status;
    auto detail = text_of(problem, "detail");
    if (detail.empty()) detail = text_of(problem, "title");
    auto error = Error::with_text(code, std::move(detail));
    for (const char* name : {"job_id", "existing_dataset_id"}) {
        if (auto value = text_of(problem, name); !value.empty()) error = error.with_arg(name, std::move(value));
    }
    if (const auto* issues = problem.if_contains("errors"); issues && issues->is_array()) {
        for (const auto& issue : issues->get_array()) {
            if (!issue.is_object()) continue;
            const auto& fields = issue.get_object();
            error.issues.push_back({text_of(fields, "pointer"), text_of(fields, "code"), text_of(fields, "detail")});
        }
    }
    return error;
}

}  // namespace millrace::cli
