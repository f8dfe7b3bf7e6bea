#include "base/seal.hpp"

#include <doctest/doctest.h>

#include "base/hash.hpp"

using namespace millrace;

namespace {

std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2) out += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
    return out;
}

}  // namespace

TEST_CASE("sealing is AES-256-GCM as its authors publish it") {
    // McGrew and Viega, test case 16.
    const auto key = from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    const auto nonce = from_hex("cafebabefacedbaddecaf888");
    const auto context = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    const auto plain = from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                                "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    const SealWith with{.key = key, .nonce = nonce, .context = context};
    const auto sealed = seal(with, plain);
    CHECK(to_hex(sealed) == "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                            "76fc6ece0f4e1768cddf8853bb2d551b");
    CHECK(unseal(with, sealed) == plain);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto altered = sealed;
        altered[i] = static_cast<char>(altered[i] ^ 1);
        CHECK_FALSE(unseal(with, altered).has_value());
        CHECK_FALSE(unseal(with, sealed.substr(0, i)).has_value());
    }
    CHECK(unseal(with, seal(with, "")) == "");
}
