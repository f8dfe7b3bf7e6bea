#!/usr/bin/env python3
"""Runs the tests of the command line against the real binary: `tests/cli/run.py [pattern] [-v]`."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from support import server  # noqa: E402


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    if not os.access(server.BINARY, os.X_OK):
        print(f"cli: no binary at {server.BINARY}; build it or set MILLRACE_BIN", file=sys.stderr)
        return 2
    loader = unittest.TestLoader()
    if arguments:
        loader.testNamePatterns = [f"*{arguments[0]}*"]
    suite = loader.discover(HERE, "test_*.py")
    result = unittest.TextTestRunner(verbosity=2 if "-v" in sys.argv else 0, stream=sys.stdout).run(suite)
    bad = len(result.failures) + len(result.errors)
    print(f"cli: {result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    return 1 if bad or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
