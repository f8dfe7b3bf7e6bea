#!/usr/bin/env python3
"""How good the built-in classifier is: accuracy, coverage, calibration and speed on a labelled corpus.

    bench/classify/evaluate.py MILLRACE CORPUS.jsonl[.gz] ONTOLOGY.json [--shots 0,1,5,20,all] [--repeats 3] [--alone]

The corpus has lines {"id", "label", "split": "train" | "test", "text"}. The classifier is given the documents of the test
split without their labels, and K examples per concept of the training split, drawn by the hash of their id.
"""
import argparse, gzip, hashlib, json, os, subprocess, sys, tempfile, time
from collections import defaultdict


def documents(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt") as lines:
        return [json.loads(line) for line in lines]


def draw(train, shots, repeat):
    """The first `shots` documents of each label, in an order of their own for each repeat."""
    by_label = defaultdict(list)
    for document in sorted(train, key=lambda d: hashlib.sha256(f"{repeat}:{d['id']}".encode()).digest()):
        if len(by_label[document["label"]]) < shots:
            by_label[document["label"]].append(document)
    return [document for chosen in by_label.values() for document in chosen]


def write(directory, name, rows):
    path = os.path.join(directory, name)
    with open(path, "w") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
    return path


def classify(args, directory, test, examples):
    command = [args.millrace, "classify", "--json", "--ontology", args.ontology]
    if examples:
        command += ["--examples", write(directory, "examples.jsonl", [{k: d[k] for k in ("id", "label", "text")} for d in examples])]
    if args.alone:
        command += ["--alone"]
    command.append(write(directory, "test.jsonl", [{"id": d["id"], "text": d["text"]} for d in test]))
    began = time.monotonic()
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds = time.monotonic() - began
    answers = [json.loads(line) for line in out.splitlines()]
    assert [a["id"] for a in answers] == [d["id"] for d in test], "an answer per document, in order"
    return answers, seconds


def coverage(judged, precision=0.95):
    """The largest share of documents, surest first, that is right at least that often."""
    right = best = 0
    for count, (_, is_right) in enumerate(sorted(judged, key=lambda j: -j[0]), 1):
        right += is_right
        if right >= precision * count:
            best = count
    return best / len(judged)


def calibration_error(judged, bins=10):
    sums = [[0, 0.0, 0] for _ in range(bins)]
    for confidence, is_right in judged:
        bin_ = sums[min(bins - 1, int(confidence * bins))]
        bin_[0] += 1
        bin_[1] += confidence
        bin_[2] += is_right
    return sum(abs(c - r) for n, c, r in sums if n) / len(judged)


def f1(test, answers):
    scores = []
    for label in {d["label"] for d in test}:
        both = sum(d["label"] == label == a["concept"] for d, a in zip(test, answers))
        either = sum((d["label"] == label) + (a["concept"] == label) for d, a in zip(test, answers))
        scores.append(2 * both / either if either else 0)
    return sum(scores) / len(scores)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("millrace")
    parser.add_argument("corpus")
    parser.add_argument("ontology")
    parser.add_argument("--shots", default="0,1,5,20,all")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="each document by itself")
    args = parser.parse_args()

    with open(args.ontology) as file:
        known = {c["id"] for c in json.load(file)["concepts"] if c.get("classifiable", True)}
    corpus = [d for d in documents(args.corpus) if d["label"] in known]
    train = [d for d in corpus if d["split"] == "train"]
    test = [d for d in corpus if d["split"] == "test"]
    print(f"{os.path.basename(args.corpus)}: {len(known)} concepts, {len(test)} documents to judge")
    print("| examples per concept | accuracy | macro F1 | coverage at 95 % | calibration error | none of these | documents/s |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        for shots in args.shots.split(","):
            everything = shots == "all"
            repeats = 1 if everything or shots == "0" else args.repeats
            figures = []
            for repeat in range(repeats):
                examples = train if everything else draw(train, int(shots), repeat)
                answers, seconds = classify(args, directory, test, examples)
                judged = [(a["confidence"], a["concept"] == d["label"]) for d, a in zip(test, answers)]
                figures.append((sum(r for _, r in judged) / len(test), f1(test, answers), coverage(judged), calibration_error(judged),
                                sum(a["concept"] is None for a in answers) / len(test), len(test) / seconds))
            mean = [sum(column) / repeats for column in zip(*figures)]
            print("| {} | {:.3f} | {:.3f} | {:.2f} | {:.3f} | {:.3f} | {:.0f} |".format(shots, *mean), flush=True)


if __name__ == "__main__":
    sys.exit(main())
