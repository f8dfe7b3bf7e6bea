#!/bin/sh
# Runs a command where node is new enough (20.19) and the packages of package-lock.json are installed: tools/node.sh vite build web.
# Debian 12 has node 18: a newer one then comes from npm, into build/node. Ends with 3 when there is none to be had.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
wanted=22.23.3

new_enough() { command -v node >/dev/null 2>&1 && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; }
machine() { case $(uname -m) in aarch64) echo arm64 ;; *) echo x64 ;; esac; }

if ! new_enough; then
    tools=$root/build/node
    PATH=$tools/node_modules/node-linux-$(machine)/bin:$PATH
    if ! new_enough; then
        command -v npm >/dev/null 2>&1 || { echo "node 20.19 or newer is needed, and npm to fetch it" >&2; exit 3; }
        mkdir -p "$tools"
        npm install --no-save --no-audit --no-fund --prefix "$tools" "node-linux-$(machine)@$wanted" >&2 || exit 3
        new_enough || { echo "node $wanted does not run here" >&2; exit 3; }
    fi
fi
export PATH

# Under the newer node npm has to run as well, or packages with native parts are left out.
npm=$(readlink -f "$(command -v npm)") || exit 3
stamp=$root/node_modules/.millrace-lock
if ! cmp -s "$root/package-lock.json" "$stamp"; then
    (cd "$root" && node "$npm" ci --no-audit --no-fund >&2) || exit 3
    cp "$root/package-lock.json" "$stamp"
fi
PATH=$root/node_modules/.bin:$PATH
exec "$@"
