#pragma once

#include "capture/capture.hpp"
#include "capture/detail/connection.hpp"
#include "capture/detail/traffic.hpp"
#include "capture/detail/visit.hpp"

namespace millrace::capture::detail {

/// One capture in a context of its own: what the page stored goes with it.
class Page {
public:
    Page(Connection& connection, const Visit& visit, const Settings& settings, const Request& request);

    /// May be called once. After an error the browser is not to be used again.
    Report run();

private:
    void open();
    void navigate();
    void settle();
    void make_artefacts();
    void make(Artefact artefact);
    std::string content_of(Artefact artefact, Deadline deadline);
    std::string html(Deadline deadline);
    std::string screenshot(Deadline deadline);
    std::string pdf(Deadline deadline);
    void close();

    void hear(const Event& event);
    void hear_request(const Event& event);
    void hear_response(const json::object& params);
    void hear_navigated(const json::object& params);
    void hear_attached(const json::object& params);
    void watch();

    /// Something of the page that only grows or changes when it does.
    std::string shape(Deadline deadline);
    /// Runs an expression beside the scripts of the page, which cannot change what it finds.
    json::object evaluate(std::string_view expression, Deadline deadline);
    int world(Deadline deadline);
    [[noreturn]] void fail_navigation(const std::string& why);
    void check_answer();
    void check_status(int status) const;
    json::object call(std::string_view method, json::object params, Deadline deadline) { return connection_.call(method, std::move(params), session_, deadline); }
    Deadline until(Duration limit) const { return std::min(in(limit), deadline_); }

    Connection& connection_;
    const Visit& visit_;
    const Settings& settings_;
    const Request& request_;
    const Deadline begun_ = std::chrono::steady_clock::now();
    const Deadline deadline_;
    Traffic traffic_{begun_};
    Report report_;
    std::string context_, target_, session_;
    std::string html_, document_url_, unreachable_url_;
    struct Answer {
        int status = 0;
        std::string media_type;
    };
    Answer answer_;  ///< the last one for the page itself, which may not become the page
    bool parsed_ = false;
    std::exception_ptr first_error_;
};

}  // namespace millrace::capture::detail
