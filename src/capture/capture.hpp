#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.hpp"
#include "capture/settings.hpp"
#include "http/address_policy.hpp"
#include "observe/log.hpp"

/// A page of the web as a browser shows it. The browser has no network of its own, no files and no rights; see README.md.
namespace millrace::capture {

BOOST_DEFINE_ENUM_CLASS(Artefact, html, text, screenshot, mhtml, pdf)

/// What an artefact came to. `error_code` is empty when there is one.
struct Made {
    Artefact artefact = Artefact::html;
    std::uint64_t bytes = 0;
    std::int64_t ms = 0;
    std::string error_code, error;
};
BOOST_DESCRIBE_STRUCT(Made, (), (artefact, bytes, ms, error_code, error))

/// A host that the page asked for and was not let through to.
struct Blocked {
    std::string host;  ///< with its port
    std::string error_code, why;
    std::uint64_t times = 0;
};
BOOST_DESCRIBE_STRUCT(Blocked, (), (host, error_code, why, times))

struct Timings {
    std::int64_t navigation = 0;  ///< until the page was parsed
    std::int64_t quiet = 0;       ///< until it came to rest, from then on
    std::int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(Timings, (), (navigation, quiet, total))

/// What is known of a page beside its artefacts. Texts are the page's own words: data.
struct Report {
    std::string url, final_url;
    std::vector<std::string> redirects;  ///< the addresses on the way
    int status = 0;
    std::string media_type, title, language, description;
    std::int64_t width = 0, height = 0;  ///< of the page
    bool is_cut = false;                 ///< the page is higher than its screenshot
    bool is_restless = false;            ///< the page did not come to rest
    std::uint64_t dialogs = 0;           ///< that it opened, and that were dismissed
    std::uint64_t requests = 0, bytes = 0;
    Timings ms;
    std::vector<Made> artefacts;
    std::vector<Blocked> blocked;
};
BOOST_DESCRIBE_STRUCT(Report, (),
                      (url, final_url, redirects, status, media_type, title, language, description, width, height, is_cut, is_restless, dialogs, requests,
                       bytes, ms, artefacts, blocked))

struct Request {
    std::string url;  ///< http or https
    std::vector<Artefact> artefacts{Artefact::html, Artefact::text, Artefact::screenshot, Artefact::mhtml, Artefact::pdf};
    std::stop_token stop;
    /// Takes each artefact when it is made, in the order of the enumeration. What it throws ends the capture.
    std::function<void(Artefact artefact, std::string_view content)> on_artefact;
};

/// "screenshot.png": the extension and media type of an artefact.
std::string_view extension(Artefact artefact);
std::string_view media_type(Artefact artefact);

/// A few browsers, each started when it is first needed and replaced after some captures or a fault. Safe from any thread.
class Capturer {
public:
    /// A browser ends with the thread that started it.
    Capturer(Settings settings, http::AddressPolicy policy, observe::Log log);
    ~Capturer();
    Capturer(const Capturer&) = delete;
    Capturer& operator=(const Capturer&) = delete;

    /// Waits for a browser, then captures the page. An artefact that fails says so in the report; when all do, the first one's
    /// error is thrown. Else throws Error{browser_missing}, Error{browser_unconfined}, Error{address_refused},
    /// Error{unreachable}, Error{capture_status} for an answer above 399, Error{capture_download} for what is no page,
    /// Error{capture_timeout}, Error{capture_limits}, Error{capture_crashed} or Error{interrupted}. Whatever it is, the next
    /// capture finds a browser that knows nothing of it.
    Report capture(const Request& request);

private:
    struct State;
    const std::unique_ptr<State> state_;
};

/// The program that captures would use; nothing when there is none.
std::string find_browser(const Settings& settings);

}  // namespace millrace::capture
