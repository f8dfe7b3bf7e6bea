#include "base/messages/messages.hpp"

namespace millrace {

std::span<const MessageTable> message_tables() {
    static constexpr MessageTable tables[] = {
        {"en", message_en},
        {"nl", message_nl},
    };
    return tables;
}

}  // namespace millrace
