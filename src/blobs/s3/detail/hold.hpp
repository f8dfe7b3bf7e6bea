#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/deadline.hpp"
#include "base/uuid.hpp"
#include "blobs/s3/detail/bucket.hpp"

namespace millrace::blobs::s3 {

/// The right to write a draft. Another process can take it when its holder has not been heard of for 20 s.
class Hold {
public:
    virtual ~Hold() = default;
    /// Of the time of its beginning: those of later holders are greater.
    virtual std::string id() const = 0;
    /// Throws Error{unavailable} when the right may be another one's by now.
    virtual void check() const = 0;
};

/// Is it what a holder has put beside the segments?
bool is_hold(const Entry& entry);

/// Who writes which draft: within this process, and (`shared`) among all that use the bucket. For that a holder puts an object
/// beside the segments, looks whether there is another, and withdraws when there is: of two at the same time at least one sees
/// the other. Needs only that a listing shows what was put before. A thread puts the objects again and again.
class Holds {
public:
    Holds(Bucket& bucket, observe::Log log, bool shared);
    ~Holds();

    struct Held {
        std::unique_ptr<Hold> hold;  ///< empty when another one has it
        std::vector<Entry> entries;  ///< of the directory, since it is held
    };
    /// `directory`: of the draft.
    Held take(const Uuid& draft, const std::string& directory);

private:
    class Taken;
    void announce(Taken& taken);
    bool is_alone(const Taken& taken, const Bucket::Listed& listed);
    void withdraw(Taken& taken) noexcept;
    void beat(std::stop_token stop);

    Bucket& bucket_;
    observe::Log log_;
    const bool shared_;
    std::mutex mutex_;
    std::set<Uuid> drafts_;                         ///< held by this process; guarded by mutex_
    std::set<std::shared_ptr<Taken>> announced_;    ///< with an object; guarded by mutex_
    std::jthread keeper_;
};

}  // namespace millrace::blobs::s3
