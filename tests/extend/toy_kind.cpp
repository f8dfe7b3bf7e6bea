#include "pipelines/toy/toy.hpp"

namespace millrace::pipelines::toy {

jobs::Kind kind() {
    return {.name = "toy", .label = "Toy", .run = [](jobs::Context& context) {
                context.stage(50, "doubling");
                const auto n = context.job().input.at("n").as_int64();
                context.finish({.result = json::object{{"doubled", n * 2}}});
            }};
}

}  // namespace millrace::pipelines::toy
