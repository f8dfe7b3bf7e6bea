#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/format.hpp"

namespace millrace::transform {

/// What a lookup gives where several rows have the key.
BOOST_DEFINE_ENUM_CLASS(Multiple, first, last, error, list)

/// A table that rows are looked up in. Exactly one of file, dataset and inline says where it comes from.
struct LookupSpec {
    std::optional<std::string> file;
    std::optional<std::string> dataset;
    struct Inline {
        std::vector<std::string> columns;
        std::vector<std::vector<std::optional<std::string>>> rows;
        static std::array<std::string_view, 2> required() { return {"columns", "rows"}; }
    };
    std::optional<Inline> rows;
    std::vector<std::string> key;  ///< its columns, in the order in which they are given to lookup()
    Multiple multiple = Multiple::error;
    bool ignore_case = false;      ///< also accents and white space at the ends
    static std::array<std::string_view, 1> required() { return {"key"}; }
};
BOOST_DESCRIBE_STRUCT(LookupSpec::Inline, (), (columns, rows))
BOOST_DESCRIBE_STRUCT(LookupSpec, (), (file, dataset, rows, key, multiple, ignore_case))

/// Such a table, whole in memory. Does not change once it is loaded; safe from any thread.
class LookupTable {
public:
    static constexpr std::size_t bytes_max = 256u << 20;

    /// Reads the whole table. Throws Error{invalid_fields} for a key that it lacks, or that several rows have where that is
    /// an error, and Error{lookup_too_large}.
    LookupTable(const std::string& name, const LookupSpec& spec, formats::TableReader& reader);
    /// Of the rows that stand in the spec.
    LookupTable(const std::string& name, const LookupSpec& spec);

    const std::vector<std::string>& columns() const { return columns_; }
    std::size_t keys() const { return spec_.key.size(); }
    Multiple multiple() const { return spec_.multiple; }
    std::optional<std::size_t> column(std::string_view name) const;

    /// Numbers of the rows with this key, first to last by `next`; nothing when there is none.
    std::optional<std::uint32_t> find(std::string_view key) const;
    std::optional<std::uint32_t> next(std::uint32_t row) const;
    /// Absent for a null.
    const std::optional<std::string_view>& at(std::uint32_t row, std::size_t column) const { return cells_[row * columns_.size() + column]; }

    /// The key of texts that stand in several columns.
    static void append_key(std::string& key, std::string_view part);
    bool ignores_case() const { return spec_.ignore_case; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    void begin(std::vector<std::string> columns);
    void add(const std::vector<std::optional<std::string_view>>& row);
    std::string_view keep(std::string_view text);

    const std::string name_;
    const LookupSpec spec_;
    std::vector<std::string> columns_;
    std::vector<std::size_t> key_columns_;
    std::vector<std::optional<std::string_view>> cells_;
    std::vector<std::uint32_t> next_;
    std::vector<std::unique_ptr<std::string>> texts_;
    std::unordered_map<std::string, std::pair<std::uint32_t, std::uint32_t>, Hash, std::equal_to<>> rows_;  // first and last
    std::size_t bytes_ = 0;
};

}  // namespace millrace::transform
