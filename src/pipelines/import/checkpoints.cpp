#include "pipelines/import/checkpoints.hpp"

#include <boost/json/serialize.hpp>

#include "base/describe.hpp"
#include "datasets/build.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::import {
namespace {

constexpr Duration held_pause = 1s;

}  // namespace

/// The checkpoint of the job: sizes of the drafts, and which state belongs to them.
struct Checkpoints::Mark {
    int version = 0;
    std::string source, input;
    std::uint64_t source_at = 0;
    std::uint64_t data = 0, texts = 0, rejects = 0;
    int turn = 0;
    std::uint64_t state_bytes = 0;
    std::string state_sha256;

    BOOST_DESCRIBE_CLASS(Mark, (), (version, source, input, source_at, data, texts, rejects, turn, state_bytes, state_sha256), (), ())
};

Checkpoints::Checkpoints(blobs::DraftStore& store, jobs::Context& context, std::string source)
    : store_{store},
      context_{context},
      source_{std::move(source)},
      input_{to_hex(sha256(json::serialize(context.job().input)))},
      data_{store, id("data")},
      texts_{store, id("texts")},
      rejects_{store, id("rejects")} {}

Uuid Checkpoints::id(std::string_view what) const { return Uuid::from_name(context_.job().id.str(), "draft " + std::string{what}); }

Uuid Checkpoints::state_id(int turn) const { return id("state " + std::to_string(turn)); }

void Checkpoints::open() {
    const auto saved = mark();
    if (saved && go_on(*saved)) return;
    state_.clear();
    from_ = 0;
    for (auto* object : {&data_, &texts_, &rejects_}) hold(*object, 0);
}

/// What an earlier attempt has saved, if it did the same thing with the same bytes.
std::optional<Checkpoints::Mark> Checkpoints::mark() const {
    Mark mark;
    std::vector<Issue> issues;
    read_json(context_.checkpoint(), mark, issues, "", true);
    if (!issues.empty() || mark.version != datasets::state_version || mark.source != source_ || mark.input != input_) return std::nullopt;
    return mark;
}

bool Checkpoints::go_on(const Mark& mark) {
    try {
        state_.resize(mark.state_bytes);
        state_.resize(store_.open(state_id(mark.turn))->read(0, state_));
        if (to_hex(sha256(state_)) != mark.state_sha256) return false;
        hold(data_, mark.data);
        hold(texts_, mark.texts);
        hold(rejects_, mark.rejects);
    } catch (const Error& error) {
        if (error.code() != Code::corrupt_blob) throw;
        return false;  // it was swept, or has become an object just before a crash
    }
    from_ = mark.source_at;
    turn_ = mark.turn;
    return true;
}

void Checkpoints::hold(DraftObject& object, std::uint64_t size) {
    if (!object.hold(size, [this] { context_.check(); })) context_.snooze(held_pause);
}

void Checkpoints::save(std::string_view state, std::uint64_t source_at) {
    context_.check();
    for (auto* object : {&data_, &texts_, &rejects_}) object->sync();
    turn_ = 1 - turn_;
    {
        const auto draft = store_.hold(state_id(turn_), 0);
        if (!draft) throw Error{Code::lease_lost};
        draft->write(state);
        draft->sync();
    }
    Mark mark{datasets::state_version, source_, input_, source_at, data_.size(), texts_.size(), rejects_.size(), turn_, state.size(), to_hex(sha256(state))};
    context_.save_checkpoint(json::parse(to_json(mark)));
    work::failpoint("import.checkpoint");
}

void Checkpoints::remove() {
    for (auto* object : {&data_, &texts_, &rejects_}) object->remove();
    for (const int turn : {0, 1}) store_.remove(state_id(turn));
}

}  // namespace millrace::pipelines::import
