#!/usr/bin/env python3
"""Runs the tests of the clients against the real binary: `tests/clients/run.py [pattern] [-v]`.

Those of the Python client are `test_*.py`; those in TypeScript (client, hook, widget) are `*.test.ts[x]`, run by vitest where
node and its packages are to be had.
"""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "clients", "python"))
sys.dont_write_bytecode = True

from support import server  # noqa: E402


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    if not os.access(server.BINARY, os.X_OK):
        print(f"clients: no binary at {server.BINARY}; build it or set MILLRACE_BIN", file=sys.stderr)
        return 2
    loader = unittest.TestLoader()
    if arguments:
        loader.testNamePatterns = [f"*{arguments[0]}*"]
    suite = loader.discover(HERE, "test_*.py")
    result = unittest.TextTestRunner(verbosity=2 if "-v" in sys.argv else 0, stream=sys.stdout).run(suite)
    bad = len(result.failures) + len(result.errors)
    print(f"clients: {result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    return 1 if bad or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
