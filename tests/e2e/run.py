#!/usr/bin/env python3
"""Journeys through the dashboard in a real browser against the real binary: `tests/e2e/run.py [-v] [part of a test's name]`.

Without Chromium, without node or in a binary that was built without the dashboard it says so and ends well.
"""

import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
sys.dont_write_bytecode = True

from support import server  # noqa: E402

NODE = ["sh", os.path.join(ROOT, "tools", "node.sh")]


def missing():
    if not (os.environ.get("MILLRACE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")):
        return "Chromium is not installed"
    if subprocess.run([*NODE, "true"], capture_output=True).returncode != 0:
        return "node 20.19 or its packages cannot be had"
    with server.Server("sqlite") as running:
        if running.anonymous().get("/ui/").status != 200:
            return "this binary was built without the dashboard"
    return None


def main():
    why = missing()
    if why:
        print(f"skipped: {why}")
        return 0
    pattern = [part for word in sys.argv[1:] if not word.startswith("-") for part in ("-t", word)]
    run = subprocess.run([*NODE, "vitest", "run", "--config", os.path.join(HERE, "vitest.config.ts"), *pattern], cwd=ROOT,
                         capture_output=True, text=True)
    text = re.sub(r"\x1b\[[0-9;]*m", "", run.stdout + run.stderr)
    if run.returncode != 0 or "-v" in sys.argv:
        print(text[-12000:])
    count = {word: int(found.group(1)) if (found := re.search(rf"Tests .*?(\d+) {word}", text)) else 0 for word in ("passed", "failed")}
    print(f"e2e: {count['passed']} passed, {count['failed']} failed")
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
