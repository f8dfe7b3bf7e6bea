"""Text of PDF per second of CPU time, ours with its isolation beside pdftotext, one process a file.

    python3 bench/extract/compare.py BENCH_EXTRACT MILLRACE_EXTRACT FILE... [--rounds N]
"""
import argparse
import json
import resource
import statistics
import subprocess


def cpu_of(run):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("extract")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ours, theirs, layout = [], [], []
    for _ in range(options.rounds):
        cpu, run = cpu_of(lambda: subprocess.run([options.bench, options.extract, "1", *options.files], stdout=subprocess.PIPE, check=True))
        ours.append(cpu)
        counts = json.loads(run.stdout)
        for times, extra in ((theirs, []), (layout, ["-layout"])):
            times.append(cpu_of(lambda: [subprocess.run(["pdftotext", *extra, file, "-"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for file in options.files])[0])
    mine = statistics.median(ours)
    print(f"{len(options.files)} files, {counts['pages']} pages, {counts['bytes']} bytes of text, {counts['refused']} refused, {options.rounds} rounds")
    print(f"millrace-extract {mine:.3f} s, {counts['pages'] / mine:.0f} pages/s (start of the program and its models included)")
    for name, times in (("pdftotext", theirs), ("pdftotext -layout", layout)):
        print(f"{name} {statistics.median(times):.3f} s: {statistics.median(times) / mine:.2f}x of ours")


if __name__ == "__main__":
    main()
