#include "pipelines/batch/batch.hpp"

namespace millrace::pipelines::batch {

jobs::Kind kind() {
    return {.name = "batch", .type = jobs::Type::processing, .label = "Batch", .attempts_max = 1, .run = {}};
}

}  // namespace millrace::pipelines::batch
