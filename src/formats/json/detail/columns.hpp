#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace millrace::formats::json_files {

/// The keys of the rows of one table, as a tree: {"a": {"b": 1}} is a node `a` with a child `b`. First the rows are
/// learned one by one, then `settle` decides which nodes are columns.
class Columns {
public:
    using Node = std::uint32_t;
    static constexpr Node root = 0;
    static constexpr Node none = UINT32_MAX;

    explicit Columns(std::uint32_t columns_max) : columns_max_{columns_max} { items_.emplace_back(); }
    Columns(Columns&&) = default;
    Columns(const Columns&) = delete;  // its lookup points to its keys

    void begin_row();
    /// The child of that key, made when there is none; `none` when there are too many. `hint` is where in its object
    /// the key stands, when objects look alike.
    Node child(Node parent, std::string_view key, std::size_t& hint);
    /// What child() would be for the key that followed the last one in objects before; `none` when it is not known, or
    /// is not written in JSON as it is.
    Node expected(Node parent, std::size_t hint) const {
        const auto& children = items_[parent].children;
        return hint < children.size() && items_[children[hint]].is_plain ? children[hint] : none;
    }
    const std::string& key(Node node) const { return items_[node].key; }
    /// Notes that the row has the node; false when it had it before.
    bool visit(Node node) { return node == none || std::exchange(items_[node].row, row_) != row_; }
    /// Keeps what the row taught. `empty`: the value was null or {}, which makes no column beside its children.
    void learn(Node node, bool empty);
    /// A row that is an object with keys.
    void learn_object() { has_objects_ = true; }
    /// Forgets the nodes that a row made: it is refused, or the columns are settled.
    void forget_row();

    /// Throws Error{too_many_columns}.
    void settle();
    const std::vector<std::string>& names() const { return names_; }
    std::optional<std::uint32_t> column(Node node) const { return items_[node].column; }
    /// Rows are objects; without one the values themselves are the only column.
    bool has_objects() const { return has_objects_; }

private:
    struct Item {
        std::string key;
        Node parent = none;
        std::uint32_t position = 0;  ///< among the children of its parent
        std::uint64_t row = 0;       ///< the last one that had it
        bool is_plain = false;  ///< its key has nothing to escape
        bool learned = false;
        bool solid = false;  ///< had a value that is not empty
        std::uint64_t order = 0;
        std::optional<std::uint32_t> column;
        std::vector<Node> children;
        std::unordered_map<std::string_view, Node> by_key;  ///< when there are many
    };
    Node find(const Item& item, std::string_view key) const;
    Node add(Node parent, std::string_view key);
    std::string name_of(Node node) const;

    static constexpr std::size_t linear_max = 12;            ///< children that are looked through one by one
    static constexpr std::size_t key_bytes_max = 32u << 20;  ///< of all keys

    const std::uint32_t columns_max_;
    std::deque<Item> items_;  ///< keys do not move
    std::vector<std::string> names_;
    std::uint64_t row_ = 0;
    std::uint64_t order_ = 0;
    std::size_t row_began_ = 1;  ///< items before it were there before the row
    std::size_t key_bytes_ = 0;
    bool too_many_ = false;
    bool settled_ = false;
    bool has_objects_ = false;
};

}  // namespace millrace::formats::json_files
