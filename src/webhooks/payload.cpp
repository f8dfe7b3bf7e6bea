#include "webhooks/payload.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include "base/json.hpp"
#include "webhooks/view.hpp"

namespace millrace::webhooks {
namespace {

/// Words that say what an object is or does; short, unlike names and messages of people.
constexpr std::string_view kept_words[] = {"kind", "state", "status", "type"};
constexpr std::size_t kept_word_bytes_max = 64;

bool is_kept(const boost::json::key_value_pair& field) {
    if (!field.value().is_string()) return false;
    const std::string_view name = field.key(), text = field.value().get_string();
    if (name == "id" || name.ends_with("_id")) return Uuid::parse(text).has_value();
    return std::ranges::find(kept_words, name) != std::end(kept_words) && text.size() <= kept_word_bytes_max;
}

std::string link_of(const json::object& data, const events::Event& event) {
    if (const auto* links = data.if_contains("links"); links && links->is_object()) {
        if (const auto* self = links->get_object().if_contains("self"); self && self->is_string() && self->get_string().size() < 200) {
            return std::string{std::string_view{self->get_string()}};
        }
    }
    return "/api/v2/" + std::string{event.topic()} + "s/" + event.subject.str();
}

std::string reduced(const events::Event& event) {
    json::object out{{"id", event.subject.str()}};
    const auto data = json::parse(event.json(), 1000);
    const json::object none;
    const auto& fields = data.is_object() ? data.get_object() : none;
    for (const auto& field : fields) {
        if (is_kept(field) && out.size() < 32) out.insert_or_assign(field.key(), field.value());
    }
    out.emplace("link", link_of(fields, event));
    out.emplace("reduced", true);
    return json::serialize(out);
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    if (out.size() > 1) out += ',';
    json::append_string(out, name);
    out += ':';
    json::append_string(out, text);
}

std::string compose(const events::Event& event, Format format, std::string_view id, std::string_view data) {
    std::string out = "{";
    if (format == Format::standard) {
        append_member(out, "type", event.type);
        append_member(out, "timestamp", to_rfc3339(event.at));
    } else {
        // Source and id together name the event once in the world: every webhook that gets it shows the same.
        append_member(out, "specversion", "1.0");
        append_member(out, "id", id);
        append_member(out, "source", "urn:uuid:" + event.org.str());
        append_member(out, "type", event.type);
        append_member(out, "subject", event.subject.str());
        append_member(out, "time", to_rfc3339(event.at));
        append_member(out, "datacontenttype", "application/json");
    }
    out += ",\"data\":";
    out += data;
    out += '}';
    return out;
}

Delivery new_delivery(const Uuid& id, const Webhook& webhook, const events::Event& event, Instant now) {
    Delivery out;
    out.id = id;
    out.webhook = webhook.id;
    out.owner = webhook.owner;
    out.org = webhook.org;
    out.type = event.type;
    out.subject = event.subject;
    out.format = webhook.format;
    out.body = payload(event, webhook.format, event.durable() ? std::to_string(event.seq) : id.str());
    out.host = host_of(webhook.url);
    out.next_at = out.round_at = out.created_at = out.updated_at = now;
    return out;
}

}  // namespace

std::string payload(const events::Event& event, Format format, std::string_view id) {
    auto out = compose(event, format, id, event.json());
    if (out.size() >= payload_bytes_max) out = compose(event, format, id, reduced(event));
    return out;
}

std::string_view content_type(Format format) {
    return format == Format::standard ? "application/json" : "application/cloudevents+json";
}

Delivery delivery_of(const Webhook& webhook, const events::Event& event, Instant now) {
    auto out = new_delivery(delivery_id(webhook.id, event.seq, event.at), webhook, event, now);
    out.seq = event.seq;
    return out;
}

Delivery test_delivery(const Webhook& webhook, Instant now) {
    events::Event event;
    event.at = now;
    event.type = test_type;
    event.owner = webhook.owner;
    event.org = webhook.org;
    event.subject = webhook.id;
    event.data = json::serialize(json::object{{"id", webhook.id.str()}, {"message", "This is a test of your webhook."},
                                              {"links", json::object{{"self", "/api/v2/webhooks/" + webhook.id.str()}}}});
    return new_delivery(Uuid::generate(), webhook, event, now);
}

}  // namespace millrace::webhooks
