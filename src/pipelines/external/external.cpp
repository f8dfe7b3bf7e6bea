#include "pipelines/external/external.hpp"

namespace millrace::pipelines::external {

jobs::Kind kind() {
    return {.name = "external", .type = jobs::Type::processing, .label = "External job", .attempts_max = 1, .run = {}};
}

}  // namespace millrace::pipelines::external
