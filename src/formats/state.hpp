#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.hpp"

/// What a piece of work in progress needs to go on in another process: a class lists its members once, in a function
/// `template <class Archive> void state(Archive& archive) { archive(a_, b_); }`, which a StateWriter and a StateReader are
/// given alike. Read by the same build of the program that wrote it, so whoever keeps states checks that and their bytes.
namespace millrace::formats {

namespace detail {

/// Copied as it stands in memory. A view or a pointer is not.
template <class T>
concept Flat = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && !std::is_convertible_v<T, std::string_view>;

template <class T>
concept MapLike = requires { typename T::key_type; typename T::mapped_type; };

template <class T, class Archive>
concept Listed = requires(T& value, Archive& archive) { value.state(archive); };

}  // namespace detail

class StateWriter {
public:
    template <class... T>
    void operator()(T&... values) {
        (put(values), ...);
    }
    std::string take() { return std::move(bytes_); }

private:
    template <class T>
    void put(T& value) {
        if constexpr (detail::Listed<T, StateWriter>) value.state(*this);
        else if constexpr (detail::Flat<T>) raw(&value, sizeof value);
        else put_range(value);
    }
    template <class T>
    void put(std::optional<T>& value) {
        std::uint8_t any = value ? 1 : 0;
        raw(&any, 1);
        if (value) put(*value);
    }
    template <class T>
    void put_range(T& values) {
        std::uint64_t size = values.size();
        raw(&size, sizeof size);
        if constexpr (detail::MapLike<T>) {
            for (auto& [key, value] : values) {
                auto copy = key;
                put(copy);
                put(value);
            }
        } else if constexpr (detail::Flat<typename T::value_type>) {
            raw(values.data(), values.size() * sizeof(typename T::value_type));
        } else {
            for (auto& value : values) put(value);
        }
    }
    void raw(const void* from, std::size_t size) { bytes_.append(static_cast<const char*>(from), size); }

    std::string bytes_;
};

/// Throws Error{internal} for bytes that are no state.
class StateReader {
public:
    /// `bytes` outlives this.
    explicit StateReader(std::string_view bytes) : rest_{bytes} {}

    template <class... T>
    void operator()(T&... values) {
        (get(values), ...);
    }
    bool at_end() const { return rest_.empty(); }

private:
    template <class T>
    void get(T& value) {
        if constexpr (detail::Listed<T, StateReader>) value.state(*this);
        else if constexpr (detail::Flat<T>) raw(&value, sizeof value);
        else get_range(value);
    }
    template <class T>
    void get(std::optional<T>& value) {
        std::uint8_t any = 0;
        raw(&any, 1);
        value.reset();
        if (any != 0) get(value.emplace());
    }
    template <class T>
    void get_range(T& values) {
        std::uint64_t size = 0;
        raw(&size, sizeof size);
        values.clear();
        if constexpr (detail::MapLike<T>) {
            for (; size > 0; --size) {
                typename T::key_type key{};
                get(key);
                get(values[std::move(key)]);
            }
        } else if constexpr (detail::Flat<typename T::value_type>) {
            if (size > rest_.size() / sizeof(typename T::value_type)) refuse();
            values.resize(size);
            raw(values.data(), size * sizeof(typename T::value_type));
        } else {
            for (; size > 0; --size) get(values.emplace_back());
        }
    }
    void raw(void* into, std::size_t size) {
        if (size > rest_.size()) refuse();
        if (size > 0) std::memcpy(into, rest_.data(), size);
        rest_.remove_prefix(size);
    }
    [[noreturn]] static void refuse() { throw Error{Code::internal, {{"why", "a state is cut short"}}}; }

    std::string_view rest_;
};

}  // namespace millrace::formats
