#include "capture/detail/page.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

#include "base/error.hpp"
#include "capture/detail/base64.hpp"
#include "documents/html.hpp"

namespace millrace::capture::detail {
namespace {

constexpr std::uint64_t dialogs_max = 50;
constexpr std::size_t redirects_max = 50;

/// Goes through the page once, so that what is loaded when it is seen is loaded; at most 20 windows and 5 s.
constexpr std::string_view scroll_through = R"((async () => {
    const top = y => scrollTo({top: y, behavior: "instant"});
    const end = performance.now() + 5000;
    for (let y = innerHeight, n = 0; n < 20 && y < document.documentElement.scrollHeight && performance.now() < end; y += innerHeight, ++n) {
        top(y);
        await new Promise(go => setTimeout(go, 15));
    }
    top(0);
})())";

constexpr std::string_view whole_document = R"((() => {
    const root = document.documentElement;
    if (!root) return "";
    const type = document.doctype ? "<!DOCTYPE " + document.doctype.name + ">\n" : "";
    return type + root.outerHTML;
})())";

std::string_view text_at(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found && found->is_string() ? std::string_view{found->get_string()} : std::string_view{};
}

const json::object& object_at(const json::object& object, std::string_view name) {
    static const json::object none;
    const auto* found = object.if_contains(name);
    return found && found->is_object() ? found->get_object() : none;
}

std::int64_t number_at(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    if (!found) return 0;
    if (found->is_double()) return static_cast<std::int64_t>(std::clamp(found->get_double(), -1e15, 1e15));
    return found->is_int64() ? found->get_int64() : 0;
}

bool flag_at(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found && found->is_bool() && found->get_bool();
}

std::int64_t ms_since(Deadline begin) { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count(); }

bool is_page(std::string_view media_type) { return media_type.empty() || media_type == "text/html" || media_type == "application/xhtml+xml"; }

/// May the same address answer otherwise later?
bool is_passing(int status) { return status >= 500 || status == 408 || status == 425 || status == 429; }

std::string seconds(Duration limit) { return std::to_string(std::chrono::ceil<std::chrono::seconds>(limit).count()); }

}  // namespace

Page::Page(Connection& connection, const Visit& visit, const Settings& settings, const Request& request)
    : connection_{connection}, visit_{visit}, settings_{settings}, request_{request}, deadline_{in(settings.timeout)}, document_url_{request.url} {
    connection_.on_event = [this](const Event& event) { hear(event); };
    connection_.on_wake = [this] { watch(); };
    report_.url = report_.final_url = request.url;
}

Report Page::run() {
    watch();
    open();
    navigate();
    report_.ms.navigation = ms_since(begun_);
    settle();
    report_.ms.quiet = ms_since(begun_) - report_.ms.navigation;
    make_artefacts();
    report_.requests = traffic_.count();
    report_.bytes = visit_.bytes();
    for (const auto& [host, refusal] : visit_.refusals()) report_.blocked.push_back({host, std::string{to_string(Code::address_refused)}, refusal.why, refusal.times});
    close();
    report_.ms.total = ms_since(begun_);
    return std::move(report_);
}

void Page::open() {
    const auto deadline = until(settings_.artefact_timeout);
    const auto context = connection_.call("Target.createBrowserContext", {{"disposeOnDetach", true}}, "", deadline);
    context_ = text_at(context, "browserContextId");
    connection_.post("Browser.setDownloadBehavior", {{"behavior", "deny"}, {"browserContextId", context_}}, "");
    const auto target = connection_.call("Target.createTarget", {{"url", "about:blank"}, {"browserContextId", context_}, {"width", settings_.width}, {"height", settings_.height}}, "", deadline);
    target_ = text_at(target, "targetId");
    session_ = text_at(connection_.call("Target.attachToTarget", {{"targetId", target_}, {"flatten", true}}, "", deadline), "sessionId");
    for (const char* domain : {"Page.enable", "Network.enable", "Inspector.enable", "Performance.enable"}) connection_.post(domain, {}, session_);
    // Frames and workers of other processes begin when they are being watched.
    connection_.post("Target.setAutoAttach", {{"autoAttach", true}, {"waitForDebuggerOnStart", true}, {"flatten", true}}, session_);
    connection_.post("Emulation.setDeviceMetricsOverride", {{"width", settings_.width}, {"height", settings_.height}, {"deviceScaleFactor", 1}, {"mobile", false}}, session_);
    connection_.post("Emulation.setEmulatedMedia", {{"features", json::array{json::object{{"name", "prefers-reduced-motion"}, {"value", "reduce"}}}}}, session_);
    // The answer says that the browser has taken the commands before it.
    call("Page.setLifecycleEventsEnabled", {{"enabled", false}}, deadline);
}

void Page::navigate() {
    const auto deadline = until(settings_.navigation_timeout);
    const auto late = [&] { return Error{Code::capture_timeout, {{"what", "the page was not read within " + seconds(settings_.navigation_timeout) + " s"}}}; };
    json::object answer;
    try {
        answer = call("Page.navigate", {{"url", request_.url}}, deadline);
    } catch (const Error& error) {
        if (error.code() != Code::capture_timeout) throw;
        throw late();
    }
    const std::string why{text_at(answer, "errorText")};
    const auto& type = answer_.media_type;
    if (flag_at(answer, "isDownload") || (!why.empty() && !is_page(type))) throw Error{Code::capture_download, {{"media_type", type}}};
    if (!why.empty()) {
        check_status(answer_.status);  // an answer without a body is none to the browser
        fail_navigation(why);
    }
    connection_.listen(deadline, [&] { return parsed_; });
    check_answer();
    if (parsed_) return;
    // Its scripts went on to a file before it was read.
    if (!is_page(type)) throw Error{Code::capture_download, {{"media_type", type}}};
    throw late();
}

void Page::fail_navigation(const std::string& why) {
    const auto url = unreachable_url_.empty() ? document_url_ : unreachable_url_;
    if (const auto refusal = visit_.refusal(url)) throw Error{Code::address_refused, {{"url", url}, {"why", *refusal}}};
    throw Error{Code::unreachable, {{"url", url}, {"why", why}}};
}

/// Is what the page came to a page?
void Page::check_answer() {
    if (!unreachable_url_.empty()) fail_navigation("it cannot be loaded");
    if (!is_page(report_.media_type)) throw Error{Code::capture_download, {{"media_type", report_.media_type}}};
    check_status(report_.status);
}

void Page::check_status(int status) const {
    const auto text = std::to_string(status);
    if (is_passing(status)) throw Error{Code::unreachable, {{"url", document_url_}, {"why", "it answers " + text}}};
    if (status >= 400) throw Error{Code::capture_status, {{"status", text}}};
}

std::string Page::shape(Deadline deadline) {
    const auto layout = call("Page.getLayoutMetrics", {}, deadline);
    const auto& size = object_at(layout, "cssContentSize");
    report_.width = number_at(size, "width");
    report_.height = number_at(size, "height");
    std::string shape = std::to_string(report_.width) + 'x' + std::to_string(report_.height);
    const auto metrics = call("Performance.getMetrics", {}, deadline);
    if (const auto* list = metrics.if_contains("metrics"); list && list->is_array()) {
        for (const auto& metric : list->get_array()) {
            if (metric.is_object() && text_at(metric.get_object(), "name") == "Nodes") shape += ' ' + std::to_string(number_at(metric.get_object(), "value"));
        }
    }
    return shape;
}

/// Waits until nothing is loaded and nothing moves any more.
void Page::settle() {
    const auto deadline = until(settings_.quiet_timeout);
    try {
        evaluate(scroll_through, deadline);
        for (auto before = shape(deadline);;) {
            const auto now = [] { return std::chrono::steady_clock::now(); };
            const auto looked = now();
            // A wait ends at the window's end, or goes on with what came.
            while (now() < deadline) {
                const auto begin = std::max(traffic_.quiet_since(), traffic_.is_quiet() ? looked : now());
                if (traffic_.is_quiet() && now() >= begin + settings_.quiet) break;
                const auto count = traffic_.count();
                connection_.listen(std::min(deadline, begin + settings_.quiet), [&] { return !traffic_.is_quiet() || traffic_.count() != count; });
            }
            if (now() >= deadline) break;
            auto after = shape(deadline);
            if (after == before) return check_answer();
            before = std::move(after);
        }
    } catch (const Error& error) {
        // A page that is busy, or that went on to another one.
        if (error.code() != Code::capture_timeout && error.code() != Code::capture_failed) throw;
    }
    report_.is_restless = true;
    check_answer();
}

void Page::make_artefacts() {
    for (const auto artefact : {Artefact::html, Artefact::text, Artefact::screenshot, Artefact::mhtml, Artefact::pdf}) {
        if (std::ranges::find(request_.artefacts, artefact) != request_.artefacts.end()) make(artefact);
    }
    check_answer();
    const bool any = std::ranges::any_of(report_.artefacts, [](const Made& made) { return made.error_code.empty(); });
    if (!any && first_error_) std::rethrow_exception(first_error_);
}

/// Each by itself: one that cannot be made does not take the others with it.
void Page::make(Artefact artefact) {
    const auto begin = std::chrono::steady_clock::now();
    Made made{.artefact = artefact};
    std::string content;
    try {
        content = content_of(artefact, until(settings_.artefact_timeout));
        if (content.size() > settings_.artefact_bytes_max.count) throw Error{Code::capture_limits, {{"what", "it is larger than " + to_string(settings_.artefact_bytes_max)}}};
    } catch (const Error& error) {
        if (error.code() != Code::capture_timeout && error.code() != Code::capture_failed && !(error.code() == Code::capture_limits && !visit_.is_over_limit())) throw;
        const auto named = error.with_arg("url", request_.url);
        if (!first_error_) first_error_ = std::current_exception();
        made.error_code = to_string(named.code());
        made.error = named.message();
    }
    made.bytes = content.size();
    made.ms = ms_since(begin);
    if (made.error_code.empty() && request_.on_artefact) request_.on_artefact(artefact, content);
    report_.artefacts.push_back(std::move(made));
}

std::string Page::content_of(Artefact artefact, Deadline deadline) {
    switch (artefact) {
        case Artefact::html:
            return html(deadline);
        case Artefact::text: {
            auto page = documents::read_html(html(deadline));
            html_ = {};
            report_.title = std::move(page.title);
            report_.language = std::move(page.language);
            report_.description = std::move(page.description);
            return std::move(page.text);
        }
        case Artefact::screenshot:
            return screenshot(deadline);
        case Artefact::mhtml:
            return connection_.call_text("Page.captureSnapshot", {{"format", "mhtml"}}, session_, "data", deadline);
        case Artefact::pdf:
            return pdf(deadline);
    }
    return {};
}

std::string Page::html(Deadline deadline) {
    if (!html_.empty()) return html_;
    const auto result = evaluate(whole_document, deadline);
    html_ = text_at(object_at(result, "result"), "value");
    return html_;
}

std::string Page::screenshot(Deadline deadline) {
    shape(deadline);
    const auto height = std::clamp<std::int64_t>(report_.height, settings_.height, std::max(settings_.height, settings_.height_max));
    report_.is_cut = report_.height > height;
    const json::object clip{{"x", 0}, {"y", 0}, {"width", settings_.width}, {"height", height}, {"scale", 1}};
    auto text = connection_.call_text("Page.captureScreenshot", {{"format", "png"}, {"captureBeyondViewport", true}, {"optimizeForSpeed", true}, {"clip", clip}}, session_, "data", deadline);
    decode_base64(text);
    return text;
}

std::string Page::pdf(Deadline deadline) {
    const auto printed = call("Page.printToPDF", {{"printBackground", true}, {"transferMode", "ReturnAsStream"}}, deadline);
    const std::string stream{text_at(printed, "stream")};
    std::string content;
    for (bool more = true; more;) {
        auto block = call("IO.read", {{"handle", stream}, {"size", 512 * 1024}}, deadline);
        std::string text{text_at(block, "data")};
        if (flag_at(block, "base64Encoded")) decode_base64(text);
        content += text;
        more = !flag_at(block, "eof") && content.size() <= settings_.artefact_bytes_max.count;
    }
    connection_.post("IO.close", {{"handle", stream}}, session_);
    return content;
}

void Page::close() { connection_.call("Target.disposeBrowserContext", {{"browserContextId", context_}}, "", until(settings_.artefact_timeout)); }

int Page::world(Deadline deadline) {
    const auto made = call("Page.createIsolatedWorld", {{"frameId", target_}, {"worldName", "millrace"}}, deadline);
    return static_cast<int>(number_at(made, "executionContextId"));
}

json::object Page::evaluate(std::string_view expression, Deadline deadline) {
    return call("Runtime.evaluate", {{"expression", expression}, {"contextId", world(deadline)}, {"awaitPromise", true}, {"returnByValue", true}}, deadline);
}

void Page::watch() {
    if (request_.stop.stop_requested()) throw Error{Code::interrupted};
    if (visit_.is_over_limit()) throw Error{Code::capture_limits, {{"what", "it loads more than " + to_string(settings_.bytes_max)}}};
}

void Page::hear(const Event& event) {
    const auto now = std::chrono::steady_clock::now();
    const auto& method = event.method;
    const auto key = [&] { return std::string{event.session}.append(" ").append(text_at(event.params, "requestId")); };
    if (method == "Network.requestWillBeSent") return hear_request(event);
    if (method == "Network.loadingFinished" || method == "Network.loadingFailed") return traffic_.ended(key(), now);
    if (method == "Target.attachedToTarget") return hear_attached(event.params);
    if (method == "Target.detachedFromTarget") return traffic_.forget(text_at(event.params, "sessionId"), now);
    if (method == "Page.javascriptDialogOpening") {
        if (++report_.dialogs > dialogs_max) throw Error{Code::capture_limits, {{"what", "it opens one dialog after the other"}}};
        return connection_.post("Page.handleJavaScriptDialog", {{"accept", false}}, event.session);
    }
    if (event.session != session_) return;
    if (method == "Network.responseReceived") return hear_response(event.params);
    if (method == "Page.frameNavigated") return hear_navigated(event.params);
    if (method == "Page.domContentEventFired") parsed_ = true;
    if (method == "Inspector.targetCrashed") throw Error{Code::capture_crashed, {{"why", "the page ended its process"}}};
}

void Page::hear_request(const Event& event) {
    const auto& request = object_at(event.params, "request");
    traffic_.started(std::string{event.session}.append(" ").append(text_at(event.params, "requestId")), text_at(event.params, "type"), std::chrono::steady_clock::now());
    if (event.session != session_ || text_at(event.params, "type") != "Document" || text_at(event.params, "frameId") != target_) return;
    if (event.params.contains("redirectResponse") && report_.redirects.size() < redirects_max) report_.redirects.push_back(document_url_);
    document_url_ = text_at(request, "url");
}

void Page::hear_response(const json::object& params) {
    if (text_at(params, "type") != "Document" || text_at(params, "frameId") != target_) return;
    const auto& response = object_at(params, "response");
    answer_ = {static_cast<int>(number_at(response, "status")), std::string{text_at(response, "mimeType")}};
}

void Page::hear_navigated(const json::object& params) {
    const auto& frame = object_at(params, "frame");
    if (frame.contains("parentId")) return;
    unreachable_url_ = text_at(frame, "unreachableUrl");
    html_ = {};
    if (!unreachable_url_.empty()) return;
    report_.final_url = text_at(frame, "url");
    report_.status = answer_.status;
    report_.media_type = answer_.media_type;
}

/// Frames are watched like their page; workers and the rest only let go.
void Page::hear_attached(const json::object& params) {
    const auto session = text_at(params, "sessionId");
    const auto type = text_at(object_at(params, "targetInfo"), "type");
    if (type == "iframe") {
        connection_.post("Network.enable", {}, session);
        connection_.post("Page.enable", {}, session);
        connection_.post("Target.setAutoAttach", {{"autoAttach", true}, {"waitForDebuggerOnStart", true}, {"flatten", true}}, session);
    }
    connection_.post("Runtime.runIfWaitingForDebugger", {}, session);
}

}  // namespace millrace::capture::detail
