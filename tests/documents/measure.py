"""Says how many fields `millrace extract` finds in what make.py made.

    python3 tests/documents/measure.py build/release/millrace DIR [-v]
"""
import collections
import json
import os
import subprocess
import sys

FIELDS = ["date", "total", "iban", "vat", "invoice_number", "amount_untaxed", "company"]


def same(field, found, wanted):
    if found is None:
        return False
    letters = lambda text: "".join(c for c in text.lower() if c.isalnum())
    return letters(found) == letters(wanted) if field in ("company", "invoice_number") else found == wanted


def main():
    program, directory, verbose = sys.argv[1], sys.argv[2], "-v" in sys.argv
    truths = [json.loads(line) for line in open(os.path.join(directory, "truth.jsonl"))]
    paths = [os.path.join(directory, truth["file"]) for truth in truths]
    answers = {}
    run = subprocess.run([program, "extract", "--json", *paths], capture_output=True, text=True)
    for line in run.stdout.splitlines():
        answer = json.loads(line)
        answers[os.path.basename(answer["id"])] = answer
    right, answered, wanted = collections.Counter(), collections.Counter(), collections.Counter()
    for truth in truths:
        fields = answers.get(truth["file"], {"fields": {}})["fields"]
        for field in FIELDS:
            if field not in truth:
                continue
            for key in ((truth["kind"], field), ("all", field)):
                wanted[key] += 1
                answered[key] += fields.get(field) is not None
                right[key] += same(field, fields.get(field), truth[field])
            if verbose and not same(field, fields.get(field), truth[field]):
                print(f"{truth['file']} {truth['language']} {field}: {fields.get(field)!r} for {truth[field]!r}")
    print(f"{len(answers)} of {len(truths)} files answered")
    for kind, field in sorted(wanted):
        key = kind, field
        print(f"{kind:8} {field:15} {right[key]:4} of {wanted[key]:4}  {right[key] / wanted[key]:.3f}  precision {right[key] / max(1, answered[key]):.3f}")


if __name__ == "__main__":
    main()
