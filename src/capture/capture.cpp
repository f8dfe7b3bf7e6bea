#include "capture/capture.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "capture/detail/browser.hpp"
#include "capture/detail/page.hpp"

namespace millrace::capture {
namespace {

using namespace detail;

constexpr Duration age_max = 15min;

/// A place for a browser.
struct Place {
    std::unique_ptr<Browser> browser;
    int captures = 0;
    Deadline started{};
    bool is_taken = false;
};

}  // namespace

std::string_view extension(Artefact artefact) {
    switch (artefact) {
        case Artefact::html: return "html";
        case Artefact::text: return "txt";
        case Artefact::screenshot: return "png";
        case Artefact::mhtml: return "mhtml";
        case Artefact::pdf: return "pdf";
    }
    return "";
}

std::string_view media_type(Artefact artefact) {
    switch (artefact) {
        case Artefact::html: return "text/html; charset=utf-8";
        case Artefact::text: return "text/plain; charset=utf-8";
        case Artefact::screenshot: return "image/png";
        case Artefact::mhtml: return "multipart/related";
        case Artefact::pdf: return "application/pdf";
    }
    return "";
}

struct Capturer::State {
    State(Settings s, http::AddressPolicy p, observe::Log l) : settings{std::move(s)}, policy{std::move(p)}, log{std::move(l)}, places(static_cast<std::size_t>(settings.browsers)) {}

    const Settings settings;
    const http::AddressPolicy policy;
    const observe::Log log;
    std::mutex mutex;
    std::condition_variable_any freed;
    std::vector<Place> places;

    Place& take(std::stop_token stop) {
        std::unique_lock hold{mutex};
        Place* found = nullptr;
        const auto is_free = [&] {
            // One whose browser runs already is the better one.
            for (auto& place : places) {
                if (!place.is_taken && (!found || (!found->browser && place.browser))) found = &place;
            }
            return found != nullptr;
        };
        if (!freed.wait(hold, stop, is_free)) throw Error{Code::interrupted};
        found->is_taken = true;
        return *found;
    }

    void give_back(Place& place) {
        const std::lock_guard hold{mutex};
        place.is_taken = false;
        freed.notify_one();
    }

    bool is_worn(const Place& place) const {
        return place.captures >= settings.captures_max || std::chrono::steady_clock::now() - place.started > age_max || place.browser->connection().is_closed();
    }

    Report capture_at(Place& place, const Request& request) {
        if (place.browser && is_worn(place)) place.browser.reset();
        if (!place.browser) start(place);
        bool has_given = false;
        auto watched = request;
        watched.on_artefact = [&](Artefact artefact, std::string_view content) {
            has_given = true;
            if (request.on_artefact) request.on_artefact(artefact, content);
        };
        try {
            return capture_with(place, watched);
        } catch (const Error& error) {
            // One that died of what was before deserves another try.
            if (error.code() != Code::capture_crashed || place.captures == 1 || has_given) throw;
        }
        start(place);
        return capture_with(place, request);
    }

    void start(Place& place) {
        place.browser.reset();
        place.browser = std::make_unique<Browser>(settings);
        place.captures = 0;
        place.started = std::chrono::steady_clock::now();
        log.debug("browser started", {});
    }

    Report capture_with(Place& place, const Request& request) {
        ++place.captures;
        auto& browser = *place.browser;
        const auto visit = std::make_shared<Visit>(policy, settings.bytes_max.count, [&connection = browser.connection()] { connection.wake(); });
        const std::stop_callback wake{request.stop, [&browser] { browser.connection().wake(); }};
        browser.proxy().serve(visit);
        try {
            auto report = Page{browser.connection(), *visit, settings, request}.run();
            rest(browser);
            return report;
        } catch (const Error& error) {
            rest(browser);
            const bool out_of_memory = browser.end();
            place.browser.reset();
            log.info("browser ended", {{"code", error.code()}});
            if (out_of_memory) throw Error{Code::capture_limits, {{"url", request.url}, {"what", "it takes more memory than " + to_string(settings.memory_max)}}};
            throw;
        } catch (...) {
            place.browser.reset();
            throw;
        }
    }

    static void rest(Browser& browser) {
        browser.proxy().serve(nullptr);
        browser.connection().on_event = nullptr;
        browser.connection().on_wake = nullptr;
    }
};

Capturer::Capturer(Settings settings, http::AddressPolicy policy, observe::Log log)
    : state_{std::make_unique<State>(std::move(settings), std::move(policy), std::move(log))} {}

Capturer::~Capturer() = default;

Report Capturer::capture(const Request& request) {
    const auto endpoint = http::read_endpoint(request.url);
    if (!endpoint) throw Error{Code::address_refused, {{"url", request.url}, {"why", endpoint.error()}}};
    auto& place = state_->take(request.stop);
    try {
        auto report = state_->capture_at(place, request);
        state_->give_back(place);
        return report;
    } catch (const Error& error) {
        state_->give_back(place);
        throw error.arg("url") ? error : error.with_arg("url", request.url);
    } catch (...) {
        state_->give_back(place);
        throw;
    }
}

}  // namespace millrace::capture
