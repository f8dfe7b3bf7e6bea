#include "formats/parquet/schema.hpp"

namespace millrace::formats::parquet {
namespace {

/// Makes a tree of the schema, which is written as a list: every group before its children.
class SchemaReader {
public:
    SchemaReader(const std::vector<SchemaElement>& elements, std::vector<Leaf>& leaves) : elements_{elements}, leaves_{leaves} {}

    struct Levels {
        std::uint32_t def = 0, rep = 0;
        int depth = 0;
    };
    std::vector<Node> children_of(const SchemaElement& group, Levels levels) {
        if (group.children <= 0 || static_cast<std::size_t>(group.children) > elements_.size() - next_) damaged("its schema is not a tree");
        if (levels.depth > depth_max) unsupported("columns nested so deeply");
        std::vector<Node> children;
        for (std::int32_t i = 0; i < group.children; ++i) children.push_back(node(levels));
        if (levels.depth == 0 && next_ != elements_.size()) damaged("its schema is not a tree");
        return children;
    }

private:
    static constexpr int depth_max = 64;

    Node node(Levels levels) {
        if (next_ == elements_.size()) damaged("its schema is not a tree");
        const auto& element = elements_[next_++];
        if (element.repetition < 0 || element.repetition > 2) damaged("a column repeats in an unknown way");
        if (element.repetition > 0) ++levels.def;
        if (element.repetition == 2) ++levels.rep;
        Node node{.name = element.name, .meaning = element.meaning, .repetition = element.repetition, .def = levels.def, .rep = levels.rep,
                  .first_leaf = leaves_.size()};
        ++levels.depth;
        if (!element.type) {
            node.children = children_of(element, levels);
        } else {
            auto leaf = leaf_of(element);
            leaf.max_def = levels.def;
            leaf.max_rep = levels.rep;
            leaves_.push_back(std::move(leaf));
        }
        node.leaves = leaves_.size() - node.first_leaf;
        return node;
    }

    const std::vector<SchemaElement>& elements_;
    std::vector<Leaf>& leaves_;
    std::size_t next_ = 1;
};

}  // namespace

std::vector<Node> read_schema(const std::vector<SchemaElement>& elements, std::vector<Leaf>& leaves) {
    return SchemaReader{elements, leaves}.children_of(elements.front(), {});
}

}  // namespace millrace::formats::parquet
