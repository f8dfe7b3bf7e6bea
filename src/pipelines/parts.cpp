#include "pipelines/parts.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace millrace::pipelines {
namespace {

constexpr std::size_t parts_max = 1000;

/// A part on its way to the blob store.
class BlobPart final : public formats::PartSink {
public:
    explicit BlobPart(blobs::BlobStore& store) : writer_{store.create()} {}
    void write(std::string_view bytes) override { writer_->write(bytes); }
    Stored finish() override {
        auto stored = writer_->finish();
        return {std::move(stored.sha256), stored.size};
    }

private:
    std::unique_ptr<blobs::Writer> writer_;
};

}  // namespace

formats::OpenPart part_opener(blobs::BlobStore& blobs) {
    return [&blobs](std::size_t number) {
        if (number > parts_max) throw Error{Code::bad_request, {{"why", fmt::format("this would be more than {} parts", parts_max)}}};
        return std::make_unique<BlobPart>(blobs);
    };
}

}  // namespace millrace::pipelines
