#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "formats/writer.hpp"

namespace millrace::formats {

/// What an output consists of.
struct OutputPart {
    std::string sha256;
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(OutputPart, (), (sha256, bytes, rows))

/// What was written, for whoever checks it: counts, hashes and everything that had to be altered.
struct Manifest {
    std::string format;
    json::object options;  ///< those that were given
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::optional<std::string> sha256;  ///< of the only part
    std::uint64_t formulas_escaped = 0;
    std::map<std::string, std::uint64_t> altered;  ///< see WriteReport
    std::vector<OutputPart> parts;
};
BOOST_DESCRIBE_STRUCT(Manifest, (), (format, options, rows, bytes, sha256, formulas_escaped, altered, parts))

/// A file on its way. Dropped without `finish`, it leaves nothing behind.
struct PartSink : Sink {
    struct Stored {
        std::string sha256;
        std::uint64_t bytes = 0;
    };
    /// Durable on return.
    virtual Stored finish() = 0;
};

/// Begins part number `n`, from 1.
using OpenPart = std::function<std::unique_ptr<PartSink>(std::size_t n)>;

/// A whole output: the format, compressed and split as the options say. Memory: that of one writer.
class Output final : public TableWriter {
public:
    Output(const OutputFormat& format, std::vector<WriteColumn> columns, const WriteOptions& options, OpenPart open);
    ~Output() override;

    void write(const Rows& rows) override;
    void finish() override;
    const WriteReport& report() const override;
    /// Complete after `finish`.
    const Manifest& manifest() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Compresses what is written to it on the way to `sink`; Compression::none passes it on.
class CompressedSink final : public Sink {
public:
    CompressedSink(Sink& sink, Compression compression);
    ~CompressedSink() override;
    void write(std::string_view bytes) override;
    void finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::formats
