#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/uuid.hpp"

namespace millrace::webhooks {

/// How events are written: `{type, timestamp, data}` of Standard Webhooks, or CloudEvents 1.0 in structured JSON.
BOOST_DEFINE_ENUM_CLASS(Format, standard, cloudevents)

/// A subscription: the durable events of its owner whose type fits are sent to its URL.
struct Webhook {
    Uuid id;
    Uuid owner;
    Uuid org;
    std::string url;
    std::string description;
    std::vector<std::string> types;  ///< "job.completed", "job.*" or "*"
    Format format = Format::standard;
    Secret secret;                          ///< as shown: "whsec_..."; signs every attempt
    Secret previous_secret;                 ///< signs too until `previous_until`
    std::optional<Instant> previous_until;
    bool enabled = true;
    std::string disabled_reason;  ///< "owner", "gone" (its server answered 410) or "failing"; empty when enabled
    int version = 1;              ///< one more with each change
    std::int64_t after = 0;       ///< the newest event when it was enabled: what came before is not sent
    std::optional<Instant> held_until;  ///< its server asked for a pause (Retry-After)
    Instant created_at{}, updated_at{};
};

inline constexpr std::string_view reason_owner = "owner";
inline constexpr std::string_view reason_gone = "gone";
inline constexpr std::string_view reason_failing = "failing";

inline constexpr std::size_t types_max = 50;
inline constexpr std::size_t description_bytes_max = 500;

/// Is `pattern` "*", "word.*" or "word.word" (words of a-z, 0-9 and _)?
bool is_type_pattern(std::string_view pattern);
bool wants(const Webhook& webhook, std::string_view type);

/// `pending` waits for its first or next try; `cancelled`: the webhook was disabled or removed before it was delivered.
BOOST_DEFINE_ENUM_CLASS(DeliveryState, pending, delivered, failed, cancelled)

/// One event on its way to one webhook. There is one row for each webhook and event, whoever made it and how often.
struct Delivery {
    Uuid id;  ///< the webhook-id of every attempt, also of a later replay
    Uuid webhook;
    Uuid owner;
    Uuid org;
    std::optional<std::int64_t> seq;  ///< of the event; none: a test
    std::string type;
    Uuid subject;
    Format format = Format::standard;
    std::string body;  ///< what is sent, byte for byte
    std::string host;  ///< where it goes; at most a few attempts run per host at the same time
    DeliveryState state = DeliveryState::pending;
    int attempts = 0;  ///< ever made
    int round = 0;     ///< made since it was created or last asked for by a person
    std::optional<int> last_status;
    std::string last_error;
    Instant next_at{};     ///< of the next try while pending
    Instant round_at{};    ///< when the round began
    Instant created_at{}, updated_at{};

    bool is_test() const { return !seq; }
};

/// The id of the delivery of an event: the same whoever makes it, also after a crash that forgot the first one. It
/// begins with the event's time, so that ids sort by time like all others.
Uuid delivery_id(const Uuid& webhook, std::int64_t seq, Instant at);

/// What came of one request.
struct Attempt {
    Uuid delivery;
    int number = 1;
    Instant at{};
    Duration took{};
    std::optional<int> status;  ///< none: no answer
    std::string error_code;     ///< "unreachable", "timed_out", "address_refused", ...; empty when answered
    std::string error;
    std::string response;       ///< the first bytes of the answer's body
};

inline constexpr std::size_t response_bytes_max = 4096;

/// What follows an attempt. Pure.
struct Next {
    enum class Kind { delivered, retry, failed, gone } kind = Kind::failed;
    Instant at{};  ///< of the retry
    /// The server asked to be left alone until then: nothing is sent to this webhook earlier.
    std::optional<Instant> hold_until;
};

/// 2xx delivers, 410 ends it and the webhook, anything else is tried again after the pause that `retries` has for this
/// round's attempt, give or take a tenth (`jitter` in [0, 1)), so that what failed together does not return together.
/// `retry_after` of a 429 or 503 is honoured up to a day. A test is not tried again.
Next after_attempt(const Delivery& delivery, const Attempt& attempt, std::optional<Instant> retry_after,
                   std::span<const Duration> retries, double jitter);

}  // namespace millrace::webhooks
