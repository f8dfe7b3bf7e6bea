#!/usr/bin/env python3
"""Uploads by tus-js-client, in every way it has, become imports with the same bytes: `tests/tus/run.py`.

Without npm, or without the package to be had, it says so and ends well.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.dont_write_bytecode = True

from support.server import Server  # noqa: E402

MODES = ["whole", "stream", "first", "parts", "broken"]


def install():
    if os.path.isdir(os.path.join(HERE, "node_modules")):
        return True
    return shutil.which("npm") and subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund"], cwd=HERE,
                                                  capture_output=True).returncode == 0


def imported(server, mode):
    """What is wrong with an upload in this mode; nothing when all is well."""
    me = server.client()
    content = b"mode,name,price\r\n" + b"".join(f"{mode},Product {i},{i}.50\r\n".encode() for i in range(200_000))
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(content)
        file.flush()
        run = subprocess.run(["node", "upload.mjs", f"http://{server.host}:{server.port}", me.token, file.name, mode], cwd=HERE,
                             capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        return run.stderr[:1000]
    path = run.stdout.strip()
    head = me.request("HEAD", path[path.index("/api/"):], headers={"Tus-Resumable": "1.0.0"})
    job = me.wait_job(head.header("Upload-Job-Id"), timeout=60)
    if job["state"] != "completed":
        return repr(job)
    dataset = me.get("/api/v2/datasets/" + job["related_dataset_id"]).json()
    found = (dataset["sha256"], dataset["filename"])
    return None if found == (hashlib.sha256(content).hexdigest(), "from tus-js-client.csv") else repr(found)


def main():
    if not shutil.which("node") or not install():
        print("skipped: tus-js-client cannot be installed")
        return 0
    server = Server().start()
    try:
        problems = {mode: problem for mode in MODES if (problem := imported(server, mode))}
    finally:
        server.stop()
        server.remove()
    for mode, problem in problems.items():
        print(f"FAIL {mode}: {problem}")
    print(f"tus: {len(MODES) - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
