#include "base/seal.hpp"

#include <openssl/evp.h>

#include <cassert>
#include <memory>
#include <stdexcept>

namespace millrace {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void must(int done) {
    if (done != 1) throw std::runtime_error("AES-256-GCM is not available");
}

Context begin(const SealWith& with, bool encrypts) {
    assert(with.key.size() == seal_key_bytes);
    assert(with.nonce.size() == seal_nonce_bytes);
    // Fetched once, as SHA-256 is.
    static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    Context context{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
    must(EVP_CipherInit_ex2(context.get(), cipher, bytes(with.key), bytes(with.nonce), encrypts ? 1 : 0, nullptr));
    int size = 0;
    must(EVP_CipherUpdate(context.get(), nullptr, &size, bytes(with.context), static_cast<int>(with.context.size())));
    return context;
}

std::string transformed(EVP_CIPHER_CTX* context, std::string_view text) {
    std::string out(text.size(), '\0');
    int size = 0;
    must(EVP_CipherUpdate(context, bytes(out), &size, bytes(text), static_cast<int>(text.size())));
    return out;
}

}  // namespace

std::string seal(const SealWith& with, std::string_view plain) {
    const auto context = begin(with, true);
    std::string out = transformed(context.get(), plain);
    std::string tag(seal_tag_bytes, '\0');
    int size = 0;
    must(EVP_CipherFinal_ex(context.get(), bytes(tag), &size));
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()), bytes(tag)));
    return out + tag;
}

std::optional<std::string> unseal(const SealWith& with, std::string_view sealed) {
    if (sealed.size() < seal_tag_bytes) return std::nullopt;
    std::string tag{sealed.substr(sealed.size() - seal_tag_bytes)};
    const auto context = begin(with, false);
    std::string out = transformed(context.get(), sealed.substr(0, sealed.size() - seal_tag_bytes));
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()), bytes(tag)));
    int size = 0;
    if (EVP_CipherFinal_ex(context.get(), bytes(tag), &size) != 1) return std::nullopt;
    return out;
}

}  // namespace millrace
