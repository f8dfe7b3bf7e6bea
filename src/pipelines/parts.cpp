#include "pipelines/parts.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace millrace::pipelines {
namespace {

constexpr std::size_t parts_max = 1000;

/// A part on its way to the blob store.
class BlobPart final : public formats::PartSink {
public:
    BlobPart(blobs::BlobStore& store, OnPart on_part) : writer_{store.create()}, on_part_{std::move(on_part)} {}
    void write(std::string_view bytes) override { writer_->write(bytes); }
    Stored finish() override {
        auto stored = writer_->finish();
        Stored part{std::move(stored.sha256), stored.size};
        if (on_part_) on_part_(part);
        return part;
    }

private:
    std::unique_ptr<blobs::Writer> writer_;
    const OnPart on_part_;
};

}  // namespace

formats::OpenPart part_opener(blobs::BlobStore& blobs, OnPart on_part) {
    return [&blobs, on_part = std::move(on_part)](std::size_t number) {
        if (number > parts_max) throw Error{Code::bad_request, {{"why", fmt::format("this would be more than {} parts", parts_max)}}};
        return std::make_unique<BlobPart>(blobs, on_part);
    };
}

}  // namespace millrace::pipelines
