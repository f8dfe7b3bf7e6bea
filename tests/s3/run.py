#!/usr/bin/env python3
"""The product with its bytes in S3: `tests/s3/run.py [pattern] [-v]`.

Starts OpenStack Swift with its s3api, runs the tests of this directory and, on both databases, those of tests/api that have to
do with bytes. Without Swift it says so and ends well.
"""

import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
API = os.path.join(os.path.dirname(HERE), "api")
sys.path[:0] = [HERE, API, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

from support import case, server, swift  # noqa: E402

# Parts of "module.Class.test[store]".
OF_API = ["test_tus.Tus", "test_tus.Resumable", "test_tus.Killed", "test_uploads.", "test_exports.", "test_files.", "test_recovery.Killed",
          "test_imports.GoesOn.test_a_killed_import_goes_on_where_it_was[sqlite]"]
# Eight clients that take one upload from each other without a pause get on, but slowly: who takes it asks S3 first, and by then the next
# one is there.
NOT_ON_POSTGRES = "test_many_clients_on_one_upload_make_one_file"


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    why = swift.missing()
    if why:
        print("skipped:", why)
        return 0
    spec = importlib.util.spec_from_file_location("api_run", os.path.join(API, "run.py"))
    api = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(api)
    result = api.Result("-v" in sys.argv)
    stores = [store for store in server.stores() if store != "postgres" or server.have_postgres()]
    import test_tus
    setattr(test_tus.Tus, NOT_ON_POSTGRES, only_on_sqlite(getattr(test_tus.Tus, NOT_ON_POSTGRES)))
    with swift.Swift() as s3:
        server.DEFAULTS.update(s3.settings("millrace"))
        import test_s3
        test_s3.s3 = s3
        api.run_module("test_s3", stores, arguments[0] if arguments else "", result)
        for pattern in OF_API:
            if not arguments or arguments[0] in pattern or pattern in arguments[0]:
                api.run_module(pattern.split(".")[0], stores, max(pattern, arguments[0] if arguments else "", key=len), result)
        for problem in case.stop_shared(keep_default=False):
            result.problem("stop", problem)
    print(f"s3: {result.passed} passed, {result.failed} failed, {len(result.skipped)} skipped")
    return 1 if result.failed or not result.passed else 0


def only_on_sqlite(test):
    return lambda self: test(self) if self.store == "sqlite" else self.skipTest("slow on S3 by design")


if __name__ == "__main__":
    sys.exit(main())
