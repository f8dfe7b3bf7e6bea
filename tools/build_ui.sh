#!/bin/sh
# Builds the dashboard and writes the source file that holds it: tools/build_ui.sh FOLDER OUT.cpp 1|0. Where node or its packages
# cannot be had, or with 0, the file holds no dashboard; the build goes on.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$1 out=$2 wanted=$3

without() {
    echo "building without the dashboard: $1" >&2
    printf '#include <span>\n\n#include "base/embedded.hpp"\n\nnamespace millrace {\nstd::span<const Embedded> dashboard();\nstd::span<const Embedded> dashboard() { return {}; }\n}  // namespace millrace\n' >"$out"
    exit 0
}

[ "$wanted" = 1 ] || without "MILLRACE_UI is off"
sh "$root/tools/node.sh" true || without "node 20.19 with the packages of package-lock.json could not be had"
cd "$root"
sh tools/node.sh vite build web --outDir "$folder" --emptyOutDir --logLevel warn
exec sh tools/node.sh node tools/embed_ui.mjs "$folder" "$out"
