# Sourced by the suites of this directory, in it: gets the readers and writers of others. Without npm, or without packages to be had,
# it says so and ends the suite well.
if ! command -v npm >/dev/null; then echo "skipped: no npm"; exit 0; fi
# Not `npm ci`: it wants the packages of every other platform in the lock file as well.
if [ ! -d node_modules/nodejs-polars ] && ! npm install --no-save --no-audit --no-fund >npm.log 2>&1; then
    tail -n 5 npm.log; rm -rf npm.log node_modules; echo "skipped: the packages cannot be installed"; exit 0
fi
rm -f npm.log
