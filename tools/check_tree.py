#!/usr/bin/env python3
"""The repository speaks of the product only: no machine paths, no registry hosts, no lockfile download addresses; every
module has a README; every fail point has its place in the code."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FORBIDDEN = [
    (re.compile(r'"resolved":'), "lockfile with download addresses"),
    (re.compile(r"registry\.npm|deb\.debian\.org"), "host of a package registry"),
    (re.compile(r"(?<![\w.])/(?:work|root|farm)/"), "path of one machine"),
]


def tracked():
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in names.decode().split("\0") if name]


def main():
    problems = []
    code = ""
    for path in tracked():
        if not path.is_file() or path.resolve() == pathlib.Path(__file__).resolve():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for pattern, what in FORBIDDEN:
            for number, line in enumerate(text.splitlines(), 1):
                if pattern.search(line):
                    problems.append(f"{path.relative_to(ROOT)}:{number}: {what}")
        if path.suffix == ".cpp":
            code += text
    listed = re.findall(r'^X\("([\w.]+)"\)', (ROOT / "src/work/failpoints.inc").read_text(), re.M)
    problems += [f"fail point {name} has no place in the code" for name in listed if f'failpoint("{name}")' not in code]
    for folder in sorted((ROOT / "src").iterdir()):
        if folder.is_dir() and not (folder / "README.md").exists():
            problems.append(f"src/{folder.name} has no README.md")
    print("\n".join(problems) or "tree: clean")
    return 1 if problems else 0


sys.exit(main())
