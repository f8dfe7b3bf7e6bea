#include "intake/checksum.hpp"

#include <openssl/evp.h>

#include "base/error.hpp"
#include "intake/upload_metadata.hpp"

namespace millrace::intake {
namespace {

[[noreturn]] void wrong(std::string why) { throw Error{Code::invalid_parameter, {{"name", "Upload-Checksum"}, {"why", std::move(why)}}}; }

const EVP_MD* algorithm(std::string_view name) {
    if (name == "sha1") return EVP_sha1();
    if (name == "sha256") return EVP_sha256();
    if (name == "md5") return EVP_md5();
    wrong("expected one of " + std::string{Checksum::known});
}

}  // namespace

struct Checksum::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    explicit State(const EVP_MD* md) {
        if (EVP_DigestInit_ex(context, md, nullptr) != 1) wrong("this algorithm is not available");
    }
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Checksum::Checksum(std::unique_ptr<State> state, std::string expected) : state_{std::move(state)}, expected_{std::move(expected)} {}
Checksum::Checksum(Checksum&&) noexcept = default;
Checksum::~Checksum() = default;

Checksum Checksum::read(std::string_view header) {
    const auto space = header.find(' ');
    const auto* md = algorithm(header.substr(0, space));
    auto expected = from_base64(space == header.npos ? std::string_view{} : header.substr(space + 1));
    if (!expected || expected->size() != static_cast<std::size_t>(EVP_MD_get_size(md))) wrong("expected the digest in base64");
    return Checksum{std::make_unique<State>(md), std::move(*expected)};
}

void Checksum::update(std::string_view bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

bool Checksum::matches() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(state_->context, digest, &size);
    return expected_ == std::string_view{reinterpret_cast<const char*>(digest), size};
}

}  // namespace millrace::intake
