#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/detail/prepared.hpp"

namespace millrace::mapping {

/// One number for each pair of a source and a target field.
class Matrix {
public:
    Matrix() = default;
    Matrix(std::size_t rows, std::size_t columns) : columns_{columns}, values_(rows * columns, 0.0F) {}

    float& at(std::size_t row, std::size_t column) { return values_[row * columns_ + column]; }
    float at(std::size_t row, std::size_t column) const { return values_[row * columns_ + column]; }
    std::size_t rows() const { return columns_ == 0 ? 0 : values_.size() / columns_; }
    std::size_t columns() const { return columns_; }

private:
    std::size_t columns_ = 0;
    std::vector<float> values_;
};

/// One way to look at pairs of fields. A new one is a new file and one line in catalog.cpp; its features then get their
/// coefficients from bench/mapping (see confidence.hpp).
struct Matcher {
    virtual ~Matcher() = default;
    virtual std::string_view name() const = 0;
    /// The names of what it measures, unique among all matchers.
    virtual std::span<const std::string_view> features() const = 0;
    /// Fills one matrix per feature, in [-1, 1]; 0 where nothing can be said.
    virtual void measure(const detail::Prepared& both, std::span<Matrix> features) const = 0;
    /// Why the two belong together, for people, English; empty: nothing to say.
    virtual std::string reason(const detail::Prepared& both, std::size_t source, std::size_t target) const = 0;
};

/// All matchers, in the order of the features.
std::span<const Matcher* const> matchers();

}  // namespace millrace::mapping
