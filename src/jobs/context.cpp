#include <boost/json/object.hpp>

#include "jobs/engine.hpp"

namespace millrace::jobs {

json::value Context::step(std::string_view name, const std::function<json::value()>& body) {
    json::object kept = checkpoint().is_object() ? checkpoint().get_object() : json::object{};
    json::object steps;
    if (const auto* before = kept.if_contains("steps"); before && before->is_object()) steps = before->get_object();
    if (const auto* result = steps.if_contains(name)) return *result;
    check();
    json::value result = body();
    // The body may have saved something of its own.
    kept = checkpoint().is_object() ? checkpoint().get_object() : json::object{};
    steps.insert_or_assign(name, result);
    kept.insert_or_assign("steps", std::move(steps));
    save_checkpoint(std::move(kept));
    return result;
}

}  // namespace millrace::jobs
