#include "storage/detail/payload.hpp"

#include <boost/json/string.hpp>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/seal.hpp"

namespace millrace::storage::detail {
namespace {

constexpr std::string_view box_name = "millrace:sealed";

std::string boxed(json::object content) { return json::serialize(json::object{{box_name, std::move(content)}}); }

const json::object* box_of(const json::value& stored) {
    const auto* object = stored.if_object();
    const auto* content = object && object->size() == 1 ? object->if_contains(box_name) : nullptr;
    return content ? content->if_object() : nullptr;
}

std::string_view text_of(const json::object& content, std::string_view name) {
    const auto* value = content.if_contains(name);
    return value && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
}

/// 64 bits, which tell nothing of the key.
std::string id_of(std::string_view key) { return to_hex(hmac_sha256(key, "millrace payload key id")).substr(0, 16); }
std::string key_of_job(std::string_view key, const Uuid& job) { return hmac_sha256(key, "millrace payload of job " + job.str()); }
std::string context_of(const Uuid& job, std::string_view column) { return job.str() + "/" + std::string{column}; }

std::string random_nonce() {
    std::array<std::uint8_t, seal_nonce_bytes> bytes;
    fill_random(bytes);
    return {bytes.begin(), bytes.end()};
}

/// The key of base64 or base64url, padded or not.
std::optional<std::string> read_key(std::string text) {
    if (text.ends_with('=')) text.pop_back();
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    std::string key;
    if (!from_base64url(text, key) || key.size() != seal_key_bytes) return std::nullopt;
    return key;
}

}  // namespace

std::optional<std::vector<std::string>> read_keys(const Secret& setting) {
    constexpr std::string_view separators = ", \t\r\n";
    std::vector<std::string> keys;
    const std::string_view text = setting.expose();
    for (auto begin = text.find_first_not_of(separators); begin != text.npos;) {
        const auto end = std::min(text.find_first_of(separators, begin), text.size());
        auto key = read_key(std::string{text.substr(begin, end - begin)});
        if (!key) return std::nullopt;
        keys.push_back(std::move(*key));
        begin = text.find_first_not_of(separators, end);
    }
    return keys;
}

PayloadKeys::PayloadKeys(const PayloadSettings& settings) {
    std::vector<Issue> issues;
    settings.check(issues);
    if (!issues.empty()) {
        throw Error{Code::invalid_config, {{"key", "payload." + issues[0].pointer}, {"origin", "settings"}, {"why", issues[0].detail}}};
    }
    for (const auto* some : {&settings.key, &settings.previous_keys}) {
        const auto read = read_keys(*some).value();
        for (const auto& key : read) keys_.push_back({id_of(key), key});
        if (some == &settings.key) seals_ = !keys_.empty();
    }
}

Value PayloadKeys::sealed(const Uuid& job, std::string_view column, const json::value& value) const {
    const auto* object = value.if_object();
    if (value.is_null() || (object && object->empty())) return to_value(value);
    if (!seals_) return is_boxed(value) ? Value{boxed({{"clear", value}})} : to_value(value);
    const auto& key = keys_.front();
    const auto derived = key_of_job(key.bytes, job);
    const auto nonce = random_nonce();
    const auto data = seal({.key = derived, .nonce = nonce, .context = context_of(job, column)}, json::serialize(value));
    return boxed({{"key", key.id}, {"nonce", to_base64url(nonce)}, {"data", to_base64url(data)}});
}

bool PayloadKeys::is_boxed(const json::value& stored) { return box_of(stored) != nullptr; }

json::value PayloadKeys::opened(const Uuid& job, std::string_view column, json::value stored) const {
    const auto* box = box_of(stored);
    if (!box) return stored;
    if (const auto* clear = box->if_contains("clear")) return *clear;
    const auto id = text_of(*box, "key");
    const auto key = std::ranges::find(keys_, id, &Key::id);
    if (key == keys_.end()) throw Error{Code::payload_key_missing, {{"job", job.str()}, {"key", std::string{id}}}};
    const auto unreadable = [&] {
        return Error{Code::payload_unreadable, {{"job", job.str()}, {"column", std::string{column}}, {"key", std::string{id}}}};
    };
    std::string nonce, data;
    if (!from_base64url(text_of(*box, "nonce"), nonce) || nonce.size() != seal_nonce_bytes || !from_base64url(text_of(*box, "data"), data)) {
        throw unreadable();
    }
    const auto derived = key_of_job(key->bytes, job);
    const auto plain = unseal({.key = derived, .nonce = nonce, .context = context_of(job, column)}, data);
    if (!plain) throw unreadable();
    return json::parse(*plain, 1000);
}

}  // namespace millrace::storage::detail
