#include "blobs/s3/detail/hold.hpp"

#include <condition_variable>
#include <functional>
#include <vector>

#include "blobs/s3/detail/lanes.hpp"
#include "work/thread_name.hpp"

namespace millrace::blobs::s3 {
namespace {

constexpr Duration beat_every = 5s;
constexpr Duration expire_after = 20s;
/// Of these the holder believes itself so much less, for times of S3 that are cut to seconds and for a commit under way.
constexpr Duration margin = 5s;

}  // namespace

/// Shared by its holder and the keeper, who may be putting its object when the holder lets go.
class Holds::Taken {
public:
    Taken(Uuid draft, const std::string& directory) : draft_{draft}, key_{directory + "held-" + id_.str()} {}

    const Uuid& draft() const { return draft_; }
    const std::string& key() const { return key_; }
    std::string id() const { return id_.str(); }
    bool is_valid() const { return std::chrono::steady_clock::now() < valid_until_.load(); }
    void heard(Deadline at) { valid_until_ = at + expire_after - margin; }

    std::mutex putting;  ///< held while the object is put or removed
    bool gone = false;   ///< guarded by putting

private:
    const Uuid draft_;
    const Uuid id_ = Uuid::generate();
    const std::string key_;
    std::atomic<Deadline> valid_until_{Deadline{}};
};

namespace {

/// Lets go when it is destroyed.
class Handle final : public Hold {
public:
    Handle(std::string id, std::function<bool()> is_valid, std::function<void()> release)
        : id_{std::move(id)}, is_valid_{std::move(is_valid)}, release_{std::move(release)} {}
    ~Handle() override { release_(); }

    std::string id() const override { return id_; }
    void check() const override {
        if (!is_valid_()) throw Error{Code::unavailable, {{"why", "this server could not tell in time that it still writes a draft"}}};
    }

private:
    const std::string id_;
    const std::function<bool()> is_valid_;
    const std::function<void()> release_;
};

}  // namespace

Holds::Holds(Bucket& bucket, observe::Log log, bool shared) : bucket_{bucket}, log_{std::move(log)}, shared_{shared} {
    if (shared_) keeper_ = std::jthread{[this](std::stop_token stop) { beat(stop); }};
}

Holds::~Holds() = default;

bool is_hold(const Entry& entry) { return std::string_view{entry.key}.substr(entry.key.rfind('/') + 1).starts_with("held-"); }

Holds::Held Holds::take(const Uuid& draft, const std::string& directory) {
    {
        const std::lock_guard lock{mutex_};
        if (!drafts_.insert(draft).second) return {};
    }
    const auto taken = std::make_shared<Taken>(draft, directory);
    auto hold = std::make_unique<Handle>(taken->id(), [this, taken] { return !shared_ || taken->is_valid(); }, [this, taken] { withdraw(*taken); });
    if (shared_) announce(*taken);
    auto listed = bucket_.list(directory);
    if (shared_) {
        if (!is_alone(*taken, listed)) return {};
        const std::lock_guard lock{mutex_};
        announced_.insert(taken);
    }
    return {std::move(hold), std::move(listed.entries)};
}

void Holds::announce(Taken& taken) {
    const std::lock_guard lock{taken.putting};
    if (taken.gone) return;
    const auto before = std::chrono::steady_clock::now();
    Spool nothing{std::filesystem::path{}};
    bucket_.put(taken.key(), nothing);
    taken.heard(before);
}

/// Removes what dead holders have left.
bool Holds::is_alone(const Taken& taken, const Bucket::Listed& listed) {
    const auto now = listed.now.value_or(SystemClock{}.now());
    std::vector<Entry> expired;
    for (const auto& entry : listed.entries) {
        if (!is_hold(entry) || entry.key == taken.key()) continue;
        if (entry.changed_at + expire_after > now) return false;
        expired.push_back(entry);
    }
    bucket_.remove(expired);
    return true;
}

void Holds::withdraw(Taken& taken) noexcept {
    if (shared_) {
        const std::lock_guard lock{taken.putting};
        taken.gone = true;
        try {
            bucket_.remove(taken.key());
        } catch (const std::exception& error) {
            log_.warn("a draft stays held until its holder is believed dead", {{"draft", taken.draft()}, {"error", error.what()}});
        }
    }
    const std::lock_guard lock{mutex_};
    std::erase_if(announced_, [&](const auto& each) { return each.get() == &taken; });
    drafts_.erase(taken.draft());
}

void Holds::beat(std::stop_token stop) {
    work::name_this_thread("s3-holds");
    std::mutex mutex;
    std::unique_lock pausing{mutex};
    std::condition_variable_any pause;
    while (!pause.wait_for(pausing, stop, beat_every, [&] { return stop.stop_requested(); })) {
        std::vector<std::shared_ptr<Taken>> all;
        {
            const std::lock_guard lock{mutex_};
            all.assign(announced_.begin(), announced_.end());
        }
        in_lanes(all.size(), [&](std::size_t i) {
            try {
                announce(*all[i]);
            } catch (const std::exception& error) {
                log_.warn("a hold on a draft could not be renewed", {{"draft", all[i]->draft()}, {"error", error.what()}});
            }
        });
    }
}

}  // namespace millrace::blobs::s3
