#include "pipelines/workflow/workflow.hpp"

namespace millrace::pipelines::workflow {

jobs::Kind kind() {
    return {.name = "workflow", .type = jobs::Type::processing, .label = "Workflow", .attempts_max = 1, .run = {}};
}

}  // namespace millrace::pipelines::workflow
