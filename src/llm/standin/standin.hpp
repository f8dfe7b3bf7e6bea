#pragma once

#include <memory>
#include <string>
#include <vector>

#include "llm/standin/script.hpp"

namespace millrace::llm {

/// One request that the stand-in has seen.
struct Seen {
    std::int64_t at_ms = 0;  ///< since 1970
    std::string path;
    std::string model;
    std::string shape;
    std::string fault;       ///< that it was met with
    json::object body;       ///< images as hashes
};
BOOST_DESCRIBE_STRUCT(Seen, (), (at_ms, path, model, shape, fault, body))

/// A language model for tests and for trying things out: speaks the APIs of all providers and answers by a script.
/// `GET /_calls` shows what it has seen; `PUT /_script` plays another script and forgets that.
class Standin {
public:
    struct Options {
        std::string listen = "127.0.0.1:0";  ///< loopback only
        Script script;
        std::string record;  ///< a file that gets a line of JSON for each request
    };

    /// Throws Error{invalid_config} when the address cannot be had or is not of this machine.
    explicit Standin(Options options);
    ~Standin();

    int port() const;
    std::string url() const;  ///< without a path
    void play(Script script);
    std::vector<Seen> seen() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::llm
