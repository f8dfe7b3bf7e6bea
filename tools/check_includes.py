#!/usr/bin/env python3
"""Holds every #include in src/ against the DEPS in src/CMakeLists.txt."""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"
# Third-party headers that may be included by one module only.
RESERVED = {
    "boost/asio": {"http"},
    "libpq-fe.h": {"storage"},
    "sqlite3.h": {"storage", "formats", "datasets"},
    "xlsxwriter": {"formats"},
    "CLI/": {"cli"},
    "toml++": {"config"},
    "curl/": {"http"},
    "sodium": {"accounts", "datasets"},
    "date/": {"jobs"},
}


def modules():
    """Module -> set of modules it may include, and the order of the declarations."""
    allowed, seen = {}, []
    text = (SOURCE / "CMakeLists.txt").read_text()
    for name, rest in re.findall(r"millrace_module\((\w+)\s*([^)]*)\)", text):
        deps = re.search(r"DEPS\s+([^)]*?)(?:LIBS|TEST_WITH|$)", rest, re.S)
        allowed[name] = set(deps.group(1).split()) if deps else set()
        unknown = allowed[name] - set(seen)
        if unknown:
            sys.exit(f"src/CMakeLists.txt: {name} depends on {sorted(unknown)}, not declared above it")
        seen.append(name)
    return allowed


def main():
    allowed = modules()
    problems = []
    files = [p for p in SOURCE.rglob("*") if p.suffix in {".hpp", ".cpp", ".inc"} and p.parent != SOURCE]
    for path in files:
        module = path.relative_to(SOURCE).parts[0]
        if module not in allowed:
            problems.append(f"{path}: the folder {module} is not a module of src/CMakeLists.txt")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#include\s+["<]([^">]+)[">]', line)
            if not include:
                continue
            target = include.group(1)
            first = target.split("/")[0]
            where = f"src/{path.relative_to(SOURCE)}:{number}"
            if first in allowed and first != module and first not in allowed[module]:
                problems.append(f"{where}: {module} may not include {first} (see DEPS in src/CMakeLists.txt)")
            if "/detail/" in target and first in allowed and first != module:
                problems.append(f"{where}: {target} is private to {first}")
            for prefix, owners in RESERVED.items():
                if target.startswith(prefix) and module not in owners:
                    problems.append(f"{where}: only {', '.join(sorted(owners))} may include {target}")
    print("\n".join(problems) or f"includes: {len(files)} files respect the module list")
    return 1 if problems else 0


sys.exit(main())
