"""Measures the bundle on the validation sets of the shared data. With --write-readme its tables go into models/mini/README.md."""

import argparse
import time

import evaluation
import numpy as np
import typical_scores
from bundle import Bundle
from golden import generated
from paths import BUNDLE, DATA
from text_encoder import TextEncoder


def shown(value):
    return "-" if value is None else f"{value:.3f}"


def results(bundle, encode):
    lines = ["| what | items | chance | no training | bundle | 95 % |", "|---|---|---|---|---|---|"]
    for group, rows in evaluation.GROUPS:
        lines.append(f"| **{group}** | | | | | |")
        for r in rows(bundle, encode):
            value, count = r["value"], r["items"]
            span = "-" if r["span"] is None else "{:.2f} to {:.2f}".format(*r["span"])
            lines.append(f"| {r['what']} | {count} | {shown(r['chance'])} | {shown(r['baseline'])} | **{shown(value)}** | {span} |")
            print(lines[-1], flush=True)
    return lines


def costs(bundle):
    lines = ["| sense | graph | MB | ms a window, one thread |", "|---|---|---|---|"]
    for modality, entry in bundle.modalities.items():
        size = (BUNDLE / entry["graph"]).stat().st_size / 1e6
        runs = []
        for _ in range(30):
            start = time.perf_counter()
            if modality == "text":
                bundle.text(["a dog barks"])
            else:
                bundle.run(modality, generated(entry["input"]["shape"], 0.5)[:1])
            runs.append((time.perf_counter() - start) * 1000)
        lines.append(f"| {modality} | {entry['graph']} | {size:.1f} | {np.median(runs[5:]):.1f} |")
    total = sum(p.stat().st_size for p in BUNDLE.rglob("*") if p.is_file())
    return [*lines, "", f"Whole folder: {total / 1e6:.1f} MB."]


def scores(bundle):
    lines = ["| sense | prompt | meant: median | meant: 10 % lie below | all else: median | all else: 1 % lie above |", "|---|---|---|---|---|---|"]
    for sense, prompt, *numbers in typical_scores.table(bundle):
        lines.append(f"| {sense} | {prompt} | " + " | ".join(f"{n:.2f}" for n in numbers) + " |")
    return lines


def put(text, name, lines):
    begin, end = f"<!-- {name}: written by models/build/evaluate.py -->", f"<!-- end {name} -->"
    head, rest = text.split(begin)
    return head + begin + "\n" + "\n".join(lines) + "\n" + end + rest.split(end)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-readme", action="store_true")
    write = parser.parse_args().write_readme
    if not DATA.exists():
        raise SystemExit(f"{DATA} is absent: set EDGEBIND_DATA")
    bundle = Bundle()
    tables = {"results": results(bundle, TextEncoder()), "scores": scores(bundle), "cost": costs(bundle)}
    for name in ("scores", "cost"):
        print("\n".join(["", *tables[name]]))
    if write:
        path = BUNDLE / "README.md"
        text = path.read_text()
        for name, lines in tables.items():
            text = put(text, name, lines)
        path.write_text(text)


if __name__ == "__main__":
    main()
