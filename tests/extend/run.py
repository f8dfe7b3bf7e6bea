#!/usr/bin/env python3
"""A new format and a new job kind are one folder and one line in a catalog each: adds a toy of both beside the sources,
links a binary with them, and uses it through the API. Only the toys and the two catalogs are compiled."""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build/release"
sys.path.insert(0, str(ROOT / "tests"))

CATALOGS = {
    "formats": ("&csv::format(),", "        &toy::format(),\n"),
    "pipelines": ("external::kind(),", "        toy::kind(),\n"),
}


def command_of(source):
    """How ninja compiles a file: (directory, arguments)."""
    out = subprocess.run(["ninja", "-C", str(BUILD), "-t", "compdb"], capture_output=True, text=True, check=True).stdout
    entry = next(e for e in json.loads(out) if e["file"] == str(source) and e["command"])
    return entry["directory"], shlex.split(entry["command"])


def compile_to(source, like, target, overlay):
    directory, arguments = command_of(like)
    arguments = [a for a in arguments if not a.endswith("ccache")]
    arguments[arguments.index("-o") + 1] = str(target)
    for flag in ("-MF", "-MT"):
        arguments[arguments.index(flag) + 1] = str(target) + ".d"
    arguments[arguments.index(str(like))] = str(source)
    arguments.insert(1, f"-I{overlay}")
    subprocess.run(arguments, cwd=directory, check=True)


def build(work):
    overlay, objects = work / "src", []
    for module, (anchor, line) in CATALOGS.items():
        folder = overlay / module / "toy"
        folder.mkdir(parents=True)
        stem = "toy_format" if module == "formats" else "toy_kind"
        for suffix in ("hpp", "cpp"):
            shutil.copy(ROOT / "tests/extend" / f"{stem}.{suffix}", folder / f"toy.{suffix}")
        original = ROOT / "src" / module / "catalog.cpp"
        text = original.read_text()
        assert text.count(anchor) == 1, f"{original}: where is the list?"
        changed = text.replace(anchor, anchor + "\n" + line.rstrip("\n"))
        changed = re.sub(r'(#include "[^"]+"\n)(?!.*#include ")', rf'\1#include "{module}/toy/toy.hpp"\n', changed, count=1, flags=re.S)
        added = set(changed.splitlines()) - set(text.splitlines())
        assert len(added) == 2, f"one line and one include, not {added}"
        catalog = overlay / module / "catalog.cpp"
        catalog.write_text(changed)
        for name, source in (("catalog", catalog), ("toy", folder / "toy.cpp")):
            objects.append(work / f"{module}_{name}.o")
            compile_to(source, original, objects[-1], overlay)
    # Objects come before archives, so the catalogs with the toys take the place of the ones in the libraries.
    link = subprocess.run(["ninja", "-C", str(BUILD), "-t", "commands", "-s", "millrace"], capture_output=True, text=True, check=True).stdout
    arguments = shlex.split(link.strip().removeprefix(":").strip().removeprefix("&&").strip().removesuffix(":").strip().removesuffix("&&"))
    binary = work / "millrace"
    at = arguments.index("-o")
    arguments[at + 1] = str(binary)
    arguments[at:at] = [str(o) for o in objects]
    arguments = [a for a in arguments if not a.endswith("ccache")]
    subprocess.run(arguments, cwd=BUILD, check=True)
    return binary


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="millrace-extend-"))
    passed = failed = 0
    try:
        os.environ["MILLRACE_BIN"] = str(build(work))
        from support.server import Server  # reads MILLRACE_BIN

        with Server("sqlite") as server:
            client = server.client()
            upload = client.request("PUT", "/api/v2/imports/files/a.toy", b"TOY1\nname|n\nx|1\ny|2\n")
            job = client.request("POST", "/api/v2/jobs", json.dumps({"kind": "toy", "input": {"n": 21}}).encode(),
                                 headers={"Content-Type": "application/json"})
            ended = client.request("GET", f"/api/v2/jobs/{job.json()['id']}?wait=20")
            result = client.request("GET", f"/api/v2/jobs/{job.json()['id']}/result")
            for what, got, want in (
                ("a file of the new format is imported", (upload.status, upload.json().get("row_count"), upload.json().get("format")), (201, 2, "toy")),
                ("a job of the new kind completes", ended.json()["state"], "completed"),
                ("its result is kept", result.json(), {"doubled": 42}),
            ):
                if got == want:
                    passed += 1
                else:
                    failed += 1
                    print(f"FAILED {what}: got {got}, expected {want}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"extend: {passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
