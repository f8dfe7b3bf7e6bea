#include "pipelines/import/objects.hpp"

#include <algorithm>
#include <vector>

namespace millrace::pipelines::import {
namespace {

constexpr std::size_t block_bytes = 1 << 20;
/// Written at most before the disk has to follow, so that the last sync of a large object takes no longer than others.
constexpr std::uint64_t unsynced_bytes_max = 64 << 20;

}  // namespace

bool DraftObject::hold(std::uint64_t size, const std::function<void()>& check) {
    draft_.reset();
    draft_ = store_.hold(id_, size);
    if (!draft_) return false;
    hash_ = {};
    size_ = synced_ = 0;
    if (size == 0) return true;
    const auto reader = store_.open(id_);
    std::vector<char> block(block_bytes);
    while (size_ < size) {
        check();
        const auto got = reader->read(size_, {block.data(), std::min<std::uint64_t>(block.size(), size - size_)});
        if (got == 0) throw Error{Code::corrupt_blob, {{"sha256", id_.str()}}};
        hash_.update({block.data(), got});
        size_ += got;
    }
    synced_ = size_;
    return true;
}

void DraftObject::write(std::string_view bytes) {
    draft_->write(bytes);
    hash_.update(bytes);
    size_ += bytes.size();
    if (size_ - synced_ >= unsynced_bytes_max) sync();
}

void DraftObject::restart() {
    draft_.reset();
    draft_ = store_.hold(id_, 0);
    if (!draft_) throw Error{Code::unavailable, {{"why", "another attempt of this job has not ended yet"}}};
    hash_ = {};
    size_ = synced_ = 0;
}

std::string DraftObject::finish() {
    if (size_ == 0) {
        remove();
        return {};
    }
    sync();
    auto sha256 = to_hex(hash_.finish());
    store_.store(id_, sha256);
    draft_.reset();
    return sha256;
}

void DraftObject::sync() {
    if (size_ > synced_) draft_->sync();
    synced_ = size_;
}

void DraftObject::remove() {
    draft_.reset();
    store_.remove(id_);
}

}  // namespace millrace::pipelines::import
