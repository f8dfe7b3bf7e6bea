#include "pipelines/catalog.hpp"

#include "pipelines/external/external.hpp"
#include "pipelines/import/import.hpp"

namespace millrace::pipelines {

std::vector<jobs::Kind> catalog(const Tools& tools) {
    return {
        import::kind(tools),
        external::kind(),
    };
}

}  // namespace millrace::pipelines
