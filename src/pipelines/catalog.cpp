#include "pipelines/catalog.hpp"

#include "pipelines/analyze/analyze.hpp"
#include "pipelines/batch/batch.hpp"
#include "pipelines/bulk/bulk.hpp"
#include "pipelines/convert/convert.hpp"
#include "pipelines/document/document.hpp"
#include "pipelines/export/export.hpp"
#include "pipelines/external/external.hpp"
#include "pipelines/import/import.hpp"
#include "pipelines/map/map.hpp"
#include "pipelines/transform/transform.hpp"
#include "pipelines/workflow/workflow.hpp"

namespace millrace::pipelines {

std::vector<jobs::Kind> catalog(const Tools& tools) {
    return {
        import::kind(tools),
        export_::kind(tools),
        analyze::kind(tools),
        convert::kind(tools),
        map::kind(tools),
        transform::kind(tools),
        transform::validation_kind(tools),
        document::kind(tools),
        batch::kind(),
        external::kind(),
        workflow::kind(),
        bulk::kind(tools.jobs, tools.ledger, tools.clock),
    };
}

}  // namespace millrace::pipelines
