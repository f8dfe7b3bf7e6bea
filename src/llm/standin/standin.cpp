#include "llm/standin/standin.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <stop_token>

#include "base/hash.hpp"
#include "http/server.hpp"
#include "llm/extract.hpp"
#include "llm/providers/fields.hpp"
#include "llm/standin/wire.hpp"

namespace millrace::llm {
namespace {

constexpr std::size_t body_bytes_max = std::size_t{32} << 20;

std::string hashed(std::string_view bytes) { return "sha256:" + to_hex(sha256(bytes)); }

/// Images become hashes, wherever an API puts them.
bool hash_images(json::value& value) {
    bool found = false;
    if (auto* text = value.if_string(); text && std::string_view{*text}.starts_with("data:image/")) {
        value = hashed(*text);
        return true;
    }
    if (auto* array = value.if_array()) {
        for (auto& item : *array) found = hash_images(item) || found;
    } else if (auto* object = value.if_object()) {
        for (auto& member : *object) {
            const bool bytes = (member.key() == "data" && object->contains("media_type")) || member.key() == "images";
            if (bytes && member.value().is_string()) {
                member.value() = hashed(member.value().get_string());
                found = true;
            } else if (auto* images = bytes ? member.value().if_array() : nullptr) {
                found = found || !images->empty();
                for (auto& image : *images) image = hashed(json::serialize(image));
            } else {
                found = hash_images(member.value()) || found;
            }
        }
    }
    return found;
}

std::string with_other_quotes(std::string text) {
    std::ranges::replace(text, '"', '\'');
    return text;
}

/// Changes an object and all within it.
void distort(json::object& object, const std::function<void(json::object&)>& change) {
    for (auto& member : object) {
        if (auto* inner = member.value().if_object()) distort(*inner, change);
    }
    change(object);
}

/// The candidates that a script has chosen, by names.
void choose(const Said& said, const Asked& asked, json::object& answer) {
    const auto data = object_in(asked.user).value_or(json::object{});
    std::map<std::string, std::string> ids;
    const auto named = [&](std::string_view list, const auto& body) {
        const auto* items = array_at(data, list);
        if (!items) return;
        for (const auto& item : *items) {
            if (const auto* object = item.if_object()) body(text_at(*object, "id"), text_at(*object, "name"));
        }
    };
    named("targets", [&](const std::string& id, const std::string& name) { ids[name] = id; });
    named("fields", [&](const std::string& id, const std::string& name) {
        const auto chosen = said.choose.find(name);
        if (chosen == said.choose.end() || !answer.contains(id)) return;
        const auto target = ids.contains(chosen->second) ? ids[chosen->second] : std::string{"none"};
        answer[id] = json::object{{"target", target}, {"confidence", said.confidence}, {"reason", "chosen by the script"}};
    });
}

Spoken spoken_by(const Rule& rule, const Asked& asked) {
    Spoken spoken;
    const auto& fault = rule.fault;
    if (rule.reply.text) {
        spoken.text = *rule.reply.text;
        return spoken;
    }
    auto answer = rule.reply.json ? *rule.reply.json : fitting(asked.schema);
    if (!rule.reply.choose.empty()) choose(rule.reply, asked, answer);
    if (fault == "hallucinated_concept") distort(answer, [](json::object& o) { if (o.contains("target")) o["target"] = "t99999"; });
    if (fault == "type_violation") distort(answer, [](json::object& o) { if (o.contains("confidence")) o["confidence"] = "very"; });
    if (fault == "missing_fields" && !answer.empty()) answer.erase(answer.begin());
    if (fault == "injected") {
        // Obeys a header that wants everything in one field and says where to go.
        const auto* first = answer.empty() ? nullptr : answer.begin()->value().if_object();
        const json::value target = first && first->contains("target") ? first->at("target") : json::value("t1");
        distort(answer, [&](json::object& o) {
            if (!o.contains("target")) return;
            o["target"] = target;
            o["confidence"] = 1.0;
            o["reason"] = "see http://evil.example/";
        });
    }
    const auto text = json::serialize(answer);
    if (fault == "bad_json") spoken.text = with_other_quotes(text);
    else if (fault == "length") spoken.text = text.substr(0, text.size() / 2);
    else if (fault == "fenced_json") spoken.text = "Here is what you asked for:\n```json\n" + text.substr(0, text.size() - 1) + ",}\n```\nLet me know if I can help.";
    else spoken.object = std::move(answer);
    spoken.cut = fault == "length";
    spoken.empty = fault == "empty_choices";
    if (spoken.empty) spoken.object.reset();
    spoken.refused = fault == "refusal";
    if (spoken.refused) spoken.object.reset();
    spoken.usage = fault != "no_usage";
    spoken.arguments_as_object = fault == "args_as_object";
    if (fault == "wrong_tool") spoken.tool = "get_text";
    if (fault == "unknown_tool") spoken.tool = "run_command";
    if (fault == "endless_tools") spoken.tool = "list_children";
    return spoken;
}

/// Never answers, or too late.
struct Hanging final : http::Later {
    explicit Hanging(Duration time) : until{in(time)} {}
    Deadline deadline() const override { return until; }
    void on_ready(http::Wake) override {}
    std::optional<http::Answer> poll(bool expired) override {
        if (!expired) return std::nullopt;
        return http::Answer{http::Response::json(504, R"({"error":"late"})")};
    }
    const Deadline until;
};

/// The connection breaks off after so many bytes of the body.
http::Answer broken_off(std::string text, std::int64_t bytes) {
    http::Download download;
    download.content_type = "application/json";
    download.size = text.size();
    const auto sent = std::min<std::size_t>(static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1)), text.size() - 1);
    download.read = [text = std::move(text), sent](std::uint64_t offset, std::span<char> into) -> std::size_t {
        if (offset >= sent) throw Error{Code::interrupted};
        const auto count = std::min<std::size_t>(into.size(), sent - offset);
        std::memcpy(into.data(), text.data() + offset, count);
        return count;
    };
    return http::Answer{std::move(download)};
}

}  // namespace

struct Standin::State {
    explicit State(Options o) : options{std::move(o)}, script{options.script} {
        if (!options.listen.starts_with("127.0.0.1:") && !options.listen.starts_with("[::1]:")) {
            throw Error{Code::invalid_config, {{"key", "listen"}, {"origin", "llm-standin"}, {"why", "a stand-in listens on 127.0.0.1 or [::1] only"}}};
        }
        if (!options.record.empty()) record.open(options.record, std::ios::app);
        http::Settings settings;
        settings.listen = {options.listen};
        settings.rate_limit = 0;
        settings.io_threads = 1;
        std::vector<http::Route> routes;
        routes.push_back({"GET", "/_calls", [this](const http::Request&) { return http::Response::json(200, calls()); }});
        routes.push_back({"PUT", "/_script", [this](const http::Request& request) {
            return http::collect(request, body_bytes_max, [this](std::string body) {
                play(read_script(body));
                return http::Answer{http::Response::empty(204)};
            });
        }});
        routes.push_back({"POST", "/{path...}", [this](const http::Request& request) {
            return http::collect(request, body_bytes_max, [this, path = request.path](std::string body) { return answer(path, body); });
        }, http::Lane::files});
        server = std::make_unique<http::Server>(settings, http::Router{std::move(routes)});
        server->start();
    }
    ~State() {
        stopping.request_stop();
        server->stop(in(0s));
    }

    Options options;
    mutable std::mutex mutex;
    Script script;
    std::vector<int> met, used;  ///< of each rule: requests it was for, and times it was used
    std::vector<Seen> seen;
    std::ofstream record;
    std::stop_source stopping;
    std::unique_ptr<http::Server> server;

    void play(Script next) {
        const std::lock_guard lock{mutex};
        script = std::move(next);
        met.clear();
        used.clear();
        seen.clear();
    }

    std::string calls() const {
        const std::lock_guard lock{mutex};
        std::string out = "{\"calls\":";
        append_json(out, seen);
        return out + '}';
    }

    /// The rule for a request; counts it.
    Rule rule_for(const std::string& path, const Asked& asked, bool has_image) {
        met.resize(script.rules.size());
        used.resize(script.rules.size());
        for (std::size_t i = 0; i < script.rules.size(); ++i) {
            const auto& rule = script.rules[i];
            const auto& match = rule.match;
            if (match.path && !path.ends_with(*match.path)) continue;
            if (match.model && *match.model != asked.model) continue;
            if (match.has_image && *match.has_image != has_image) continue;
            if (match.text && !re2::RE2::PartialMatch(asked.system + '\n' + asked.user, re2::RE2{*match.text})) continue;
            ++met[i];
            if (match.nth && *match.nth != met[i]) continue;
            if (rule.times > 0 && used[i] >= rule.times) continue;
            // A server that refuses a way to ask does so only when it is asked that way.
            if (rule.fault == "schema_refused" && asked.shape != Shape::json_schema) continue;
            if (rule.fault == "completion_tokens" && asked.completion_tokens) continue;
            ++used[i];
            return rule;
        }
        return {};
    }

    http::Answer answer(const std::string& path, const std::string& text) {
        const auto api = api_of(path);
        if (api == Api::none) return http::Answer{http::Response::json(404, json::serialize(error_body(Api::openai, "not_found", "there is no such address")))};
        auto body = json::parse(text);
        if (!body.is_object()) throw Error{Code::bad_request};
        const bool has_image = hash_images(body);
        const auto asked = read_asked(api, body.get_object());
        Rule rule;
        {
            const std::lock_guard lock{mutex};
            rule = rule_for(path, asked, has_image);
            const auto at = std::chrono::floor<std::chrono::milliseconds>(SystemClock{}.now()).time_since_epoch().count();
            seen.push_back({at, path, asked.model, std::string{word(asked.shape)}, rule.fault, std::move(body.get_object())});
            if (record) record << to_json(seen.back()) << std::endl;
        }
        return played(rule, asked);
    }

    http::Answer played(const Rule& rule, const Asked& asked) {
        const auto refuse = [&](int status, std::string_view type, std::string_view message) {
            auto response = http::Response::json(status, json::serialize(error_body(asked.api, type, message)));
            if (type == "rate_limit_exceeded" || status == 503) {
                response.headers.set("Retry-After", fmt::format("{:.0f}", std::ceil(rule.retry_after)));
                if (rule.retry_after != std::floor(rule.retry_after)) response.headers.set("retry-after-ms", fmt::format("{:.0f}", rule.retry_after * 1000));
            }
            return http::Answer{std::move(response)};
        };
        const auto& fault = rule.fault;
        if (fault == "429") return refuse(429, "rate_limit_exceeded", "Rate limit reached");
        if (fault == "500") return refuse(500, "server_error", "The server had an error");
        if (fault == "503") return refuse(503, "unavailable", "The server is loading the model");
        if (fault == "529") return refuse(529, "overloaded_error", "Overloaded");
        if (fault == "quota") return refuse(429, "insufficient_quota", "You exceeded your current quota");
        if (fault == "credentials") return refuse(401, "invalid_api_key", "Incorrect API key provided");
        if (fault == "context_length_exceeded") return refuse(400, "context_length_exceeded", "This model's maximum context length is 8192 tokens");
        if (fault == "schema_refused") return refuse(400, "invalid_request_error", "'response_format' of type 'json_schema' is not supported with this model");
        if (fault == "completion_tokens") return refuse(400, "unsupported_parameter", "Use 'max_completion_tokens' instead of 'max_tokens'");
        if (fault == "hang") return http::Answer{std::make_unique<Hanging>(std::chrono::milliseconds{rule.ms})};
        auto text = json::serialize(written(asked, spoken_by(rule, asked)));
        if (fault == "reset") return broken_off(std::move(text), rule.bytes);
        if (fault == "truncate") text.resize(std::min<std::size_t>(text.size(), static_cast<std::size_t>(rule.bytes)));
        if (fault == "slow") return slowly(std::move(text), rule.bytes_per_second);
        return http::Answer{http::Response::json(200, std::move(text))};
    }

    /// A few bytes each tenth of a second.
    http::Answer slowly(std::string text, std::int64_t bytes_per_second) {
        http::Download download;
        download.content_type = "application/json";
        download.size = text.size();
        const auto step = static_cast<std::size_t>(std::max<std::int64_t>(1, bytes_per_second / 10));
        download.read = [this, text = std::move(text), step](std::uint64_t offset, std::span<char> into) {
            std::mutex own;
            std::unique_lock lock{own};
            std::condition_variable_any never;
            never.wait_for(lock, stopping.get_token(), 100ms, [] { return false; });
            const auto count = std::min({into.size(), step, text.size() - static_cast<std::size_t>(offset)});
            std::memcpy(into.data(), text.data() + offset, count);
            return count;
        };
        return http::Answer{std::move(download)};
    }
};

Standin::Standin(Options options) : state_{std::make_unique<State>(std::move(options))} {}
Standin::~Standin() = default;

int Standin::port() const { return state_->server->port(); }
std::string Standin::url() const { return "http://" + state_->server->addresses().front(); }
void Standin::play(Script script) { state_->play(std::move(script)); }
std::vector<Seen> Standin::seen() const {
    const std::lock_guard lock{state_->mutex};
    return state_->seen;
}

}  // namespace millrace::llm
