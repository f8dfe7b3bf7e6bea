#include "http/client.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <mutex>

namespace millrace::http {
namespace {

constexpr std::size_t body_bytes_max = std::size_t{256} << 20;
constexpr std::size_t expect_bytes_min = std::size_t{1} << 20;
constexpr std::size_t head_bytes_max = std::size_t{1} << 20;  ///< of all heads of an answer; curl itself has no limit

void start_curl() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

/// What one request is doing; the callbacks of curl get it.
struct Exchange {
    const ClientRequest& request;
    ClientResponse response{};
    std::uint64_t sent = 0;                         ///< of the body
    Deadline active = std::chrono::steady_clock::now();  ///< when a byte was last seen
    std::exception_ptr thrown;                      ///< by a function of the request
    bool enough = false;                            ///< no more of the body is wanted
    std::size_t head_bytes = 0;
    bool head_told = false;                         ///< trailers end like a head
    std::string refused{};                          ///< why an address was not connected to
    bool connecting = false;                        ///< some address was allowed

    void touch() { active = std::chrono::steady_clock::now(); }

    std::size_t read(std::span<char> into) {
        touch();
        std::size_t count = 0;
        if (request.read_body) {
            count = request.read_body(sent, into);
        } else {
            count = std::min<std::size_t>(into.size(), request.body.size() - sent);
            request.body.copy(into.data(), count, sent);
        }
        sent += count;
        return count;
    }

    bool take_body(std::string_view block) {
        touch();
        if (request.on_body && response.status / 100 == 2) {
            enough = !request.on_body(block);
            return !enough;
        }
        if (request.body_bytes_kept) {
            response.body += block.substr(0, *request.body_bytes_kept - response.body.size());
            enough = response.body.size() == *request.body_bytes_kept;
            return !enough;
        }
        if (response.body.size() + block.size() > body_bytes_max) {
            throw Error{Code::payload_too_large, {{"limit", std::to_string(body_bytes_max)}}};
        }
        response.body += block;
        return true;
    }

    void take_header(std::string_view line) {
        touch();
        head_bytes += line.size();
        if (head_bytes > head_bytes_max) throw Error{Code::payload_too_large, {{"limit", std::to_string(head_bytes_max)}}};
        while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() && response.status / 100 == 2 && request.on_head && !std::exchange(head_told, true)) request.on_head(response.headers);
        if (line.starts_with("HTTP/")) {  // also after a 100: only the last head counts
            response.headers.clear();
            const auto space = line.find(' ');
            response.status = space == line.npos ? 0 : std::atoi(std::string{line.substr(space + 1, 3)}.c_str());
            return;
        }
        const auto colon = line.find(':');
        if (colon == line.npos) return;
        auto value = line.substr(colon + 1);
        while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
        response.headers.add(line.substr(0, colon), value);
    }
};

/// Exceptions must not pass through curl: keep them and answer `failed`.
template <class Result, class Body>
Result guarded(void* pointer, Result failed, Body body) noexcept {
    auto& exchange = *static_cast<Exchange*>(pointer);
    try {
        return body(exchange);
    } catch (...) {
        exchange.thrown = std::current_exception();
        return failed;
    }
}

std::size_t on_read(char* into, std::size_t size, std::size_t count, void* pointer) {
    return guarded<std::size_t>(pointer, CURL_READFUNC_ABORT,
                                [&](Exchange& e) { return e.read({into, size * count}); });
}

std::size_t on_write(char* data, std::size_t size, std::size_t count, void* pointer) {
    return guarded<std::size_t>(pointer, CURL_WRITEFUNC_ERROR, [&](Exchange& e) {
        return e.take_body({data, size * count}) ? size * count : std::size_t{CURL_WRITEFUNC_ERROR};
    });
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* pointer) {
    return guarded<std::size_t>(pointer, 0, [&](Exchange& e) {
        e.take_header({data, size * count});
        return size * count;
    });
}

int on_seek(void* pointer, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Exchange*>(pointer)->sent = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
}

/// The address as text; empty for what is no internet address.
std::string address_text(const curl_sockaddr& address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address.family == AF_INET) {
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address.addr).sin_addr, text, sizeof text);
    } else if (address.family == AF_INET6) {
        ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address.addr).sin6_addr, text, sizeof text);
    }
    return text;
}

/// Curl connects the socket that this gives to the address it is asked for.
curl_socket_t on_open_socket(void* pointer, curlsocktype, curl_sockaddr* address) {
    return guarded<curl_socket_t>(pointer, CURL_SOCKET_BAD, [&](Exchange& e) -> curl_socket_t {
        const auto text = address_text(*address);
        auto why = text.empty() ? "its host has no internet address" : e.request.judge_address(text);
        if (!why.empty()) {
            e.refused = std::move(why);
            return CURL_SOCKET_BAD;
        }
        e.connecting = true;
        return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    });
}

bool has_body(const ClientRequest& request) {
    return request.read_body || !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
           request.method == "PATCH";
}

/// The peers that a proxy is never asked for, after those of the environment.
std::string no_proxy() {
    std::string names = "localhost,127.0.0.1,::1";
    for (const char* variable : {"no_proxy", "NO_PROXY"}) {
        if (const char* more = std::getenv(variable); more && *more) return names + "," + more;
    }
    return names;
}

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

void append(List& list, const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (!longer) throw std::bad_alloc{};
    list.release();
    list.reset(longer);
}

List header_list(const ClientRequest& request) {
    List list;
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
        const auto [name, value] = request.headers[i];
        // curl's way to write an empty value is a semicolon.
        append(list, value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value));
    }
    // For an upload curl asks whether to go on and waits a second for the answer, however little there is to send.
    if (has_body(request) && !request.read_body && request.body.size() < expect_bytes_min) append(list, "Expect:");
    // A body of ours needs no content type of curl's choice.
    if (has_body(request) && !request.headers.has("content-type")) append(list, "Content-Type:");
    if (request.read_body && !request.body_size) append(list, "Transfer-Encoding: chunked");
    return list;
}

void set_options(CURL* easy, Exchange& exchange, const List& headers) {
    const auto& request = exchange.request;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, no_proxy().c_str());
    if (request.judge_address) {
        // A proxy would resolve the name by itself.
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &exchange);
    }
    if (!request.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, request.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // A deadline does not wait for a resolver that hangs.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(request.connect_timeout).count()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
    if (has_body(request)) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, &exchange);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, &exchange);
        const auto size = request.read_body ? request.body_size : std::optional<std::uint64_t>{request.body.size()};
        if (size) curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*size));
    } else if (request.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

}  // namespace

struct Client::State {
    CURLM* multi = nullptr;
    CURL* easy = nullptr;

    State() {
        start_curl();
        multi = curl_multi_init();
        easy = curl_easy_init();
        if (!multi || !easy) throw std::bad_alloc{};
    }
    ~State() {
        curl_easy_cleanup(easy);
        curl_multi_cleanup(multi);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// Drives the transfer to its end and answers how curl saw it.
    CURLcode drive(Exchange& exchange) {
        const auto& request = exchange.request;
        // The only call of curl that may come from another thread; it ends the poll below.
        const std::stop_callback wake{request.stop, [this] { curl_multi_wakeup(multi); }};
        for (int running = 1;;) {
            if (request.stop.stop_requested()) throw Error{Code::interrupted};
            if (curl_multi_perform(multi, &running) != CURLM_OK) throw unreachable(request, "the transfer broke off");
            if (running == 0) break;
            const auto now = std::chrono::steady_clock::now();
            const auto idle_until = exchange.active + request.idle_timeout;
            if (now >= idle_until) {
                throw unreachable(request, fmt::format("nothing came or went for {} s",
                                                       std::chrono::floor<std::chrono::seconds>(request.idle_timeout).count()));
            }
            if (request.deadline && now >= *request.deadline) throw Error{Code::timed_out};
            const auto until = request.deadline ? std::min(*request.deadline, idle_until) : idle_until;
            const auto pause = std::chrono::ceil<std::chrono::milliseconds>(until - now);
            curl_multi_poll(multi, nullptr, 0, static_cast<int>(std::clamp<long>(pause.count(), 1, 1000)), nullptr);
        }
        for (int left = 0;;) {
            const CURLMsg* message = curl_multi_info_read(multi, &left);
            if (!message) return CURLE_RECV_ERROR;
            if (message->msg == CURLMSG_DONE) return message->data.result;
        }
    }

    static Error unreachable(const ClientRequest& request, std::string why) {
        return Error{Code::unreachable, {{"url", request.url}, {"why", std::move(why)}}};
    }
};

Client::Client() : state_{std::make_unique<State>()} {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

ClientResponse Client::send(const ClientRequest& request) {
    Exchange exchange{request};
    char why[CURL_ERROR_SIZE] = "";
    const auto headers = header_list(request);
    set_options(state_->easy, exchange, headers);
    curl_easy_setopt(state_->easy, CURLOPT_ERRORBUFFER, why);

    curl_multi_add_handle(state_->multi, state_->easy);
    struct Removal {
        State& state;
        ~Removal() { curl_multi_remove_handle(state.multi, state.easy); }
    };
    CURLcode result;
    {
        const Removal removal{*state_};
        result = state_->drive(exchange);
    }
    curl_easy_setopt(state_->easy, CURLOPT_ERRORBUFFER, nullptr);

    if (exchange.thrown) std::rethrow_exception(exchange.thrown);
    const bool done = result == CURLE_OK || exchange.enough;
    if (!done && !exchange.refused.empty() && !exchange.connecting) {
        throw Error{Code::address_refused, {{"url", request.url}, {"why", exchange.refused}}};
    }
    if (!done) throw State::unreachable(request, *why ? why : curl_easy_strerror(result));
    return std::move(exchange.response);
}

std::string encode_segment(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) out += c;
        else fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace millrace::http
