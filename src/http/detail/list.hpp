#pragma once

#include <cstddef>

namespace millrace::http::detail {

/// A member of one intrusive list at a time; leaves it when destroyed.
struct ListNode {
    ListNode() = default;
    ListNode(const ListNode&) = delete;
    ListNode& operator=(const ListNode&) = delete;
    ~ListNode() { unlink(); }

    bool linked() const { return next != nullptr; }
    void unlink() {
        if (!next) return;
        prev->next = next;
        next->prev = prev;
        next = prev = nullptr;
    }
    void insert_before(ListNode& other) {
        next = &other;
        prev = other.prev;
        prev->next = this;
        other.prev = this;
    }

    ListNode* prev = nullptr;
    ListNode* next = nullptr;
};

/// A ring with a sentinel. Does not own.
struct List : ListNode {
    List() { prev = next = this; }
    ~List() {
        while (!empty()) next->unlink();
        prev = next = nullptr;
    }
    bool empty() const { return next == this; }
    void push_back(ListNode& node) { node.insert_before(*this); }
};

}  // namespace millrace::http::detail
