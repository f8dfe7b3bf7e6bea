#!/usr/bin/env python3
"""Runs the black-box API tests on both stores: `tests/api/run.py [pattern] [-v]`.

The pattern is a part of "module.Class.test[store]". One line per failure (details with -v or in MILLRACE_TEST_REPORT),
then `api: N passed, N failed, N skipped`.
"""

import os
import sys
import time
import traceback
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from support import case, server  # noqa: E402


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    verbose = "-v" in sys.argv
    pattern = arguments[0] if arguments else ""
    if not os.access(server.BINARY, os.X_OK):
        print(f"api: no binary at {server.BINARY}; build it or set MILLRACE_BIN", file=sys.stderr)
        return 2
    stores = server.stores()
    skipped_stores = []
    if "postgres" in stores and not server.have_postgres():
        stores.remove("postgres")
        skipped_stores.append("postgres")
    result = Result(verbose)
    for name in sorted(f[:-3] for f in os.listdir(HERE) if f.startswith("test_") and f.endswith(".py")):
        run_module(name, stores, pattern, result)
    for problem in case.stop_shared(keep_default=False):
        result.problem("stop", problem)
    for store in skipped_stores:
        print(f"SKIPPED store {store}: PostgreSQL is not installed")
    report = os.environ.get("MILLRACE_TEST_REPORT")
    if report:
        with open(report, "w") as f:
            f.write("\n".join(result.details))
    skipped = len(result.skipped) + len(skipped_stores)
    print(f"api: {result.passed} passed, {result.failed} failed, {skipped} skipped")
    return 1 if result.failed or not result.passed else 0


def run_module(name, stores, pattern, result):
    try:
        module = __import__(name)
    except Exception:  # a broken test module is a failure of its own, the others still run
        result.problem(name, traceback.format_exc())
        return
    for store in stores:
        for attribute in list(vars(module).values()):  # a warning adds a name
            is_tests = isinstance(attribute, type) and issubclass(attribute, unittest.TestCase)
            if not is_tests or attribute.__module__ != name:
                continue
            if store not in getattr(attribute, "only", (store,)):
                continue
            run_class(f"{name}.{attribute.__name__}", attribute, store, pattern, result)
        for problem in case.stop_shared():
            result.problem(f"{name}[{store}] stop", problem)


def run_class(name, cls, store, pattern, result):
    variant = type(cls.__name__, (cls,), {"store": store})
    methods = [m for m in unittest.defaultTestLoader.getTestCaseNames(variant) if pattern in f"{name}.{m}[{store}]"]
    suite = unittest.TestSuite(variant(m) for m in methods)
    result.prefix, result.store = name, store
    suite.run(result)


class Result(unittest.TestResult):
    def __init__(self, verbose):
        super().__init__()
        self.verbose, self.passed, self.failed, self.details = verbose, 0, 0, []
        self.prefix = self.store = ""
        self.bad = False

    def startTest(self, test):
        super().startTest(test)
        self.began, self.bad = time.monotonic(), False

    def stopTest(self, test):
        seconds = time.monotonic() - self.began
        if not self.bad and not any(t is test for t, _ in self.skipped):
            self.passed += 1
        if self.verbose:
            print(f"{seconds:6.2f} s  {self.name(test)}", flush=True)

    def name(self, test):
        test_case, note = getattr(test, "test_case", test), getattr(test, "_message", None)
        return (f"{self.prefix}.{getattr(test_case, '_testMethodName', test_case)}[{self.store}]"
                + (f" ({note})"[:120] if isinstance(note, (str, int)) else ""))

    def _bad(self, test, error):
        text = "".join(traceback.format_exception(*error))
        if not self.bad:
            self.failed += 1
        self.bad = True
        self.problem_line(self.name(test), str(error[1]), text)

    def problem_line(self, name, why, details):
        first = " ".join(why.split())
        print(f"FAIL {name}: {first[:400]}", flush=True)
        if self.verbose:
            print(details, flush=True)
        self.details.append(f"FAIL {name}\n{details}")

    def problem(self, name, text):
        self.failed += 1
        self.problem_line(name, text.strip().splitlines()[-1] if text.strip() else "", text)

    def addError(self, test, error):
        self._bad(test, error)

    def addFailure(self, test, error):
        self._bad(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self._bad(subtest, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"SKIPPED {self.name(test)}: {reason}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
