#!/usr/bin/env python3
"""Runs the tests of the clients against the real binary: `tests/clients/run.py [pattern] [-v]`.

Those of the Python client are `test_*.py`; those in TypeScript (client, hook, widget) are `*.test.ts[x]`, run by vitest where
node and its packages are to be had.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(ROOT, "clients", "python"))
sys.dont_write_bytecode = True

from support import server  # noqa: E402


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    if not os.access(server.BINARY, os.X_OK):
        print(f"clients: no binary at {server.BINARY}; build it or set MILLRACE_BIN", file=sys.stderr)
        return 2
    pattern = arguments[0] if arguments else ""
    passed, bad, skipped = python(pattern)
    if not pattern:
        for name, step in (("types", types), ("typescript", typescript), ("packages", packages)):
            problem = step() if has_node() else "skipped"
            skipped, bad, passed = skipped + (problem == "skipped"), bad + bool(problem and problem != "skipped"), passed + (not problem)
            print(f"{name}: {problem or 'ok'}")
    print(f"clients: {passed} passed, {bad} failed, {skipped} skipped")
    return 1 if bad or not passed else 0


def python(pattern):
    loader = unittest.TestLoader()
    if pattern:
        loader.testNamePatterns = [f"*{pattern}*"]
    result = unittest.TextTestRunner(verbosity=2 if "-v" in sys.argv else 0, stream=sys.stdout).run(loader.discover(HERE, "test_*.py"))
    bad = len(result.failures) + len(result.errors)
    return result.testsRun - bad - len(result.skipped), bad, len(result.skipped)


def has_node():
    """A node that is new enough, and what package-lock.json lists."""
    return subprocess.run(["sh", os.path.join(ROOT, "tools", "node.sh"), "true"], capture_output=True).returncode == 0


def node(*command):
    """What it said when it failed."""
    done = subprocess.run(["sh", os.path.join(ROOT, "tools", "node.sh"), *command], cwd=ROOT, capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stdout + done.stderr)[-6000:]


def types():
    """The generated types are those of this server, and everything fits them."""
    with tempfile.TemporaryDirectory() as folder, server.Server("sqlite") as running:
        document, generated = os.path.join(folder, "openapi.json"), os.path.join(folder, "schema.ts")
        with open(document, "wb") as file:
            file.write(running.client().get("/openapi.json").body)
        problem = node("npx", "--no", "openapi-typescript", document, "-o", generated, "--empty-objects-unknown=true")
        if problem:
            return problem
        committed = os.path.join(ROOT, "clients", "typescript", "src", "schema.ts")
        if "--write" in sys.argv:
            shutil.copyfile(generated, committed)
        with open(generated) as new, open(committed) as old:
            if new.read() != old.read():
                return "schema.ts is not that of this server: tests/clients/run.py --write"
    return node("npm", "run", "check")


def typescript():
    return node("npx", "--no", "vitest", "run", "--config", "tests/clients/vitest.config.ts")


def packages():
    """What is built for npm runs in plain node."""
    problem = node("npm", "run", "build:clients")
    if problem:
        return problem
    with server.Server("sqlite") as running:
        return node("node", os.path.join(HERE, "plain.mjs"), f"http://{running.host}:{running.port}", running.client().token)


if __name__ == "__main__":
    sys.exit(main())
