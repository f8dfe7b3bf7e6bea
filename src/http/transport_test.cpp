#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>

#include "base/uuid.hpp"
#include "http/detail/test_client.hpp"
#include "http/server.hpp"

using namespace millrace;
using namespace millrace::http;
using detail::TestClient;

namespace {

struct Folder {
    std::filesystem::path path = std::filesystem::temp_directory_path() / ("millrace-" + Uuid::generate().str());
    Folder() { std::filesystem::create_directory(path); }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string operator/(const char* name) const { return (path / name).string(); }
};

/// A key and a certificate it signed itself, for `name`.
void write_certificate(const Folder& folder, const char* name) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* file = std::fopen((folder / "cert.pem").c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen((folder / "key.pem").c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, int version_max = TLS1_3_VERSION) {
        context_ = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context_, version_max);
        SSL_CTX_set_cipher_list(context_, "DEFAULT:@SECLEVEL=0");
        wire_ = BIO_new_connect(("127.0.0.1:" + std::to_string(port)).c_str());
        ssl_ = SSL_new(context_);
        SSL_set_bio(ssl_, wire_, wire_);
        connected_ = SSL_connect(ssl_) == 1;
    }
    ~TlsClient() {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }
    bool connected() const { return connected_; }
    std::string certificate_name() const {
        X509* certificate = SSL_get1_peer_certificate(ssl_);
        char name[64] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
        X509_free(certificate);
        return name;
    }
    /// Sends a request that ends the connection and reads everything.
    std::string ask(const std::string& request) {
        for (std::size_t sent = 0; sent < request.size();) {
            const int n = SSL_write(ssl_, request.data() + sent, static_cast<int>(std::min<std::size_t>(request.size() - sent, 1 << 20)));
            if (n <= 0) return {};
            sent += static_cast<std::size_t>(n);
        }
        std::string answer;
        char chunk[16384];
        for (int n; (n = SSL_read(ssl_, chunk, sizeof chunk)) > 0;) answer.append(chunk, static_cast<std::size_t>(n));
        return answer;
    }

private:
    SSL_CTX* context_ = nullptr;
    BIO* wire_ = nullptr;
    SSL* ssl_ = nullptr;
    bool connected_ = false;
};

std::vector<Route> routes(const std::string& text) {
    return {
        {"GET", "/hello", [](const Request& r) { return Response::text(200, r.secure ? "secret" : "plain"); }},
        {"GET", "/file", [&text](const Request&) {
             Download download;
             download.size = text.size();
             download.read = [&text](std::uint64_t offset, std::span<char> into) {
                 return std::string_view{text}.substr(offset).copy(into.data(), into.size());
             };
             return download;
         }},
        {"PUT", "/size", [](const Request& r) {
             return collect(r, 100'000'000, [](std::string body) { return Answer{Response::text(200, std::to_string(body.size()))}; });
         }},
    };
}

}  // namespace

TEST_CASE("with a certificate the server speaks TLS 1.2 and newer, and only that") {
    const Folder folder;
    write_certificate(folder, "first");
    const std::string text(3'000'000, 't');
    Settings settings;
    settings.listen = {"127.0.0.1:0"};
    settings.io_threads = 1;
    settings.head_timeout = 2s;
    settings.tls_certificate = folder / "cert.pem";
    settings.tls_key = folder / "key.pem";
    Server server{settings, Router{routes(text)}};
    server.start();
    const std::string close = " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n";

    CHECK(TlsClient{server.port()}.ask("GET /hello" + close + "\r\n").ends_with("\r\n\r\nsecret"));
    CHECK(TlsClient{server.port(), TLS1_2_VERSION}.ask("GET /hello" + close + "\r\n").ends_with("\r\n\r\nsecret"));
    CHECK_FALSE(TlsClient{server.port(), TLS1_1_VERSION}.connected());
    CHECK(TlsClient{server.port()}.ask("GET /file" + close + "\r\n").ends_with("\r\n\r\n" + text));
    CHECK(TlsClient{server.port()}.ask("PUT /size" + close + "Content-Length: 3000000\r\n\r\n" + text).ends_with("3000000"));
    TestClient plain{server.port()};
    CHECK(plain.ask("GET /hello HTTP/1.1\r\nHost: t\r\n\r\n").status == 0);

    write_certificate(folder, "second");
    CHECK(TlsClient{server.port()}.certificate_name() == "first");
    server.reload_certificate();
    CHECK(TlsClient{server.port()}.certificate_name() == "second");
    std::ofstream{folder / "cert.pem"} << "damaged";
    CHECK_THROWS_AS(server.reload_certificate(), Error);
    CHECK(TlsClient{server.port()}.certificate_name() == "second");
}

TEST_CASE("a server without descriptors says so, and recovers") {
    std::atomic<int> reports = 0;
    Hooks hooks;
    hooks.on_error = [&](std::string_view, const Error::Args&) { ++reports; };
    Settings settings;
    settings.listen = {"127.0.0.1:0"};
    settings.io_threads = 1;
    settings.rate_limit = 0;
    Server server{settings, Router{routes({})}, hooks};
    server.start();
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    // All gaps are filled; with room for three more descriptors, the second connection has only its client's end.
    int highest = 0;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        highest = std::max(highest, std::stoi(entry.path().filename().string()));
    }
    std::vector<int> fillers{::dup(0)};
    while (fillers.back() <= highest) fillers.push_back(::dup(0));
    rlimit low = before;
    low.rlim_cur = static_cast<rlim_t>(fillers.back()) + 4;
    setrlimit(RLIMIT_NOFILE, &low);

    int refused_status = 0;
    {
        TestClient first{server.port()};
        CHECK(first.ask("GET /hello HTTP/1.1\r\nHost: t\r\n\r\n").status == 200);
        TestClient second{server.port()};
        refused_status = second.read().status;
    }
    setrlimit(RLIMIT_NOFILE, &before);
    for (const int filler : fillers) ::close(filler);

    CHECK(refused_status == 503);
    TestClient later{server.port()};
    CHECK(later.ask("GET /hello HTTP/1.1\r\nHost: t\r\n\r\n").status == 200);
    CHECK(reports >= 1);
    CHECK(reports <= 20);
}
